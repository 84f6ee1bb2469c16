"""Zonal and regional disks, and what Compute Engine allows with them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from localcloud.gce import names
from localcloud.gce.clock import now
from localcloud.gce.compute import files, records
from localcloud.gce.compute.bodies import DiskInsert, Policies, Resize, SetLabels
from localcloud.gce.http.errors import ApiError, already_exists, invalid
from localcloud.gce.store import Record, Store

LARGEST_GB: Final = 64 * 1024
"""The size in GB that no disk may exceed."""
SMALLEST_GB: Final = {"pd-standard": 1, "pd-balanced": 1, "pd-ssd": 1, "pd-extreme": 500}
"""The smallest zonal disk of each type, in GB. Google's documentation says 10; its API takes 1 (PD CSI driver,
MinimumDiskSizeInGb)."""
SMALLEST_REGIONAL_GB: Final = {"pd-standard": 200, "pd-balanced": 10, "pd-ssd": 10}
"""The smallest regional disk of each type, in GB (Compute Engine, "About regional persistent disks")."""
DEFAULT_GB: Final = {"pd-standard": 500, "pd-balanced": 100, "pd-ssd": 100, "pd-extreme": 1000}
"""The size of a disk that is made without one, in GB (Compute Engine, diskTypes.defaultDiskSizeGb)."""


def insert(store: Store, place: str, body: DiskInsert) -> str:
    """Make a disk in `projects/P/zones/Z` or `projects/P/regions/R` and return its path; raises ApiError."""
    names.check_name("resource.name", body.name)
    names.check_labels(body.labels)
    project, regional = place.split("/")[1], "/regions/" in place
    path = f"{place}/disks/{body.name}"
    if store.get(path) is not None:
        raise already_exists(path)
    kind = (body.type or "pd-standard").rpartition("/")[2]
    snapshot, original = _snapshot(store, project, body), _original(store, project, body)
    size = _size(body, kind, regional, snapshot or original)
    number = store.next_id()
    disk: Record = {
        "kind": "compute#disk",
        "id": str(number),
        "name": body.name,
        "description": body.description,
        "status": "READY",
        "sizeGb": str(size),
        "selfLink": path,
        "type": f"{place}/diskTypes/{kind}",
        "labels": body.labels,
        "labelFingerprint": names.fingerprint(body.labels),
        "physicalBlockSizeBytes": body.physical_block_size_bytes,
        "resourcePolicies": [],
        "creationTimestamp": now(),
        "standinFile": f"disks/{body.name}-{number}.img",
    }
    if regional:
        disk |= {"region": place, "replicaZones": _replica_zones(project, place, body)}
    elif body.replica_zones:
        raise invalid("Invalid value for field 'resource.replicaZones': a zonal disk has none")
    else:
        disk["zone"] = place
    store.put(path, {**disk, **_fill(store, store.root / disk["standinFile"], snapshot or original, size)})
    return path


def _fill(store: Store, file: Path, source: Record | None, size: int) -> Record:
    """Make a new disk's file, empty or a copy; returns what the disk tells of its source."""
    if source is None:
        files.make(file, size)
        return {}
    files.copy(store.root / source["standinFile"], file)
    files.grow(file, size)
    kind = "sourceDisk" if source["kind"] == "compute#disk" else "sourceSnapshot"
    return {kind: source["selfLink"], f"{kind}Id": source["id"]}


def _snapshot(store: Store, project: str, body: DiskInsert) -> Record | None:
    if body.source_snapshot is None:
        return None
    return records.find(store, names.reference(project, body.source_snapshot, "global/snapshots/"))


def _original(store: Store, project: str, body: DiskInsert) -> Record | None:
    if body.source_disk is None:
        return None
    return records.find(store, names.reference(project, body.source_disk))


def _size(body: DiskInsert, kind: str, regional: bool, source: Record | None) -> int:
    smallest = (SMALLEST_REGIONAL_GB if regional else SMALLEST_GB).get(kind)
    if smallest is None:
        raise invalid(f"Invalid value for field 'resource.type': '{kind}'. No such disk type here")
    least = int(source.get("diskSizeGb") or source["sizeGb"]) if source else 0
    size = body.size_gb if body.size_gb is not None else least or DEFAULT_GB[kind]
    if not smallest <= size <= LARGEST_GB:
        raise invalid(f"Disk size: {size} GB is not between {smallest} GB and {LARGEST_GB} GB for {kind}")
    if source and size < least:
        kind = "disk" if source["kind"] == "compute#disk" else "snapshot"
        raise invalid(f"Requested disk size cannot be smaller than the {kind} size ({least} GB)")
    return size


