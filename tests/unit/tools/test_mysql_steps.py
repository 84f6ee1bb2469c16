"""The steps between which the cluster tests kill are commands of the scripts."""

from __future__ import annotations

import pytest

from tests.cluster.mysql.steps import SCRIPTS, STEPS


@pytest.mark.parametrize(("script", "step"), [(script, step) for script, steps in STEPS.items() for step in steps])
def test_every_step_is_a_command_of_its_script(script: str, step: str) -> None:
    text = (SCRIPTS / script).read_text()
    assert step in text, f"{script} has no command that begins with {step}"
