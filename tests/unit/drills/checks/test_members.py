"""When members have recovered, and what they must never show meanwhile."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drills.checks import members
from drills.load.notes import Acknowledged, Seen
from drills.load.record import PodChange, Record
from drills.target import target_of
from tests.unit.drills.fakes import stateful_set

TARGET = target_of(stateful_set(), has_secret=True)
SERVERS = {0: 100, 1: 101}


def record(rows: int = 60) -> Record:
    """A row a second, two members that are Ready from second 0, and no look yet."""
    made = Record({TARGET.host(n): n for n in SERVERS})
    for row in range(1, rows + 1):
        made.take(Acknowledged(float(row), row))
    for ordinal in SERVERS:
        made.pod(ordinal, PodChange(0.0, f"pod-{ordinal}", ready=True, gone=False))
    return made


def look(ordinal: int, at: float, newest: int) -> Seen:
    return Seen(at, TARGET.host(ordinal), SERVERS[ordinal], ordinal == 0, newest)


def violations(made: Record, since: float = 0.0) -> list[str]:
    return members.violations(made, TARGET, SERVERS, since, stale=15)


def test_members_have_recovered_when_the_last_of_them_shows_a_row_begun_after_the_fault() -> None:
    made = record()
    made.take(look(0, 12.5, 12))
    assert members.recovered(made, SERVERS, since=10.5) is None, "member 1 has not shown it yet"
    made.take(look(1, 13.0, 11))
    assert members.recovered(made, SERVERS, since=10.5) is None, "row 11 may have been on its way"
    made.take(look(1, 14.0, 12))
    assert members.recovered(made, SERVERS, since=10.5) == 14.0


def test_members_have_not_recovered_while_a_pod_is_not_ready_or_no_row_is_answered() -> None:
    made = record()
    for ordinal in SERVERS:
        made.take(look(ordinal, 30.0, 30))
    assert members.recovered(made, SERVERS, since=10.5) == 30.0
    assert members.recovered(made, SERVERS, since=59.5) is None
    made.pod(1, PodChange(31.0, "pod-1", ready=False, gone=False))
    assert members.recovered(made, SERVERS, since=10.5) is None
    made.pod(1, PodChange(33.0, "pod-1", ready=True, gone=False))
    assert members.recovered(made, SERVERS, since=10.5) == 33.0


def test_nothing_is_wrong_with_members_that_follow() -> None:
    made = record()
    for at in range(20, 40):
        for ordinal in SERVERS:
            made.take(look(ordinal, float(at), at - 10))
    assert violations(made) == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (replace(look(1, 30.0, 30), server=100), "mysql-1 had server id 100"),
        (replace(look(1, 30.0, 30), writable=True), "mysql-1 took writes"),
        (look(1, 30.0, 10), "mysql-1 was Ready and showed rows of 19 s ago"),
    ],
)
def test_each_violation_is_told_once_and_only_from_the_moment_that_is_asked_for(wrong: Seen, said: str) -> None:
    made = record()
    made.take(wrong)
    made.take(wrong)
    assert violations(made) == [said]
    assert violations(made, since=30.5) == []


def test_a_member_that_left_the_readers_service_may_show_old_rows() -> None:
    made = record()
    made.pod(1, PodChange(20.0, "pod-1", ready=False, gone=False))
    made.take(look(1, 30.0, 1))
    assert violations(made) == []
    made.pod(1, PodChange(31.0, "pod-1", ready=True, gone=False))
    made.take(look(1, 31.5, 1))
    assert violations(made) == [], "it was not Ready for a whole second yet"
    made.take(look(1, 32.5, 1))
    assert violations(made) == ["mysql-1 was Ready and showed rows of 30 s ago"]


def test_the_primary_may_take_writes() -> None:
    made = record()
    made.take(look(0, 30.0, 30))
    assert violations(made) == []
