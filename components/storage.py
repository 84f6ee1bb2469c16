"""From a storage backend of the stack file to the volumes of a workload."""

from __future__ import annotations

import pulumi

from components.config.storage import LocalStorage
from components.config.workloads import StatefulWorkload
from components.directories import LocalDirectories, LocalDirectoriesArgs
from components.volumes import HOSTNAME_LABEL, PersistentVolumes, PersistentVolumesArgs, Volume


def provide_volumes(
    name: str, namespace: str, workload: StatefulWorkload, opts: pulumi.ResourceOptions
) -> PersistentVolumes | None:
    """Registers what the backend needs and the volumes on it; None where a provisioner does all that."""
    storage = workload.storage
    if not isinstance(storage, LocalStorage):
        return None
    directories = LocalDirectories(
        f"{name}-directories",
        LocalDirectoriesArgs(workload=name, volumes=storage.volumes, image=workload.image),
        opts,
    )
    args = PersistentVolumesArgs(
        workload=name,
        namespace=namespace,
        claim_template=workload.claim_template,
        volumes=local_volumes(storage, workload),
        durability=workload.durability,
        made_first={volume.name: [directories.jobs[volume.node]] for volume in storage.volumes},
    )
    return PersistentVolumes(f"{name}-volumes", args, opts)


def local_volumes(storage: LocalStorage, workload: StatefulWorkload) -> tuple[Volume, ...]:
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
