"""The set's pods over time, as the API tells; taken beside the drill."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType

from drills.errors import DrillError
from drills.kube import Cluster
from drills.target import Member, Target, members
from drills.workbench import Workbench

LOOK = 0.3  # seconds between two looks
RENEW = 10.0  # seconds between two signs of life for the loops


@dataclass(frozen=True)
class Look:
    """All members at one moment, by the client pod's clock, between `began` and `at`."""

    at: float
    members: Mapping[int, Member]
    began: float = 0

    def ready(self, ordinal: int) -> bool:
        return ordinal in self.members and self.members[ordinal].ready


def ready_between(looks: Sequence[Look], ordinal: int, start: float, end: float) -> int:
    """In how many looks of a time a member was Ready."""
    return sum(look.ready(ordinal) for look in looks if start <= look.at <= end)


class Timeline:
    """Looks on while the drill goes on."""

    def __init__(self, cluster: Cluster, target: Target, bench: Workbench) -> None:
        self._cluster, self._target, self._bench = cluster, target, bench
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._go, daemon=True)
        self.looks: list[Look] = []

    def __enter__(self) -> Timeline:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        self._thread.join(30)

    def _go(self) -> None:
        renewed = time.monotonic()
        while not self._over.is_set():
            with contextlib.suppress(DrillError):  # the next look tells more
                began = time.time()
                found = members(self._cluster, self._target)
                ahead = self._bench.clock_ahead
                self.looks.append(Look(time.time() + ahead, found, began + ahead))
            if time.monotonic() - renewed > RENEW:
                renewed = time.monotonic()
                with contextlib.suppress(DrillError):
                    self._bench.renew()
            self._over.wait(LOOK)
