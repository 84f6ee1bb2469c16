"""The arguments for a storage backend; `storage.backends` says what each field may be, and what it is by default."""

# Annotations here are not deferred: Pulumi reads the arguments' types from them to make SDKs for other languages.
from collections.abc import Mapping, Sequence
from typing import Required, TypedDict


class LocalVolumeArgs(TypedDict):
    """One directory of one node."""

    name: str
    node: str
    path: str


class DiskArgs(TypedDict, total=False):
    """One Compute Engine disk. `zone` is for gce-disks only."""

    name: Required[str]
    adopt: bool
    zone: str


class SnapshotScheduleArgs(TypedDict, total=False):
    """A snapshot of every disk once a day."""

    start_time: str
    keep_days: int


class StorageArgs(TypedDict, total=False):
    """A storage backend: its `kind` is local, gce-disks, regional-disks, dynamic or shared-claim."""

    kind: Required[str]
    """Which backend it is: local, gce-disks, regional-disks, dynamic or shared-claim."""
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
