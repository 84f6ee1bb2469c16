"""The client pod, with and without its first process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.drills.load.pods import Pod, idling


@pytest.fixture
def bare(tmp_path: Path) -> Pod:
    """One whose first process has yet to begin."""
    return Pod(tmp_path)


@pytest.fixture
def pod(bare: Pod) -> Iterator[Pod]:
    with idling(bare):
        yield bare
