"""The storage backends that a workload may choose from, told apart by `kind`."""

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
    """The fields that all storage backends have."""

    claim_size: Size | None = None
    """Size of each replica's claim. Default: the kind's (kubia 1Mi, nginx and stateful 1Gi, mysql 10Gi)."""


class StaticBackend(Backend, ABC):
    """A backend whose volumes exist before the pods: one PersistentVolume per ordinal, pre-bound to its claim."""

    volume_size: Size | None = None
    """Capacity of each PersistentVolume. Default: the claim's size."""

    @property
    def class_name(self) -> str:
        """The empty class, on claim and volume: only then does a claim bind a volume that no provisioner made."""
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
    """The directory on that node. It is made if absent, and outlives the PersistentVolume."""


class LocalStorage(StaticBackend):
    """Directories of named nodes, in the order of the ordinals, as in the tutorial on local disks."""

    kind: Literal["local"] = "local"
    volumes: Annotated[tuple[LocalVolume, ...], Field(min_length=1)]
    """The directories: the first is ordinal 0's, and so on. Those beyond the replicas are room to grow."""

    @property
    def access_mode(self) -> AccessMode:
        """The only access mode of a `local` volume."""
        return "ReadWriteOnce"

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(volume.name for volume in self.volumes)


@dataclass(frozen=True, kw_only=True)
class DiskPlace:
    """The place of one disk, whether its backend is zonal or regional."""

    name: str
    adopt: bool
    zones: tuple[str, ...]
    """The zone that the disk is in, or the two of a regional disk."""

    @property
    def region(self) -> str:
        """The region that the disk is in."""
        return self.zones[0].rpartition("-")[0]

    @property
    def is_regional(self) -> bool:
        """Whether the disk is in two zones at once."""
        return len(self.zones) > 1

    def handle(self, project: str) -> str:
        """The disk's name in Google's API, which is the CSI driver's handle and Pulumi's ID for an import."""
        place = f"regions/{self.region}" if self.is_regional else f"zones/{self.zones[0]}"
        return f"projects/{project}/{place}/disks/{self.name}"


class GceDisk(Model):
    """One disk, and the PersistentVolume of the same name."""

    name: GoogleName
    """Name of the disk and of its PersistentVolume."""
    adopt: bool = False
    """Whether the disk exists already and is taken over as it is. Take this away again after the first `up`."""


class ZonalDisk(GceDisk):
    """A disk in one zone."""

    zone: Zone | None = None
    """Zone of the disk. Default: the backend's. A change is refused: it would be a new, empty disk."""


class SnapshotSchedule(Model):
    """A snapshot of every disk once a day."""

    start_time: Annotated[
        str, *form(r"([01][0-9]|2[0-3]):00", "not a full hour; write one in quotes, such as '03:00'")
    ] = "03:00"
    """The hour in UTC, such as '03:00' (Compute Engine API v1, resourcePolicies: hourly granularity)."""
    keep_days: Annotated[int, Field(ge=1, le=65535)] = 14
    """Days for which each snapshot is kept. The last ones stay when the disk goes."""


class GceBackend(StaticBackend):
    """The fields that zonal and regional disks have in common."""

    size: DiskSize
    """Size of each disk, in whole GiB. A disk grows in place; a smaller size is refused."""
    type: Literal["pd-standard", "pd-balanced", "pd-ssd"] = "pd-standard"
    """Type of the disks. Default: gcloud's, as in the tutorials. A change is refused: it would be a new, empty disk."""
    fs_type: Literal["ext4", "xfs"] = "ext4"
    """File system that the first mount makes."""
    access_mode: AccessMode = "ReadWriteOnce"
    """Whether one node mounts a disk, or one pod (ReadWriteOncePod, Kubernetes 1.27 and later)."""
    labels: Annotated[Mapping[LabelKey, LabelValue], Field(max_length=60)] = Field(default_factory=dict)
    """Labels of the disks, for cost reports (Google Cloud documentation, "Labels overview": at most 64)."""
    snapshots: SnapshotSchedule | None = None
    """Daily snapshots of the disks. Default: none. With `durability: keep` one is taken before a disk is destroyed."""

    @property
    @abstractmethod
    def places(self) -> tuple[DiskPlace, ...]:
        """The disks, by ordinal."""

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(place.name for place in self.places)


