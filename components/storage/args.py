"""A storage backend as any program gives it."""

# Annotations here are not deferred: Pulumi reads the arguments' types from them to make SDKs for other languages.
from collections.abc import Mapping, Sequence
from typing import Required, TypedDict


class LocalVolumeArgs(TypedDict):
    """One directory of one node."""

    name: str
    node: str
    path: str


class DiskArgs(TypedDict, total=False):
    """One Compute Engine disk; `zone` is a zonal disk's."""

    name: Required[str]
    adopt: bool
    zone: str


class SnapshotScheduleArgs(TypedDict, total=False):
    """A snapshot of every disk once a day."""

    start_time: str
    keep_days: int


class StorageArgs(TypedDict, total=False):
    """One of the storage backends, by `kind`: local, gce-disks, regional-disks, dynamic or shared-claim."""

    kind: Required[str]
    claim_size: str
    volume_size: str
    access_mode: str
    class_name: str
    claim: str
    volumes: Sequence[LocalVolumeArgs]
    disks: Sequence[DiskArgs]
    size: str
    type: str
    fs_type: str
    labels: Mapping[str, str]
    snapshots: SnapshotScheduleArgs
    zone: str
    source: str
    region: str
    replica_zones: Sequence[str]
