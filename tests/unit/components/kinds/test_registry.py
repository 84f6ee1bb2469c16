"""Every kind has a folder of tests with a golden file, and a workload's kind is found by its model."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.kinds import FOLDERS, KINDS, kind_of


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_kind_has_all_that_it_registers_checked_in(folder: str) -> None:
    assert (Path(__file__).with_name(folder) / "golden.yaml").exists()


def test_a_workload_is_of_the_kind_whose_model_it_is() -> None:
    for kind in KINDS:
        assert kind_of(kind.spec.model_construct()) is kind
