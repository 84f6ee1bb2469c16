"""The storage backends a workload may choose from, told apart by `kind`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from ..kubernetes.quantities import Quantity
from ..model.base import (
    AccessMode,
    DiskSize,
    GoogleName,
    LabelKey,
    LabelValue,
    Model,
    ObjectName,
    Region,
    Size,
    Zone,
    form,
)


def _two_zones_of_one_region(zones: tuple[str, ...]) -> tuple[str, ...]:
    if len({zone.rpartition("-")[0] for zone in zones}) > 1 or len(set(zones)) < len(zones):
        raise ValueError("not two zones of one region; write two such as europe-west1-b and europe-west1-c")
    return zones


class Backend(Model):
    """What all backends have."""

    claim_size: Size | None = None
    """What each replica asks for. Default: the workload's (kubia 1Mi, nginx 1Gi)."""


class StaticBackend(Backend, ABC):
    """A backend whose volumes exist before the pods: one PersistentVolume per ordinal, pre-bound to its claim."""

    volume_size: Size | None = None
    """Capacity of each PersistentVolume. Default: the claim's size."""

    @property
    def class_name(self) -> str:
        """No class on either side: only then may a claim bind a volume that no provisioner made."""
        return ""

    @property
    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """Names of the volumes, by ordinal."""


class LocalVolume(Model):
    """One directory of one node."""

    name: ObjectName
    """Name of the PersistentVolume."""
    node: ObjectName
    """Value of the node's label kubernetes.io/hostname."""
    path: Annotated[
        str,
        Field(max_length=4096),
        *form(
            r"(/(?!\.{1,2}(/|$))[^/]+){2,}",
            "not a plain absolute path; write one at least two deep, such as /var/lib/volumes/a",
        ),
    ]
    """Directory, made if absent; it outlives the PersistentVolume."""


class LocalStorage(StaticBackend):
    """Directories of named nodes (001), in the order of the ordinals."""

    kind: Literal["local"] = "local"
    volumes: Annotated[tuple[LocalVolume, ...], Field(min_length=1)]
    """First for ordinal 0, and so on; more than there are replicas is room to grow."""

    @property
    def access_mode(self) -> AccessMode:
        """The one mode of a `local` volume."""
        return "ReadWriteOnce"

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(volume.name for volume in self.volumes)


@dataclass(frozen=True, kw_only=True)
class DiskPlace:
    """Where one disk is, however its backend says it."""

    name: str
    adopt: bool
    zones: tuple[str, ...]
    """One, or the two that a regional disk is in."""

    @property
    def region(self) -> str:
        """The region of its zones."""
        return self.zones[0].rpartition("-")[0]

    @property
    def is_regional(self) -> bool:
        """Whether it is in two zones at once."""
        return len(self.zones) > 1

    def handle(self, project: str) -> str:
        """Its name in Google's API, which the CSI driver takes as a handle and Pulumi as an ID to import."""
        place = f"regions/{self.region}" if self.is_regional else f"zones/{self.zones[0]}"
        return f"projects/{project}/{place}/disks/{self.name}"


class GceDisk(Model):
    """One disk, and the PersistentVolume of the same name."""

    name: GoogleName
    adopt: bool = False
    """The disk exists already: take it over as it is. Take the word away again after the first `up`."""


class ZonalDisk(GceDisk):
    """A disk in one zone."""

    zone: Zone | None = None
    """Default: the backend's. A change is refused: it would be a new, empty disk."""


class SnapshotSchedule(Model):
    """A snapshot of every disk once a day."""

    start_time: Annotated[
        str, *form(r"([01][0-9]|2[0-3]):00", "not a full hour; write one in quotes, such as '03:00'")
    ] = "03:00"
    """The hour in UTC, such as '03:00' (Compute Engine API v1, resourcePolicies: hourly granularity)."""
    keep_days: Annotated[int, Field(ge=1, le=65535)] = 14
    """How long each snapshot is kept; the last ones stay when the disk goes."""


