"""What a drill measured, from what was noted while it ran."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from drills.load.notes import Acknowledged, Read
from drills.load.record import Record, behind


@dataclass(frozen=True)
class Figures:
    """The numbers of a drill."""

    rows: int = 0
    rows_per_second: float = 0.0
    longest_pause: float = 0.0
    """Seconds in which no row was answered."""
    interruptions: int = 0
    """How often a writer had to connect again."""
    reads: int = 0
    failed_reads: int = 0
    stalest_read: float = 0.0
    """Seconds by which the oldest answer was behind what had been answered to the writer."""
    servers: dict[int, int] = field(default_factory=dict)
    """Answers by server id."""


def figures(record: Record) -> Figures:
    """The numbers that follow from the notes."""
    times = sorted(each.at for each in record.acknowledged)
    span = times[-1] - times[0] if len(times) > 1 else 0.0
    answered = [each for each in record.reads if each.server is not None]
    servers: dict[int, int] = {}
    for each in answered:
        servers[each.server or 0] = servers.get(each.server or 0, 0) + 1
    return Figures(
        rows=len(times),
        rows_per_second=len(times) / span if span else 0.0,
        longest_pause=max((b - a for a, b in pairwise(times)), default=0.0),
        interruptions=len(record.complaints),
        reads=len(answered),
        failed_reads=len(record.reads) - len(answered),
        stalest_read=max(staleness(record.first_writer, answered), default=0.0),
        servers=dict(sorted(servers.items())),
    )


def staleness(written: Sequence[Acknowledged], answered: Iterable[Read]) -> list[float]:
    """For each read, for how long the oldest row that it misses had been answered when it was asked."""
    return [max(0.0, behind(written, read.newest, read.at)) for read in answered]


def seen(reads: Iterable[Read], server: int, start: float, end: float = float("inf")) -> int:
    """How many reads that began within a time were answered by a server."""
    return sum(each.server == server and start <= each.at <= end for each in reads)
