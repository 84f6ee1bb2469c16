"""How long is waited for what, as values that a caller may choose, and the waiting itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from drills.errors import DrillError, UnreachableError


class UnmetError(DrillError):
    """What was waited for did not come."""


@dataclass(frozen=True)
class Patience:
    """The waits of a run, in seconds."""

    poll: float = 0.4
    """Between two looks at what is awaited."""
    hurry: float = 45.0
    """After so long the writers hold back, for members that do not catch up."""
    quiet: float = 3.0
    """A member that has not answered the read Service for so long has left it."""
    settled: float = 2.0
    """A Service needs so long to forget a pod that is gone."""
    recovery: float = 300.0
    """The members are Ready again so soon after a drill."""
    agreement: float = 60.0
    """The members hold the same so soon after the last row."""
    catch_up: float = 10.0
    """A member shows the last row so soon, where no GTID tells."""
    sleep: Callable[[float], None] = time.sleep
    """How a drill lets time pass while the loops go on."""


def until(what: str, condition: Callable[[], bool], seconds: float, poll: float = 0.4) -> None:
    """Waits until the condition holds. A cluster that does not answer is asked again, until the time is over."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if condition():
                return
        except UnreachableError:
            if time.monotonic() > deadline:
                raise
        if time.monotonic() > deadline:
            raise UnmetError(f"not within {seconds:.0f} s: {what}")
        time.sleep(poll)


def insist(action: Callable[[], None], seconds: float = 60, poll: float = 1) -> None:
    """Does it again while the cluster does not answer, until the time is over."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return action()
        except UnreachableError:
            if time.monotonic() > deadline:
                raise
            time.sleep(poll)
