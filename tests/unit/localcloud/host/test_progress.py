"""An estimate that is honest: it learns from this machine, and never goes below nothing."""

from __future__ import annotations

import contextlib
import io
import re
import threading

import pytest
from rich.console import Console

from localcloud.host import progress as module
from localcloud.host.progress import Progress, human
from tests.unit.localcloud.fakes import quiet, said


class Clock:
    """Time that passes when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


def take(progress: Progress, clock: Clock, name: str, seconds: float) -> None:
    """Do a step that takes so long."""
    with progress.step(name, name):
        clock.now += seconds


def test_at_first_the_estimate_is_that_of_the_machine_the_figures_are_from() -> None:
    progress = quiet()
    progress.expect({"node": 300, "pulumi": 200, "coredns": 40})
    assert progress.remaining("node", 0) == 540
    assert progress.remaining("node", 100) == 440


def test_a_slower_machine_is_believed_once_it_has_shown_it(clock: Clock) -> None:
    progress = quiet()
    progress.expect({"coredns": 40, "node": 300, "pulumi": 200})
    take(progress, clock, "coredns", 120)
    assert progress.remaining("node", 0) == 1500
    take(progress, clock, "node", 300)  # twice as fast again: 420 s for what should have taken 340
    assert progress.remaining("pulumi", 0) == pytest.approx(200 * 420 / 340)


def test_a_step_that_takes_longer_than_thought_leaves_only_the_others() -> None:
    progress = quiet()
    progress.expect({"node": 300, "pulumi": 200})
    assert progress.remaining("node", 1000) == 200
    assert progress.remaining("pulumi", 1000) == 300


def test_work_that_nobody_expected_does_not_change_what_is_left(clock: Clock) -> None:
    progress = quiet()
    progress.expect({"coredns": 40, "node": 300})
    take(progress, clock, "coredns", 40)
    take(progress, clock, "waiting for the lock", 500)
    assert progress.remaining("node", 0) == 300


def test_what_failed_is_still_to_be_done(clock: Clock) -> None:
    progress = quiet()
    progress.expect({"node": 300})
    with pytest.raises(RuntimeError), progress.step("node", "fetching"):
        raise RuntimeError
    assert "✓" not in said(progress)
    assert progress.remaining("node", 0) == 300


def test_what_two_steps_at_a_time_have_spent_counts_for_both(clock: Clock) -> None:
    progress = quiet()
    progress.expect({"node": 300, "csi": 200, "pulumi": 100})
    with progress.step("node", "building node"):
        clock.now += 250
        with progress.step("csi", "building csi"):
            clock.now += 20
            assert progress.line() == "building node: 270 s; building csi: 20 s, about 5 min left"
            assert progress.remaining("csi", 20) == 30 + 180 + 100
    assert progress.line() == ""


def test_two_steps_share_one_thread_which_ends_with_the_last(clock: Clock) -> None:
    progress, before = quiet(), set(threading.enumerate())
    with progress.step("node", "node"):
        with progress.step("csi", "csi"):
            assert len(set(threading.enumerate()) - before) == 1
        assert len(set(threading.enumerate()) - before) == 1
    assert set(threading.enumerate()) == before


def test_without_a_terminal_a_long_step_says_how_long_at_its_start_and_a_short_one_its_end(clock: Clock) -> None:
    progress = quiet()
    progress.expect({"node": 330})
    take(progress, clock, "node", 12.34)
    take(progress, clock, "cluster", 1)
    assert said(progress) == "node: about 6 min left\n✓ node (12.3 s)\n✓ cluster (1.0 s)\n"


def test_without_a_terminal_it_is_heard_of_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HEARTBEAT", 0.01)
    heard = threading.Event()

    class Listening(io.StringIO):
        def write(self, text: str) -> int:
            if "node: 0 s, about 5 min left" in text:
                heard.set()
            return super().write(text)

    progress = Progress(Console(file=Listening(), width=500))
    progress.expect({"node": 300})
    with progress.step("node", "node"):
        assert heard.wait(10), "a CI job that is silent for long is ended"


def test_on_a_terminal_one_line_is_kept_up_to_date_and_taken_away() -> None:
    screen = io.StringIO()
    progress = Progress(Console(file=screen, width=80, force_terminal=True, highlight=False))
    with progress.step("node", "building"):
        pass
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", screen.getvalue())
    assert re.search(r"✓ building \(\d+\.\d s\)$", plain.splitlines()[-1])
    assert screen.getvalue().count("\x1b[?25l") == screen.getvalue().count("\x1b[?25h"), "the cursor is back"


def test_on_a_terminal_two_steps_are_one_line() -> None:
    screen = io.StringIO()
    progress = Progress(Console(file=screen, width=80, force_terminal=True, highlight=False))
    with progress.step("node", "building node"), progress.step("csi", "building csi"):
        pass
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", screen.getvalue())
    assert [line.partition(" (")[0].lstrip("\r") for line in plain.splitlines() if "✓" in line] == [
        "✓ building csi",
        "✓ building node",
    ]
    assert screen.getvalue().count("\x1b[?25l") == screen.getvalue().count("\x1b[?25h") == 1


def test_no_thread_outlives_its_step() -> None:
    before = set(threading.enumerate())
    with contextlib.suppress(RuntimeError), quiet().step("node", "node"):
        (thread,) = set(threading.enumerate()) - before
        raise RuntimeError
    assert not thread.is_alive()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "nearly done"),
        (4.9, "nearly done"),
        (5, "about 5 s left"),
        (89, "about 89 s left"),
        (90, "about 2 min left"),
        (1200, "about 20 min left"),
    ],
)
def test_an_estimate_is_said_as_a_person_would(seconds: float, text: str) -> None:
    assert human(seconds) == text
