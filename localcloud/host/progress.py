"""What long work says while it goes on: a live line on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console

HEARTBEAT = 30.0  # seconds between two lines where nobody watches a terminal


class Progress:
    """Steps of known rough length, with an estimate of the time left that learns from the steps already done."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True, highlight=False)
        self._left: dict[str, float] = {}
        self._expected = self._taken = 0.0

    def say(self, text: str) -> None:
        """One line."""
        self.console.print(text, soft_wrap=True)

    def expect(self, steps: Mapping[str, float]) -> None:
        """What lies ahead, as step -> seconds on a machine like the one the figures were taken on."""
        self._left.update(steps)

    def remaining(self, step: str, elapsed: float) -> float:
        """Seconds left: what lies ahead, scaled by how this machine did so far."""
        pace = self._taken / self._expected if self._expected else 1.0
        current = max(self._left.get(step, 0.0) * pace - elapsed, 0.0)
        return current + pace * sum(seconds for name, seconds in self._left.items() if name != step)

    @contextmanager
    def step(self, name: str, text: str) -> Iterator[None]:
        """Show `text` with the time spent and left while the body runs, and a line with the seconds when it is done."""
        start = time.monotonic()
        done = threading.Event()
        status = self.console.status(text) if self.console.is_terminal else None

        def beat() -> None:
            while not done.wait(1.0 if status else HEARTBEAT):
                elapsed = time.monotonic() - start
                line = f"{text}: {elapsed:.0f} s, {human(self.remaining(name, elapsed))}"
                if status:
                    status.update(line)
                else:
                    self.console.print(line, soft_wrap=True)

        thread = threading.Thread(target=beat, daemon=True)
        if status:
            status.start()
        elif name in self._left:
            self.console.print(f"{text}: {human(self.remaining(name, 0.0))}", soft_wrap=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
            if status:
                status.stop()
        taken = time.monotonic() - start
        self._taken += taken
        self._expected += self._left.pop(name, taken)
        self.console.print(f"[green]✓[/green] {text} ({taken:.1f} s)", soft_wrap=True)


def human(seconds: float) -> str:
    """An estimate as one would say it."""
    if seconds < 5:
        return "nearly done"
    return f"about {seconds:.0f} s left" if seconds < 90 else f"about {seconds / 60:.0f} min left"
