"""The one place that asks for the time."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> str:
    """RFC 3339 with milliseconds, as Google writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
