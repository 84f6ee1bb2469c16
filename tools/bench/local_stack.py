"""Measures the local stack against kubectl and against bare Pulumi programs: of the same objects, of as many, of none.

Each figure is the median of `ROUNDS` runs, taken in turn with its peer's so that a busy machine burdens both alike.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console

from localcloud.cluster import lifecycle
from localcloud.host.progress import Progress
from tools.bench import nodes
from tools.bench.figures import ROUNDS, Figure, in_turn, resident, seconds
from tools.project import Project, only_kubia

STACK = ("--stack", "local", "--config-file", ".localcloud/Pulumi.local.yaml")
BARE_STACK = ("--stack", "local")
UP = ("pulumi", "up", "--yes", "--skip-preview")
PREVIEW = ("pulumi", "preview")


def measure(project: Project, say: Callable[[str], None]) -> Iterator[Figure]:
    """Brings one workload up, measures it, and gives its cluster nodes. The caller stops the cluster."""
    only_kubia(project, durability="discard")  # goes when its stack goes, and can be made again
    say("bringing a copy of the project up")
    project.up()
    yield from _no_change(project, say)
    yield from _memory(project, say)
    yield from _create(project, say)
    yield _cold_start(project, say)
    yield from nodes.measure(project, say)


def _no_change(project: Project, say: Callable[[str], None]) -> Iterator[Figure]:
    say("runs without a change")
    objects = _objects(project)
    bare = bare_program(project, "as-many", AS_MANY.format(count=len(objects)))
    bare_up(project, bare)
    manifest = _write_manifest(project, objects)
    ours, theirs, diff, up, plain_up = in_turn(
        lambda: project.must(*PREVIEW, *STACK),
        lambda: project.must(*PREVIEW, "--cwd", str(bare), *BARE_STACK),
        lambda: project.run("kubectl", "diff", "--server-side", "--force-conflicts", "-f", str(manifest)),
        project.up,
        lambda: project.must(*UP, *STACK),
    )
    yield Figure("preview without a change", ours, f"bare program, {len(objects)} objects", theirs, 1.15)
    yield Figure("preview without a change", ours, "kubectl diff", diff)
    yield Figure("make up without a change", up, "pulumi up, same program", plain_up, 1.3)
    bare_down(project, bare)


def _create(project: Project, say: Callable[[str], None]) -> Iterator[Figure]:
    say("from nothing to ready pods")
    objects = _objects(project)
    manifest = _write_manifest(project, objects)
    same = bare_program(project, "the-same", THE_SAME)
    (same / "objects.json").write_text(json.dumps(objects))
    none = bare_program(project, "none", "import pulumi\n")
    ours, theirs, bare, floor = [], [], [], []
    for _ in range(ROUNDS):
        project.must("make", "destroy", "YES=1")
        theirs.append(seconds(lambda: _apply(project, manifest)))
        _delete(project, manifest)
        bare.append(seconds(lambda: bare_up(project, same)))
        bare_down(project, same)
        project.kubectl("delete", "pvc", "--all")
        floor.append(seconds(lambda: bare_up(project, none)))
        ours.append(seconds(lambda: project.must(*UP, *STACK)))
    mine = statistics.median(ours)
    yield Figure("pulumi up from nothing", mine, "bare program of the same objects", statistics.median(bare), 1.05)
    yield Figure("pulumi up from nothing", mine, "kubectl apply + rollout status", statistics.median(theirs), 1.3)
    yield Figure("pulumi up from nothing", mine, "pulumi up of a program without objects", statistics.median(floor))


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
    process = subprocess.Popen((*PREVIEW, *STACK), cwd=project.root, env=project.environment, stdout=subprocess.DEVNULL)
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
    state = json.loads(project.must("pulumi", "stack", "export", *BARE_STACK))
    resources = state["deployment"]["resources"]
    made = [r["inputs"] for r in resources if r["type"].startswith("kubernetes:") and r.get("custom")]
    return [{key: value for key, value in one.items() if not key.startswith("__")} for one in made]


def _write_manifest(project: Project, objects: list[dict[str, Any]]) -> Path:
    file = project.root / "objects.yaml"
    file.write_text(yaml.safe_dump_all(objects))
    return file


AS_MANY = """\
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
THE_SAME = """\
import json
import pulumi
from pulumi_kubernetes import Provider

cluster = Provider("cluster", context="statefulsets-local")
for number, one in enumerate(json.load(open("objects.json"))):
    version = one["apiVersion"] if "/" in one["apiVersion"] else f"core/{one['apiVersion']}"
    kind = f"kubernetes:{version}:{one['kind']}"
    pulumi.CustomResource(kind, f"bare-{number}", one, pulumi.ResourceOptions(provider=cluster))
"""


def bare_program(project: Project, name: str, text: str) -> Path:
    """The folder of a program of a user's without any components, with a stack `local` that has not been up."""
    folder = project.root / f"bare-{name}"
    folder.mkdir()
    options = {"toolchain": "pip", "virtualenv": str(project.root / ".venv")}
    described = {"name": f"bare-{name}", "runtime": {"name": "python", "options": options}}
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(described))
    (folder / "__main__.py").write_text(text)
    project.must("pulumi", "stack", "init", "--cwd", str(folder), "local")
    return folder


def bare_up(project: Project, folder: Path) -> None:
    """Bring a bare program's objects up."""
    project.must(*UP, "--cwd", str(folder), *BARE_STACK)


def bare_down(project: Project, folder: Path) -> None:
    """Delete a bare program's objects; claims that its pods left stay."""
    project.must("pulumi", "destroy", "--yes", "--skip-preview", "--cwd", str(folder), *BARE_STACK)
