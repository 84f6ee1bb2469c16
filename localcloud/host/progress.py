"""What long work says while it goes on: a live line on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console

HEARTBEAT = 30.0  # seconds between two lines where nobody watches a terminal


@dataclass(frozen=True, eq=False)
class _Step:
    name: str
    text: str
    start: float


class Progress:
    """Steps of known rough length, with an estimate of the time left that learns from the steps already done.

    Steps may overlap, each in a thread of its own: one line then names all that go on.
    """

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True, highlight=False)
        self._left: dict[str, float] = {}
        self._expected = self._taken = 0.0
        self._turn = threading.Lock()  # held by whoever starts or ends a step
        self._going_on: tuple[_Step, ...] = ()
        self._display: _Display | None = None

    def say(self, text: str) -> None:
        """One line."""
        self.console.print(text, soft_wrap=True)

    def expect(self, steps: Mapping[str, float]) -> None:
        """What lies ahead, as step -> seconds on a machine like the one the figures were taken on."""
        with self._turn:
            self._left = {**self._left, **steps}

    def remaining(self, step: str, elapsed: float) -> float:
        """Seconds left: what lies ahead, scaled by how this machine did so far."""
        now = time.monotonic()
        spent = {each.name: now - each.start for each in self._going_on} | {step: elapsed}
        pace = self._taken / self._expected if self._expected else 1.0
        return sum(max(seconds * pace - spent.get(name, 0.0), 0.0) for name, seconds in self._left.items())

    @contextmanager
    def step(self, name: str, text: str) -> Iterator[None]:
        """Show `text` with the time spent and left while the body runs, and a line with the seconds when it is done."""
        step = _Step(name, text, time.monotonic())
        with self._turn:
            self._going_on = (*self._going_on, step)
            if not self.console.is_terminal and name in self._left:
                self.say(f"{text}: {human(self.remaining(name, 0.0))}")
            if self._display is None:
                self._display = _Display(self)
        try:
            yield
        finally:
            with self._turn:
                self._going_on = tuple(each for each in self._going_on if each is not step)
                if not self._going_on and self._display is not None:
                    self._display.end()
                    self._display = None
        taken = time.monotonic() - step.start
        with self._turn:
            self._taken += taken
            self._expected += self._left.get(name, taken)
            self._left = {other: seconds for other, seconds in self._left.items() if other != name}
        self.say(f"[green]✓[/green] {text} ({taken:.1f} s)")

    def line(self) -> str:
        """What goes on, for how long it has, and how much is left; empty when nothing does."""
        steps = self._going_on
        if not steps:
            return ""
        now = time.monotonic()
        parts = "; ".join(f"{step.text}: {now - step.start:.0f} s" for step in steps)
        return f"{parts}, {human(self.remaining(steps[0].name, now - steps[0].start))}"


class _Display:
    """A thread that shows a progress's line until it is told to end."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._over = threading.Event()
        console = progress.console
        self._status = console.status(progress.line()) if console.is_terminal else None
        if self._status:
            self._status.start()
        self._thread = threading.Thread(target=self._beat, daemon=True)
        self._thread.start()

    def end(self) -> None:
        self._over.set()
        self._thread.join()
        if self._status:
            self._status.stop()

    def _beat(self) -> None:
        while not self._over.wait(1.0 if self._status else HEARTBEAT):
            line = self._progress.line()
            if self._status:
                self._status.update(line)
            elif line:
                self._progress.say(line)


def human(seconds: float) -> str:
    """An estimate as one would say it."""
    if seconds < 5:
        return "nearly done"
    return f"about {seconds:.0f} s left" if seconds < 90 else f"about {seconds / 60:.0f} min left"
