"""Directories in which something is being made: they get their final name when it is whole, or are cleared."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

SUFFIX = ".unfinished"


def new(name: str, cache: Path) -> Path:
    """An empty directory beside the finished ones."""
    parent = cache / "bin"
    parent.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=f"{name}-", suffix=SUFFIX, dir=parent))


def clear(cache: Path) -> None:
    """Remove what an interrupted run left half-made. The caller holds the cache's lock: nobody else is making it."""
    for leftover in (cache / "bin").glob(f"*{SUFFIX}"):
        shutil.rmtree(leftover, ignore_errors=True)
