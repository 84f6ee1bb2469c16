"""The slot that the tests of localcloud take as an example, and one that no cluster is in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from localcloud.host.slot import Slot

SLOT = Slot("0")


@dataclass(frozen=True)
class Apart(Slot):
    """The first slot with a lock and a mark of its own: a test is not in the way of this machine's clusters."""

    name: str = "0"
    mark: str = "STATEFULSETS_TEST"
    lock: Path = Path("lock")
