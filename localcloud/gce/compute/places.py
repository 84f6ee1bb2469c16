"""Zones and disk types, which are not made but simply there."""

from __future__ import annotations

from localcloud.gce import names
from localcloud.gce.compute import disks, instances
from localcloud.gce.http.errors import not_found
from localcloud.gce.store import Record, Store


def zone(project: str, name: str) -> Record:
    """A zone as a project sees it; raises ApiError where a name cannot be a zone's."""
    names.check_place(f"zones/{name}")
    return {
        "kind": "compute#zone",
        "name": name,
        "status": "UP",
        "region": f"projects/{project}/regions/{names.region_of(name)}",
        "selfLink": f"projects/{project}/zones/{name}",
    }


def zones(store: Store, project: str) -> list[Record]:
    """The zones that the cluster's nodes are in, by name."""
    known = {record["zone"] for _, record in store.under(instances.REGISTERED)}
    return [zone(project, name) for name in sorted(known)]


def disk_type(path: str) -> Record:
    """The disk type of that path, with its sizes in GB; raises ApiError where there is none of its name."""
    name = path.rpartition("/")[2]
    if name not in disks.SMALLEST_GB:
        raise not_found(path)
    return {
        "kind": "compute#diskType",
        "name": name,
        "validDiskSize": f"{disks.SMALLEST_GB[name]}GB-{disks.LARGEST_GB}GB",
        "defaultDiskSizeGb": str(disks.DEFAULT_GB[name]),
        "selfLink": path,
    }
