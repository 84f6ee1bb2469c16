"""Sets of transactions as MySQL writes them: `uuid:1-5:7,uuid:tag:1-3`."""

from __future__ import annotations

Transactions = dict[str, list[tuple[int, int]]]


def parse(text: str) -> Transactions:
    """Ranges by origin (server uuid, and tag where there is one); nothing for `-` or an empty text."""
    found: Transactions = {}
    for part in text.replace("\n", "").replace(" ", "").split(","):
        if part in ("", "-"):
            continue
        uuid, *rest = part.split(":")
        origin = uuid
        for piece in rest:
            first, _, last = piece.partition("-")
            if first.isdigit():
                found.setdefault(origin, []).append((int(first), int(last or first)))
            else:
                origin = f"{uuid}:{piece}"
    return found


def missing(from_: str, in_: str) -> int:
    """How many transactions of `from_` are not in `in_`."""
    there = parse(in_)
    return sum(
        last - first + 1 - sum(max(0, min(last, b) - max(first, a) + 1) for a, b in there.get(origin, ()))
        for origin, ranges in parse(from_).items()
        for first, last in ranges
    )


def count(text: str) -> int:
    """How many transactions a set of them has."""
    return missing(text, "")
