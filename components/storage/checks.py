"""Checks that compare fields of a storage backend with each other: sizes and zones that Google has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ..kubernetes.quantities import Quantity
from ..model.errors import Finding, Path, shown
from .backends import Backend, GceBackend, GceDisks, RegionalDisks

LARGEST_DISK: Final = Quantity("64Ti")
SMALLEST_REGIONAL: Final = {
    "pd-standard": Quantity("200Gi"),
    "pd-balanced": Quantity("10Gi"),
    "pd-ssd": Quantity("10Gi"),
}
"""Smallest size of a regional disk by type (Compute Engine documentation, "Storage options", capacity per disk). Zonal
disks are not held to the 10 GB that are given there: the tutorials' are smaller, and the API takes them."""


def disk_is_possible(storage: Backend) -> Iterator[Finding]:
    """Google makes disks of this type in this size and in these zones."""
    if not isinstance(storage, GceBackend):
        return
    if storage.size > LARGEST_DISK:
        yield (("storage", "size"), f"{storage.size} is more than a disk can have; write {LARGEST_DISK} or less")
    if not isinstance(storage, RegionalDisks):
        return
    smallest = SMALLEST_REGIONAL[storage.type]
    if storage.size < smallest:
        other = "" if smallest == SMALLEST_REGIONAL["pd-ssd"] else ", or type: pd-balanced, which starts at 10Gi"
        yield (
            ("storage", "size"),
            f"{storage.size} is less than a regional {storage.type} disk can have; write {smallest} or more{other}",
        )
    for i, zone in enumerate(storage.replica_zones):
        if zone.rpartition("-")[0] != storage.region:
            yield (
                ("storage", "replicaZones", i),
                f"{shown(zone)} is not in region {storage.region}; write one of its zones, such as {storage.region}-b",
            )


def zones_of(storage: Backend) -> Iterator[tuple[Path, str]]:
    """Each zone that a backend names, with the path of the field below `storage`."""
    if isinstance(storage, RegionalDisks):
        yield from ((("replicaZones", i), zone) for i, zone in enumerate(storage.replica_zones))
    elif isinstance(storage, GceDisks):
        if any(disk.zone is None for disk in storage.disks):
            yield ("zone",), storage.zone
        yield from ((("disks", i, "zone"), disk.zone) for i, disk in enumerate(storage.disks) if disk.zone is not None)
