"""A disk that the last `up` made larger is not made smaller: Google would make a new, empty one instead."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.history import READ_OUTPUTS
from tests.support.monitor import Call
from tests.support.recording import Recorded, record
from tests.unit.programs import CLOUD_SQL, DISKS, REGIONAL, TARGET, changed, export, kubia, parsed, run

ORGANIZATION = "org"
"""The recording monitor's."""
SAID = (
    "statefulsets:workloads.kubia.storage.size: 1Gi but pv-b has 3Gi; a disk never shrinks, and a smaller one would"
    " be new and empty; write 3Gi or more, or list disks with new names"
)


def attempt(outputs: Any, raises: type[BaseException] | None = None, **storage: Any) -> Recorded:
    stack = parsed({"kubia": kubia(storage=changed(DISKS, storage))}, TARGET)
    calls = {READ_OUTPUTS: {"name": "test", "outputs": outputs}}
    return record(lambda: export(stack), calls=calls, raises=raises)


@pytest.mark.parametrize("sizes", [{"pv-b": "3Gi"}, {"pv-a": "2Gi", "pv-b": "3Gi", "pv-c": "1Gi"}])
def test_a_smaller_disk_is_refused_before_anything_is_registered(sizes: dict[str, str]) -> None:
    recorded = attempt({"kubia": {"disks": sizes}}, pulumi.RunError)
    assert str(recorded.error) == SAID
    assert recorded.resources == ()


@pytest.mark.parametrize(
    "outputs",
    [
        {},
        {"kubia": {"disks": {"pv-a": "1Gi"}}},
        {"kubia": {"disks": {"pv-a": "1024Mi"}}},
        {"kubia": {"disks": {"other": "3Gi"}}},
        {"kubia": {"claims": []}},
        {"kubia": "what another program exported"},
        {"other": {"disks": {"pv-a": "3Gi"}}},
    ],
)
def test_what_does_not_shrink_is_let_through(outputs: Any) -> None:
    assert len(attempt(outputs).of_type("Disk")) == 3


def test_a_disk_may_grow() -> None:
    recorded = attempt({"kubia": {"disks": {"pv-a": "3Gi"}}}, size="4Gi")
    assert {disk.inputs["size"] for disk in recorded.of_type("Disk")} == {4}


def test_the_sizes_are_exported_for_the_next_time() -> None:
    assert attempt({}).stack_outputs["kubia"]["disks"] == {"pv-a": "1Gi", "pv-b": "1Gi", "pv-c": "1Gi"}
    regional = run({"kubia": kubia(storage=REGIONAL)}).stack_outputs["kubia"]["disks"]
    assert regional == {"r-a": "10Gi", "r-b": "10Gi"}


def test_the_stack_asks_for_its_own_outputs_and_only_if_it_has_disks() -> None:
    (call,) = attempt({}).calls
    assert call == Call(READ_OUTPUTS, {"name": f"{ORGANIZATION}/statefulsets/test"})
    assert run({"kubia": kubia()}).calls == ()
    assert CLOUD_SQL["kind"] == "cloud-sql"
