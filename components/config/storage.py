"""The storage backends a workload may choose from, told apart by `kind`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from components.config.base import AccessMode, Model, ObjectName, Size


def _plain_path(path: str) -> str:
    parts = path.split("/")
    if parts[0] or len(parts) < 3 or any(part in ("", ".", "..") for part in parts[1:]):
        raise ValueError("not a plain absolute path; write one at least two deep, such as /var/lib/volumes/a")
    return path


class Backend(Model):
    """What all backends have."""

    claim_size: Size | None = None
    """What each replica asks for. Default: the workload's (kubia 1Mi, nginx 1Gi)."""


class StaticBackend(Backend):
    """A backend whose volumes exist before the pods: one PersistentVolume per ordinal, pre-bound to its claim."""

    volume_size: Size | None = None
    """Capacity of each PersistentVolume. Default: the claim's size."""

    @property
    def class_name(self) -> str:
        """No class on either side: only then may a claim bind a volume that no provisioner made."""
        return ""


class LocalVolume(Model):
    """One directory of one node."""

    name: ObjectName
    """Name of the PersistentVolume."""
    node: ObjectName
    """Value of the node's label kubernetes.io/hostname."""
    path: Annotated[str, AfterValidator(_plain_path), Field(max_length=4096)]
    """Directory, made if absent; it outlives the PersistentVolume."""


class LocalStorage(StaticBackend):
    """Directories of named nodes, in the order of the ordinals."""

    kind: Literal["local"] = "local"
    volumes: Annotated[tuple[LocalVolume, ...], Field(min_length=1)]
    """First for ordinal 0, and so on; more than there are replicas is room to grow."""

    @property
    def access_mode(self) -> AccessMode:
        """The one mode of a `local` volume."""
        return "ReadWriteOnce"

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the volumes, by ordinal."""
        return tuple(volume.name for volume in self.volumes)


class DynamicStorage(Backend):
    """Volumes that a StorageClass's provisioner makes for the claims; none of ours."""

    kind: Literal["dynamic"] = "dynamic"
    class_name: ObjectName = "standard"
    """The StorageClass (004's `standard`). Its own reclaim policy decides what follows a deleted claim."""
    access_mode: AccessMode = "ReadWriteOnce"


Storage = Annotated[LocalStorage | DynamicStorage, Field(discriminator="kind")]
