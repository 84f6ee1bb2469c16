"""GcePersistentDisks: the named disks that a workload's volumes lie on (000)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

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

from components.config.base import Durability
from components.config.storage import DiskPlace, GceDisks, RegionalDisks, SnapshotSchedule

UNTOLD_BY_GOOGLE: Final = ["labels", "createSnapshotBeforeDestroy", "createSnapshotBeforeDestroyPrefix"]
"""What a disk made elsewhere does not have; adopting one must not fail on it."""


@dataclass(frozen=True, kw_only=True)
class GcePersistentDisksArgs:
    """What GcePersistentDisks needs to know."""

    project: str
    storage: GceDisks | RegionalDisks
    durability: Durability
    """keep: disks are protected, and snapshotted if they are destroyed after all."""


class GcePersistentDisks(pulumi.ComponentResource):
    """After `up`: each disk exists, with its snapshot schedule if it has one.

    Replaces data: another zone, region or type, a smaller size, another file name. With durability keep every disk is
    protected, so that the engine refuses all of these, and `pulumi destroy`, at preview. To delete a disk on purpose:
    `pulumi state unprotect`, and a snapshot of it is taken first.
    """

    disks: Mapping[str, pulumi.Resource]
    """Disk name -> the disk."""

    def __init__(self, name: str, args: GcePersistentDisksArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("statefulsets:disks:GcePersistentDisks", name, None, opts)
        self.disks = {place.name: self._disk(name, args, place) for place in args.storage.places}
        if args.storage.snapshots is not None:
            self._schedule(name, args, args.storage.snapshots)
        self.register_outputs({"disks": list(self.disks)})

    def _disk(self, name: str, args: GcePersistentDisksArgs, place: DiskPlace) -> pulumi.Resource:
        """Safety is set on each disk by itself: a component's would not reach it for certain."""
        opts = pulumi.ResourceOptions(
            parent=self,
            protect=args.durability == "keep",
            import_=place.handle(args.project) if place.adopt else None,
            ignore_changes=UNTOLD_BY_GOOGLE if place.adopt else [],
        )
        inputs = disk_inputs(args, place)
        if place.is_regional:
            zones = list(place.zones)
            return RegionDisk(f"{name}-{place.name}", region=place.region, replica_zones=zones, **inputs, opts=opts)
        return Disk(f"{name}-{place.name}", zone=place.zones[0], **inputs, opts=opts)

    def _schedule(self, name: str, args: GcePersistentDisksArgs, snapshots: SnapshotSchedule) -> None:
        """One policy for each region. It is attached, not named in the disk, where a change would replace the disk."""
        places = args.storage.places
        policies = {
            region: self._policy(name, args, region, snapshots) for region in sorted({p.region for p in places})
        }
        for place in places:
            attached: dict[str, Any] = {
                "name": policies[place.region].name,
                "disk": place.name,
                "project": args.project,
                "opts": pulumi.ResourceOptions(parent=self, depends_on=[self.disks[place.name]]),
            }
            if place.is_regional:
                RegionDiskResourcePolicyAttachment(f"{name}-{place.name}-snapshots", region=place.region, **attached)
            else:
                DiskResourcePolicyAttachment(f"{name}-{place.name}-snapshots", zone=place.zones[0], **attached)

    def _policy(
        self, name: str, args: GcePersistentDisksArgs, region: str, snapshots: SnapshotSchedule
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
            project=args.project,
            region=region,
            snapshot_schedule_policy=schedule,
            opts=pulumi.ResourceOptions(parent=self),
        )


def disk_inputs(args: GcePersistentDisksArgs, place: DiskPlace) -> dict[str, Any]:
    """What zonal and regional disks are told alike."""
    keep = args.durability == "keep"
    return {
        "name": place.name,
        "project": args.project,
        "size": args.storage.size.whole_gi,
        "type": args.storage.type,
        "labels": {"managed-by": "pulumi", **args.storage.labels},
        "create_snapshot_before_destroy": keep,
        "create_snapshot_before_destroy_prefix": place.name if keep else None,
    }
