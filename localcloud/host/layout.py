"""Where everything lies, and which addresses the cluster uses: the only place that says so."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from localcloud.host import atomic

CLUSTER = "statefulsets"
CONTEXT = "statefulsets-local"
KUBERNETES_VERSION = "1.34.4"
ROOT = Path(__file__).resolve().parents[2]


def _state() -> Path:
    return Path(os.environ.get("LOCALCLOUD_STATE", ROOT / ".localcloud")).resolve()


# Which of the places on this machine the cluster takes: `LOCALCLOUD_SLOT`, 0 to 3. Another one has other subnets, for a
# machine whose VPN has these, and a cluster in each of them can run at the same time. A cluster stays where it was
# made: its Services have addresses of its slot.
SLOTS = {"0": 213, "1": 216, "2": 219, "3": 210}
_MADE_IN = _state() / "slot"
SLOT = os.environ.get("LOCALCLOUD_SLOT") or (_MADE_IN.read_text() if _MADE_IN.exists() else "0")

# Subnets from the middle of 10/8, where home routers, Docker (172.17/16) and GKE's defaults seldom are;
# preflight refuses when a route of the host overlaps them.
_NET = SLOTS.get(SLOT, SLOTS["0"])
BRIDGE = f"stsets{SLOT}"
BRIDGE_IP = f"10.{_NET}.0.1"
BRIDGE_MAC = f"02:53:54:53:0{SLOT}:01"  # by default it would change with the cables that are plugged in
NODE_NET = f"10.{_NET}.0.0/24"
POD_NET = f"10.{_NET + 1}.0.0/16"
SERVICE_NET = f"10.{_NET + 2}.0.0/16"
ALL_NETS = "10.208.0.0/12"  # of every slot
API_SERVICE_IP = f"10.{_NET + 2}.0.1"
API_PORT = 6443
_PORTS = 23000 + 1000 * list(SLOTS.values()).index(_NET)
ETCD_PORT, ETCD_PEER_PORT = _PORTS + 790, _PORTS + 800
CONTROLLER_MANAGER_PORT, SCHEDULER_PORT = _PORTS + 257, _PORTS + 259
DNS_HEALTH_PORT, DNS_READY_PORT = _PORTS + 53, _PORTS + 54
API_URL = f"https://{BRIDGE_IP}:{API_PORT}"
CLUSTER_DOMAIN = "cluster.local"

MAX_NODES = 6
REGION = "europe-west1"
ZONES = (f"{REGION}-b", f"{REGION}-c", f"{REGION}-d")


@dataclass(frozen=True)
class Node:
    """One node: a name, and its place in the cluster's address plan (index 0 to 199)."""

    index: int

    @property
    def name(self) -> str:
        return f"{CLUSTER}-{self.index}"

    @property
    def zone(self) -> str:
        """The zone that it claims to stand in: the three of a region in turn."""
        return ZONES[self.index % len(ZONES)]

    @property
    def labels(self) -> dict[str, str]:
        """What a node of GKE says of its place."""
        return {
            "topology.kubernetes.io/region": REGION,
            "topology.kubernetes.io/zone": self.zone,
            "topology.gke.io/zone": self.zone,
        }

    @property
    def ip(self) -> str:
        return f"10.{_NET}.0.{self.index + 10}"

    @property
    def mac(self) -> str:
        """The same after every start: others would go on sending to the one that they remember."""
        return f"02:53:54:53:0{SLOT}:{self.index + 10:02x}"

    @property
    def pod_subnet(self) -> str:
        return f"10.{_NET + 1}.{self.index}.0/24"

    @property
    def host_link(self) -> str:
        """The host's end of the node's cable; Linux allows 15 characters."""
        return f"stsets{SLOT}-n{self.index}"

    @property
    def cgroup(self) -> str:
        return f"{CLUSTER}-{SLOT}-{self.index}"


def first_nodes(count: int) -> tuple[Node, ...]:
    """The nodes of a cluster of `count`."""
    return tuple(Node(index) for index in range(count))


@dataclass(frozen=True)
class State:
    """The files of one checkout's cluster, all under `.localcloud/`."""

    root: Path

    @property
    def slot(self) -> Path:
        """Where this cluster was made; see SLOT."""
        return self.root / "slot"

    @property
    def pki(self) -> Path:
        return self.root / "pki"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def etcd(self) -> Path:
        return self.root / "etcd"

    @property
    def bin(self) -> Path:
        return self.root / "bin"

    @property
    def kubeconfig(self) -> Path:
        return self.root / "kubeconfig"

    @property
    def pulumi_home(self) -> Path:
        return self.root / "pulumi-home"

    @property
    def pulumi_state(self) -> Path:
        return self.root / "pulumi-state"

    @property
    def passphrase(self) -> Path:
        return self.root / "passphrase"

    def node(self, node: Node) -> Path:
        """What the node has on its disk."""
        return self.root / "nodes" / node.name

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The cluster's nodes: as many as the last `up` was asked for, one at first."""
        try:
            return first_nodes(int((self.root / "node-count").read_text()))
        except (OSError, ValueError):
            return first_nodes(1)

    def keep_nodes(self, count: int) -> None:
        """Have `nodes` answer with the first `count`, whole or not at all."""
        self.root.mkdir(parents=True, exist_ok=True)
        atomic.write(self.root / "node-count", f"{count}\n")


def state() -> State:
    """This checkout's state; `LOCALCLOUD_STATE` moves it elsewhere (tests use that)."""
    return State(_state())


def cache() -> Path:
    """Finished binaries and images, shared by every checkout of this user (XDG base directories)."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / CLUSTER
