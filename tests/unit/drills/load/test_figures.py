"""The figures that follow from the notes of a drill."""

from __future__ import annotations

from drills.load.figures import figures, seen, staleness
from drills.load.notes import Acknowledged, Complaint, Read
from drills.load.record import Record


def test_a_read_is_as_stale_as_the_oldest_answered_row_that_it_misses() -> None:
    written = [Acknowledged(1.0, 1), Acknowledged(2.0, 2), Acknowledged(3.0, 3)]
    stale = staleness(written, [Read(3.5, 102, 1), Read(3.5, 101, 3), Read(1.5, 100, 1)])
    assert stale == [1.5, 0.0, 0.0], "row 2 was answered 1.5 s before the first read; the others miss nothing"


def test_figures_of_a_drill() -> None:
    record = Record({})
    rows = [Acknowledged(4.0, 500, writer=1), Acknowledged(0.0, 0), Acknowledged(1.0, 1)]
    for note in (*rows, Read(1.0, 100, 0), Read(2.0, None), Read(3.0, 101, 0), Complaint(2.0, "gone away"), None):
        record.take(note)
    found = figures(record)
    assert (found.rows, found.rows_per_second, found.longest_pause, found.interruptions) == (3, 0.75, 3.0, 1)
    assert (found.reads, found.failed_reads, found.servers) == (2, 1, {100: 1, 101: 1})
    assert found.stalest_read == 2.0, "row 1 was answered 2 s before the last read, which does not show it"
    assert figures(Record({})).rows == 0


def test_answers_of_a_server_are_counted_within_a_time() -> None:
    reads = [Read(1.0, 102), Read(2.0, 102), Read(3.0, 101), Read(4.0, 102)]
    assert seen(reads, 102, 2.0, 3.0) == 1
    assert seen(reads, 102, 0) == 3