class GceBackend(StaticBackend):
    """What zonal and regional disks have in common."""

    size: DiskSize
    """Size of each disk, in whole GiB. Growing happens in place; a smaller one is refused."""
    type: Literal["pd-standard", "pd-balanced", "pd-ssd"] = "pd-standard"
    """gcloud's default for the seed's disks. A change is refused: it would be a new, empty disk."""
    fs_type: Literal["ext4", "xfs"] = "ext4"
    """File system that the first mount makes."""
    access_mode: AccessMode = "ReadWriteOnce"
    labels: Annotated[Mapping[LabelKey, LabelValue], Field(max_length=60)] = Field(default_factory=dict)
    """Labels of the disks, for cost reports (Google Cloud documentation, "Labels overview": at most 64)."""
    snapshots: SnapshotSchedule | None = None
    """Default: none but the one before a disk is destroyed (`durability: keep`)."""

    @property
    @abstractmethod
    def places(self) -> tuple[DiskPlace, ...]:
        """The disks, by ordinal."""

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(place.name for place in self.places)


class GceDisks(GceBackend):
    """Named zonal disks (000), in the order of the ordinals. Its defaults are the seed's three."""

    kind: Literal["gce-disks"] = "gce-disks"
    disks: Annotated[tuple[ZonalDisk, ...], Field(min_length=1)] = tuple(
        ZonalDisk(name=name) for name in ("pv-a", "pv-b", "pv-c")
    )
    """First for ordinal 0, and so on; more than there are replicas is room to grow."""
    zone: Zone = "europe-west1-b"
    size: DiskSize = Quantity("1Gi")
    source: Literal["csi", "in-tree"] = "csi"
    """in-tree: the seed's gcePersistentDisk, for clusters without the CSI driver; since 1.28 it is one more way to
    name that driver."""

    @property
    def places(self) -> tuple[DiskPlace, ...]:
        return tuple(
            DiskPlace(name=disk.name, adopt=disk.adopt, zones=(disk.zone or self.zone,)) for disk in self.disks
        )


class RegionalDisks(GceBackend):
    """Named disks that live in two zones at once, so that a replica survives the loss of one."""

    kind: Literal["regional-disks"] = "regional-disks"
    disks: Annotated[tuple[GceDisk, ...], Field(min_length=1)]
    """First for ordinal 0, and so on; more than there are replicas is room to grow."""
    region: Region
    replica_zones: Annotated[
        tuple[Zone, ...], Field(min_length=2, max_length=2), AfterValidator(_two_zones_of_one_region)
    ]
    """The two zones. A change is refused: it would be a new, empty disk."""

    @property
    def places(self) -> tuple[DiskPlace, ...]:
        return tuple(DiskPlace(name=disk.name, adopt=disk.adopt, zones=self.replica_zones) for disk in self.disks)


class DynamicStorage(Backend):
    """Volumes that a StorageClass's provisioner makes for the claims; none of ours."""

    kind: Literal["dynamic"] = "dynamic"
    class_name: ObjectName = "standard"
    """The StorageClass (004's `standard`). Its own reclaim policy decides what follows a deleted claim."""
    access_mode: AccessMode = "ReadWriteOnce"


class SharedClaim(Backend):
    """One claim under all replicas: the seeds' mistake (000, 003, 004) unless one replica mounts it, or many may."""

    kind: Literal["shared-claim"] = "shared-claim"
    claim: ObjectName
    """Name of the claim, such as the seed's helloweb-disk. It is made here."""
    class_name: ObjectName = "standard"
    """The StorageClass."""
    access_mode: AccessMode | Literal["ReadWriteMany"] = "ReadWriteOnce"
    """ReadWriteMany needs a file server's class, such as Filestore's; disks cannot do it."""


Storage = Annotated[LocalStorage | GceDisks | RegionalDisks | DynamicStorage | SharedClaim, Field(discriminator="kind")]
