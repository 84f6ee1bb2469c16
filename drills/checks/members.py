"""What must hold all the time while things break, member by member, and when the members have recovered from it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping

from drills.load.notes import Seen
from drills.load.record import Record
from drills.target import Target


def recovered(record: Record, ordinals: Iterable[int], since: float) -> float | None:
    """When every pod was Ready and every member showed a row that was begun after `since`; None: not yet.

    A replica may lag: what counts is when it shows the row, not when the row was answered.
    """
    row = record.begun_after(since)
    if row is None:
        return None
    moments = [row.at]
    for ordinal in ordinals:
        shown = next((one.at for one in _since(record, ordinal, since) if one.newest >= row.row), None)
        if shown is None or not record.ready(ordinal):
            return None
        # A pod that was ready all the time changed before.
        moments += [shown, max(since, record.pods[ordinal][-1].at)]
    return max(moments)


def violations(record: Record, target: Target, servers: Mapping[int, int], since: float, stale: float) -> list[str]:
    """What must never be: another's server id, a second member that takes writes, old rows from a Ready one.

    `servers`: the server id of each ordinal. `stale`: so many seconds after a row was answered, a member that does not
    show it must have left the readers' Service.
    """
    found = set()
    for ordinal, server in servers.items():
        pod = target.pod(ordinal)
        for one in _since(record, ordinal, since):
            found |= {f"{pod} {said}" for said in wrong(record, ordinal, one, server, stale)}
    return sorted(found)


def wrong(record: Record, ordinal: int, one: Seen, server: int, stale: float) -> list[str]:
    """What is wrong with one look at a member."""
    found = []
    if one.server != server:
        found.append(f"had server id {one.server}")
    if ordinal and one.writable:
        found.append("took writes")
    if (age := record.age(one)) > stale and record.always_ready(ordinal, one.at - 1, one.at):
        found.append(f"was Ready and showed rows of {age:.0f} s ago")
    return found


def _since(record: Record, ordinal: int, since: float) -> Iterator[Seen]:
    """What a member showed from a moment on: a watch of hours has a hundred thousand looks before it."""
    looks = record.seen.get(ordinal, [])
    for index in range(bisect_left(looks, since, key=lambda one: one.at), len(looks)):
        yield looks[index]
