"""What a drill works with: the set, the client pod, the timeline; ways to say, to check, to wait and to put back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from drills import interrupts, observations
from drills.errors import DrillError, UnreachableError
from drills.invariants import Check
from drills.journal import Journal, Undo, perform
from drills.kube import Cluster
from drills.report import Result
from drills.target import Member, Target, members
from drills.timeline import Timeline
from drills.workbench import Workbench

POLL = 0.4
HURRY = 45.0  # seconds after which the writers hold back for members that do not catch up
QUIET = 3.0  # seconds without an answer of a member that count as: it has left the loop


class UnmetError(DrillError):
    """What a drill waited for did not come."""


class Scene:
    """One drill while it runs."""

    def __init__(
        self,
        cluster: Cluster,
        target: Target,
        bench: Workbench,
        journal: Journal,
        timeline: Timeline,
        result: Result,
        show: Callable[[str], None],
        servers: dict[int, int],
    ) -> None:
        """`servers`: server id by ordinal, as the members say it."""
        self.cluster, self.target, self.bench, self.timeline = cluster, target, bench, timeline
        self.result, self.servers = result, servers
        self._journal, self._show = journal, show
        self._start = time.monotonic()

    def say(self, text: str) -> None:
        """Something that happened: shown, and in the report."""
        at = time.monotonic() - self._start
        self.result.steps.append((at, text))
        self._show(f"{at:6.1f} s  {text}")

    def check(self, name: str, ok: bool, detail: str = "") -> None:
        """Something that has to be so."""
        self.result.checks.append(Check(name, ok, detail))

    def now(self) -> float:
        """By the client pod's clock, as all notes are."""
        return time.time() + self.bench.clock_ahead

    def members(self) -> dict[int, Member]:
        """The pods now."""
        return members(self.cluster, self.target)

    def wait(self, what: str, condition: Callable[[], bool], seconds: float) -> None:
        """Until it is so; the drill fails if it does not come."""
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
            time.sleep(POLL)

    def wait_ready(self, ordinals: Sequence[int], seconds: float = 300) -> None:
        """Until these members are Ready."""

        def ready() -> bool:
            there = self.members()
            return all(n in there and there[n].ready for n in ordinals)

        what = f"{', '.join(map(self.target.pod, ordinals))} Ready"
        try:
            self.wait(what, ready, min(seconds, HURRY))
        except UnmetError:
            self.bench.ease(slow=True)
            self.say("the writers hold back, for the members to catch up")
            self.wait(what, ready, seconds)
            self.bench.ease(slow=False)

    def wait_seen(self, servers: Sequence[int], seconds: float = 120) -> None:
        """Until the read loop is answered by all of these servers."""
        start = self.now()

        def seen() -> bool:
            reads = self.bench.reads()
            return all(observations.seen(reads, server, start) for server in servers)

        self.wait(f"the read loop is answered by {', '.join(map(str, servers))}", seen, seconds)

    def wait_unseen(self, server: int, seconds: float = 60) -> float:
        """Until the read loop has not been answered by a server for a while; since when."""

        def unseen() -> bool:
            reads = self.bench.reads()
            answered = [read for read in reads if read.at >= self.now() - QUIET]
            return bool(answered) and not observations.seen(answered, server, 0)

        self.wait(f"{server} leaves the read loop", unseen, seconds)
        return self.now() - QUIET

    def sleep(self, seconds: float) -> None:
        """Let the loops go on."""
        time.sleep(seconds)

    @contextmanager
    def undoing(self, undo: Undo) -> Iterator[None]:
        """Noted in the cluster before anything is changed; put back however the body ends."""
        self._journal.note(undo)
        try:
            yield
        finally:
            with interrupts.held(self._show):
                self.say(f"put back: {undo}")
                insist(lambda: perform(self.cluster, self.target, undo))
                self._journal.strike(undo)


def insist(action: Callable[[], None], seconds: float = 60) -> None:
    """Again while the cluster does not answer."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return action()
        except UnreachableError:
            if time.monotonic() > deadline:
                raise
            time.sleep(1)
