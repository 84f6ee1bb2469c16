"""What requests to Compute Engine may say, as far as this program and its CSI driver say it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from localcloud.gce.http.bodies import Body


class DiskInsert(Body):
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
    size_gb: int


class SetLabels(Body):
    labels: dict[str, str] = Field(default_factory=dict)
    label_fingerprint: str = ""


class CreateSnapshot(Body):
    name: str
    source_disk: str | None = None
    storage_locations: list[str] | None = None
    description: str = ""
    labels: dict[str, str] = Field(default_factory=dict)


class Policies(Body):
    resource_policies: list[str] = Field(min_length=1)


class AttachDisk(Body):
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
    days_in_cycle: Literal[1]
    start_time: str = Field(pattern=r"^([01][0-9]|2[0-3]):00$")


class Schedule(Body):
    daily_schedule: DailySchedule


class Retention(Body):
    max_retention_days: int = Field(ge=1, le=65535)
    on_source_disk_delete: Literal["KEEP_AUTO_SNAPSHOTS", "APPLY_RETENTION_POLICY"] = "KEEP_AUTO_SNAPSHOTS"


class SnapshotSchedulePolicy(Body):
    schedule: Schedule
    retention_policy: Retention | None = None


class ResourcePolicyInsert(Body):
    name: str
    description: str = ""
    snapshot_schedule_policy: SnapshotSchedulePolicy


class ResourcePolicyPatch(Body):
    name: str | None = None
    description: str | None = None
    snapshot_schedule_policy: SnapshotSchedulePolicy | None = None


class NetworkInsert(Body):
    name: str
    description: str = ""
    auto_create_subnetworks: bool = True


class StandinInstance(Body):
    name: str
    zone: str


class StandinInstances(Body):
    instances: list[StandinInstance]
