"""From a storage backend of the stack file to the volumes of a workload."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from components.config.storage import DiskPlace, GceDisks, LocalStorage, RegionalDisks, SharedClaim
from components.config.workloads import StatefulWorkload
from components.directories import LocalDirectories, LocalDirectoriesArgs
from components.objects import SKIP_AWAIT, KubernetesObject, labels, metadata
from components.volumes import HOSTNAME_LABEL, PersistentVolumes, PersistentVolumesArgs, Volume

CSI_DRIVER = "pd.csi.storage.gke.io"
CSI_ZONE_LABEL = "topology.gke.io/zone"
ZONE_LABEL = "topology.kubernetes.io/zone"


@dataclass(frozen=True, kw_only=True)
class Provided:
    """What a backend made for a workload."""

    volumes: PersistentVolumes | None = None
    """None where a provisioner makes them."""
    made_first: Sequence[pulumi.Resource] = ()
    """What the pods need besides: a shared claim."""


def provide(
    name: str, namespace: str, workload: StatefulWorkload, project: str | None, opts: pulumi.ResourceOptions
) -> Provided:
    """Registers the backend's disks, directories or claim, and the volumes on them."""
    storage = workload.storage
    if isinstance(storage, SharedClaim):
        return Provided(made_first=[shared_claim(name, namespace, workload, storage, opts)])
    made_first: Mapping[str, Sequence[pulumi.Resource]]
    if isinstance(storage, LocalStorage):
        args = LocalDirectoriesArgs(workload=name, volumes=storage.volumes, image=workload.image)
        directories = LocalDirectories(f"{name}-directories", args, opts)
        made_first = {volume.name: [directories.jobs[volume.node]] for volume in storage.volumes}
        volumes = local_volumes(workload, storage)
    elif isinstance(storage, GceDisks | RegionalDisks):
        if project is None:
            raise pulumi.RunError(f"{name}: disks need a project; give the component one, or set gcp:project")
        made_first = make_disks(name, workload, storage, project, opts)
        volumes = disk_volumes(workload, storage, project)
    else:
        return Provided()
    bound = PersistentVolumesArgs(
        workload=name,
        namespace=namespace,
        claim_template=workload.claim_template,
        volumes=volumes,
        durability=workload.durability,
        made_first=made_first,
    )
    return Provided(volumes=PersistentVolumes(f"{name}-volumes", bound, opts))


def make_disks(
    name: str,
    workload: StatefulWorkload,
    storage: GceDisks | RegionalDisks,
    project: str,
    opts: pulumi.ResourceOptions,
) -> Mapping[str, Sequence[pulumi.Resource]]:
    """The disks, by name."""
    # pulumi_gcp costs 0.8 s and 90 MB to import: only stacks with disks pay that.
    from components.disks import GcePersistentDisks, GcePersistentDisksArgs

    args = GcePersistentDisksArgs(project=project, storage=storage, durability=workload.durability)
    disks = GcePersistentDisks(f"{name}-disks", args, opts).disks
    return {disk: [resource] for disk, resource in disks.items()}


def local_volumes(workload: StatefulWorkload, storage: LocalStorage) -> tuple[Volume, ...]:
    """The directories as volumes."""
    return tuple(
        Volume(
            name=volume.name,
            ordinal=ordinal,
            capacity=workload.volume_size,
            source={"local": {"path": volume.path}},
            topology=(HOSTNAME_LABEL, (volume.node,)),
        )
        for ordinal, volume in enumerate(storage.volumes)
    )


def disk_volumes(workload: StatefulWorkload, storage: GceDisks | RegionalDisks, project: str) -> tuple[Volume, ...]:
    """The disks as volumes of the same names."""
    in_tree = isinstance(storage, GceDisks) and storage.source == "in-tree"
    return tuple(
        Volume(
            name=place.name,
            ordinal=ordinal,
            capacity=workload.volume_size,
            access_mode=storage.access_mode,
            source=in_tree_source(place, storage.fs_type) if in_tree else csi_source(place, storage.fs_type, project),
            topology=(ZONE_LABEL if in_tree else CSI_ZONE_LABEL, place.zones),
        )
        for ordinal, place in enumerate(storage.places)
    )


def csi_source(place: DiskPlace, fs_type: str, project: str) -> dict[str, Any]:
    """Through GKE's driver (Google Cloud documentation, "Using pre-existing persistent disks as PersistentVolumes")."""
    return {"csi": {"driver": CSI_DRIVER, "volumeHandle": place.handle(project), "fsType": fs_type}}


def in_tree_source(place: DiskPlace, fs_type: str) -> dict[str, Any]:
    """The seed's source. Kubernetes has redirected it to the CSI driver since 1.23 and dropped its own code in 1.28."""
    return {"gcePersistentDisk": {"pdName": place.name, "fsType": fs_type}}


def shared_claim(
    name: str, namespace: str, workload: StatefulWorkload, storage: SharedClaim, opts: pulumi.ResourceOptions
) -> pulumi.Resource:
    """The one claim of all replicas. A class that binds late leaves it pending until a pod comes: nothing waits."""
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": metadata(storage.claim, namespace, labels(name), annotations=SKIP_AWAIT),
        "spec": {
            "accessModes": [storage.access_mode],
            "storageClassName": storage.class_name,
            "resources": {"requests": {"storage": workload.claim_size.text}},
        },
    }
    keep = pulumi.ResourceOptions(retain_on_delete=workload.durability == "keep")
    return KubernetesObject(f"{name}-claim", claim, pulumi.ResourceOptions.merge(opts, keep))
