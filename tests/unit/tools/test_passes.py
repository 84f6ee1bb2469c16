"""A pass of a fault: its steps, what it mends whatever failed, and what its outcome says."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from drills.errors import DrillError
from drills.faults.fault import Fault
from drills.faults.pods import pods_deleted
from drills.load.client import Client
from drills.load.watch import Watch
from drills.target import find
from tests.cluster.mysql.faults import FAULTS
from tests.cluster.mysql.nodes import NODE_FAULTS
from tests.cluster.mysql.passes import MySqlScene, run
from tests.cluster.mysql.rig import MySql
from tests.unit.drills.fakes import FakeCluster
from tools.project import Project

Step = Callable[[MySqlScene], None]


class Rig(MySql):
    """Members that have lost nothing, or do not answer."""

    lost = 0
    fails = ""

    def settled(self, *ordinals: int, answered: Any = ()) -> int:
        if self.fails:
            raise AssertionError(self.fails)
        return self.lost


@pytest.fixture
def cluster() -> FakeCluster:
    return FakeCluster()


@pytest.fixture
def scene(cluster: FakeCluster, tmp_path: Path) -> Iterator[MySqlScene]:
    watch = Watch(Client(cluster, find(cluster, "mysql"), poll=0.01), (0, 1, 2), poll=0.01, retry=0.01)
    with watch.running(seconds=20):
        yield MySqlScene(Rig(Project(tmp_path)), watch)


def fault(steps: list[str], fails: str = "", seconds: float = 5) -> Fault[MySqlScene]:
    """One that notes its steps, of which one fails."""

    def step(name: str) -> Step:
        def act(_: MySqlScene) -> None:
            steps.append(name)
            if name == fails:
                raise DrillError(f"{name} failed")

        return act

    return Fault("something", step("strike"), step("meanwhile"), step("heal"), step("tidy"), seconds)


def test_a_pass_goes_through_all_steps_and_tells_what_was_answered_lost_and_when_it_was_over(
    scene: MySqlScene,
) -> None:
    steps: list[str] = []
    cast(Rig, scene.mysql).lost = 2
    scene.note = "on the left"
    outcome = run(fault(steps), scene)
    assert steps == ["strike", "meanwhile", "heal", "tidy"]
    assert (outcome.fault, outcome.problems, outcome.note) == ("something", (), "on the left")
    assert outcome.answered > 0
    assert outcome.lost == 2
    assert outcome.recovered is not None
    assert 0 <= outcome.recovered < 5


@pytest.mark.parametrize("fails", ["strike", "meanwhile", "heal"])
def test_what_was_broken_is_mended_though_a_step_failed_and_nothing_is_said_of_the_recovery(
    fails: str, scene: MySqlScene
) -> None:
    steps: list[str] = []
    outcome = run(fault(steps, fails), scene)
    assert steps[-2:] == ["heal", "tidy"]
    assert ("meanwhile" in steps) is (fails != "strike")
    assert outcome.problems == (f"{fails} failed",)
    assert (outcome.lost, outcome.recovered) == (None, None)


def test_members_that_do_not_recover_or_do_not_answer_are_a_problem(scene: MySqlScene, cluster: FakeCluster) -> None:
    cast(Rig, scene.mysql).fails = "mysql-1 lacks transactions"
    outcome = run(fault([]), scene)
    assert outcome.problems == ("mysql-1 lacks transactions",)
    assert outcome.lost is None
    assert outcome.recovered is not None
    cluster.broken = {2}
    scene.not_ready(2)
    outcome = run(fault([], seconds=0.1), scene)
    assert outcome.problems == ("not within 0 s: every member Ready, with new rows",)


def test_what_must_never_be_is_looked_at_whatever_else_failed(scene: MySqlScene, cluster: FakeCluster) -> None:
    def strike(_: MySqlScene) -> None:
        cluster.writable = {0, 2}
        time.sleep(0.5)
        raise DrillError("strike failed")

    assert run(Fault("something", strike), scene).problems == ("strike failed", "mysql-2 took writes")


def test_the_time_of_deleted_pods_begins_when_they_were_deleted(scene: MySqlScene, cluster: FakeCluster) -> None:
    one = pods_deleted(1, 2, force=True)
    assert one.name == "all pods deleted with --force"
    before = dict(scene.found)
    start = scene.now()
    outcome = run(one, scene)
    assert outcome.problems == ()
    assert scene.since is not None
    assert start <= scene.since <= scene.now()
    assert [what for what in cluster.happened if what.startswith("delete")] == ["delete mysql-1", "delete mysql-2"]
    assert scene.watch.uid(0) == before[0]
    assert scene.watch.uid(1) != before[1]


def test_every_fault_has_a_name_of_its_own() -> None:
    names = [one.name for one in (*FAULTS, *NODE_FAULTS)]
    assert len(set(names)) == len(names)


def test_the_page_on_mysql_tells_of_no_fault_that_is_not_made() -> None:
    page = (Path(__file__).parents[3] / "docs/mysql.md").read_text()
    table = page.partition("| fault | runs |")[2].partition("\n\n")[0]
    told = {line.split(" | ")[0].removeprefix("| ") for line in table.splitlines()[2:]}
    assert len(told) > 20
    assert told <= {one.name for one in (*FAULTS, *NODE_FAULTS)}
