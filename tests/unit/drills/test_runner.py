"""A run of experiments: what it finds, and that it leaves nothing and puts all back however it ends."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace
from typing import Any

import pytest

from drills.errors import DrillError
from drills.experiments import EXPERIMENTS
from drills.experiments.break_readiness import BreakReadiness, By
from drills.experiments.delete_pod import DeletePod
from drills.experiments.drain import Drain
from drills.experiments.experiment import Experiment
from drills.experiments.read_loop import ReadLoop
from drills.experiments.scale import Scale
from drills.experiments.stage import Stage
from drills.experiments.traffic import Traffic
from drills.faults.journal import Journal
from drills.kube import Json
from drills.runner import RunInterruptedError
from drills.scene import Site
from drills.target import find
from tests.unit.drills.fakes import QUICK, FakeCluster, failed, node, only, run


@pytest.fixture
def cluster() -> FakeCluster:
    return FakeCluster()


@pytest.mark.parametrize(
    "drill", [Traffic(), ReadLoop(), BreakReadiness(), BreakReadiness(by=By.FREEZE, ordinal=0), DeletePod(), Scale(5)]
)
def test_a_drill_on_a_set_in_order_passes_and_leaves_nothing(drill: Experiment, cluster: FakeCluster) -> None:
    before = {path for path in cluster.objects if "persistent" not in path}
    report = run(cluster, drill)
    assert (failed(only(report)), only(report).reason) == ([], "")
    assert report.ok
    assert only(report).figures.rows > 0
    assert {path for path in cluster.objects if "persistent" not in path} == before


def test_all_of_the_tutorials_experiments_are_run_in_its_order() -> None:
    assert list(EXPERIMENTS) == ["traffic", "read-loop", "break-readiness", "delete-pod", "drain", "scale"]


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
        def run(self, stage: Stage) -> None:
            cluster.broken.add(1)

    report = run(cluster, Harm(), ReadLoop())
    assert "every member is Ready again" in failed(report.results[0])
    assert (report.results[1].outcome, report.results[1].reason) == (
        "skipped",
        "the set did not recover from the drill before",
    )
    assert cluster.own == set()


def test_the_writers_hold_back_for_a_member_that_takes_long(cluster: FakeCluster) -> None:
    asked: list[str] = []

    def mend(what: str) -> None:
        asked.append(what)
        if what.startswith("echo '1 0.2 0'"):
            cluster.broken.clear()

    class Harm(Traffic):
        def run(self, stage: Stage) -> None:
            cluster.broken.add(1)

    cluster.on_ask = mend
    assert run(cluster, Harm(), patience=replace(QUICK, hurry=0.05)).ok
    paces = [what.split("'")[1] for what in asked if what.startswith("echo")]
    assert paces == ["1 0.2 0", "10 0.05 0"]


def test_a_drill_that_fails_is_judged_all_the_same_and_the_next_one_goes_on(cluster: FakeCluster) -> None:
    class Stuck(Traffic):
        def run(self, stage: Stage) -> None:
            stage.wait("the moon", lambda: False, 0.05)

    cluster.lost = {1: {2}}
    report = run(cluster, Stuck(), ReadLoop())
    assert report.results[0].reason == "not within 0 s: the moon"
    assert failed(report.results[0]) == ["every acknowledged row is on every member"]
    assert report.results[1].figures.rows > 0


def test_a_server_that_goes_on_answering_though_it_is_broken_fails_the_drill(cluster: FakeCluster) -> None:
    def answer_again(_: float) -> None:
        cluster.stale = {2}
        time.sleep(0.05)

    result = only(run(cluster, BreakReadiness(), patience=replace(QUICK, sleep=answer_again)))
    assert failed(result) == ["102 does not answer meanwhile"]


def test_a_broken_member_that_becomes_ready_fails_the_drill(cluster: FakeCluster) -> None:
    def be_ready(_: float) -> None:
        cluster.broken.clear()
        time.sleep(0.1)

    result = only(run(cluster, BreakReadiness(), patience=replace(QUICK, sleep=be_ready)))
    assert "a member with broken replication is never Ready" in failed(result)


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
    drill: Experiment, change: str, put_back: str, sign: signal.Signals, cluster: FakeCluster
) -> None:
    def interrupt(what: str) -> None:
        """Again and again until it is put back, as an impatient person does."""
        if change in cluster.happened and put_back not in cluster.happened:
            os.kill(os.getpid(), sign)

    cluster.on_ask = interrupt
    with pytest.raises(RunInterruptedError) as stopped:
        run(cluster, drill, patience=replace(QUICK, sleep=lambda _: interrupt("")))
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


def test_two_runs_at_once_are_refused_and_the_first_is_left_alone(cluster: FakeCluster) -> None:
    Journal(Site(cluster, find(cluster, "mysql"))).open()
    with pytest.raises(DrillError, match=r"another run drills mysql, or one was killed .* `python -m drills cleanup`"):
        run(cluster, Traffic())
    assert cluster.own == {"mysql-drills"}
    assert "create pods" not in cluster.happened


def test_what_cannot_be_put_back_stays_noted(cluster: FakeCluster) -> None:
    patch = cluster.patch

    def refuse(path: str, body: Json) -> Json | None:
        if body == {"spec": {"replicas": 3}}:
            raise DrillError("forbidden")
        return patch(path, body)

    cluster.patch = refuse  # type: ignore[method-assign]
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
