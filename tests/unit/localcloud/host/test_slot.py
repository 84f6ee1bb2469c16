"""The places that clusters can take: no two of them share anything, and each is in order in itself."""

from __future__ import annotations

import ipaddress

from localcloud.gce.sql.wiring import Wiring
from localcloud.host.slot import SLOTS, Slot
from tests.support.places import SLOT


def test_every_node_has_addresses_of_its_own_inside_the_clusters_subnets() -> None:
    nodes = [SLOT.node(index) for index in range(200)]
    assert len({node.ip for node in nodes}) == len({node.pod_subnet for node in nodes}) == 200
    assert len({node.host_link for node in nodes}) == 200
    for node in nodes:
        assert ipaddress.ip_address(node.ip) in ipaddress.ip_network(SLOT.node_net)
        assert ipaddress.ip_network(node.pod_subnet).subnet_of(ipaddress.ip_network(SLOT.pod_net))  # type: ignore[arg-type]
        assert node.ip != SLOT.bridge_ip
        assert node.mac != SLOT.bridge_mac
        assert int(node.mac[:2], 16) & 3 == 2, "one that nobody was sold, and of one device"
        assert len(node.host_link) <= 15, "Linux takes no longer name of a device"


def test_the_clusters_subnets_do_not_overlap_each_other_or_dockers() -> None:
    subnets = [ipaddress.IPv4Network(net) for net in (SLOT.node_net, SLOT.pod_net, SLOT.service_net, "172.17.0.0/16")]
    for position, net in enumerate(subnets):
        assert not any(net.overlaps(other) for other in subnets[position + 1 :])
    assert ipaddress.ip_address(SLOT.bridge_ip) in subnets[0]
    assert ipaddress.ip_address(SLOT.api_service_ip) == subnets[2].network_address + 1, "what the API server takes"


def test_clusters_in_different_slots_share_no_link_address_port_cgroup_or_mark() -> None:
    def everything(slot: Slot) -> list[object]:
        wires, node = Wiring.of(slot), slot.node(0)
        nets = [slot.bridge, slot.bridge_mac, slot.node_net, slot.pod_net, slot.service_net]
        mine = [node.ip, node.mac, node.host_link, node.cgroup, slot.mark, slot.lock]
        return [*nets, *mine, wires.name(1), wires.private(1), wires.public(1), *slot.loopback_ports]

    seen = [value for name in SLOTS for value in everything(Slot(name))]
    assert len(seen) == len(set(seen)) == 4 * 21
