"""The cluster's addresses: an order of their own, refused where the machine already uses them."""

from __future__ import annotations

import ipaddress
import json
from pathlib import Path
from typing import Any

import pytest

from localcloud.gce.sql.wiring import MOST, Wiring
from localcloud.host.errors import LocalCloudError
from localcloud.host.slot import MAX_NODES
from localcloud.node import network
from tests.support.places import SLOT
from tests.unit.localcloud.fakes import script


def answer(directory: Path, monkeypatch: pytest.MonkeyPatch, routes: list[dict[str, Any]]) -> None:
    """A machine with these routes."""
    script(directory, "ip", f"[ \"$*\" = '-json -4 route' ] && echo '{json.dumps(routes)}'")
    monkeypatch.setenv("PATH", str(directory))


@pytest.mark.parametrize(
    ("destination", "overlaps"),
    [
        ("10.213.0.0/24", True),
        ("10.214.7.0/24", True),
        ("10.215.0.1", True),
        ("10.0.0.0/8", True),
        ("default", False),
        ("10.212.0.0/16", False),
        ("10.216.0.0/16", False),
        ("172.17.0.0/16", False),
        ("192.168.1.77", False),
    ],
)
def test_a_route_overlaps_when_an_address_of_the_cluster_would_take_it(
    destination: str, overlaps: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(tmp_path, monkeypatch, [{"dst": destination, "dev": "eth0"}])
    assert network.overlapping_routes(SLOT) == ([f"{destination} dev eth0"] if overlaps else [])


def test_the_clusters_own_routes_do_not_stand_in_its_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    node = SLOT.node(0)
    to_pods = {"dst": node.pod_subnet, "gateway": node.ip, "dev": SLOT.bridge}
    own = [{"dst": SLOT.node_net, "dev": SLOT.bridge}, to_pods]
    answer(tmp_path, monkeypatch, [*own, {"type": "blackhole", "dst": "10.214.9.0/24"}])
    assert network.overlapping_routes(SLOT) == ["10.214.9.0/24 dev ?"]


def test_a_machine_without_routes_has_none_that_overlap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(tmp_path, monkeypatch, [])
    assert network.overlapping_routes(SLOT) == []


def test_a_failing_ip_is_a_line_not_a_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(tmp_path, "ip", "echo 'RTNETLINK answers: Operation not permitted' >&2; exit 2")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        LocalCloudError, match=r"^`ip -json -4 route` failed: RTNETLINK answers: Operation not permitted$"
    ):
        network.overlapping_routes(SLOT)


def test_instances_of_cloud_sql_have_addresses_of_the_clusters_own_that_no_node_has() -> None:
    plug, nodes = Wiring.of(SLOT), {SLOT.node(index).ip for index in range(MAX_NODES)} | {SLOT.bridge_ip}
    private, public = ([of(number) for number in range(1, MOST + 1)] for of in (plug.private, plug.public))
    assert len({*private, *public, *nodes}) == 2 * MOST + len(nodes)
    assert all(ipaddress.ip_address(each) in ipaddress.ip_network(SLOT.node_net) for each in (*private, *public))
    assert len(plug.name(MOST)) <= 15, "Linux takes no longer name of a device"


def test_pods_that_talk_to_pods_and_services_keep_their_own_address() -> None:
    rules = {rule[rule.index("-s") + 1]: rule for rule in network.rules(SLOT) if "MASQUERADE" in rule}
    assert set(rules) == {SLOT.pod_net, SLOT.node_net}
    for rule in rules.values():
        excepted = ipaddress.IPv4Network(rule[rule.index("-d") + 1])
        assert rule[rule.index("-d") - 1] == "!"
        inside = (SLOT.node_net, SLOT.pod_net, SLOT.service_net)
        assert all(ipaddress.IPv4Network(net).subnet_of(excepted) for net in inside)
