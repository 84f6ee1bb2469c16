"""Where a Cloud SQL instance is plugged in: a network namespace of its own, with a cable to the cluster's bridge.

Nothing of an instance listens on the host: its addresses are in its namespace. Both are of the nodes' subnet, so that
nodes reach them without a router. An address of the internet would be truer for the public one, but any range
that was taken for it could be in use here: a machine whose packages came from a network for documentation lost them.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from localcloud.host.shell import run, succeeds
from localcloud.host.slot import Slot

PORT: Final = 3306
MOST: Final = 30
"""How many instances there can be at a time. They are numbered from 1, and each has an address in both of the last /27
networks of the nodes' subnet."""
NAMESPACES: Final = Path("/run/netns")


@dataclass(frozen=True)
class Wiring:
    """A bridge, the subnets of instances on it, and the routes to where their callers are: (subnet, router)."""

    bridge: str
    subnet: str
    private_net: str
    public_net: str
    routes: Sequence[tuple[str, str]]
    slot: Slot
    """The cluster's slot, which tells the cables' hardware addresses and the servers' processes apart."""

    @classmethod
    def of(cls, slot: Slot) -> Wiring:
        """The wiring of the cluster in a slot: the last two /27 of its nodes' subnet are the instances'."""
        public, private = map(str, list(ipaddress.IPv4Network(slot.node_net).subnets(new_prefix=27))[-2:])
        routes = tuple((node.pod_subnet, node.ip) for node in slot.nodes())
        return cls(slot.bridge, slot.node_net, private, public, routes, slot)

    @property
    def exists(self) -> bool:
        """Whether there is a cluster to be plugged into."""
        return Path("/sys/class/net", self.bridge).exists()

    def name(self, number: int) -> str:
        """The name of an instance's namespace and of the host's end of its cable; Linux allows 15 characters."""
        return f"{self.bridge}-q{number}"

    def private(self, number: int) -> str:
        """An instance's private address. Every instance has it, for its replicas; not each shows it."""
        return str(ipaddress.IPv4Network(self.private_net)[number])

    def public(self, number: int) -> str:
        """An instance's public address, which stands for one on the internet."""
        return str(ipaddress.IPv4Network(self.public_net)[number])

    def namespace(self, number: int) -> Path:
        """The file of an instance's network namespace, which `nsenter --net=` takes."""
        return NAMESPACES / self.name(number)

    def plug(self, number: int) -> None:
        """Have an instance's namespace, cable, addresses and routes, whatever of it is there already."""
        name, width = self.name(number), ipaddress.IPv4Network(self.subnet).prefixlen
        if not self.namespace(number).exists():
            run(["ip", "netns", "add", name])
        if not succeeds(["ip", "-n", name, "link", "show", "eth0"]):
            if Path("/sys/class/net", name).exists():
                run(["ip", "link", "delete", name])  # this is half a cable, which an interrupted run left
            run(["ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name])
        run(["ip", "link", "set", name, "master", self.bridge, "up"])
        lines = [
            "link set lo up",
            f"link set eth0 address 02:53:54:53:1{self.slot.name}:{number:02x}",
            f"address replace {self.private(number)}/{width} dev eth0",
            f"address replace {self.public(number)}/32 dev eth0",
            "link set eth0 up",
            *(f"route replace {net} via {router}" for net, router in self.routes),
        ]
        run(["ip", "-n", name, "-batch", "-"], stdin="\n".join(lines) + "\n")

    def rules(self, number: int, private: bool, public_from: Iterable[str]) -> str:
        """Who gets through to MySQL, as text for iptables-restore.

        That is everyone of the network where the private address is shown (`private`), these networks to the public
        one, and other instances, for replication. To the rest nobody answers, as at Google.
        """
        to = f"-A INPUT -p tcp --dport {PORT}"
        rules = [
            f"{to} -s {self.private_net} -j ACCEPT",
            *([f"{to} -d {self.private(number)} -j ACCEPT"] if private else []),
            *(f"{to} -d {self.public(number)} -s {net} -j ACCEPT" for net in public_from if ":" not in net),
            f"{to} -j DROP",
        ]
        return "\n".join(["*filter", ":INPUT ACCEPT [0:0]", *rules, "COMMIT"]) + "\n"

    def allow(self, number: int, private: bool, public_from: Iterable[str]) -> None:
        """Let in whom `rules` names, and nobody else from now on."""
        text = self.rules(number, private, public_from)
        run(["nsenter", f"--net={self.namespace(number)}", "iptables-restore", "-w"], stdin=text)

    def unplug(self, number: int) -> None:
        """Take an instance's cable and namespace away, if they are there."""
        self._remove(self.name(number))

    def unplug_all(self) -> None:
        """Take away the cables and namespaces of all instances on this bridge, also of those that nobody remembers."""
        mine = f"{self.bridge}-q"
        places = (Path("/sys/class/net"), NAMESPACES)
        names = {each.name for place in places if place.exists() for each in place.iterdir()}
        for name in sorted(name for name in names if name.startswith(mine)):
            self._remove(name)

    def _remove(self, name: str) -> None:
        if Path("/sys/class/net", name).exists():
            run(["ip", "link", "delete", name])
        if (NAMESPACES / name).exists():
            run(["ip", "netns", "delete", name])
