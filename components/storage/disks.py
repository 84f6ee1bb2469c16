"""GcePersistentDisks: the named disks that a workload's volumes lie on."""

# Annotations here are not deferred: Pulumi reads the arguments' types from them to make SDKs for other languages.
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Final, Required, TypedDict, cast

import pulumi
from pulumi_gcp.compute import (
    Disk,
    DiskResourcePolicyAttachment,
    RegionDisk,
    RegionDiskResourcePolicyAttachment,
    ResourcePolicy,
    ResourcePolicySnapshotSchedulePolicyArgs,
    ResourcePolicySnapshotSchedulePolicyRetentionPolicyArgs,
    ResourcePolicySnapshotSchedulePolicyScheduleArgs,
    ResourcePolicySnapshotSchedulePolicyScheduleDailyScheduleArgs,
)
from pydantic import Field

from ..model.args import settle
from ..model.base import Durability, Model, args_of
from ..model.errors import Finding
from .args import StorageArgs
from .backends import DiskPlace, GceDisks, RegionalDisks, SnapshotSchedule
from .checks import disk_is_possible

UNTOLD_BY_GOOGLE: Final = ["labels", "createSnapshotBeforeDestroy", "createSnapshotBeforeDestroyPrefix"]
"""Properties that a disk which was made elsewhere does not have. An import must not fail on them."""


class GcePersistentDisksArgs(TypedDict, total=False):
    """The arguments of GcePersistentDisks. `GcePersistentDisksSpec` says what each field may be."""

    project: Required[str]
    storage: Required[StorageArgs]
    """The backend; its `kind` is gce-disks or regional-disks."""
    durability: str


class GcePersistentDisksSpec(Model):
    """The disks of one workload."""

    project: Annotated[str, Field(min_length=1)]
    """Google project of the disks."""
    storage: Annotated[GceDisks | RegionalDisks, Field(discriminator="kind")]
    """What the disks are like, and their names."""
    durability: Durability = "keep"
    """keep: the disks are protected, and if one is destroyed after all, a snapshot is taken first. discard: neither."""


class GcePersistentDisks(pulumi.ComponentResource):
    """After `up` each disk exists, with its snapshot schedule if it has one.

    Another name, zone, region or type of a disk, or a smaller size, replaces its data by a new, empty disk. With
    durability keep every disk is protected, so that the engine refuses all of these, and `pulumi destroy`, at the
    preview. To delete a disk on purpose, `pulumi state unprotect` it first; then a snapshot is taken before it goes.

    Raises pulumi.RunError before anything is registered, with a line for everything that is wrong.
    """

    disks: pulumi.Output[Sequence[str]]
    """Names of the disks, by ordinal."""

    def __init__(self, name: str, args: GcePersistentDisksArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        spec = settle(name, GcePersistentDisksSpec, args, rules=possible).spec
        super().__init__("statefulsets:disks:GcePersistentDisks", name, None, opts)
        self.by_name: Mapping[str, pulumi.Resource] = {
            place.name: self._disk(name, spec, place) for place in spec.storage.places
        }
        if spec.storage.snapshots is not None:
            self._schedule(name, spec, spec.storage.snapshots)
        self.disks = pulumi.Output.from_input(list(self.by_name))
        self.register_outputs({"disks": list(self.by_name)})

    def _disk(self, name: str, spec: GcePersistentDisksSpec, place: DiskPlace) -> pulumi.Resource:
        """Registers one disk. It is protected by itself: not every option of a component reaches its children."""
        opts = pulumi.ResourceOptions(
            parent=self,
            protect=spec.durability == "keep",
            import_=place.handle(spec.project) if place.adopt else None,
            ignore_changes=UNTOLD_BY_GOOGLE if place.adopt else [],
        )
        inputs = disk_inputs(spec, place)
        if place.is_regional:
            zones = list(place.zones)
            return RegionDisk(f"{name}-{place.name}", region=place.region, replica_zones=zones, **inputs, opts=opts)
        return Disk(f"{name}-{place.name}", zone=place.zones[0], **inputs, opts=opts)

    def _schedule(self, name: str, spec: GcePersistentDisksSpec, snapshots: SnapshotSchedule) -> None:
        """Registers one policy a region, and attaches it: as a property of a disk, a change would replace the disk."""
        places = spec.storage.places
        policies = {
            region: self._policy(name, spec, region, snapshots) for region in sorted({p.region for p in places})
        }
        for place in places:
            attached: dict[str, Any] = {
                "name": policies[place.region].name,
                "disk": place.name,
                "project": spec.project,
                "opts": pulumi.ResourceOptions(parent=self, depends_on=[self.by_name[place.name]]),
            }
            if place.is_regional:
                RegionDiskResourcePolicyAttachment(f"{name}-{place.name}-snapshots", region=place.region, **attached)
            else:
                DiskResourcePolicyAttachment(f"{name}-{place.name}-snapshots", zone=place.zones[0], **attached)

    def _policy(
        self, name: str, spec: GcePersistentDisksSpec, region: str, snapshots: SnapshotSchedule
    ) -> ResourcePolicy:
        daily = ResourcePolicySnapshotSchedulePolicyScheduleDailyScheduleArgs(
            days_in_cycle=1, start_time=snapshots.start_time
        )
        schedule = ResourcePolicySnapshotSchedulePolicyArgs(
            schedule=ResourcePolicySnapshotSchedulePolicyScheduleArgs(daily_schedule=daily),
            retention_policy=ResourcePolicySnapshotSchedulePolicyRetentionPolicyArgs(
                max_retention_days=snapshots.keep_days, on_source_disk_delete="KEEP_AUTO_SNAPSHOTS"
            ),
        )
        return ResourcePolicy(
            f"{name}-snapshots-{region}",
            name=f"{name}-snapshots",
            project=spec.project,
            region=region,
            snapshot_schedule_policy=schedule,
            opts=pulumi.ResourceOptions(parent=self),
        )


def disk_inputs(spec: GcePersistentDisksSpec, place: DiskPlace) -> dict[str, Any]:
    """The inputs that zonal and regional disks have in common."""
    keep = spec.durability == "keep"
    return {
        "name": place.name,
        "project": spec.project,
        "size": spec.storage.size.whole_gi,
        "type": spec.storage.type,
        "labels": {"managed-by": "pulumi", **spec.storage.labels},
        "create_snapshot_before_destroy": keep,
        "create_snapshot_before_destroy_prefix": place.name if keep else None,
    }


def possible(name: str, spec: GcePersistentDisksSpec) -> Iterator[Finding]:
    """Google makes disks of these sizes, in these zones."""
    yield from disk_is_possible(spec.storage)


def disks_args(project: str, storage: GceDisks | RegionalDisks, durability: Durability) -> GcePersistentDisksArgs:
    """The arguments for a backend of the stack file."""
    fields = {"project": project, "storage": args_of(storage), "durability": durability}
    return cast(GcePersistentDisksArgs, fields)
