"""All that was seen while things broke, as lists that only grow: what the checks and the figures go by."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

from drills.load.notes import Acknowledged, Complaint, Note, Read, Seen


@dataclass(frozen=True, slots=True)
class PodChange:
    """A pod's state from a moment on, by the client pod's clock."""

    at: float
    """When the API told of it."""
    uid: str
    ready: bool
    gone: bool
    """Whether it was deleted, or told to go."""
    earliest: float = 0.0
    """It was not so before this: what is told comes late, and a pod that is Ready answers before anybody is told."""


@dataclass
class Record:
    """What one watch has seen so far."""

    hosts: dict[str, int]
    """The ordinal of each member, by its host name."""
    acknowledged: list[Acknowledged] = field(default_factory=list)
    first_writer: list[Acknowledged] = field(default_factory=list)
    """Those of the writer whose rows the reader and the watchers look at, in the order of their numbers and times."""
    reads: list[Read] = field(default_factory=list)
    seen: dict[int, list[Seen]] = field(default_factory=dict)
    """What each member showed, by its ordinal."""
    complaints: list[Complaint] = field(default_factory=list)
    pods: dict[int, list[PodChange]] = field(default_factory=dict)
    """Each change of whether a member's pod is Ready, on its way out or another one, by its ordinal."""

    def take(self, note: Note | None) -> None:
        """Adds one more note."""
        match note:
            case Acknowledged():
                self.acknowledged.append(note)
                if note.writer == 0:
                    self.first_writer.append(note)
            case Read():
                self.reads.append(note)
            case Complaint():
                self.complaints.append(note)
            case Seen() if note.host in self.hosts:
                self.seen.setdefault(self.hosts[note.host], []).append(note)

    def pod(self, ordinal: int, change: PodChange) -> None:
        """Adds what the API told of a pod, where it differs from what was known."""
        known = self.pods.setdefault(ordinal, [])
        told = (change.uid, change.ready, change.gone)
        if not known or told != (known[-1].uid, known[-1].ready, known[-1].gone):
            known.append(change)

    def ready(self, ordinal: int) -> bool:
        """Whether the member's newest pod is Ready."""
        changes = self.pods.get(ordinal)
        return changes is not None and changes[-1].ready

    def ready_times(self, ordinal: int, start: float, end: float) -> int:
        """How often a member was, or became, Ready within a time."""
        changes = [change for change in self.pods.get(ordinal, ()) if change.at <= end]
        before = [change for change in changes if change.at <= start]
        return sum(change.ready for change in [*before[-1:], *changes[len(before) :]])

    def always_ready(self, ordinal: int, start: float, end: float) -> bool:
        """Whether a member was Ready from `start` to `end` without a break."""
        changes = [change for change in self.pods.get(ordinal, ()) if change.at <= end]
        before = [change for change in changes if change.at <= start]
        return bool(before) and before[-1].ready and all(change.ready for change in changes[len(before) :])

    def ready_not_before(self, ordinal: int, since: float) -> float:
        """Until when a member is known not to have been Ready, from `since` on; `since` itself where it was Ready."""
        if self.always_ready(ordinal, since, since):
            return since
        later = [change for change in self.pods.get(ordinal, ()) if change.at > since and change.ready]
        return max(since, later[0].earliest) if later else since

    def replaced(self, ordinal: int, since: float) -> tuple[float, float]:
        """When the member's pod was told to go, and when another one was Ready."""
        later = [change for change in self.pods[ordinal] if change.at >= since]
        gone = [change for change in later if change.gone]
        back = [change for change in later if gone and change.ready and change.uid != gone[0].uid]
        if not back:
            raise LookupError(f"member {ordinal} was not replaced")
        return gone[0].at, back[0].at

    def age(self, one: Seen) -> float:
        """For how long the first row that a member did not show had been answered."""
        return self.behind(one.newest, one.at)

    def behind(self, newest: int, at: float) -> float:
        """For how long the oldest row after `newest` had been answered at a moment; 0 where there was none."""
        return behind(self.first_writer, newest, at)

    def newest_answered(self, at: float) -> int:
        """The first writer's last row that was answered before a moment."""
        return self.first_writer[bisect_left(self.first_writer, at, key=_at) - 1].row

    def begun_after(self, since: float) -> Acknowledged | None:
        """A row of the first writer that was begun after `since`; None while none is answered."""
        index = bisect_left(self.first_writer, since, key=_at) + 1  # the first one may have been on its way
        return self.first_writer[index] if index < len(self.first_writer) else None


def behind(written: Sequence[Acknowledged], newest: int, at: float) -> float:
    """For how long the oldest row after `newest` had been answered at a moment. Numbers of rows only ever grow."""
    index = bisect_right(written, newest, key=_row)
    return at - written[index].at if index < len(written) else 0.0


def _at(one: Acknowledged) -> float:
    return one.at


def _row(one: Acknowledged) -> int:
    return one.row
