"""What a person is told in one line."""

from __future__ import annotations


class DrillError(Exception):
    """Something that the user can mend; its text says how."""


class UnreachableError(DrillError):
    """The API server, or a pod through it, did not answer; it may the next time."""
