"""What the loops in the client pod wrote down, and what follows from it. Times are seconds by that pod's clock."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise


@dataclass(frozen=True)
class Acknowledged:
    """A row whose insert was answered, and when."""

    at: float
    row: int


@dataclass(frozen=True)
class Read:
    """An answer of the read Service: by whom, and the newest row that it showed. Without a server: no answer."""

    at: float
    server: int | None
    newest: int = 0


@dataclass(frozen=True)
class State:
    """What a member said of itself."""

    host: str
    server: int
    uuid: str
    writable: bool
    executed: str
    """Its transactions; `-` where GTIDs are off or it has none."""
    round: int = 0
    at: float = 0.0


@dataclass(frozen=True)
class Observed:
    """All of it, of one drill."""

    acknowledged: Sequence[Acknowledged] = ()
    first_writer: Sequence[Acknowledged] = ()
    """Those of the writer whose rows the reader looks at."""
    reads: Sequence[Read] = ()
    states: Sequence[State] = ()
    errors: Sequence[tuple[float, str]] = ()
    """When a writer's connection ended, and what it was told."""


def acknowledged(text: str) -> list[Acknowledged]:
    """From the writers' notes, oldest first. A line that is being written at that moment is left out."""
    found = [Acknowledged(float(at), int(row)) for at, row in _fields(text, 2)]
    return sorted(found, key=lambda each: (each.at, each.row))


def reads(text: str) -> list[Read]:
    """From the reader's notes."""
    found = []
    for line in _lines(text):
        match line.split():
            case [at, "failed"]:
                found.append(Read(float(at), None))
            case [at, server, newest]:
                found.append(Read(float(at), int(server), int(newest)))
    return found


def states(text: str) -> list[State]:
    """From `state.sh`, whose lines begin with round and time where they are the watcher's."""
    found = []
    for line in _lines(text):
        fields = line.split()
        match fields if len(fields) == 8 else ["0", "0", *fields]:
            case [round_, at, host, server, uuid, read_only, super_read_only, executed]:
                writable = read_only == "0" and super_read_only == "0"
                found.append(State(host, int(server), uuid, writable, executed, int(round_), float(at)))
    return found


def errors(text: str) -> list[tuple[float, str]]:
    """From the writer's complaints."""
    return [(float(at), said) for at, _, said in (line.partition(" ") for line in _lines(text))]


def _lines(text: str) -> list[str]:
    """Whole lines only."""
    return text[: text.rfind("\n") + 1].splitlines()


def _fields(text: str, count: int) -> Iterator[list[str]]:
    return (fields for line in _lines(text) if len(fields := line.split()) == count)


@dataclass(frozen=True)
class Figures:
    """What a drill measured."""

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


def figures(observed: Observed) -> Figures:
    """The numbers of a drill."""
    times = [each.at for each in observed.acknowledged]
    span = times[-1] - times[0] if len(times) > 1 else 0.0
    answered = [each for each in observed.reads if each.server is not None]
    servers: dict[int, int] = {}
    for each in answered:
        servers[each.server or 0] = servers.get(each.server or 0, 0) + 1
    return Figures(
        rows=len(times),
        rows_per_second=len(times) / span if span else 0.0,
        longest_pause=max((b - a for a, b in pairwise(times)), default=0.0),
        interruptions=len(observed.errors),
        reads=len(answered),
        failed_reads=len(observed.reads) - len(answered),
        stalest_read=max(staleness(observed.first_writer, answered), default=0.0),
        servers=dict(sorted(servers.items())),
    )


def staleness(written: Sequence[Acknowledged], answered: Iterable[Read]) -> list[float]:
    """For each read, for how long the oldest row that it misses had been answered when it was asked."""
    rows = [each.row for each in written]  # they only ever grow
    found = []
    for read in answered:
        first_missed = bisect_right(rows, read.newest)
        missed_since = written[first_missed].at if first_missed < len(written) else read.at
        found.append(max(0.0, read.at - missed_since))
    return found


def seen(reads: Iterable[Read], server: int, start: float, end: float = float("inf")) -> int:
    """How many reads that began within a time were answered by a server."""
    return sum(each.server == server and start <= each.at <= end for each in reads)