class GceDisks(GceBackend):
    """Named zonal disks, in the order of the ordinals. Default: the three of the tutorial on GCE persistent disks."""

    kind: Literal["gce-disks"] = "gce-disks"
    disks: Annotated[tuple[ZonalDisk, ...], Field(min_length=1)] = tuple(
        ZonalDisk(name=name) for name in ("pv-a", "pv-b", "pv-c")
    )
    """The disks: the first is ordinal 0's, and so on. Those beyond the replicas are room to grow."""
    zone: Zone = "europe-west1-b"
    """Zone of the disks that name none of their own. A change is refused: it would be a new, empty disk."""
    size: DiskSize = Quantity("1Gi")
    """Size of each disk, in whole GiB. A disk grows in place; a smaller size is refused."""
    source: Literal["csi", "in-tree"] = "csi"
    """How volumes name their disks. csi: by GKE's CSI driver. in-tree: by gcePersistentDisk, as in the tutorials, for
    clusters without that driver; since Kubernetes 1.28 it is one more way to name the driver. A change is refused."""

    @property
    def places(self) -> tuple[DiskPlace, ...]:
        return tuple(
            DiskPlace(name=disk.name, adopt=disk.adopt, zones=(disk.zone or self.zone,)) for disk in self.disks
        )


class RegionalDisks(GceBackend):
    """Named disks that are in two zones at once, so that a replica's data outlive the loss of a zone."""

    kind: Literal["regional-disks"] = "regional-disks"
    disks: Annotated[tuple[GceDisk, ...], Field(min_length=1)]
    """The disks: the first is ordinal 0's, and so on. Those beyond the replicas are room to grow."""
    region: Region
    """Region of the disks."""
    replica_zones: Annotated[
        tuple[Zone, ...], Field(min_length=2, max_length=2), AfterValidator(_two_zones_of_one_region)
    ]
    """The two zones of each disk, both in `region`. A change is refused: it would be a new, empty disk."""

    @property
    def places(self) -> tuple[DiskPlace, ...]:
        return tuple(DiskPlace(name=disk.name, adopt=disk.adopt, zones=self.replica_zones) for disk in self.disks)


class DynamicStorage(Backend):
    """Volumes that a StorageClass's provisioner makes for the claims. This program makes none itself."""

    kind: Literal["dynamic"] = "dynamic"
    class_name: ObjectName = "standard"
    """Name of the StorageClass. Its own reclaim policy decides what becomes of a volume whose claim is deleted."""
    access_mode: AccessMode = "ReadWriteOnce"
    """Whether one node mounts a volume, or one pod (ReadWriteOncePod, Kubernetes 1.27 and later)."""


class SharedClaim(Backend):
    """One claim under all replicas, which is refused for several unless all of them may mount it (ReadWriteMany).

    Otherwise one pod alone would start: it is the mistake that the tutorials on StatefulSets warn of.
    """

    kind: Literal["shared-claim"] = "shared-claim"
    claim: ObjectName
    """Name of the claim, which this program makes, such as the tutorials' helloweb-disk."""
    class_name: ObjectName = "standard"
    """Name of the StorageClass."""
    access_mode: AccessMode | Literal["ReadWriteMany"] = "ReadWriteOnce"
    """ReadWriteMany needs a file server's class, such as Filestore's; disks cannot do it."""


Storage = Annotated[LocalStorage | GceDisks | RegionalDisks | DynamicStorage | SharedClaim, Field(discriminator="kind")]
