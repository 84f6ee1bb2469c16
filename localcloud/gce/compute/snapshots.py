"""Snapshots of disks, schedules for them, and networks: records; a snapshot has its bytes, too."""

from __future__ import annotations

from localcloud.gce import names
from localcloud.gce.clock import now
from localcloud.gce.compute import disks, files
from localcloud.gce.http.bodies import CreateSnapshot, NetworkInsert, ResourcePolicyInsert, ResourcePolicyPatch
from localcloud.gce.http.errors import ApiError, already_exists
from localcloud.gce.store import Record, Store


def create(store: Store, disk_path: str, body: CreateSnapshot) -> str:
    """A copy of a disk's bytes as they are now; of an attached disk, as after a power cut."""
    disk = disks.find(store, disk_path)
    names.check_name("resource.name", body.name)
    names.check_labels(body.labels)
    path = f"projects/{disk_path.split('/')[1]}/global/snapshots/{body.name}"
    if store.get(path) is not None:
        raise already_exists(path)
    number = store.next_id()
    file = f"snapshots/{body.name}-{number}.img"
    files.copy(store.root / disk["standinFile"], store.root / file)
    snapshot: Record = {
        "kind": "compute#snapshot",
        "id": str(number),
        "name": body.name,
        "description": body.description,
        "status": "READY",
        "diskSizeGb": disk["sizeGb"],
        "storageBytes": str(files.used(store.root / file)),
        "sourceDisk": disk_path,
        "sourceDiskId": disk["id"],
        "labels": body.labels,
        "labelFingerprint": names.fingerprint(body.labels),
        "creationTimestamp": now(),
        "selfLink": path,
        "standinFile": file,
    }
    store.put(path, snapshot)
    return path


def delete(store: Store, path: str) -> str:
    """Delete a snapshot; disks made from it are none the worse."""
    snapshot = disks.find(store, path)
    store.delete(path)
    store.after(lambda: (store.root / snapshot["standinFile"]).unlink(missing_ok=True))
    return path


def insert_policy(store: Store, place: str, body: ResourcePolicyInsert) -> str:
    """A snapshot schedule. The stand-in keeps it and takes no snapshot by it."""
    policy = {"snapshotSchedulePolicy": body.snapshot_schedule_policy.model_dump(by_alias=True, exclude_none=True)}
    record = {"kind": "compute#resourcePolicy", "region": place, "status": "READY", **policy}
    return _insert(store, f"{place}/resourcePolicies/{body.name}", body.name, body.description, record)


def patch_policy(store: Store, path: str, body: ResourcePolicyPatch) -> str:
    """Another schedule, from the next snapshot on."""
    policy = disks.find(store, path)
    policy |= body.model_dump(by_alias=True, exclude_none=True, include={"description", "snapshot_schedule_policy"})
    store.put(path, policy)
    return path


def delete_policy(store: Store, path: str) -> str:
    """Delete a schedule that no disk is on."""
    disks.find(store, path)
    for user, record in store.under(f"projects/{path.split('/')[1]}/"):
        if path in record.get("resourcePolicies", ()):
            raise ApiError(
                "resourceInUseByAnotherResource",
                f"The resource_policy resource '{path}' is already being used by '{user}'",
            )
    store.delete(path)
    return path


def insert_network(store: Store, place: str, body: NetworkInsert) -> str:
    """A network, as a record that Cloud SQL's private addresses refer to."""
    record = {"kind": "compute#network", "autoCreateSubnetworks": body.auto_create_subnetworks}
    return _insert(store, f"{place}/networks/{body.name}", body.name, body.description, record)


def delete_network(store: Store, path: str) -> str:
    """Delete a network that no Cloud SQL instance is in."""
    disks.find(store, path)
    for user, record in store.under(f"sql/projects/{path.split('/')[1]}/instances/"):
        if record.get("settings", {}).get("ipConfiguration", {}).get("privateNetwork") == path:
            raise ApiError(
                "resourceInUseByAnotherResource",
                f"The network resource '{path}' is already being used by '{user}'",
            )
    store.delete(path)
    return path


def _insert(store: Store, path: str, name: str, description: str, record: Record) -> str:
    names.check_name("resource.name", name)
    if store.get(path) is not None:
        raise already_exists(path)
    made = {"id": str(store.next_id()), "name": name, "description": description, "selfLink": path}
    store.put(path, {**record, **made, "creationTimestamp": now()})
    return path
