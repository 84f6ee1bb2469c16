"""What is measured without a cluster: the preview's scale, and how an unknown part is refused."""

from __future__ import annotations

import os

import pytest

from tools.bench import __main__ as bench
from tools.bench import preview_scale
from tools.bench.figures import Figure, resident, seconds


def test_a_part_that_does_not_exist_is_named_with_those_that_do() -> None:
    with pytest.raises(SystemExit, match="no part stak; there are stack, dev, mysql, scale"):
        bench.main(("stak",))


def test_a_figure_is_shown_beside_its_peers_with_their_ratio(capsys: pytest.CaptureFixture[str]) -> None:
    bench.console.width = 200
    bench.show(lambda: iter([Figure("preview", 3.0, "bare", 2.0, 1.15), Figure("memory", 7.0, unit="MB")]))
    shown = capsys.readouterr().out
    assert "preview" in shown
    assert "1.50" in shown
    assert "≤ 1.15" in shown
    assert "7.00 MB" in shown


@pytest.mark.parametrize("program", [preview_scale.ours, preview_scale.bare])
def test_the_scaled_programs_make_as_many_volumes_as_they_are_asked_for(program: object) -> None:
    assert callable(program)
    assert preview_scale.seconds(program(3), 3) > 0
    with pytest.raises(RuntimeError, match="4 volumes were asked for, 3 were made"):
        preview_scale.seconds(program(3), 4)


def test_time_and_memory_are_taken_of_what_is_there() -> None:
    assert seconds(lambda: None) < 1
    assert resident(os.getpid()) > 1 << 20
    assert resident(2**22 + 1) == 0, "no process has this number"
