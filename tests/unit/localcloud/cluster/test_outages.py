"""Outages on purpose: only of a node that there is, told to the API only when it is dead, and undone on request."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from localcloud.cluster import nodes, outages
from localcloud.cluster.outages import Hands
from localcloud.host.errors import LocalCloudError
from localcloud.host.paths import State
from localcloud.host.slot import Node
from localcloud.node import network
from tests.support.places import SLOT, Apart
from tests.unit.localcloud.cluster.api_server import serving
from tests.unit.localcloud.fakes import quiet, said, script


@dataclass
class World:
    """A cluster of three nodes, seen through the functions that an outage calls; `did` tells in which order."""

    on: set[int] = field(default_factory=lambda: {0, 1, 2})
    cut: set[int] = field(default_factory=set)
    out_of_service: set[int] = field(default_factory=set)
    did: list[str] = field(default_factory=list)
    api: bool = True

    def boot(self, state: State, each: Node) -> list[str]:
        self.did.append(f"boot {each.index}")
        self.on.add(each.index)
        return [each.name]

    def cut_power(self, state: State, each: Node) -> None:
        self.did.append(f"cut power {each.index}")
        self.on.discard(each.index)
        self.cut.discard(each.index)

    def taint(self, state: State, each: Node) -> bool:
        assert each.index not in self.on, "only of a node that is dead for sure"
        self.did.append(f"taint {each.index}")
        self.out_of_service.add(each.index)
        return True

    def amend(self, state: State) -> None:
        self.did.append("amend")
        self.out_of_service.clear()

    def heard(self, state: State, each: Node) -> dt.datetime:
        reachable = each.index in self.on and each.index not in self.cut
        return dt.datetime.now(dt.UTC) + dt.timedelta(seconds=1 if reachable else -1)

    @property
    def hands(self) -> Hands:
        return Hands(
            api_ready=lambda _: self.api,
            init_pid=lambda _, each: 7 if each.index in self.on else None,
            start=self.boot,
            cut_power=self.cut_power,
            is_cut=lambda each: each.index in self.cut,
            cut=lambda each: self.cut.add(each.index),
            mend=lambda each: self.cut.discard(each.index),
            take_out_of_service=self.taint,
            wait_amended=self.amend,
            heard=self.heard,
            shown_ready=lambda *_: True,  # what the API remembers
            patience=0.3,
        )


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def state(tmp_path: Path) -> State:
    state = State(tmp_path / "state", Apart(lock=tmp_path / "lock"))
    state.keep_nodes(3)
    return state


def test_a_stopped_node_is_dead_before_the_api_is_told(world: World, state: State) -> None:
    outages.stop(state, 2, quiet(), hands=world.hands)
    assert world.did == ["cut power 2", "taint 2"]
    assert outages.of(state, SLOT.node(2), world.hands) == "stopped"
    assert outages.of(state, SLOT.node(1), world.hands) == ""


def test_stopping_twice_is_said_and_changes_nothing(world: World, state: State) -> None:
    for first in (True, False):
        progress = quiet()
        outages.stop(state, 2, progress, hands=world.hands)
        assert said(progress).splitlines()[0] == (
            "statefulsets-2 is without power" if first else "statefulsets-2 was off already"
        )
    assert world.out_of_service == {2}


def test_an_unnoticed_power_cut_tells_the_api_nothing(world: World, state: State) -> None:
    outages.stop(state, 1, quiet(), unnoticed=True, hands=world.hands)
    assert world.did == ["cut power 1"]


def test_a_node_is_in_service_again_before_it_has_power(world: World, state: State) -> None:
    outages.stop(state, 2, quiet(), hands=world.hands)
    outages.start(state, 2, quiet(), hands=world.hands)
    assert world.did[2:] == ["amend", "boot 2"], "or its volumes could be taken from it while it uses them"
    assert world.out_of_service == set()


def test_a_partition_is_never_told_to_the_api_and_heals(world: World, state: State) -> None:
    for _ in range(2):
        outages.partition(state, 1, quiet(), hands=world.hands)
    assert outages.of(state, SLOT.node(1), world.hands) == "partitioned"
    assert (world.did, world.out_of_service) == ([], set()), "its pods run on: two could write"
    outages.heal(state, 1, quiet(), hands=world.hands)
    assert outages.of(state, SLOT.node(1), world.hands) == ""
    progress = quiet()
    outages.heal(state, 1, progress, hands=world.hands)
    assert said(progress) == "statefulsets-1 was not cut off\n"


def test_what_the_api_remembers_of_a_node_does_not_count_as_its_return(world: World, state: State) -> None:
    outages.partition(state, 1, quiet(), hands=world.hands)
    with pytest.raises(
        LocalCloudError, match=r"^statefulsets-1 not Ready after 0 s; see \S+/statefulsets-1-kubelet\.log$"
    ):
        outages.heal(state, 1, quiet(), hands=replace(world.hands, mend=lambda each: None))


@pytest.mark.parametrize(
    ("outage", "number", "line"),
    [
        (outages.stop, 3, "no node 3: this cluster has nodes 0 to 2; `make up NODES=4` adds it"),
        (outages.start, 7, "no node 7: this cluster has nodes 0 to 2"),
        (outages.partition, -1, "no node -1: this cluster has nodes 0 to 2"),
        (outages.partition, 2, "statefulsets-2 is off: it has no network to lose; `node start 2` first"),
        (outages.heal, 2, "statefulsets-2 is off; `node start 2` brings it back with its network"),
        (outages.start, 1, "statefulsets-1 is on, but partitioned; `node heal 1` reconnects it"),
    ],
)
def test_what_cannot_be_done_is_refused_with_the_fix(
    outage: object, number: int, line: str, world: World, state: State
) -> None:
    assert callable(outage)
    world.on, world.cut = {0, 1}, {1}
    with pytest.raises(LocalCloudError) as refusal:
        outage(state, number, quiet(), hands=world.hands)
    assert str(refusal.value) == line
    assert (world.on, world.cut, world.did) == ({0, 1}, {1}, [])


def test_a_cluster_that_does_not_run_has_no_outages(world: World, state: State) -> None:
    world.api = False
    with pytest.raises(LocalCloudError, match=r"^the cluster does not run; `make up` first$"):
        outages.stop(state, 0, quiet(), hands=world.hands)
    state.keep_nodes(1)
    with pytest.raises(LocalCloudError, match=r"^no node 1: this cluster has node 0 only; `make up NODES=2` adds it$"):
        outages.stop(state, 1, quiet(), hands=world.hands)


def test_a_node_was_last_heard_of_when_it_renewed_its_lease(tmp_path: Path) -> None:
    path = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/statefulsets-1"
    answers: dict[str, tuple[int, Any]] = {path: (200, {"spec": {"renewTime": "2026-01-02T03:04:05.678901Z"}})}
    with serving(tmp_path / "state", lambda method, asked, *_: answers[asked]) as state:
        assert nodes.heard(state, SLOT.node(1)) == dt.datetime(2026, 1, 2, 3, 4, 5, 678901, dt.UTC)
        answers[path] = (200, {"spec": {}})
        assert nodes.heard(state, SLOT.node(1)) < dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
        answers[path] = (404, {})
        assert nodes.heard(state, SLOT.node(1)) < dt.datetime(2000, 1, 1, tzinfo=dt.UTC)


def test_a_port_counts_as_cut_only_when_both_ends_are_plugged_in(tmp_path: Path) -> None:
    port = tmp_path / SLOT.node(1).host_link
    (port / "brport").mkdir(parents=True)
    for blocked, carrier, cut in (("0", "up", True), ("0", "down", False), ("3", "up", False)):
        (port / "brport/state").write_text(f"{blocked}\n")
        (port / "operstate").write_text(f"{carrier}\n")
        assert network.is_cut(SLOT.node(1), tmp_path) is cut
    assert not network.is_cut(SLOT.node(2), tmp_path), "it has no cable"


def test_a_port_that_forwards_is_not_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "log"
    script(tmp_path / "bin", "bridge", f'echo "$*" >> {log}')
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    port = tmp_path / SLOT.node(1).host_link
    (port / "brport").mkdir(parents=True)
    (port / "operstate").write_text("up\n")
    for port_state in ("3", "0"):
        (port / "brport/state").write_text(f"{port_state}\n")
        network.mend(SLOT.node(1), tmp_path)
    network.cut(SLOT.node(1))
    link = SLOT.node(1).host_link
    assert log.read_text() == f"link set dev {link} state 3\nlink set dev {link} state 0\n"
