"""Ctrl-C and SIGTERM end a drill in order: what was changed is put back first, and a second one waits for it."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def _interrupt(_: int, __: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextmanager
def as_interrupts() -> Iterator[None]:
    """SIGTERM means what Ctrl-C means."""
    before = {each: signal.signal(each, _interrupt) for each in _SIGNALS}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@contextmanager
def held(say: Callable[[str], None]) -> Iterator[None]:
    """Neither is heard meanwhile; whoever sends one is told why."""

    def tell(_: int, __: FrameType | None) -> None:
        say("putting things back first; a moment")

    before = {each: signal.signal(each, tell) for each in _SIGNALS}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
