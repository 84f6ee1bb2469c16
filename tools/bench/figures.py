"""The form of a measurement, and functions that take time and memory."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROUNDS = 3


@dataclass(frozen=True)
class Figure:
    """A measurement, its peer's, and the ratio aimed at (None: no goal)."""

    what: str
    ours: float
    peer: str = ""
    theirs: float = 0.0
    goal: float | None = None
    unit: str = "s"


def seconds(action: Callable[[], object]) -> float:
    """Seconds that one call takes by the clock."""
    start = time.monotonic()
    action()
    return time.monotonic() - start


def in_turn(*actions: Callable[[], object]) -> list[float]:
    """Medians of several actions, run one after the other in each round."""
    taken = [[seconds(action) for action in actions] for _ in range(ROUNDS)]
    return [statistics.median(column) for column in zip(*taken, strict=True)]


def resident(pid: int) -> int:
    """Bytes of memory that are a process's own share (proportional set size)."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0
