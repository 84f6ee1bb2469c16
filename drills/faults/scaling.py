"""The set gets more members, or fewer."""

from __future__ import annotations

from drills.errors import DrillError
from drills.scene import Site
from drills.target import SETS


def scale(site: Site, name: str, replicas: int) -> None:
    """Has the set run so many members, as `kubectl scale` does."""
    if site.cluster.patch(site.cluster.path(f"{SETS}/{name}/scale"), {"spec": {"replicas": replicas}}) is None:
        raise DrillError(f"StatefulSet {name} is gone")
