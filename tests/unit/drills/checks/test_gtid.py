"""Sets of transactions are counted and held against each other as MySQL would."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drills.checks import gtid

A, B = "3e11fa47-71ca-11e1-9e33-c80aa9429562", "4e11fa47-71ca-11e1-9e33-c80aa9429562"


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
