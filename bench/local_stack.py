"""The local stack against its peers: kubectl with the same objects, and a bare Pulumi program of as many.

Each figure is the median of `ROUNDS` runs, taken in turn with its peer's so that a busy machine burdens both alike.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console

from bench import nodes
from bench.figures import ROUNDS, Figure, resident, seconds
from localcloud.cluster import lifecycle
from localcloud.host import daemons
from localcloud.host.progress import Progress
from tools.project import Project, copy_project, only_kubia

STACK = ("--stack", "local")
UP = ("pulumi", "up", "--yes", "--skip-preview", *STACK)
PREVIEW = ("pulumi", "preview", *STACK)


def measure(say: Callable[[str], None]) -> Iterator[Figure]:
    """Bring a copy of the project up, measure, take it down."""
    owners = {process.owner for process in daemons.running()}
    if owners:
        raise SystemExit(f"bench: a cluster runs already ({', '.join(owners)}); `make down` there first")
    folder = Path(tempfile.mkdtemp(prefix="statefulsets-bench-"))
    project = copy_project(folder / "statefulsets")
    only_kubia(project, durability="discard")  # goes when its stack goes, and can be made again
    try:
        say("bringing a copy of the project up")
        project.up()
        yield from _no_change(project, say)
        yield from _memory(project, say)
        yield from _create(project, say)
        yield _cold_start(project, say)
        yield from nodes.measure(project, say)
    finally:
        project.run("make", "down")
        shutil.rmtree(folder, ignore_errors=True)


def in_turn(*actions: Callable[[], object]) -> list[float]:
    """Medians of several actions, run one after the other in each round."""
    taken = [[seconds(action) for action in actions] for _ in range(ROUNDS)]
    return [statistics.median(column) for column in zip(*taken, strict=True)]


def _no_change(project: Project, say: Callable[[str], None]) -> Iterator[Figure]:
    say("runs without a change")
    objects = _objects(project)
    bare = _bare_program(project, len(objects))
    manifest = _write_manifest(project, objects)
    ours, theirs, diff, up, bare_up = in_turn(
        lambda: project.must(*PREVIEW),
        lambda: project.must("pulumi", "preview", "--cwd", str(bare), *STACK),
        lambda: project.run("kubectl", "diff", "--server-side", "--force-conflicts", "-f", str(manifest)),
        project.up,
        lambda: project.must(*UP),
    )
    yield Figure("preview without a change", ours, f"bare program, {len(objects)} objects", theirs, 1.15)
    yield Figure("preview without a change", ours, "kubectl diff", diff)
    yield Figure("make up without a change", up, "pulumi up, same program", bare_up, 1.3)
    project.must("pulumi", "destroy", "--yes", "--skip-preview", "--cwd", str(bare), *STACK)


def _create(project: Project, say: Callable[[str], None]) -> Iterator[Figure]:
    say("from nothing to ready pods")
    objects = _objects(project)
    manifest = _write_manifest(project, objects)
    ours, theirs = [], []
    for _ in range(ROUNDS):
        project.must("make", "destroy", "YES=1")
        theirs.append(seconds(lambda: _apply(project, manifest)))
        _delete(project, manifest)
        ours.append(seconds(lambda: project.must(*UP)))
    peer = "kubectl apply + rollout status, same objects"
    yield Figure("pulumi up from nothing", statistics.median(ours), peer, statistics.median(theirs), 1.3)


def _apply(project: Project, manifest: Path) -> None:
    project.kubectl("apply", "--server-side", "-f", str(manifest))
    project.kubectl("rollout", "status", "statefulset/kubia", "--timeout=120s")


def _delete(project: Project, manifest: Path) -> None:
    project.kubectl("delete", "statefulset", "kubia", "--cascade=foreground")
    project.kubectl("delete", "pvc", "--all")
    project.kubectl("delete", "--ignore-not-found", "-f", str(manifest))


def _cold_start(project: Project, say: Callable[[str], None]) -> Figure:
    say("cold start of the cluster")
    taken = []
    for _ in range(ROUNDS):
        lifecycle.down(project.state)
        programs = {path.name: path for path in project.state.bin.iterdir() if not path.name.startswith(".")}
        taken.append(seconds(lambda: lifecycle.up(project.state, programs, Progress(Console(quiet=True)))))  # noqa: B023 - called at once
    return Figure("cluster down -> node Ready", statistics.median(taken))


def _memory(project: Project, say: Callable[[str], None]) -> Iterator[Figure]:
    say("memory")
    pids = [part.pid for part in lifecycle.parts(project.state) if part.pid]
    yield Figure("memory of the cluster's processes", sum(resident(pid) for pid in pids) / 2**20, unit="MB")
    process = subprocess.Popen(PREVIEW, cwd=project.root, env=project.environment, stdout=subprocess.DEVNULL)
    peak = 0
    done = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.02):
            peak = max(peak, sum(resident(pid) for pid in _family(process.pid)))

    watcher = threading.Thread(target=watch)
    watcher.start()
    process.wait()
    done.set()
    watcher.join()
    yield Figure("peak memory of a preview (engine, hosts, provider)", peak / 2**20, unit="MB")


def _family(pid: int) -> Iterator[int]:
    """A process and all its descendants."""
    yield pid
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return
    for child in children:
        yield from _family(int(child))


def _objects(project: Project) -> list[dict[str, Any]]:
    """The Kubernetes objects that the stack made, in the order in which it made them."""
    state = json.loads(project.must("pulumi", "stack", "export", *STACK))
    resources = state["deployment"]["resources"]
    made = [r["inputs"] for r in resources if r["type"].startswith("kubernetes:") and r.get("custom")]
    return [{key: value for key, value in one.items() if not key.startswith("__")} for one in made]


def _write_manifest(project: Project, objects: list[dict[str, Any]]) -> Path:
    file = project.root / "objects.yaml"
    file.write_text(yaml.safe_dump_all(objects))
    return file


BARE = """\
import pulumi
from pulumi_kubernetes import Provider
from pulumi_kubernetes.core.v1 import ConfigMap

cluster = Provider("cluster", context="statefulsets-local")
for number in range({count}):
    ConfigMap(
        f"bare-{{number}}",
        metadata={{"name": f"bare-{{number}}", "namespace": "default"}},
        data={{"number": str(number)}},
        opts=pulumi.ResourceOptions(provider=cluster),
    )
"""


def _bare_program(project: Project, count: int) -> Path:
    """As many objects as the stack has, made by the shortest program that a user would write; brought up."""
    folder = project.root / "bare-program"
    folder.mkdir()
    venv = project.root / ".venv"
    options = {"toolchain": "pip", "virtualenv": str(venv)}
    (folder / "Pulumi.yaml").write_text(
        yaml.safe_dump({"name": "bare", "runtime": {"name": "python", "options": options}})
    )
    (folder / "__main__.py").write_text(BARE.format(count=count))
    project.must("pulumi", "stack", "init", "--cwd", str(folder), "local")
    project.must("pulumi", "up", "--yes", "--skip-preview", "--cwd", str(folder), *STACK)
    return folder
