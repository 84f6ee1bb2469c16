"""The soak's table: what was lost is counted, what could not be told is not taken for none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cluster.mysql.passes import Outcome
from tools import soak


def outcome(fault: str, lost: int | None = 0, recovered: float | None = 1.0, *problems: str) -> Outcome:
    return Outcome(fault, answered=10, lost=lost, recovered=recovered, problems=problems)


def test_a_row_sums_the_passes_of_one_fault() -> None:
    (first, second) = soak.rows(
        [outcome("a", 0, 1.0), outcome("b"), outcome("a", 2, 9.0, "lost"), outcome("a", 0, 3.0)]
    )
    assert first == soak.Row("a", runs=3, answered=30, lost=2, median=3.0, longest=9.0, failed=1)
    assert (second.fault, second.runs, second.failed) == ("b", 1, 0)


def test_what_could_not_be_told_is_not_counted_as_nothing() -> None:
    (row,) = soak.rows([outcome("a"), outcome("a", None, None, "a member does not answer")])
    assert (row.lost, row.median, row.failed) == (None, 1.0, 1)
    assert "| a | 2 | 20 | unknown | 1.0 | 1.0 | 1 |\n- a: a member does not answer\n" in soak.markdown(
        [outcome("a"), outcome("a", None, None, "a member does not answer")]
    )


def test_a_soak_goes_on_where_it_was_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NEW", raising=False)
    assert soak.saved(tmp_path) == []
    outcomes = [outcome("a", None, None, "x", "y")]
    soak.save(tmp_path, outcomes)
    assert soak.saved(tmp_path) == outcomes
    monkeypatch.setenv("NEW", "1")
    assert soak.saved(tmp_path) == []
