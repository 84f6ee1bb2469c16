"""What the read loop tells of the members behind the read Service."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from drills.load.figures import seen

if TYPE_CHECKING:
    from drills.experiments.stage import Stage


def counted(stage: Stage, since: float = 0) -> str:
    """How often each server has answered."""
    counts = Counter(read.server for read in list(stage.watch.record.reads) if read.at >= since)
    return ", ".join(
        f"{'no answer' if server is None else server} x{n}" for server, n in sorted(counts.items(), key=str)
    )


def check_absent(stage: Stage, server: int, since: float, until: float) -> None:
    """A server has answered no read that began within a time."""
    reads = stage.watch.record.reads
    stage.wait("the last reads of that time", lambda: bool(reads) and reads[-1].at > until, 60)
    answers = seen(reads, server, since, until)
    others = sum(read.server is not None and since <= read.at <= until for read in reads) - answers
    stage.check(f"{server} does not answer meanwhile", answers == 0, f"{answers} of {answers + others} answers")
