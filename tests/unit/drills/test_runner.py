"""A run of drills: what it finds, and that it leaves nothing and puts all back however it ends."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

from drills import cleanup, experiments, runner, scene, timeline
from drills.errors import DrillError
from drills.experiments import BreakReadiness, DeletePod, Drain, Drill, ReadLoop, Scale, Traffic
from drills.journal import Journal, Undo
from drills.kube import Answer
from drills.report import Report, Result
from drills.runner import Run, RunInterruptedError
from drills.scene import Scene
from drills.target import find
from tests.unit.drills.fakes import NAMES, FakeCluster, node


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scene, "POLL", 0.01)
    monkeypatch.setattr(scene, "QUIET", 0.05)
    monkeypatch.setattr(experiments, "SETTLED", 0.0)
    monkeypatch.setattr(runner, "RECOVERY", 0.2)
    monkeypatch.setattr(runner, "AGREEMENT", 0.0)
    monkeypatch.setattr(runner, "CATCH_UP", 0.0)
    monkeypatch.setattr(timeline, "LOOK", 0.01)
    monkeypatch.setattr(Scene, "sleep", lambda self, seconds: None)


@pytest.fixture
def cluster() -> FakeCluster:
    return FakeCluster()


def run(cluster: FakeCluster, *drills: Drill) -> Report:
    return Run(cluster, find(cluster, "mysql"), lambda text: None).run(drills)


def only(report: Report) -> Result:
    assert len(report.results) == 1
    return report.results[0]


def failed(result: Result) -> list[str]:
    return [check.name for check in result.checks if not check.ok]


@pytest.mark.parametrize(
    "drill", [Traffic(), ReadLoop(), BreakReadiness(), BreakReadiness(by="freeze", ordinal=0), DeletePod(), Scale(5)]
)
def test_a_drill_on_a_set_in_order_passes_and_leaves_nothing(drill: Drill, cluster: FakeCluster) -> None:
    before = {path for path in cluster.objects if "persistent" not in path}
    report = run(cluster, drill)
    assert (failed(only(report)), only(report).reason) == ([], "")
    assert report.ok
    assert only(report).figures.rows > 0
    assert {path for path in cluster.objects if "persistent" not in path} == before


def test_all_of_the_seeds_experiments_are_run_in_its_order() -> None:
    names = [drill.name for drill in experiments.everything()]
    assert names == ["traffic", "read-loop", "break-readiness", "delete-pod", "drain", "scale"]


def test_a_lost_row_fails_the_drill(cluster: FakeCluster) -> None:
    cluster.lost = {2: {3, 4}}
    result = only(run(cluster, Traffic()))
    assert failed(result) == ["every acknowledged row is on every member"]
    assert (result.outcome, result.lost_rows) == ("failed", 2)


def test_a_writable_replica_fails_the_drill(cluster: FakeCluster) -> None:
    cluster.writable = {0, 1}
    assert failed(only(run(cluster, Traffic()))) == ["never two writable members"]


def test_a_member_that_stays_unready_fails_the_drill_and_ends_the_run(cluster: FakeCluster) -> None:
    class Harm(Traffic):
        def run(self, scene: Scene) -> None:
            cluster.broken.add(1)

    report = run(cluster, Harm(), ReadLoop())
    assert "every member is Ready again" in failed(report.results[0])
    assert (report.results[1].outcome, report.results[1].reason) == (
        "skipped",
        "the set did not recover from the drill before",
    )
    assert cluster.own == set()


def test_the_writers_hold_back_for_a_member_that_takes_long(
    cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def mend(what: str) -> None:
        asked.append(what)
        if what == "touch /tmp/drills/slow":
            cluster.broken.clear()

    class Harm(Traffic):
        def run(self, scene: Scene) -> None:
            cluster.broken.add(1)

    monkeypatch.setattr(scene, "HURRY", 0.05)
    cluster.on_ask = mend
    assert run(cluster, Harm()).ok
    assert asked.index("touch /tmp/drills/slow") < asked.index("rm -f /tmp/drills/slow")


def test_a_drill_that_fails_is_judged_all_the_same_and_the_next_one_goes_on(cluster: FakeCluster) -> None:
    class Stuck(Traffic):
        def run(self, scene: Scene) -> None:
            scene.wait("the moon", lambda: False, 0.05)

    cluster.lost = {1: {2}}
    report = run(cluster, Stuck(), ReadLoop())
    assert report.results[0].reason == "not within 0 s: the moon"
    assert failed(report.results[0]) == ["every acknowledged row is on every member"]
    assert report.results[1].figures.rows > 0


def test_a_server_that_goes_on_answering_though_it_is_broken_fails_the_drill(
    cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Scene, "wait_unseen", lambda self, server: 0.0)
    assert "102 does not answer meanwhile" in failed(only(run(cluster, BreakReadiness())))


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


@pytest.mark.parametrize(
    ("drill", "change", "put_back"),
    [
        (BreakReadiness(), "break applier mysql-2", "mend applier mysql-2"),
        (Scale(), "scale 5", "scale 3"),
        (Drain(), "cordon n1", "uncordon n1"),
    ],
)
@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_drill_puts_back_what_it_changed(
    drill: Drill, change: str, put_back: str, sign: signal.Signals, cluster: FakeCluster
) -> None:
    def interrupt(what: str) -> None:
        """Again and again until it is put back, as an impatient person does."""
        if change in cluster.happened and put_back not in cluster.happened:
            os.kill(os.getpid(), sign)

    cluster.on_ask = interrupt
    with pytest.raises(RunInterruptedError) as stopped:
        run(cluster, drill)
    assert cluster.happened.index(change) < cluster.happened.index(put_back)
    assert cluster.own == set()
    result = only(stopped.value.report)
    assert (result.outcome, result.reason) == ("failed", "interrupted; what was changed has been put back")


def test_what_is_to_be_put_back_is_noted_before_it_is_changed(cluster: FakeCluster) -> None:
    seen: list[Any] = []

    def look(what: str) -> None:
        if what.startswith("set -- applier break"):
            seen.extend(cluster.undo)

    cluster.on_ask = look
    run(cluster, BreakReadiness())
    assert seen == [{"do": "mend", "subject": "mysql-2", "value": "applier"}]


def test_what_a_killed_drill_left_is_put_back_by_cleanup(cluster: FakeCluster) -> None:
    target = find(cluster, "mysql")
    journal = Journal(cluster, target)
    journal.open()
    cluster.create("pods", {"metadata": {"name": "mysql-drills"}})
    for undo in (Undo("scale", "mysql", "3"), Undo("uncordon", "n1"), Undo("mend", "mysql-1", "freeze")):
        journal.note(undo)
    cluster.happened.clear()
    said: list[str] = []
    cleanup.leftovers(cluster, target, said.append)
    assert cluster.happened[:4] == ["mend freeze mysql-1", "uncordon n1", "scale 3", "table drop"], "newest first"
    assert cluster.own == set()
    assert said[-1] == "what the drills left is gone"
    cleanup.leftovers(cluster, target, said.append)
    assert said[-1] == "the drills left nothing"


def test_the_table_of_a_pod_that_ended_is_dropped_all_the_same(cluster: FakeCluster) -> None:
    target = find(cluster, "mysql")
    Journal(cluster, target).open()
    cluster.objects[f"{NAMES}/pods/mysql-drills"] = {"status": {"containerStatuses": [{"state": {"terminated": {}}}]}}
    cleanup.leftovers(cluster, target, lambda text: None)
    assert cluster.happened[1:4] == ["delete mysql-drills", "create pods", "table drop"]
    assert cluster.own == set()


def test_a_table_that_cannot_be_dropped_keeps_pod_and_lock_for_the_next_cleanup(cluster: FakeCluster) -> None:
    refused = [True]
    answer = cluster._client
    cluster.exec = lambda pod, container, script, timeout=60: (  # type: ignore[method-assign]
        Answer(1, "", "ERROR 1290: read-only") if "drop" in script and refused else Answer(0, answer(script), "")
    )
    with pytest.raises(
        DrillError, match=r"table statefulsets_drills cannot be dropped: ERROR 1290: read-only; .*clean"
    ):
        run(cluster, Traffic())
    assert cluster.own == {"mysql-drills"}
    refused.clear()
    cleanup.leftovers(cluster, find(cluster, "mysql"), lambda text: None)
    assert cluster.own == set()


def test_two_runs_at_once_are_refused_and_the_first_is_left_alone(cluster: FakeCluster) -> None:
    Journal(cluster, find(cluster, "mysql")).open()
    with pytest.raises(DrillError, match=r"another run drills mysql, or one was killed .* `python -m drills cleanup`"):
        run(cluster, Traffic())
    assert cluster.own == {"mysql-drills"}
    assert "create pods" not in cluster.happened


def test_what_cannot_be_put_back_stays_noted(cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise DrillError("forbidden")

    monkeypatch.setattr(scene, "perform", refuse)
    monkeypatch.setattr("drills.journal.perform", refuse)
    with pytest.raises(DrillError, match="forbidden"):
        run(cluster, Scale())
    assert cluster.undo == [{"do": "scale", "subject": "mysql", "value": "3"}]


def test_a_drill_that_cannot_be_done_here_is_skipped_with_its_reason(cluster: FakeCluster) -> None:
    cluster.objects["/api/v1/nodes"] = {"items": [node("n1"), node("n2", unschedulable=True)]}
    report = run(cluster, Drain())
    assert only(report).outcome == "skipped"
    assert only(report).reason == "it takes two nodes that pods can be scheduled on, and here is 1 (n1)"
    assert not report.ok
    assert cluster.happened == []


@pytest.mark.parametrize(
    ("drill", "why"),
    [
        (BreakReadiness(ordinal=0), "the primary applies no replication"),
        (DeletePod(ordinal=7), "there is no mysql-7; members: mysql-0 to mysql-2"),
        (Scale(to=3), "--to 3 is not more than the 3 members there are"),
    ],
)
def test_a_senseless_request_is_answered_with_what_makes_sense(drill: Drill, why: str, cluster: FakeCluster) -> None:
    assert why in only(run(cluster, drill)).reason


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
