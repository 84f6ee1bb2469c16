"""Makes a workload's volumes, by the storage backend that it chose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from ..kubernetes.objects import SKIP_AWAIT, KubernetesObject, labels, metadata
from ..kubernetes.quantities import Quantity
from ..model.base import Durability
from .backends import DiskPlace, GceDisks, LocalStorage, RegionalDisks, SharedClaim, Storage
from .directories import LocalDirectories, LocalDirectoriesArgs
from .volumes import HOSTNAME_LABEL, PersistentVolumes, PersistentVolumesArgs, VolumeArgs

CSI_DRIVER = "pd.csi.storage.gke.io"
CSI_ZONE_LABEL = "topology.gke.io/zone"
ZONE_LABEL = "topology.kubernetes.io/zone"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """The storage that a workload asks for."""

    workload: str
    namespace: pulumi.Input[str]
    storage: Storage
    claim_template: str
    claim_size: Quantity
    volume_size: Quantity
    durability: Durability
    image: pulumi.Input[str]
    """An image with a `true` command, which local directories need."""
    project: str | None
    """Google project of the disks, where there are any."""


@dataclass(frozen=True, kw_only=True)
class Provided:
    """What a backend made for a workload."""

    volumes: PersistentVolumes | None = None
    """The PersistentVolumes; None where a provisioner makes them."""
    made_first: Sequence[pulumi.Resource] = ()
    """Further resources that the pods need first, such as a shared claim."""


def provide(wanted: Wanted, opts: pulumi.ResourceOptions) -> Provided:
    """Registers the disks, directories or claim of the backend, and the volumes on them."""
    name, storage = wanted.workload, wanted.storage
    if isinstance(storage, SharedClaim):
        return Provided(made_first=[shared_claim(wanted, storage, opts)])
    made_first: Mapping[str, Sequence[pulumi.Resource]]
    if isinstance(storage, LocalStorage):
        args = LocalDirectoriesArgs(workload=name, volumes=storage.volumes, image=wanted.image)
        directories = LocalDirectories(f"{name}-directories", args, opts)
        made_first = {volume.name: [directories.jobs[volume.node]] for volume in storage.volumes}
        volumes = local_volumes(wanted, storage)
    elif isinstance(storage, GceDisks | RegionalDisks):
        project = wanted.project or ""
        made_first = make_disks(wanted, storage, project, opts)
        volumes = disk_volumes(wanted, storage, project)
    else:
        return Provided()
    bound = PersistentVolumesArgs(
        workload=name,
        namespace=wanted.namespace,
        claim_template=wanted.claim_template,
        volumes=volumes,
        durability=wanted.durability,
    )
    return Provided(volumes=PersistentVolumes(f"{name}-volumes", bound, opts, made_first=made_first))


def make_disks(
    wanted: Wanted, storage: GceDisks | RegionalDisks, project: str, opts: pulumi.ResourceOptions
) -> Mapping[str, Sequence[pulumi.Resource]]:
    """Registers the disks and returns, by their names, what the volumes wait for."""
    # pulumi_gcp costs 0.8 s and 90 MB to import: only stacks with disks pay that.
    from .disks import GcePersistentDisks, disks_args

    made = GcePersistentDisks(f"{wanted.workload}-disks", disks_args(project, storage, wanted.durability), opts)
    return {disk: [resource] for disk, resource in made.by_name.items()}


def local_volumes(wanted: Wanted, storage: LocalStorage) -> list[VolumeArgs]:
    """The volumes of the directories."""
    return [
        VolumeArgs(
            name=volume.name,
            ordinal=ordinal,
            capacity=wanted.volume_size.text,
            source={"local": {"path": volume.path}},
            node_label=HOSTNAME_LABEL,
            node_values=[volume.node],
        )
        for ordinal, volume in enumerate(storage.volumes)
    ]


def disk_volumes(wanted: Wanted, storage: GceDisks | RegionalDisks, project: str) -> list[VolumeArgs]:
    """The volumes of the disks, which have the same names."""
    in_tree = isinstance(storage, GceDisks) and storage.source == "in-tree"
    return [
        VolumeArgs(
            name=place.name,
            ordinal=ordinal,
            capacity=wanted.volume_size.text,
            access_mode=storage.access_mode,
            source=in_tree_source(place, storage.fs_type) if in_tree else csi_source(place, storage.fs_type, project),
            node_label=ZONE_LABEL if in_tree else CSI_ZONE_LABEL,
            node_values=list(place.zones),
        )
        for ordinal, place in enumerate(storage.places)
    ]


def csi_source(place: DiskPlace, fs_type: str, project: str) -> dict[str, Any]:
    """The source by GKE's driver (Google Cloud, "Using pre-existing persistent disks as PersistentVolumes")."""
    return {"csi": {"driver": CSI_DRIVER, "volumeHandle": place.handle(project), "fsType": fs_type}}


def in_tree_source(place: DiskPlace, fs_type: str) -> dict[str, Any]:
    """The tutorials' source, which Kubernetes hands to the CSI driver since 1.23; its own code is gone since 1.28."""
    return {"gcePersistentDisk": {"pdName": place.name, "fsType": fs_type}}


def shared_claim(wanted: Wanted, storage: SharedClaim, opts: pulumi.ResourceOptions) -> pulumi.Resource:
    """The claim that all replicas share. `up` does not wait for it, as some classes bind it only when a pod comes."""
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": metadata(storage.claim, wanted.namespace, labels(wanted.workload), annotations=SKIP_AWAIT),
        "spec": {
            "accessModes": [storage.access_mode],
            "storageClassName": storage.class_name,
            "resources": {"requests": {"storage": wanted.claim_size.text}},
        },
    }
    keep = pulumi.ResourceOptions(retain_on_delete=wanted.durability == "keep")
    return KubernetesObject(f"{wanted.workload}-claim", claim, pulumi.ResourceOptions.merge(opts, keep))
