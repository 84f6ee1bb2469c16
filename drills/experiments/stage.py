"""A scene with a journal and a report: what an experiment works with."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from drills import interrupts
from drills.checks.check import Check
from drills.faults.journal import Journal
from drills.faults.undo import Undo, perform
from drills.load.client import SLOW, Pace
from drills.load.figures import seen
from drills.load.watch import Watch
from drills.report import Result
from drills.scene import Scene
from drills.waiting import Patience, UnmetError, insist


class Stage(Scene):
    """One experiment while it runs."""

    def __init__(
        self,
        watch: Watch,
        journal: Journal,
        result: Result,
        show: Callable[[str], None],
        servers: dict[int, int],
        patience: Patience,
        start: float,
    ) -> None:
        """`servers`: server id by ordinal, as the members say it. `start`: when the experiment began (monotonic)."""
        super().__init__(watch, patience.poll)
        self.result, self.servers, self.patience = result, servers, patience
        self._journal, self._show, self._start = journal, show, start

    def say(self, text: str) -> None:
        """Tells of something that happened: it is shown, and in the report."""
        at = time.monotonic() - self._start
        self.result.steps.append((at, text))
        self._show(f"{at:6.1f} s  {text}")

    def check(self, name: str, ok: bool, detail: str = "") -> None:
        """Puts into the report what has to be so, and whether it is."""
        self.result.checks.append(Check(name, ok, detail))

    def rows_so_far(self) -> int:
        """How many rows were acknowledged."""
        return len(self.watch.record.acknowledged)

    def wait_ready(self, ordinals: Sequence[int], seconds: float = 300) -> None:
        """Waits until these members are Ready; for those that do not catch up, the writers hold back."""

        def ready() -> bool:
            there = self.members()
            return all(n in there and there[n].ready for n in ordinals)

        what = f"{', '.join(map(self.target.pod, ordinals))} Ready"
        try:
            self.wait(what, ready, min(seconds, self.patience.hurry))
        except UnmetError:
            self.watch.set_pace(SLOW)
            self.say("the writers hold back, for the members to catch up")
            self.wait(what, ready, seconds)
            self.watch.set_pace(Pace())

    def wait_seen(self, servers: Sequence[int], seconds: float = 120) -> None:
        """Waits until the read loop is answered by all of these servers."""
        start, reads = self.now(), self.watch.record.reads
        what = f"the read loop is answered by {', '.join(map(str, servers))}"
        self.wait(what, lambda: all(seen(reads, server, start) for server in servers), seconds)

    def wait_unseen(self, server: int, seconds: float = 60) -> float:
        """Waits until a server has not answered the read loop for a while, and returns since when."""

        def unseen() -> bool:
            answered = [read for read in self.watch.record.reads if read.at >= self.now() - self.patience.quiet]
            return bool(answered) and not seen(answered, server, 0)

        self.wait(f"{server} leaves the read loop", unseen, seconds)
        return self.now() - self.patience.quiet

    def sleep(self, seconds: float) -> None:
        """Lets the loops go on for a while."""
        self.patience.sleep(seconds)

    @contextmanager
    def undoing(self, undo: Undo) -> Iterator[None]:
        """Notes in the cluster what is about to be changed, and puts it back however the body ends."""
        self._journal.note(undo)
        try:
            yield
        finally:
            with interrupts.held(self._show):
                self.say(f"put back: {undo}")
                insist(lambda: perform(self, undo))
                self._journal.strike(undo)
