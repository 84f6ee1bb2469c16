"""A node: namespaces of its own, with containerd, a kubelet and a kube-proxy inside."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
from pathlib import Path

from localcloud.host import daemons
from localcloud.host.daemons import Daemon
from localcloud.host.errors import LocalCloudError
from localcloud.host.paths import State
from localcloud.host.shell import run
from localcloud.host.slot import Node
from localcloud.node import cgroups, csi, files, network

KUBELET_PORT = 10250
INIT = "bash"  # what runs node-init.sh
PROGRAMS = ("containerd", csi.NODE, "kubelet", "kube-proxy")


def init_pid(state: State, node: Node) -> int | None:
    """The node's PID 1, seen from the host; None when the node is off."""
    return daemons.find(state, node.name, INIT)


def start(state: State, node: Node) -> list[str]:
    """Start what of a node does not run; returns the daemons that were started."""
    started = []
    pid = init_pid(state, node)
    if pid is None:
        cgroups.clear(node)
        files.write(state, node)
        pid = _boot(state, node)
        started.append(node.name)
    cgroups.make(node)
    network.connect(node, pid)
    if daemons.start(state, _containerd(state, node, pid)):
        started.append(f"{node.name}-containerd")
        address = Path(f"/proc/{pid}/root/run/containerd/containerd.sock")
        if not daemons.wait_until(lambda: _listens(address), 20):
            raise _did_not_start(state, f"{node.name}-containerd")
    for daemon in (csi.node(node, state, pid), _kubelet(state, node, pid), _kube_proxy(state, node, pid)):
        if daemons.start(state, daemon):
            started.append(daemon.name)
    return started


def stop(state: State, node: Node, grace: float = 5.0) -> None:
    """Stop a node: its containers get SIGTERM and `grace` seconds, then its init takes everything else along."""
    pid = init_pid(state, node)
    if pid is not None:
        ours = daemons.running(state.slot, state.root)
        kubelets = [p.pid for p in ours if p.name == f"{node.name}-kubelet" and Path(p.argv[0]).name == "kubelet"]
        daemons.stop(kubelets, 3.0)  # first, or it would start again what we stop
        _stop_containers(node, grace)
    cut_power(state, node)


def cut_power(state: State, node: Node) -> None:
    """Kill the node's init: everything in it ends in the same moment, and its cable goes; idempotent."""
    pid = init_pid(state, node)
    if pid is not None:
        daemons.stop([pid], 0.0)
    if not daemons.wait_until(lambda: not cgroups.processes(node), 10):
        raise LocalCloudError(f"processes of {node.name} outlive its init; see {cgroups.CGROUPS}/*/{node.cgroup}")
    cgroups.clear(node)


def images(state: State, node: Node) -> set[str]:
    """Names of the images that the node's containerd holds."""
    return set(ctr(state, node, "images", "list", "--quiet").split())


def kubelet_listens(node: Node) -> bool:
    """Whether the node's kubelet has come so far as to take requests."""
    with contextlib.suppress(OSError), socket.create_connection((node.ip, KUBELET_PORT), timeout=1):
        return True
    return False


def tasks(state: State, node: Node) -> set[str]:
    """Ids of the containers that run on the node now."""
    return set(ctr(state, node, "tasks", "list", "--quiet").split())


def ctr(state: State, node: Node, *arguments: str) -> str:
    """containerd's own client, in the namespace that Kubernetes uses."""
    pid = init_pid(state, node)
    if pid is None:
        raise LocalCloudError(f"node {node.name} is off; `make up` starts it")
    inside = ["nsenter", f"--target={pid}", "--mount", "--net", "--"]
    return run([*inside, "ctr", "--address=/run/containerd/containerd.sock", "--namespace=k8s.io", *arguments])


def _boot(state: State, node: Node) -> int:
    namespaces = ["unshare", "--mount", "--net", "--pid", "--uts", "--fork", "--kill-child", "--mount-proc"]
    disks = state.root / "gce" / "disks"
    disks.mkdir(parents=True, exist_ok=True)
    script = [INIT, str(Path(__file__).with_name("node-init.sh")), node.name, str(state.node(node)), str(disks)]
    # `find` looks for the shell: the process that `unshare` leaves behind in the host's namespaces is not the node.
    daemons.start(state, Daemon(node.name, [*namespaces, *script]))
    daemons.wait_until(lambda: _booted(init_pid(state, node)), 20)
    pid = init_pid(state, node)
    if pid is None or not _booted(pid):
        raise _did_not_start(state, node.name)
    return pid


def _booted(pid: int | None) -> bool:
    return pid is not None and Path(f"/proc/{pid}/root/run/node-ready").exists()


def _listens(path: Path) -> bool:
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        return True
    return False


def _did_not_start(state: State, name: str) -> LocalCloudError:
    log = state.logs / f"{name}.log"
    return LocalCloudError(f"{name} did not start; {log} ends with: {daemons.last_lines(log, 1)}")


def _containerd(state: State, node: Node, pid: int) -> Daemon:
    program = shutil.which("containerd") or "/usr/bin/containerd"
    return Daemon(
        f"{node.name}-containerd",
        [program, f"--config={files.path(state, node, 'containerd.toml')}"],
        inside=pid,
    )


def _kubelet(state: State, node: Node, pid: int) -> Daemon:
    labels = ",".join(f"{key}={value}" for key, value in node.labels.items())
    command = [
        str(state.bin / "kubelet"),
        f"--config={files.path(state, node, 'kubelet.yaml')}",
        f"--kubeconfig={state.pki}/kubelet-{node.name}.kubeconfig",
        f"--hostname-override={node.name}",
        f"--node-ip={node.ip}",
        "--root-dir=/var/lib/kubelet",
        f"--node-labels={labels}",
        "--v=1",
    ]
    return Daemon(f"{node.name}-kubelet", command, inside=pid)


def _kube_proxy(state: State, node: Node, pid: int) -> Daemon:
    command = [str(state.bin / "kube-proxy"), f"--config={files.path(state, node, 'kube-proxy.yaml')}", "--v=1"]
    return Daemon(f"{node.name}-kube-proxy", command, inside=pid)


def _stop_containers(node: Node, grace: float) -> None:
    """SIGTERM to the first process of each container, as the kubelet would."""
    firsts = [pid for pid in cgroups.processes(node) if _is_first(pid)]
    for pid in firsts:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    daemons.wait_until(lambda: not any(daemons.alive(pid) for pid in firsts), grace)


def _is_first(pid: int) -> bool:
    """Whether a process is PID 1 of its own pid namespace."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("NSpid:"):
                return line.split()[-1] == "1"
    return False
