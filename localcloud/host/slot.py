"""The places on a machine that a cluster can take: subnets, ports, cables and names, all derived from one number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

CLUSTER = "statefulsets"
MAX_NODES = 6
REGION = "europe-west1"
ZONES = (f"{REGION}-b", f"{REGION}-c", f"{REGION}-d")
ALL_NETS = "10.208.0.0/12"
"""The subnets of every slot together."""
# Subnets from the middle of 10/8, where home routers, Docker (172.17/16) and GKE's defaults seldom are;
# preflight refuses when a route of the host overlaps them.
SLOTS: Mapping[str, int] = {"0": 213, "1": 216, "2": 219, "3": 210}
"""The names of the slots, and the second number of each one's first subnet."""


@dataclass(frozen=True)
class Slot:
    """One of the four places on a machine that a cluster can take: its subnets, ports, cables and marks.

    Clusters in different slots share none of these and can run at the same time. Another slot than the first also
    serves a machine whose VPN has the first one's subnets. `LOCALCLOUD_SLOT` chooses. A cluster stays in the slot in
    which it was made, for its Services have addresses of it.
    """

    name: str
    """`0` to `3`. Any other name has the addresses of slot 0 and is refused before they are used (`valid`)."""

    @property
    def valid(self) -> bool:
        return self.name in SLOTS

    @property
    def net(self) -> int:
        """The second number of its first subnet."""
        return SLOTS.get(self.name, SLOTS["0"])

    @property
    def _ports(self) -> int:
        return 23000 + 1000 * list(SLOTS.values()).index(self.net)

    @property
    def bridge(self) -> str:
        return f"stsets{self.name}"

    @property
    def bridge_ip(self) -> str:
        """Where the API server and the cluster's DNS listen."""
        return f"10.{self.net}.0.1"

    @property
    def bridge_mac(self) -> str:
        """Fixed: by default a bridge's address would change with the cables that are plugged in."""
        return f"02:53:54:53:0{self.name}:01"

    @property
    def node_net(self) -> str:
        return f"10.{self.net}.0.0/24"

    @property
    def pod_net(self) -> str:
        return f"10.{self.net + 1}.0.0/16"

    @property
    def service_net(self) -> str:
        return f"10.{self.net + 2}.0.0/16"

    @property
    def api_service_ip(self) -> str:
        """The address of the Service `kubernetes`: the first of `service_net`."""
        return f"10.{self.net + 2}.0.1"

    @property
    def api_port(self) -> int:
        """Where the API server listens, on the bridge."""
        return 6443

    @property
    def api_url(self) -> str:
        return f"https://{self.bridge_ip}:{self.api_port}"

    @property
    def etcd_port(self) -> int:
        return self._ports + 790

    @property
    def etcd_peer_port(self) -> int:
        return self._ports + 800

    @property
    def controller_manager_port(self) -> int:
        return self._ports + 257

    @property
    def scheduler_port(self) -> int:
        return self._ports + 259

    @property
    def dns_health_port(self) -> int:
        return self._ports + 53

    @property
    def dns_ready_port(self) -> int:
        return self._ports + 54

    @property
    def gce_port(self) -> int:
        """Where the stand-in for Google's APIs listens."""
        return self._ports + 80

    @property
    def loopback_ports(self) -> tuple[int, ...]:
        """Every port of the host's loopback that the cluster takes."""
        return (
            self.etcd_port,
            self.etcd_peer_port,
            self.controller_manager_port,
            self.scheduler_port,
            self.dns_health_port,
            self.dns_ready_port,
            self.gce_port,
        )

    @property
    def bridge_ports(self) -> tuple[int, ...]:
        """Every port of the bridge's address that the cluster takes."""
        return (self.api_port, 53)

    @property
    def mark(self) -> str:
        """The name of the environment variable that each process of a cluster in this slot carries."""
        return "STATEFULSETS_LOCALCLOUD" + ("" if self.name == "0" else f"_{self.name}")

    @property
    def lock(self) -> Path:
        """Held by the one command that changes what runs in the slot. It lies outside of any checkout."""
        return Path(f"/run/{CLUSTER}-{self.name}.lock")

    def node(self, index: int) -> Node:
        """A node by its number, whether the cluster has it or not."""
        return Node(self, index)

    def nodes(self, count: int = MAX_NODES) -> tuple[Node, ...]:
        """The nodes of a cluster of `count`, by default of the largest one."""
        return tuple(Node(self, index) for index in range(count))


@dataclass(frozen=True)
class Node:
    """One node: a name, and its place in the cluster's address plan (index 0 to 199)."""

    slot: Slot
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
        return f"10.{self.slot.net}.0.{self.index + 10}"

    @property
    def mac(self) -> str:
        """The same after every start: other nodes would go on sending to the address that they remember."""
        return f"02:53:54:53:0{self.slot.name}:{self.index + 10:02x}"

    @property
    def pod_subnet(self) -> str:
        return f"10.{self.slot.net + 1}.{self.index}.0/24"

    @property
    def host_link(self) -> str:
        """The host's end of the node's cable; Linux allows 15 characters."""
        return f"{self.slot.bridge}-n{self.index}"

    @property
    def cgroup(self) -> str:
        return f"{CLUSTER}-{self.slot.name}-{self.index}"
