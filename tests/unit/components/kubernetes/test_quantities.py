"""Quantities are exact, keep their spelling, and refuse what Kubernetes would."""

from __future__ import annotations

import copy
import pickle
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kubernetes.utils import quantity as client

from components.kubernetes.quantities import Quantity

SUFFIXES = ["", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("1", 1),
        ("+1", 1),
        ("10Gi", 10 * 1024**3),
        ("1Mi", 1024**2),
        ("64Ki", 64 * 1024),
        ("1Ti", 1024**4),
        ("1Pi", 1024**5),
        ("1Ei", 1024**6),
        ("500m", Fraction(1, 2)),
        ("100u", Fraction(1, 10_000)),
        ("1n", Fraction(1, 10**9)),
        ("0.1", Fraction(1, 10)),
        (".5", Fraction(1, 2)),
        ("5.", 5),
        ("1k", 1000),
        ("1M", 10**6),
        ("1G", 10**9),
        ("1T", 10**12),
        ("1P", 10**15),
        ("1E", 10**18),
        ("1e3", 1000),
        ("1E3", 1000),
        ("12e-1", Fraction(6, 5)),
        ("1e+2", 100),
    ],
)
def test_a_quantity_has_its_exact_value(text: str, value: int | Fraction) -> None:
    assert Quantity(text).value == value
    assert str(Quantity(text)) == text


@pytest.mark.parametrize(
    "text",
    ["", " ", "1 Gi", "1gi", "GiB", "1GB", "-1", "1.2.3", "1e", "1e100", "\u0661", "1Gi\n", "1" * 65, "."],
)
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^not a quantity; write a number with a unit, such as 10Gi, 1Mi or 500m$"):
        Quantity(text)


def test_the_largest_quantity_is_the_apis() -> None:
    assert Quantity("9223372036854775807").value == 2**63 - 1
    with pytest.raises(ValueError, match="larger than a quantity can be"):
        Quantity("9223372036854775808")


@given(st.integers(0, 10**6), st.sampled_from(SUFFIXES))
def test_the_value_is_the_one_the_kubernetes_client_reads(number: int, suffix: str) -> None:
    text = f"{number}{suffix}"
    try:
        ours = Quantity(text).value
    except ValueError:
        assert read_by_client(text) > 2**63 - 1
        return
    assert ours == read_by_client(text)


def read_by_client(text: str) -> Fraction:
    parse: Any = client.parse_quantity
    return Fraction(Decimal(str(parse(text))))


@given(st.integers(1, 4096))
def test_two_spellings_of_one_amount_are_equal(gi: int) -> None:
    assert Quantity(f"{gi}Gi") == Quantity(f"{gi * 1024}Mi")
    assert hash(Quantity(f"{gi}Gi")) == hash(Quantity(f"{gi * 1024}Mi"))
    assert Quantity(f"{gi}Gi") > Quantity(f"{gi}G")
    assert Quantity(f"{gi}Gi") <= Quantity(f"{gi}Gi")


def test_a_quantity_is_nothing_else() -> None:
    assert Quantity("1") != 1
    assert repr(Quantity("1Gi")) == "Quantity('1Gi')"


def test_a_quantity_does_not_change_but_can_be_copied() -> None:
    quantity = Quantity("1Gi")
    with pytest.raises(AttributeError, match="does not change"):
        quantity.text = "2Gi"
    assert copy.deepcopy(quantity) == pickle.loads(pickle.dumps(quantity)) == quantity  # noqa: S301


@pytest.mark.parametrize(("text", "gi"), [("1Gi", 1), ("1024Mi", 1), ("1Ti", 1024), ("64Ti", 65536)])
def test_a_disk_is_sized_in_whole_gib(text: str, gi: int) -> None:
    assert Quantity(text).whole_gi == gi


@pytest.mark.parametrize("text", ["1G", "1500Mi", "0Gi", "512Mi"])
def test_a_part_of_a_gib_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a whole number of Gi"):
        _ = Quantity(text).whole_gi
