"""Snapshots of disks: a record, and a file with the bytes that the disk had at that moment."""

from __future__ import annotations

from localcloud.gce import names
from localcloud.gce.clock import now
from localcloud.gce.compute import files, records
from localcloud.gce.compute.bodies import CreateSnapshot
from localcloud.gce.http.errors import already_exists
from localcloud.gce.store import Record, Store


def create(store: Store, disk_path: str, body: CreateSnapshot) -> str:
    """Copy a disk's bytes as they are now, those of an attached disk as after a power cut; returns the snapshot's path.

    Raises ApiError where there is no such disk, or the snapshot's name is bad or taken.
    """
    disk = records.find(store, disk_path)
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
    """Delete a snapshot and return its path; disks that were made from it keep their bytes."""
    snapshot = records.find(store, path)
    store.delete(path)
    store.after(lambda: (store.root / snapshot["standinFile"]).unlink(missing_ok=True))
    return path
