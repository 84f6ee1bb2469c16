"""What faults do to the set through the API, and that they mend what they broke."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import pytest

from drills.errors import DrillError, UnreachableError
from drills.faults import breaking, nodes, pods, processes, replication
from drills.faults.fault import Fault
from drills.kube import Answer
from drills.scene import Scene, Site
from drills.target import find
from tests.unit.drills.fakes import NAMES, FakeCluster


class Told(FakeCluster):
    """Notes every script that a member is given; `answer` says what comes of it."""

    def __init__(self) -> None:
        super().__init__()
        self.given: list[tuple[str, str]] = []
        self.answer: Callable[[str], Answer] = lambda script: Answer(0, "", "")

    def exec(self, pod: str, container: str, script: str, timeout: float = 60) -> Answer:
        self.given.append((pod, script))
        return self.answer(script)


@pytest.fixture
def cluster() -> Told:
    return Told()


@pytest.fixture
def site(cluster: Told) -> Site:
    return Site(cluster, find(cluster, "mysql"))


def made(fault: Fault[Scene], site: Site) -> None:
    """Strikes and heals, with what a site is enough for."""
    fault.strike(cast(Scene, site))
    fault.heal(cast(Scene, site))


@pytest.mark.parametrize(("force", "grace"), [(False, None), (True, 0)])
def test_a_forced_deletion_leaves_no_time_to_stop(force: bool, grace: int | None, cluster: Told, site: Site) -> None:
    given: list[tuple[str, int | None]] = []

    def delete(path: str, grace: int | None = None) -> bool:
        given.append((path, grace))
        return True

    cluster.delete = delete  # type: ignore[method-assign]
    pods.delete(site, 0, 2, force=force)
    assert given == [(f"{NAMES}/pods/mysql-0", grace), (f"{NAMES}/pods/mysql-2", grace)]


def test_a_pod_that_is_not_there_cannot_be_deleted(site: Site) -> None:
    with pytest.raises(DrillError, match=r"^there is no pod mysql-7 to delete$"):
        pods.delete(site, 7)


def test_a_stopped_applier_is_started_again_in_the_same_member(cluster: Told, site: Site) -> None:
    made(replication.applier_stopped(2), site)
    assert [(pod, script.splitlines()[0]) for pod, script in cluster.given] == [
        ("mysql-2", "set -- applier break"),
        ("mysql-2", "set -- applier mend"),
    ]
    assert cluster.given[0][1].endswith(breaking.BREAK.read_text())


def test_a_stopped_receiver_is_started_with_the_password_that_is_in_the_pod(cluster: Told, site: Site) -> None:
    made(replication.receiver_stopped(1), site)
    assert [pod for pod, _ in cluster.given] == ["mysql-1", "mysql-1"]
    assert "STOP REPLICA IO_THREAD" in cluster.given[0][1]
    assert "START REPLICA IO_THREAD $(</run/mysqld/replication.sql)" in cluster.given[1][1]


def test_what_cannot_be_broken_is_told_with_the_members_own_words(cluster: Told, site: Site) -> None:
    cluster.answer = lambda script: Answer(1, "", "first\nERROR 1045: denied\n")
    with pytest.raises(DrillError, match=r"^break freeze in mysql-1: \['ERROR 1045: denied'\]$"):
        breaking.breaking(site, "mysql-1", "freeze", "break")
    with pytest.raises(DrillError, match=r"^in mysql-0: first\nERROR 1045: denied$"):
        processes.kill_server(site, 0)


def test_a_role_script_is_killed_and_the_next_one_is_waited_for(cluster: Told, site: Site) -> None:
    said: list[str | None] = ["12\n", "12\n", "", None, "34\n"]

    def answer(script: str) -> Answer:
        if script != processes.ROLE:
            return Answer(0, "", "")
        found = said.pop(0)
        if found is None:
            raise UnreachableError("the container is being started")
        return Answer(0, found, "")

    cluster.answer = answer
    processes.kill_role(site, 0)
    assert [script for _, script in cluster.given if script != processes.ROLE] == ["kill -KILL 12"]
    assert said == [], "neither the old one nor none at all is the next one"


@pytest.mark.parametrize("said", ["", "12\n13\n"])
def test_not_just_any_process_is_killed_for_a_role_script(said: str, cluster: Told, site: Site) -> None:
    cluster.answer = lambda script: Answer(0, said, "")
    with pytest.raises(DrillError, match="not one role script runs in mysql-2"):
        processes.kill_role(site, 2)
    assert len(cluster.given) == 1


def test_a_cordoned_node_is_known_and_takes_pods_again_when_it_is_uncordoned(cluster: Told, site: Site) -> None:
    assert not nodes.is_cordoned(site, "n1")
    cluster.objects["/api/v1/nodes/n1"]["spec"]["unschedulable"] = True
    assert nodes.is_cordoned(site, "n1")
    nodes.cordon(site, "n1")
    nodes.uncordon(site, "n1")
    assert cluster.happened == ["cordon n1", "uncordon n1"]


def test_faults_are_named_by_the_members_role() -> None:
    assert processes.server_killed(0).name == "server of the primary killed"
    assert pods.pods_deleted(2, force=True).name == "pod of a replica deleted with --force"
