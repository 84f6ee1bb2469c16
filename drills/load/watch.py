"""Rows are written and members looked at all the time, while a drill or a test breaks things.

What is here serves a user's cluster, of which only the API is in reach, and a test, which acts on the last second:

- The loops write notes in the pod, with times of one clock that is next to the members. A connection that breaks stops
  nobody, and the next one goes on where it ended. A stream that printed the rows would end the writer with it, and its
  times would be those of the arrival.
- The notes are followed as they come, and pods by a watch of the API, not asked for again and again: nothing between
  two looks is missed, and a wait ends at once.
- Each member is looked at ten times a second over a connection that stays open. A client for each look would take the
  cores that the members recover with.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from drills.errors import DrillError, UnreachableError
from drills.load import notes
from drills.load.client import Client, Load, Pace
from drills.load.record import PodChange, Record
from drills.target import member_of
from drills.waiting import UnmetError, until

if TYPE_CHECKING:
    from drills.kube import Json

SKIPPED = 100_000
"""Rows that are left out when loops are started anew: what was on its way may be there."""
PER_WRITER = 20_000_000
"""Rows between the first ones of two writers, as lib.sh has it."""
TOLD_LATE = 1.0
"""Seconds by which the API may be late to tell that a pod is Ready."""
ENDED = 10.0
"""Seconds for what goes on beside to end with the watch; a request that follows pods may take some."""


class _OverError(DrillError):
    """Others took the place of these loops."""


@dataclass(eq=False)
class _Notes:
    """Those of loops that were started, or may have been: a start that was not answered may be done all the same."""

    generation: int
    taken: int = 0


@dataclass
class _Loops:
    """The loops between two starts."""

    over: threading.Event
    notes: _Notes | None = None
    """None until the start is answered."""


class Watch:
    """What goes on from `running` to `stop`; `record` has all that was seen so far."""

    def __init__(
        self,
        client: Client,
        ordinals: Sequence[int],
        first_row: int = 1,
        load: Load | None = None,
        poll: float = 0.1,
        retry: float = 0.2,
        renew: float = 10.0,
    ) -> None:
        """Seconds: `poll` between two looks at what was noted, `retry` before what failed is tried again, `renew`
        between two signs of life for the loops."""
        self.client, self.target, self.ordinals = client, client.target, tuple(ordinals)
        self.record = Record({self.target.host(ordinal): ordinal for ordinal in ordinals})
        self._first_row, self._load = first_row, load or Load()
        self._poll, self._retry, self._renew = poll, retry, renew
        self._over = threading.Event()
        self._loops = _Loops(threading.Event())
        self._left: list[_Notes] = []
        """In the order of their starts: those of which more may be there than was taken."""
        self._lock = threading.Lock()
        self._beside: list[threading.Thread] = []
        self._follower: threading.Thread | None = None
        self._looked_at = self.ordinals
        self._skip, self._begun = 0, False
        self._told_of_a_row: float | None = None
        """When the last note of a row came here (monotonic)."""

    @contextmanager
    def running(self, what: str = "a row, and each member's answer and pod", seconds: float = 60) -> Iterator[Watch]:
        """Writes and looks until the end of the block, which begins when everything that is watched was seen."""
        try:
            self._begin(self._loops)
            self._follow(self._loops)
            self._beside = [self._thread(self._follow_pods), self._thread(self._ask_for_more)]
            until(what, self.sees_all, seconds, self._poll)
            yield self
        finally:
            with contextlib.suppress(DrillError):
                self.stop()

    def sees_all(self) -> bool:
        """Whether rows and reads are answered, and each member has answered, and each member's pod was seen."""
        record = self.record
        return (
            self.writing
            and (bool(record.reads) or not self._load.reads)
            and all(record.seen.get(ordinal) and record.pods.get(ordinal) for ordinal in self.ordinals)
        )

    def stop(self) -> None:
        """Ends the loops, also those of a start that is at work, and takes the last of their notes."""
        with self._lock:
            if self._over.is_set():
                return
            self._over.set()
            before = self._replaced()
            end = self.client.generation()
        try:
            self.client.stop(end)
        finally:
            deadline = time.monotonic() + ENDED
            for thread in (*self._beside, *filter(None, [self._follower])):
                thread.join(max(0.0, deadline - time.monotonic()))
        self._take_left(self._loops, needed=before.notes)

    def reconnect(self) -> None:
        """Starts the loops anew: one of them may wait for an answer that never comes, as after a loss of power.

        Returns at once. The connections of before are not waited for either, since they may hang as well.
        """
        with self._lock:
            if self._over.is_set():
                return
            self._replaced()
            self._follow(self._loops)

    def look_at(self, ordinals: Sequence[int]) -> None:
        """Looks at these members from now on."""
        self._looked_at = tuple(ordinals)
        self.record.hosts |= {self.target.host(ordinal): ordinal for ordinal in ordinals}
        self.client.watch(ordinals)

    def set_pace(self, pace: Pace) -> None:
        """Says how fast rows are written from now on, also by loops that are started anew."""
        self._load = replace(self._load, pace=pace)
        self.client.set_pace(pace)

    def now(self) -> float:
        """By the client pod's clock, as all notes are."""
        return time.time() + self.client.clock_ahead

    @property
    def writing(self) -> bool:
        """Whether a row was answered within the last second, as far as one is told here."""
        return self._told_of_a_row is not None and time.monotonic() - self._told_of_a_row < 1

    def ready(self, ordinal: int) -> bool:
        """Whether the member's newest pod is Ready."""
        return self.record.ready(ordinal)

    def uid(self, ordinal: int) -> str:
        """The uid of the member's newest pod."""
        if not self.record.pods.get(ordinal):
            raise UnmetError(f"{self.target.pod(ordinal)} was not seen yet")
        return self.record.pods[ordinal][-1].uid

    def answered(self) -> list[int]:
        """The rows whose inserts were answered so far, in the order of their answers."""
        return [each.row for each in self.record.acknowledged]

    def _thread(self, task: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=task, daemon=True)
        thread.start()
        return thread

    def _replaced(self) -> _Loops:
        """The loops, after others took their place."""
        before, self._loops = self._loops, _Loops(threading.Event())
        before.over.set()
        return before

    def _follow(self, loops: _Loops) -> None:
        self._follower = self._thread(lambda: self._follow_notes(loops))

    def _follow_notes(self, loops: _Loops) -> None:
        while not loops.over.is_set():
            with contextlib.suppress(DrillError):
                noted = loops.notes or self._begin(loops)
                for line in self.client.follow(noted.generation, noted.taken, loops.over):
                    self._take(loops, noted, line)
            loops.over.wait(self._retry)

    def _begin(self, loops: _Loops) -> _Notes:
        """Starts them. What those before them noted is taken first: a start removes it."""
        if self._left:
            self.client.stop(self._generation(loops))
            self._take_left(loops)
        skip, load, members = self._sent() if self._begun else 0, self._load, self._looked_at
        with self._still(loops):  # whoever takes their place then finds these notes among those that are left
            noted = _Notes(self.client.generation())
            self._left.append(noted)
        self._begun = True
        self.client.start(noted.generation, self._first_row, members, load, skip)
        loops.notes = noted
        # Both may have been changed while they were started.
        if load.pace != self._load.pace:
            self.client.set_pace(self._load.pace)
        if members != self._looked_at:
            self.client.watch(self._looked_at)
        return noted

    def _take_left(self, loops: _Loops, needed: _Notes | None = None) -> None:
        """What ended loops have noted. Only where it is `needed` it has to be there: a pod may be gone with it."""
        while self._left:
            noted, lines = self._left[0], list[str]()
            try:
                lines = self.client.rest(noted.generation, noted.taken)
            except DrillError as error:
                if noted is needed or isinstance(error, UnreachableError):
                    raise
            for line in lines:
                self._take(loops, noted, line)
            with self._still(loops):
                self._left.remove(noted)

    def _take(self, loops: _Loops, noted: _Notes, line: str) -> None:
        note = notes.note(line)
        with self._still(loops):
            noted.taken += 1
            self.record.take(note)
        if isinstance(note, notes.Acknowledged):
            self._told_of_a_row = time.monotonic()

    def _generation(self, loops: _Loops) -> int:
        with self._still(loops):
            return self.client.generation()

    @contextmanager
    def _still(self, loops: _Loops) -> Iterator[None]:
        """Holds off who would put others in their place, and fails where someone has."""
        with self._lock:
            if loops.over.is_set():
                raise _OverError
            yield

    def _sent(self) -> int:
        """So many rows of each writer may have been sent so far, also by a start that was not answered."""
        rows = [(each.row - self._first_row) % PER_WRITER for each in self.record.acknowledged]
        self._skip = max(self._skip, max(rows, default=0)) + SKIPPED
        return self._skip

    def _follow_pods(self) -> None:
        while not self._over.is_set():
            with contextlib.suppress(DrillError):
                for kind, pod in self.client.cluster.changes("pods", self.target.selector, self._over):
                    self._take_pod(kind, pod)
            self._over.wait(self._retry)

    def _take_pod(self, kind: str, pod: Json) -> None:
        member = member_of(self.target, pod)
        if member is None:
            return
        now, gone = self.now(), kind == "DELETED" or member.leaving
        ready = member.ready and not gone
        earliest = min(now - TOLD_LATE, _since(pod) or now)
        self.record.pod(member.ordinal, PodChange(now, member.uid, ready, gone, earliest))

    def _ask_for_more(self) -> None:
        """The loops end by themselves when nobody asks for them; those that a restarted container lost begin anew."""
        while not self._over.wait(self._renew):
            loops = self._loops
            with contextlib.suppress(DrillError):
                # A start that is still at work has yet to make them.
                if loops.notes and not self.client.renew() and loops is self._loops:
                    self.reconnect()


def _since(pod: Json) -> float | None:
    """Since when a pod is Ready or not, in whole seconds of its node's clock."""
    for condition in pod.get("status", {}).get("conditions", ()):
        if condition["type"] == "Ready" and condition.get("lastTransitionTime"):
            return datetime.fromisoformat(condition["lastTransitionTime"].replace("Z", "+00:00")).timestamp()
    return None