def _replica_zones(project: str, place: str, body: DiskInsert) -> list[str]:
    region = place.rpartition("/")[2]
    zones = [names.reference(project, zone, "zones/").rpartition("/")[2] for zone in body.replica_zones or []]
    if len(set(zones)) != 2 or any(names.region_of(zone) != region or not names.is_zone(zone) for zone in zones):
        raise invalid(f"Invalid value for field 'resource.replicaZones': two zones of {region} are needed, not {zones}")
    return [f"projects/{project}/zones/{zone}" for zone in zones]


def delete(store: Store, path: str) -> str:
    """Delete a disk with its bytes and return its path; raises ApiError while an instance has it."""
    disk = records.find(store, path)
    if disk.get("users"):
        raise in_use(path, disk["users"][0])
    store.delete(path)
    store.after(lambda: (store.root / disk["standinFile"]).unlink(missing_ok=True))
    return path


def in_use(path: str, user: str) -> ApiError:
    """The refusal, in Google's words, of a change to the disk at `path` that `user` has attached."""
    return ApiError("resourceInUseByAnotherResource", f"The disk resource '{path}' is already being used by '{user}'")


def resize(store: Store, path: str, body: Resize) -> str:
    """Grow a disk, attached or not, and return its path; raises ApiError if it would not be larger than it is."""
    disk = records.find(store, path)
    if body.size_gb <= int(disk["sizeGb"]):
        raise invalid(
            f"Invalid value for field 'sizeGb': '{body.size_gb}'. New disk size '{body.size_gb}' GB must be larger than"
            f" existing size '{disk['sizeGb']}' GB."
        )
    if body.size_gb > LARGEST_GB:
        raise invalid(f"Invalid value for field 'sizeGb': '{body.size_gb}'. At most {LARGEST_GB} GB")
    files.grow(store.root / disk["standinFile"], body.size_gb)
    store.put(path, {**disk, "sizeGb": str(body.size_gb)})
    return path


def set_labels(store: Store, path: str, body: SetLabels) -> str:
    """Replace all labels of a disk and return its path.

    Raises ApiError unless the caller gives the fingerprint of the present labels, which shows that it has seen them.
    """
    disk = records.find(store, path)
    names.check_labels(body.labels)
    if body.label_fingerprint != disk["labelFingerprint"]:
        raise ApiError("conditionNotMet", "Labels fingerprint either invalid or resource labels have changed")
    store.put(path, {**disk, "labels": body.labels, "labelFingerprint": names.fingerprint(body.labels)})
    return path


def add_policies(store: Store, path: str, body: Policies) -> str:
    """Put a disk on a snapshot schedule of its region and return its path; raises ApiError if it is on another."""
    disk, wanted = records.find(store, path), _policies(store, path, body)
    if len({*disk["resourcePolicies"], *wanted}) > 1:
        raise invalid(f"The disk resource '{path}' can have only one snapshot schedule")
    store.put(path, {**disk, "resourcePolicies": wanted})
    return path


def remove_policies(store: Store, path: str, body: Policies) -> str:
    """Take a disk off its schedule and return its path; raises ApiError if it is not on it."""
    disk, unwanted = records.find(store, path), _policies(store, path, body)
    left = [policy for policy in disk["resourcePolicies"] if policy not in unwanted]
    if len(left) == len(disk["resourcePolicies"]):
        raise invalid(f"The disk resource '{path}' is not on '{unwanted[0]}'")
    store.put(path, {**disk, "resourcePolicies": left})
    return path


def _policies(store: Store, path: str, body: Policies) -> list[str]:
    _, project, kind, place, *_ = path.split("/")
    region = place if kind == "regions" else names.region_of(place)
    wanted = [names.reference(project, p, f"regions/{region}/resourcePolicies/") for p in body.resource_policies]
    for policy in wanted:
        records.find(store, policy)
        if policy.split("/")[3] != region:
            raise invalid(f"'{policy}' is in another region than '{path}'")
    return wanted
