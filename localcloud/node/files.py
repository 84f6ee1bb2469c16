"""What a node's programs read: rendered anew whenever the node is powered on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from localcloud.host.paths import CLUSTER_DOMAIN, State
from localcloud.host.slot import Node

CAP_SYS_RESOURCE = 24
PAUSE_IMAGE = "registry.k8s.io/pause:3.10"


def write(state: State, node: Node) -> None:
    """The configuration files of a node, and the directories of its disk."""
    disk = state.node(node)
    for directory in ("kubelet", "containerd", "statefulsets", "log", "etc/cni"):
        (disk / directory).mkdir(parents=True, exist_ok=True)
    (disk / "etc/containerd.toml").write_text(containerd(disk))
    (disk / "etc/cni/10-pods.conflist").write_text(json.dumps(cni(node), indent=2))
    (disk / "etc/kubelet.yaml").write_text(yaml.safe_dump(kubelet(state, node)))
    (disk / "etc/kube-proxy.yaml").write_text(yaml.safe_dump(kube_proxy(state, node)))
    (disk / "etc/resolv.conf").write_text(f"nameserver {node.slot.bridge_ip}\n")


def path(state: State, node: Node, name: str) -> str:
    """Where one of these files lies."""
    return str(state.node(node) / "etc" / name)


def containerd(disk: Path) -> str:
    # Without CAP_SYS_RESOURCE runc may not lower a score, and every sandbox would fail to start.
    restricted = str(not has_capability(CAP_SYS_RESOURCE)).lower()
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


def has_capability(number: int) -> bool:
    """Whether this process, and so what it starts, has a capability by its number in linux/capability.h."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapEff:"):
            return bool(int(line.split()[1], 16) >> number & 1)
    return False


def cni(node: Node) -> dict[str, Any]:
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


def kubelet(state: State, node: Node) -> dict[str, Any]:
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
        "clusterDNS": [node.slot.bridge_ip],
        "clusterDomain": CLUSTER_DOMAIN,
        "resolvConf": path(state, node, "resolv.conf"),
        "volumePluginDir": "/var/lib/kubelet/volume-plugins",
        # A laptop's disk is often nearly full; the defaults (10%, 15%) would evict on sight.
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1Gi", "imagefs.available": "1Gi"},
        "imageGCHighThresholdPercent": 100,  # images that were imported cannot be pulled again
        "serializeImagePulls": False,
        "shutdownGracePeriod": "0s",
    }


def kube_proxy(state: State, node: Node) -> dict[str, Any]:
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "iptables",
        "clusterCIDR": node.slot.pod_net,
        "hostnameOverride": node.name,
        "clientConnection": {"kubeconfig": f"{state.pki}/kube-proxy.kubeconfig"},
        "conntrack": {"maxPerCore": 0},  # a limit of the whole machine, not ours to set
        "healthzBindAddress": "127.0.0.1:10256",
        "metricsBindAddress": "127.0.0.1:10249",
    }
