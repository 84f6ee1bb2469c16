"""What a check says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """Something that has to be so, and whether it is."""

    name: str
    ok: bool
    detail: str = ""
