"""The cluster loses a process, its power, or the `up` that was making it: `make up` puts it right, data included."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from localcloud.cluster import lifecycle
from localcloud.host import daemons
from tools.project import Project, copy_project, eventually, only_kubia

CRASHES = ["statefulsets-0-kubelet", "statefulsets-0-containerd", "etcd", "kube-apiserver", "statefulsets-0"]


def pid_of(project: Project, part: str) -> int:
    pid = next(p.pid for p in lifecycle.parts(project.state) if p.name == part)
    assert pid is not None, f"{part} does not run"
    return pid


@pytest.mark.parametrize("part", CRASHES)
def test_up_repairs_a_killed_process_without_losing_a_byte(project: Project, part: str) -> None:
    project.post("kubia-0", f"written before {part} died")
    pid = pid_of(project, part)
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: not daemons.alive(pid), f"{part} is dead")
    project.up()
    assert pid_of(project, part) != pid
    assert project.ready("kubia-0")
    assert f"written before {part} died" in project.read("kubia-0")
    project.post("kubia-0", "and writes go on")
    assert "and writes go on" in project.read("kubia-0")


def test_another_checkout_is_refused_while_this_cluster_runs(project: Project, tmp_path: Path) -> None:
    other = copy_project(tmp_path / "other")
    done = other.run("make", "up")
    assert done.returncode != 0
    assert f"the cluster of {project.root} runs on this machine; `make -C {project.root} down` first" in done.stderr
    assert not other.state.root.exists()
    assert project.ready("kubia-0")


def test_the_cluster_listens_on_loopback_and_its_own_bridge_only(project: Project) -> None:
    ours = {p.pid for p in daemons.running(project.state.slot, project.state.root)}
    listening = subprocess.run(["ss", "-Hltunp"], capture_output=True, text=True, check=True).stdout.splitlines()
    addresses = set()
    for line in listening:
        if any(f"pid={pid}," in line for pid in ours):
            addresses.add(line.split()[4].rpartition(":")[0].partition("%")[0])
    assert addresses <= {"127.0.0.1", project.state.slot.bridge_ip}
    assert project.state.slot.bridge_ip in addresses


def test_up_leaves_the_users_own_kubeconfig_and_pulumi_home_alone(project: Project, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    done = subprocess.run(
        ["make", "up"], cwd=project.root, env={**project.environment, "HOME": str(home), "XDG_CACHE_HOME": _cache()}
    )
    assert done.returncode == 0
    assert not (home / ".kube").exists()
    assert not (home / ".pulumi").exists()


def test_down_leaves_no_process_link_rule_or_cgroup(project: Project, take_down: Callable[[], None]) -> None:
    take_down()
    assert daemons.running(project.state.slot, project.state.root) == []
    links = [link.name for link in Path("/sys/class/net").iterdir()]
    assert not [name for name in links if name.startswith(project.state.slot.bridge)]
    assert not list(Path("/sys/fs/cgroup").glob(f"*/statefulsets-{project.state.slot.name}-*")) + list(
        Path("/sys/fs/cgroup").glob(f"statefulsets-{project.state.slot.name}-*")
    )
    assert (
        project.state.slot.bridge
        not in subprocess.run(["iptables-save"], capture_output=True, text=True, check=True).stdout
    )
    assert str(project.state.root) not in Path("/proc/mounts").read_text()


def _cache() -> str:
    return os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")


def _runs(part: str) -> Callable[[Project], bool]:
    return lambda project: any(p.name == part and p.pid for p in lifecycle.parts(project.state))


def _operating(project: Project) -> bool:
    return any((project.state.pulumi_state / ".pulumi").glob("locks/*/*/*/*.json"))


def _set_is_being_made(project: Project) -> bool:
    done = project.run("kubectl", "get", "statefulset", "kubia")
    return done.returncode == 0


# After each of these steps an `up` is killed, as by a power cut of the terminal; the next one goes on from there.
STEPS: dict[str, Callable[[Project], Any]] = {
    "certificates": lambda project: (project.state.pki / "ca.crt").exists(),
    "bridge": lambda project: Path("/sys/class/net", project.state.slot.bridge).exists(),
    "etcd": _runs("etcd"),
    "node": _runs("statefulsets-0"),
    "containerd": _runs("statefulsets-0-containerd"),
    "kubelet": _runs("statefulsets-0-kubelet"),
    "controllers": _runs("kube-controller-manager"),
    "images": lambda project: (project.state.root / "nodes/statefulsets-0/images.json").exists(),
    "pulumi": _operating,
    "statefulset": _set_is_being_made,
}


@pytest.fixture(scope="module")
def bare(empty_slot: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A second copy on which nothing was ever brought up, or all was erased; the shared one is down."""
    copy = copy_project(tmp_path_factory.mktemp("bare") / "statefulsets")
    only_kubia(copy)
    yield copy
    copy.run("make", "down")


@pytest.mark.parametrize(
    ("sign", "steps"), [(signal.SIGKILL, tuple(STEPS)), (signal.SIGINT, ("etcd", "kubelet", "statefulset"))]
)
def test_an_up_interrupted_after_each_step_ends_well_when_run_again(
    bare: Project, sign: signal.Signals, steps: tuple[str, ...]
) -> None:
    """Each run finds what the one before left half done, and has to come further than that before it is stopped."""
    for step in steps:
        said = _interrupt(bare, sign, step)
        assert "Traceback" not in said, said
    bare.up()
    assert bare.ready("kubia-0")
    assert bare.ready("kubia-1")
    bare.down()
    bare.must("make", "erase", "YES=1")


def _interrupt(bare: Project, sign: signal.Signals, step: str) -> str:
    """Start `make up`, stop it as soon as it has done a step; what it said."""
    output = bare.root / "interrupted.log"
    with output.open("w") as file:
        process = subprocess.Popen(
            ["make", "up"],
            cwd=bare.root,
            env=bare.environment,
            stdout=file,
            stderr=file,
            start_new_session=True,
            # A test run in the background inherits an ignored SIGINT; a terminal's child does not.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
    deadline = time.monotonic() + 300
    while not STEPS[step](bare):
        assert process.poll() is None, f"{step}: it ended before it could be interrupted\n{output.read_text()}"
        assert time.monotonic() < deadline, f"{step} not reached\n{output.read_text()}"
        time.sleep(0.05)
    os.killpg(process.pid, sign)
    assert process.wait(timeout=180) != 0, f"{step}: the signal did not stop it\n{output.read_text()}"
    eventually(lambda: _ended(process.pid), f"{step}: what `make` had started has ended, too")
    return output.read_text()


def _ended(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False
