"""What an experiment checks besides the invariants, and when it cannot be done."""

from __future__ import annotations

import pytest

from drills.experiments.break_readiness import BreakReadiness
from drills.experiments.delete_pod import DeletePod
from drills.experiments.drain import Drain
from drills.experiments.experiment import Experiment
from drills.experiments.scale import Scale
from tests.unit.drills.fakes import NAMES, FakeCluster, failed, only, run


@pytest.fixture
def cluster() -> FakeCluster:
    return FakeCluster()


def test_new_members_without_the_old_data_fail_the_drill(cluster: FakeCluster) -> None:
    cluster.lost = {4: {2}}
    result = only(run(cluster, Scale()))
    assert failed(result) == ["mysql-4 holds the old data"]


def test_a_claim_that_went_with_its_member_fails_the_drill(cluster: FakeCluster) -> None:
    def lose(what: str) -> None:
        if "scale 3" in cluster.happened:
            cluster.objects.pop(f"{NAMES}/persistentvolumeclaims/data-mysql-4", None)

    cluster.on_ask = lose
    assert failed(only(run(cluster, Scale()))) == ["5 claims remain"]


def test_a_claim_that_is_another_one_fails_the_drill(cluster: FakeCluster) -> None:
    def swap(what: str) -> None:
        if "delete mysql-2" in cluster.happened:
            cluster.objects[f"{NAMES}/persistentvolumeclaims/data-mysql-2"]["metadata"]["uid"] = "another"

    cluster.on_ask = swap
    assert failed(only(run(cluster, DeletePod()))) == ["mysql-2 has its claim again"]


def test_a_member_moves_when_its_node_is_drained(cluster: FakeCluster) -> None:
    cluster.budget = {0}
    result = only(run(cluster, Drain()))
    assert (failed(result), result.reason) == ([], "")
    assert "mysql-2 runs on another node" in [check.name for check in result.checks]
    assert "the disruption budget keeps mysql-0" in [what for _, what in result.steps]
    evictions = [what for what in cluster.happened if what.startswith("evict")]
    assert evictions == ["evict mysql-2", "evict mysql-1"], "the member itself first"


def test_a_member_whose_volume_is_on_the_node_waits_for_it(cluster: FakeCluster) -> None:
    cluster.pinned, cluster.budget = True, {0, 1}
    terms = [{"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": ["n1"]}]}]
    volume = cluster.objects["/api/v1/persistentvolumes/pv-2"]
    volume["spec"]["nodeAffinity"] = {"required": {"nodeSelectorTerms": terms}}
    result = only(run(cluster, Drain()))
    assert (failed(result), result.reason) == ([], "")
    assert "mysql-2 waits: its volume can be on no other node" in [check.name for check in result.checks]


@pytest.mark.parametrize(("zone", "moves"), [("b", True), ("c", False)])
def test_a_member_whose_disk_is_of_a_zone_moves_only_to_a_node_of_that_zone(
    zone: str, moves: bool, cluster: FakeCluster
) -> None:
    cluster.pinned, cluster.budget = not moves, {0, 1}
    for each, its in zip(cluster.objects["/api/v1/nodes"]["items"], ("b", zone), strict=True):
        each["metadata"]["labels"] = {"topology.gke.io/zone": its}
    terms = [{"matchExpressions": [{"key": "topology.gke.io/zone", "operator": "In", "values": ["b"]}]}]
    volume = cluster.objects["/api/v1/persistentvolumes/pv-2"]
    volume["spec"]["nodeAffinity"] = {"required": {"nodeSelectorTerms": terms}}
    result = only(run(cluster, Drain()))
    assert (failed(result), result.reason) == ([], "")
    expected = "mysql-2 runs on another node" if moves else "mysql-2 waits: its volume can be on no other node"
    assert expected in [check.name for check in result.checks]


def test_a_node_that_somebody_else_cordoned_is_not_uncordoned(cluster: FakeCluster) -> None:
    cluster.objects["/api/v1/nodes/n1"]["spec"]["unschedulable"] = True
    result = only(run(cluster, Drain()))
    assert failed(result) == ["the node takes pods"]
    assert "uncordon n1" not in cluster.happened


@pytest.mark.parametrize(
    ("drill", "why"),
    [
        (BreakReadiness(ordinal=0), "the primary applies no replication"),
        (DeletePod(ordinal=7), "there is no mysql-7; members: mysql-0 to mysql-2"),
        (Scale(to=3), "--to 3 is not more than the 3 members there are"),
    ],
)
def test_a_senseless_request_is_answered_with_what_makes_sense(
    drill: Experiment, why: str, cluster: FakeCluster
) -> None:
    assert why in only(run(cluster, drill)).reason
