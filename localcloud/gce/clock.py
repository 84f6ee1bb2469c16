"""The time, which the stand-in asks for here only."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> str:
    """The present time as text, in RFC 3339 with milliseconds, as Google writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
