"""`kind: stateful` is StatefulService with the words of the stack file."""

from __future__ import annotations

from pathlib import Path

from tests.support.golden import assert_golden
from tests.unit.components.goldens import of_kind
from tests.unit.components.programs import deployed
from tests.unit.components.stateful.test_service import EVERYTHING, OUTPUTS


def test_all_that_it_registers_with_everything_said_is_what_is_checked_in() -> None:
    assert_golden(Path(__file__).with_name("golden.yaml"), of_kind(deployed("cache", EVERYTHING, outputs=OUTPUTS)))
