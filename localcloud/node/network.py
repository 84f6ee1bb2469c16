"""The cluster's own bridge, a cable from it to each node, and the way out for image pulls."""

from __future__ import annotations

import contextlib
import ipaddress
import json
from pathlib import Path
from typing import Any

from localcloud.gce.sql.wiring import Wiring
from localcloud.host.errors import LocalCloudError
from localcloud.host.shell import run, succeeds
from localcloud.host.slot import ALL_NETS, Node, Slot

LINKS = Path("/sys/class/net")
_DISABLED, _FORWARDING = "0", "3"  # of a bridge's port, linux/if_bridge.h


def rules(slot: Slot) -> tuple[tuple[str, ...], ...]:
    """The host's packet filter rules, each as its table, its chain and the rest of the iptables command.

    Pods and nodes that leave the cluster do so under the host's address; and a host whose policy is not to forward, as
    Docker's is, forwards for the cluster's bridge all the same. The comment marks the rules as ours.
    """
    ours = ("-m", "comment", "--comment", slot.bridge, "-j")
    return (
        ("nat", "POSTROUTING", "-s", slot.pod_net, "!", "-d", ALL_NETS, *ours, "MASQUERADE"),
        ("nat", "POSTROUTING", "-s", slot.node_net, "!", "-d", ALL_NETS, *ours, "MASQUERADE"),
        ("filter", "FORWARD", "-i", slot.bridge, *ours, "ACCEPT"),
        ("filter", "FORWARD", "-o", slot.bridge, *ours, "ACCEPT"),
    )


def overlapping_routes(slot: Slot) -> list[str]:
    """Routes of the host that overlap the cluster's subnets and are not the cluster's own."""
    ours = [ipaddress.ip_network(net) for net in (slot.node_net, slot.pod_net, slot.service_net)]
    found = []
    routes: list[dict[str, Any]] = json.loads(run(["ip", "-json", "-4", "route"]))
    for route in routes:
        if route["dst"] == "default" or route.get("dev") == slot.bridge:
            continue
        if any(ipaddress.ip_network(route["dst"], strict=False).overlaps(net) for net in ours):
            found.append(f"{route['dst']} dev {route.get('dev', '?')}")
    return found


def up(slot: Slot) -> None:
    """The bridge with its address; idempotent."""
    if not _exists(slot.bridge):
        run(["ip", "link", "add", slot.bridge, "address", slot.bridge_mac, "type", "bridge"])
    run(["ip", "address", "replace", f"{slot.bridge_ip}/24", "dev", slot.bridge])
    run(["ip", "link", "set", slot.bridge, "up"])
    _allow_way_out(slot)


def connect(node: Node, init: int) -> None:
    """A cable from the bridge into the network namespace of a node's init; idempotent."""
    inside = ["nsenter", f"--target={init}", "--net", "ip"]
    if not succeeds([*inside, "link", "show", "eth0"]):
        with contextlib.suppress(LocalCloudError):
            run(["ip", "link", "delete", node.host_link])  # half a cable that an interrupted run left
        run(["ip", "link", "add", node.host_link, "type", "veth", "peer", "name", "eth0", "netns", str(init)])
    run(["ip", "link", "set", node.host_link, "master", node.slot.bridge, "up"])
    run(["ip", "route", "replace", node.pod_subnet, "via", node.ip, "dev", node.slot.bridge])
    run([*inside, "link", "set", "lo", "up"])
    run([*inside, "link", "set", "eth0", "address", node.mac])
    run([*inside, "address", "replace", f"{node.ip}/24", "dev", "eth0"])
    run([*inside, "link", "set", "eth0", "up"])
    run([*inside, "route", "replace", "default", "via", node.slot.bridge_ip])
    for other in node.slot.nodes():  # the others need not be asked when one more comes
        if other != node:
            run([*inside, "route", "replace", other.pod_subnet, "via", other.ip])
    mend(node)


def cut(node: Node) -> None:
    """Block the bridge's port of a node: to both sides the cable looks plugged in, and nothing passes; idempotent."""
    _set_port(node, _DISABLED)


def mend(node: Node, links: Path = LINKS) -> None:
    """Undo `cut`; idempotent."""
    if is_cut(node, links):
        _set_port(node, _FORWARDING)


def is_cut(node: Node, links: Path = LINKS) -> bool:
    """Whether a node's port is blocked although its cable is plugged in at both ends.

    `links`: where Linux tells of this machine's links.
    """
    link = links / node.host_link
    try:
        blocked = (link / "brport/state").read_text().strip() == _DISABLED
        return blocked and (link / "operstate").read_text().strip() == "up"
    except OSError:
        return False


def _set_port(node: Node, port_state: str) -> None:
    # Not `ip link set type bridge_slave state`: it says it did, and the port goes on forwarding.
    run(["bridge", "link", "set", "dev", node.host_link, "state", port_state])


def down(slot: Slot) -> None:
    """Take away the bridge, the cables and the rules; nothing else of the host's network is touched."""
    for node in slot.nodes():
        if _exists(node.host_link):
            run(["ip", "link", "delete", node.host_link])
    Wiring.of(slot).unplug_all()
    if _exists(slot.bridge):
        run(["ip", "link", "delete", slot.bridge])
    for table, *rule in rules(slot):
        while succeeds(["iptables", "-w", "-t", table, "-C", *rule]):
            run(["iptables", "-w", "-t", table, "-D", *rule])


def _exists(link: str) -> bool:
    return (LINKS / link).exists()


def _allow_way_out(slot: Slot) -> None:
    """Forward between the bridge and the default route's device: per device, so no other one becomes a router."""
    routes: list[dict[str, Any]] = json.loads(run(["ip", "-json", "-4", "route", "show", "default"]))
    for device in {slot.bridge, *(route["dev"] for route in routes if "dev" in route)}:
        Path(f"/proc/sys/net/ipv4/conf/{device}/forwarding").write_text("1")
    for table, *rule in rules(slot):
        if not succeeds(["iptables", "-w", "-t", table, "-C", *rule]):
            run(["iptables", "-w", "-t", table, "-I", *rule])
