"""What follows from the notes of writer, reader and watcher."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drills import gtid, observations
from drills.observations import Acknowledged, Observed, Read

A, B = "3e11fa47-71ca-11e1-9e33-c80aa9429562", "4e11fa47-71ca-11e1-9e33-c80aa9429562"


def test_notes_are_read_in_the_order_of_their_times_whoever_wrote_them() -> None:
    found = observations.acknowledged("2.5 11\n3.5 12\n1.0 500\n")
    assert found == [Acknowledged(1.0, 500), Acknowledged(2.5, 11), Acknowledged(3.5, 12)]


def test_a_line_that_is_being_written_does_not_count() -> None:
    """Row 1234, cut off, would be row 12, which may never have been answered."""
    assert [each.row for each in observations.acknowledged("1.0 11\n2.0 12")] == [11]
    assert observations.acknowledged("") == []


def test_reads_without_an_answer_are_told_apart() -> None:
    assert observations.reads("1.0 101 7\n2.0 failed\n") == [Read(1.0, 101, 7), Read(2.0, None)]


@pytest.mark.parametrize(("flags", "writable"), [("0 0", True), ("1 1", False), ("1 0", False), ("0 1", False)])
def test_a_member_is_writable_only_if_nothing_forbids_it(flags: str, writable: bool) -> None:
    state = observations.states(f"7 1.5 mysql-1.mysql 101 uuid {flags} {A}:1-5\n")[0]
    assert (state.round, state.at, state.host, state.server) == (7, 1.5, "mysql-1.mysql", 101)
    assert state.writable is writable
    assert observations.states(f"mysql-1.mysql 101 uuid {flags} -\n")[0].executed == "-"


def test_a_read_is_as_stale_as_the_oldest_answered_row_that_it_misses() -> None:
    written = [Acknowledged(1.0, 1), Acknowledged(2.0, 2), Acknowledged(3.0, 3)]
    stale = observations.staleness(written, [Read(3.5, 102, 1), Read(3.5, 101, 3), Read(1.5, 100, 1)])
    assert stale == [1.5, 0.0, 0.0], "row 2 was answered 1.5 s before the first read; the others miss nothing"


def test_figures_of_a_drill() -> None:
    rows = tuple(Acknowledged(at, n) for n, at in enumerate((0.0, 1.0, 4.0)))
    seen = (Read(1.0, 100, 0), Read(2.0, None), Read(3.0, 101, 1))
    found = observations.figures(Observed(rows, rows, seen, errors=((2.0, "gone away"),)))
    assert (found.rows, found.rows_per_second, found.longest_pause, found.interruptions) == (3, 0.75, 3.0, 1)
    assert (found.reads, found.failed_reads, found.servers) == (2, 1, {100: 1, 101: 1})
    assert observations.figures(Observed()).rows == 0


def test_answers_of_a_server_are_counted_within_a_time() -> None:
    reads = [Read(1.0, 102), Read(2.0, 102), Read(3.0, 101), Read(4.0, 102)]
    assert observations.seen(reads, 102, 2.0, 3.0) == 1
    assert observations.seen(reads, 102, 0) == 3


@pytest.mark.parametrize(
    ("text", "count"),
    [("", 0), ("-", 0), (f"{A}:1-5", 5), (f"{A}:1-5:7", 6), (f"{A}:1-5,\n{B}:3", 6), (f"{A}:1-2:tag:1-3", 5)],
)
def test_transactions_are_counted(text: str, count: int) -> None:
    assert gtid.count(text) == count


def test_missing_transactions_are_those_of_the_same_origin() -> None:
    assert gtid.missing(f"{A}:1-10,{B}:1-2", f"{A}:3-5:9") == 8
    assert gtid.missing(f"{A}:tag:1-3", f"{A}:1-3") == 3, "a tag is an origin of its own"


@given(st.sets(st.integers(1, 60)), st.sets(st.integers(1, 60)))
def test_missing_agrees_with_plain_sets(ours: set[int], theirs: set[int]) -> None:
    def written(numbers: set[int]) -> str:
        return ":".join([A, *map(str, sorted(numbers))]) if numbers else ""

    assert gtid.missing(written(ours), written(theirs)) == len(ours - theirs)
