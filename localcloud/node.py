"""A node: namespaces of its own, with containerd, a kubelet and a kube-proxy inside."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
from pathlib import Path
from typing import Any

import yaml

from localcloud import daemons, network
from localcloud.daemons import Daemon
from localcloud.errors import LocalCloudError
from localcloud.layout import BRIDGE_IP, CLUSTER_DOMAIN, POD_NET, ROOT, Node, State
from localcloud.shell import run

CGROUPS = Path("/sys/fs/cgroup")
CAP_SYS_RESOURCE = 24
KUBELET_PORT = 10250
INIT = "bash"  # what runs node-init.sh
PAUSE_IMAGE = "registry.k8s.io/pause:3.10"


def init_pid(state: State, node: Node) -> int | None:
    """The node's PID 1, seen from the host; None when the node is off."""
    return daemons.find(state.root, node.name, INIT)


def start(state: State, node: Node) -> list[str]:
    """Start what of a node does not run; returns the daemons that were started."""
    started = []
    pid = init_pid(state, node)
    if pid is None:
        clear_cgroups(node)
        _write_files(state, node)
        pid = _boot(state, node)
        started.append(node.name)
    _make_cgroups(node)
    network.connect(node, pid)
    if daemons.start(state.root, _containerd(state, node, pid), state.logs):
        started.append(f"{node.name}-containerd")
        address = Path(f"/proc/{pid}/root/run/containerd/containerd.sock")
        if not daemons.wait_until(lambda: _listens(address), 20):
            raise _did_not_start(state, f"{node.name}-containerd")
    for daemon in (_kubelet(state, node, pid), _kube_proxy(state, node, pid)):
        if daemons.start(state.root, daemon, state.logs):
            started.append(daemon.name)
    return started


def stop(state: State, node: Node, grace: float = 5.0) -> None:
    """Stop a node: its containers get SIGTERM and `grace` seconds, then its init takes everything else along."""
    pid = init_pid(state, node)
    if pid is not None:
        ours = daemons.running(state.root)
        kubelets = [p.pid for p in ours if p.name == f"{node.name}-kubelet" and Path(p.argv[0]).name == "kubelet"]
        daemons.stop(kubelets, 3.0)  # first, or it would start again what we stop
        _stop_containers(node, grace)
        daemons.stop([pid], 0.0)
        if not daemons.wait_until(lambda: not _processes_in(node), 10):
            raise LocalCloudError(f"processes of {node.name} outlive its init; see {CGROUPS}/*/{node.cgroup}")
    clear_cgroups(node)


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
    script = [INIT, str(ROOT / "localcloud" / "node-init.sh"), node.name, str(state.node(node))]
    # `find` looks for the shell: the process that `unshare` leaves behind in the host's namespaces is not the node.
    daemons.start(state.root, Daemon(node.name, [*namespaces, *script]), state.logs)
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


def _write_files(state: State, node: Node) -> None:
    disk = state.node(node)
    for directory in ("kubelet", "containerd", "statefulsets", "log", "etc/cni"):
        (disk / directory).mkdir(parents=True, exist_ok=True)
    (disk / "etc/containerd.toml").write_text(_containerd_config(disk))
    (disk / "etc/cni/10-pods.conflist").write_text(json.dumps(_cni_config(node), indent=2))
    (disk / "etc/kubelet.yaml").write_text(yaml.safe_dump(_kubelet_config(state, node)))
    (disk / "etc/kube-proxy.yaml").write_text(yaml.safe_dump(_kube_proxy_config(state, node)))
    (disk / "etc/resolv.conf").write_text(f"nameserver {BRIDGE_IP}\n")


def _config(state: State, node: Node, name: str) -> str:
    return str(state.node(node) / "etc" / name)


def _containerd(state: State, node: Node, pid: int) -> Daemon:
    program = shutil.which("containerd") or "/usr/bin/containerd"
    return Daemon(
        f"{node.name}-containerd",
        [program, f"--config={_config(state, node, 'containerd.toml')}"],
        inside=pid,
    )


def _kubelet(state: State, node: Node, pid: int) -> Daemon:
    command = [
        str(state.bin / "kubelet"),
        f"--config={_config(state, node, 'kubelet.yaml')}",
        f"--kubeconfig={state.pki}/kubelet-{node.name}.kubeconfig",
        f"--hostname-override={node.name}",
        f"--node-ip={node.ip}",
        "--root-dir=/var/lib/kubelet",
        "--v=1",
    ]
    return Daemon(f"{node.name}-kubelet", command, inside=pid)


def _kube_proxy(state: State, node: Node, pid: int) -> Daemon:
    command = [str(state.bin / "kube-proxy"), f"--config={_config(state, node, 'kube-proxy.yaml')}", "--v=1"]
    return Daemon(f"{node.name}-kube-proxy", command, inside=pid)


