"""What the loops note is read as they meant it, and what was cut short is not read at all."""

from __future__ import annotations

import pytest

from drills.load import notes
from drills.load.notes import Acknowledged, Complaint, Note, Read, Seen

A = "3e11fa47-71ca-11e1-9e33-c80aa9429562"


@pytest.mark.parametrize(
    ("line", "note"),
    [
        ("row 2.5 3 60000011", Acknowledged(2.5, 60_000_011, 3)),
        ("read 1.0 101 7", Read(1.0, 101, 7)),
        ("read 2.0 failed", Read(2.0, None)),
        ("look 1.5 mysql-1.mysql 101 1 7", Seen(1.5, "mysql-1.mysql", 101, False, 7)),
        ("look 1.5 mysql-0.mysql 100 0 7", Seen(1.5, "mysql-0.mysql", 100, True, 7)),
        ("error 3.5 ERROR 2013: lost  connection", Complaint(3.5, "ERROR 2013: lost  connection")),
        ("error 3.5 ", Complaint(3.5, "")),
    ],
)
def test_each_kind_of_note_is_read(line: str, note: Note) -> None:
    assert notes.note(line) == note


@pytest.mark.parametrize("line", ["", "row", "row 2.5 3", "look 1.5 mysql-1.mysql 101", "read 2.0 fai", "row x 0 1"])
def test_a_note_that_was_cut_short_is_none(line: str) -> None:
    assert notes.note(line) is None


def test_a_line_that_is_being_written_does_not_count() -> None:
    """Row 1234, cut off, would be row 12, which may never have been answered."""
    assert notes.whole_lines("row 1.0 0 11\nrow 2.0 0 12") == ["row 1.0 0 11"]
    assert notes.whole_lines("") == []


@pytest.mark.parametrize(("flags", "writable"), [("0 0", True), ("1 1", False), ("1 0", False), ("0 1", False)])
def test_a_member_is_writable_only_if_nothing_forbids_it(flags: str, writable: bool) -> None:
    (state,) = notes.states(f"mysql-1.mysql 101 uuid {flags} {A}:1-5\nmysql-2.mysql 102")
    assert (state.host, state.server, state.uuid, state.executed) == ("mysql-1.mysql", 101, "uuid", f"{A}:1-5")
    assert state.writable is writable
    assert notes.states(f"mysql-1.mysql 101 uuid {flags} -\n")[0].executed == "-"
