"""What a fault is, wherever it is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from drills.scene import Scene

S = TypeVar("S", bound=Scene, contravariant=True)


def nothing(_: Any) -> None:
    """The set mends itself, and nothing is left behind."""


@dataclass(frozen=True)
class Fault(Generic[S]):
    """Its steps are made in this order; `S` is what it must know of the set besides the API."""

    name: str
    """What reports call it."""
    strike: Callable[[S], None]
    """Breaks something."""
    meanwhile: Callable[[S], None] = nothing
    """Waits for what has to be seen as long as it is broken, and checks it."""
    heal: Callable[[S], None] = nothing
    """Mends it, where the set does not do so by itself. It is made even if a step before failed; twice does no harm."""
    tidy: Callable[[S], None] = nothing
    """Puts the scenery back, once the members have recovered or have failed to."""
    seconds: float = 240
    """Until when all must be as it was."""
    variant: bool = False
    """A variant of another fault, for which a test run has no time: the soak alone makes it."""


def whose(ordinal: int) -> str:
    """A member by its role, for names of faults."""
    return "a replica" if ordinal else "the primary"
