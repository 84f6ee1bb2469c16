"""What follows from pods and looks over time."""

from __future__ import annotations

import pytest

from drills.load.notes import Acknowledged, Seen
from drills.load.record import PodChange, Record


def change(at: float, uid: str = "a", ready: bool = True, gone: bool = False, earliest: float = 0.0) -> PodChange:
    return PodChange(at, uid, ready, gone, earliest or at)


def record(*changes: PodChange) -> Record:
    made = Record({"mysql-1.mysql": 1})
    for one in changes:
        made.pod(1, one)
    return made


def test_only_what_differs_is_a_change() -> None:
    made = record(
        change(1), change(2), change(3, ready=False), change(4, ready=False), change(5, ready=False, gone=True)
    )
    assert [one.at for one in made.pods[1]] == [1, 3, 5]
    assert not made.ready(1)
    assert not made.ready(2), "a pod that nobody saw"


def test_a_look_at_a_stranger_is_left_out() -> None:
    made = record()
    made.take(Seen(1.0, "mysql-1.mysql", 101, False, 1))
    made.take(Seen(1.0, "mysql-9.mysql", 109, False, 1))
    assert list(made.seen) == [1]


def test_a_member_is_always_ready_only_if_it_was_so_from_before_the_beginning_to_the_end() -> None:
    made = record(change(1), change(5, ready=False), change(7))
    assert made.always_ready(1, 1, 4)
    assert not made.always_ready(1, 0.5, 4), "nothing is known of 0.5"
    assert not made.always_ready(1, 4, 6)
    assert not made.always_ready(1, 4, 8), "a break counts though it has passed"
    assert made.always_ready(1, 7, 9)


def test_times_at_which_a_member_was_ready_though_it_should_not() -> None:
    made = record(change(1), change(5, ready=False), change(7), change(8, ready=False))
    assert made.ready_times(1, 5, 6) == 0
    assert made.ready_times(1, 5, 9) == 1
    assert made.ready_times(1, 4, 6) == 1, "as it was at the beginning"


def test_a_pod_is_not_known_to_be_unready_until_it_was_told_to_be_ready() -> None:
    """Between the two it may have answered: reads of that time prove nothing."""
    made = record(change(1), change(2, gone=True, ready=False), change(3, "b", ready=False), change(9, "b", earliest=7))
    assert made.ready_not_before(1, 4) == 7
    assert made.ready_not_before(1, 8) == 8
    assert made.ready_not_before(1, 10) == 10, "it was Ready by then"


def test_a_replaced_pod_went_before_the_next_one_was_ready() -> None:
    made = record(change(1), change(5, ready=False, gone=True), change(6, "b", ready=False), change(9, "b"))
    assert made.replaced(1, 4) == (5, 9)
    with pytest.raises(LookupError, match="member 1 was not replaced"):
        made.replaced(1, 6)


def test_the_first_row_after_a_moment_may_have_been_on_its_way() -> None:
    made = record()
    for row in (1, 2, 3):
        made.take(Acknowledged(float(row), row))
    begun = made.begun_after(1.5)
    assert begun is not None
    assert begun.row == 3, "row 2 was answered after 1.5, and may have been begun before"
    assert made.begun_after(2.5) is None
    assert made.newest_answered(2.5) == 2


def test_how_stale_a_look_is_is_told_by_the_first_writers_rows() -> None:
    made = record()
    made.take(Acknowledged(1.0, 1))
    made.take(Acknowledged(2.0, 2))
    made.take(Acknowledged(1.5, 20_000_001, writer=1))
    assert made.age(Seen(9.0, "mysql-1.mysql", 101, False, 1)) == 7.0
    assert made.age(Seen(9.0, "mysql-1.mysql", 101, False, 2)) == 0.0