def _containerd_config(disk: Path) -> str:
    # Without CAP_SYS_RESOURCE runc may not lower a score, and every sandbox would fail to start.
    restricted = str(not _has_capability(CAP_SYS_RESOURCE)).lower()
    return f"""\
version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.internal.v1.opt"]
[grpc]
  address = "/run/containerd/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE_IMAGE}"
  restrict_oom_score_adj = {restricted}
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{disk}/etc/cni"
"""


def _has_capability(number: int) -> bool:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapEff:"):
            return bool(int(line.split()[1], 16) >> number & 1)
    return False


def _cni_config(node: Node) -> dict[str, Any]:
    ipam = {
        "type": "host-local",
        "ranges": [[{"subnet": node.pod_subnet}]],
        "routes": [{"dst": "0.0.0.0/0"}],
        "dataDir": "/run/cni",  # addresses are given back when the node loses power: its pods are gone
    }
    # A routed link a pod, no bridge: replies of a Service always pass the node's address translation.
    plugins = [
        {"type": "ptp", "ipMasq": False, "ipam": ipam},
        {"type": "portmap", "capabilities": {"portMappings": True}},
    ]
    return {"cniVersion": "1.0.0", "name": "pods", "plugins": plugins}


def _kubelet_config(state: State, node: Node) -> dict[str, Any]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": f"{state.pki}/ca.crt"},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": f"{state.pki}/kubelet-{node.name}.crt",
        "tlsPrivateKeyFile": f"{state.pki}/kubelet-{node.name}.key",
        "address": node.ip,
        "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{node.cgroup}",
        "failCgroupV1": False,
        "failSwapOn": False,
        "clusterDNS": [BRIDGE_IP],
        "clusterDomain": CLUSTER_DOMAIN,
        "resolvConf": _config(state, node, "resolv.conf"),
        "volumePluginDir": "/var/lib/kubelet/volume-plugins",
        # A laptop's disk is often nearly full; the defaults (10%, 15%) would evict on sight.
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1Gi", "imagefs.available": "1Gi"},
        "imageGCHighThresholdPercent": 100,  # images that were imported cannot be pulled again
        "serializeImagePulls": False,
        "shutdownGracePeriod": "0s",
    }


def _kube_proxy_config(state: State, node: Node) -> dict[str, Any]:
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "iptables",
        "clusterCIDR": POD_NET,
        "hostnameOverride": node.name,
        "clientConnection": {"kubeconfig": f"{state.pki}/kube-proxy.kubeconfig"},
        "conntrack": {"maxPerCore": 0},  # a limit of the whole machine, not ours to set
        "healthzBindAddress": "127.0.0.1:10256",
        "metricsBindAddress": "127.0.0.1:10249",
    }


def _stop_containers(node: Node, grace: float) -> None:
    """SIGTERM to the first process of each container, as the kubelet would."""
    firsts = [pid for pid in _processes_in(node) if _is_first(pid)]
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


def _cgroup_roots(node: Node) -> list[Path]:
    """The node's cgroup in every hierarchy (version 1), or in the one (version 2)."""
    if (CGROUPS / "cgroup.controllers").exists():
        return [CGROUPS / node.cgroup]
    return [
        hierarchy / node.cgroup for hierarchy in CGROUPS.iterdir() if hierarchy.is_dir() and not hierarchy.is_symlink()
    ]


def _make_cgroups(node: Node) -> None:
    for root in _cgroup_roots(node):
        root.mkdir(exist_ok=True)
        if (CGROUPS / "cgroup.controllers").exists():
            controllers = (CGROUPS / "cgroup.controllers").read_text().split()
            (CGROUPS / "cgroup.subtree_control").write_text(" ".join(f"+{c}" for c in controllers))
            (root / "cgroup.subtree_control").write_text(" ".join(f"+{c}" for c in controllers))
        for file in ("cpuset.cpus", "cpuset.mems"):  # version 1 leaves them empty: nothing could run inside
            if (root.parent / file).exists() and not (root / file).read_text().strip():
                (root / file).write_text((root.parent / file).read_text())


def _processes_in(node: Node) -> list[int]:
    pids: set[int] = set()
    for root in _cgroup_roots(node):
        for file in root.rglob("cgroup.procs"):
            with contextlib.suppress(OSError):
                pids.update(int(line) for line in file.read_text().split())
    return sorted(pids)


def clear_cgroups(node: Node) -> None:
    """Remove the node's empty cgroups, deepest first."""
    for root in _cgroup_roots(node):
        if root.exists():
            for directory in sorted((d for d in root.rglob("*") if d.is_dir()), key=lambda d: -len(d.parts)):
                with contextlib.suppress(OSError):
                    directory.rmdir()
            with contextlib.suppress(OSError):
                root.rmdir()
