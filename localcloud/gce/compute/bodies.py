"""What requests to Compute Engine may say, as far as this program and its CSI driver say it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from localcloud.gce.http.bodies import Body


class DiskInsert(Body):
    """A disk that is to be made; sizes are in GB."""

    name: str
    size_gb: int | None = None
    type: str | None = None
    description: str = ""
    labels: dict[str, str] = Field(default_factory=dict)
    source_snapshot: str | None = None
    source_disk: str | None = None
    multi_writer: Literal[False] = False
    replica_zones: list[str] | None = None
    physical_block_size_bytes: Literal["4096"] = "4096"


class Resize(Body):
    """The new size of a disk, in GB."""

    size_gb: int


class SetLabels(Body):
    """All labels that a disk is to have, and the fingerprint of those that the caller has seen."""

    labels: dict[str, str] = Field(default_factory=dict)
    label_fingerprint: str = ""


class CreateSnapshot(Body):
    """A snapshot that is to be made; the disk is named here or by the path."""

    name: str
    source_disk: str | None = None
    storage_locations: list[str] | None = None
    description: str = ""
    labels: dict[str, str] = Field(default_factory=dict)


class Policies(Body):
    """The snapshot schedules that a disk is to be put on or taken off."""

    resource_policies: list[str] = Field(min_length=1)


class AttachDisk(Body):
    """A disk that is to be attached, and how."""

    source: str
    device_name: str | None = None
    mode: Literal["READ_WRITE", "READ_ONLY"] = "READ_WRITE"
    type: Literal["PERSISTENT"] = "PERSISTENT"
    boot: Literal[False] = False
    auto_delete: Literal[False] = False
    kind: Literal["compute#attachedDisk", "compute#disk"] = "compute#attachedDisk"
    force_attach: bool = False
    """This field is ignored, as it is by Google: the query parameter of that name counts."""


class DailySchedule(Body):
    """A time of every day, in UTC and on the hour."""

    days_in_cycle: Literal[1]
    start_time: str = Field(pattern=r"^([01][0-9]|2[0-3]):00$")


class Schedule(Body):
    """The times of a snapshot schedule; of Google's kinds there is the daily one."""

    daily_schedule: DailySchedule


class Retention(Body):
    """How long the snapshots of a schedule are kept."""

    max_retention_days: int = Field(ge=1, le=65535)
    on_source_disk_delete: Literal["KEEP_AUTO_SNAPSHOTS", "APPLY_RETENTION_POLICY"] = "KEEP_AUTO_SNAPSHOTS"


class SnapshotSchedulePolicy(Body):
    """A snapshot schedule: its times, and how long snapshots are kept."""

    schedule: Schedule
    retention_policy: Retention | None = None


class ResourcePolicyInsert(Body):
    """A snapshot schedule that is to be made."""

    name: str
    description: str = ""
    snapshot_schedule_policy: SnapshotSchedulePolicy


class ResourcePolicyPatch(Body):
    """What is to be changed in a snapshot schedule; a field that is absent stays as it is."""

    name: str | None = None
    description: str | None = None
    snapshot_schedule_policy: SnapshotSchedulePolicy | None = None


class NetworkInsert(Body):
    """A network that is to be made."""

    name: str
    description: str = ""
    auto_create_subnetworks: bool = True


class StandinInstance(Body):
    """An instance that exists: a node of the cluster."""

    name: str
    zone: str


class StandinInstances(Body):
    """All instances that exist."""

    instances: list[StandinInstance]
