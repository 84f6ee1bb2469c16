"""Properties: they are the same after the wire, and every difference between two sets of them is found."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from localcloud.gce.provider.properties import differences, from_wire, to_wire, unknown_names

LEAVES = st.none() | st.booleans() | st.integers(-(2**50), 2**50) | st.text(max_size=5)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner))


@given(st.dictionaries(st.text(min_size=1, max_size=4), VALUES, max_size=4))
def test_properties_are_the_same_after_the_wire_and_differ_from_themselves_nowhere(properties: dict[str, Any]) -> None:
    there = from_wire(to_wire(properties))
    assert there == {key: value for key, value in properties.items() if value is not None}
    assert list(differences(there, there)) == []
    assert {path.partition(".")[0] for path, _ in differences({}, there)} == {key.partition(".")[0] for key in there}
    assert sorted(unknown_names(there, {})) == sorted(there)
