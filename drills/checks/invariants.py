"""What must hold after every drill and every fault, by what members and notes tell. Each check says what it found."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from drills.checks import gtid
from drills.checks.check import Check
from drills.load.notes import Seen, State

FEW = 5
"""Of many rows, so many are named."""


def no_row_lost(acknowledged: Collection[int], held: Mapping[str, Collection[int]]) -> Check:
    """Every acknowledged row is on every member."""
    name = "every acknowledged row is on every member"
    if not acknowledged:
        return Check(name, False, "no row was acknowledged at all, so there is nothing to go by")
    lost = {host: sorted(set(acknowledged) - set(rows)) for host, rows in held.items()}
    said = [
        f"{host} lacks {len(rows)}: {', '.join(map(str, rows[:FEW]))}{', …' if len(rows) > FEW else ''}"
        for host, rows in lost.items()
        if rows
    ]
    return Check(name, not said, "; ".join(said) or f"{len(acknowledged)} rows on {', '.join(sorted(held))}")


def lost(acknowledged: Collection[int], held: Mapping[str, Collection[int]]) -> int:
    """How many acknowledged rows are missing somewhere."""
    return len({row for rows in held.values() for row in set(acknowledged) - set(rows)})


def one_writable(states: Iterable[State | Seen], primary: str) -> Check:
    """None but the primary was ever seen writable."""
    name = "never two writable members"
    seen = list(states)
    others = [state for state in seen if state.writable and state.host != primary]
    if others:
        first = others[0]
        return Check(name, False, f"{first.host} was writable in {len(others)} of {len(seen)} looks")
    if not seen:
        return Check(name, False, "no member was ever asked")
    return Check(name, True, f"{len(seen)} looks at {len({state.host for state in seen})} members")


def all_answer(states: Sequence[State], hosts: Collection[str]) -> Check:
    """Each member says what it is."""
    absent = sorted(set(hosts) - {state.host for state in states})
    return Check("every member answers", not absent, f"no answer from {', '.join(absent)}" if absent else "")


def same_transactions(states: Sequence[State]) -> Check:
    """All members hold the same transactions."""
    name = "all members hold the same transactions"
    if not states:
        return Check(name, False, "no member answered")
    everything = ",".join(state.executed for state in states if state.executed != "-")
    if not everything:
        return Check(name, True, "GTIDs are off; the rows alone tell")
    behind = {state.host: sum(gtid.missing(other.executed, state.executed) for other in states) for state in states}
    said = [f"{host} lacks {count}" for host, count in behind.items() if count]
    return Check(name, not said, "; ".join(said) or f"{gtid.count(states[0].executed)} transactions each")


def distinct_servers(states: Sequence[State]) -> Check:
    """No two members have one server id or uuid."""
    ids, uuids = [state.server for state in states], [state.uuid for state in states]
    ok = len(set(ids)) == len(ids) and len(set(uuids)) == len(uuids)
    return Check("server ids are unique", ok, ", ".join(f"{s.host} {s.server}" for s in states))


def no_other_writable(states: Sequence[State], primary: str) -> Check:
    """The primary takes writes, and no other member does."""
    writable = [state.host for state in states if state.writable]
    return Check("the primary alone is writable", writable == [primary], f"writable: {', '.join(writable) or 'none'}")


def server_ids(states: Sequence[State | Seen], expected: Mapping[str, int]) -> Check:
    """Each member has the server id of its ordinal."""
    wrong = sorted({f"{one.host} had server id {one.server}" for one in states if one.server != expected[one.host]})
    return Check("each member has its own server id", not wrong, "; ".join(wrong))


def has_all_of(state: State, primary: str) -> Check:
    """A member has every transaction that the primary had; `primary`: those, as MySQL writes them."""
    lacking = gtid.missing(primary, state.executed)
    return Check("a member has what the primary had", not lacking, f"{state.host} lacks {lacking} of the primary's")


def none_of_their_own(states: Sequence[State], primary: str) -> Check:
    """No member has a transaction that the primary has not by now; `primary`: its transactions, told after theirs."""
    own = {state.host: gtid.missing(state.executed, primary) for state in states}
    said = [f"{host} has {count} of its own" for host, count in own.items() if count]
    return Check("no member has transactions of its own", not said, "; ".join(said))
