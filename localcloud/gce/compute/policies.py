"""Schedules by which Compute Engine takes snapshots: resource policies, here records and no more."""

from __future__ import annotations

from localcloud.gce.compute import records
from localcloud.gce.compute.bodies import ResourcePolicyInsert, ResourcePolicyPatch
from localcloud.gce.http.errors import ApiError
from localcloud.gce.store import Record, Store


def insert(store: Store, place: str, body: ResourcePolicyInsert) -> str:
    """Make a snapshot schedule and return its path. The stand-in keeps it and takes no snapshot by it."""
    policy = {"snapshotSchedulePolicy": body.snapshot_schedule_policy.model_dump(by_alias=True, exclude_none=True)}
    record: Record = {"kind": "compute#resourcePolicy", "region": place, "status": "READY", **policy}
    return records.insert(store, f"{place}/resourcePolicies/{body.name}", body.name, body.description, record)


def patch(store: Store, path: str, body: ResourcePolicyPatch) -> str:
    """Give a schedule other times, which hold from the next snapshot on; returns its path."""
    policy = records.find(store, path)
    policy |= body.model_dump(by_alias=True, exclude_none=True, include={"description", "snapshot_schedule_policy"})
    store.put(path, policy)
    return path


def delete(store: Store, path: str) -> str:
    """Delete a schedule that no disk is on, and return its path; raises ApiError while a disk is on it."""
    records.find(store, path)
    for user, record in store.under(f"projects/{path.split('/')[1]}/"):
        if path in record.get("resourcePolicies", ()):
            raise ApiError(
                "resourceInUseByAnotherResource",
                f"The resource_policy resource '{path}' is already being used by '{user}'",
            )
    store.delete(path)
    return path
