"""The slot that the tests of localcloud take as an example."""

from __future__ import annotations

from localcloud.host.layout import Slot

SLOT = Slot("0")
