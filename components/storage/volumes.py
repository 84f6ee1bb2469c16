"""PersistentVolumes: one for each ordinal, bound ahead of time to the claim that the ordinal's pod will have."""

# Annotations here are not deferred: Pulumi reads the arguments' types from them to make SDKs for other languages.
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Final, Required, TypedDict

import pulumi
from pydantic import Field

from ..kubernetes.naming import claim_name
from ..kubernetes.objects import KubernetesObject, labels, metadata
from ..model.args import settle
from ..model.base import AccessMode, Durability, Label, Model, ObjectName, Size
from ..model.errors import Finding

HOSTNAME_LABEL: Final = "kubernetes.io/hostname"


class VolumeArgs(TypedDict, total=False):
    """One volume, whatever it lies on; `VolumeSpec` says what each field may be."""

    name: Required[str]
    ordinal: Required[int]
    capacity: Required[str]
    access_mode: str
    source: Required[Mapping[str, Any]]
    node_label: Required[str]
    node_values: Required[Sequence[str]]


class PersistentVolumesArgs(TypedDict, total=False):
    """The arguments of PersistentVolumes. `PersistentVolumesSpec` says what each field may be."""

    workload: Required[str]
    namespace: pulumi.Input[str]
    claim_template: Required[str]
    volumes: Required[Sequence[VolumeArgs]]
    durability: str


class VolumeSpec(Model):
    """One volume: all that its PersistentVolume says."""

    name: ObjectName
    """Name of the PersistentVolume."""
    ordinal: Annotated[int, Field(ge=0)]
    """Ordinal of the replica that the volume belongs to."""
    capacity: Size
    """Size of the volume, such as 10Gi."""
    access_mode: AccessMode = "ReadWriteOnce"
    """Whether one node mounts the volume, or one pod (ReadWriteOncePod, Kubernetes 1.27 and later)."""
    source: Mapping[str, Any]
    """The API's volume source, such as `{"local": {"path": ...}}` (Kubernetes API, PersistentVolumeSpec)."""
    node_label: Annotated[str, Field(min_length=1)]
    """Label of the nodes that reach the volume, such as kubernetes.io/hostname."""
    node_values: Annotated[tuple[str, ...], Field(min_length=1)]
    """Values of that label on these nodes."""


class PersistentVolumesSpec(Model):
    """The volumes of one StatefulSet."""

    workload: Label
    """Name of the StatefulSet."""
    claim_template: Label
    """Name of its claim template."""
    volumes: tuple[VolumeSpec, ...]
    """The volumes, at most one for each ordinal."""
    durability: Durability = "keep"
    """keep: the objects stay when the stack goes, as deleting a bound one would hang on its finalizer. discard: they go
    with the stack."""


class PersistentVolumes(pulumi.ComponentResource):
    """After `up` there is a PersistentVolume for each volume, which only the claim of its ordinal can bind.

    The reclaim policy is Retain for both durabilities. Nothing deletes a `local` directory, so that `Delete` would
    leave the volume in phase Failed; and a disk is this stack's own, not the volume plugin's to delete. With `discard`
    the objects (and disks) go with the stack, after the StatefulSet and its claims.

    No edit replaces data. The API refuses a changed source, such as another path, while the volume exists.
    """

    names: pulumi.Output[Sequence[str]]
    """Names of the volumes, by ordinal."""

    def __init__(
        self,
        name: str,
        args: PersistentVolumesArgs,
        opts: pulumi.ResourceOptions | None = None,
        *,
        made_first: Mapping[str, Sequence[pulumi.Resource]] | None = None,
    ) -> None:
        """`made_first` has, by the volume's name, the resources that must exist before it, such as its disk."""
        sources = [volume.get("source", {}) for volume in args.get("volumes") or ()]
        checked = settle(name, PersistentVolumesSpec, without_sources(args), rules=once_each)
        super().__init__("statefulsets:volumes:PersistentVolumes", name, None, opts)
        spec, namespace = checked.spec, checked.namespace
        self.bound_to = (namespace, spec.claim_template, spec.workload)
        self.by_ordinal = tuple(volume.name for volume in spec.volumes)
        self.names = pulumi.Output.from_input(list(self.by_ordinal))
        for volume, source in zip(spec.volumes, sources, strict=True):
            KubernetesObject(
                f"{name}-{volume.name}",
                persistent_volume(spec, namespace, volume, source),
                pulumi.ResourceOptions(
                    parent=self,
                    depends_on=list((made_first or {}).get(volume.name, ())),
                    retain_on_delete=spec.durability == "keep",
                ),
            )
        self.register_outputs({"names": list(self.by_ordinal)})


def without_sources(args: PersistentVolumesArgs) -> dict[str, Any]:
    """The arguments without the volumes' sources, which may have Outputs anywhere and are the API's to check."""
    volumes = [{**volume, **({"source": {}} if "source" in volume else {})} for volume in args.get("volumes") or ()]
    return {**args, "volumes": volumes}


def once_each(name: str, spec: PersistentVolumesSpec) -> Iterator[Finding]:
    """No two volumes have the same name or ordinal, as an ordinal's claim binds one volume."""
    for field in ("name", "ordinal"):
        seen: set[Any] = set()
        for position, volume in enumerate(spec.volumes):
            value = getattr(volume, field)
            if value in seen:
                yield ("volumes", position, field), f"{value} is there already; give each volume one of its own"
            seen.add(value)


def persistent_volume(
    spec: PersistentVolumesSpec, namespace: pulumi.Input[str], volume: VolumeSpec, source: Mapping[str, Any]
) -> dict[str, Any]:
    """The PersistentVolume. It has no class, and nor has its claim, which keeps provisioners and other claims away."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": metadata(volume.name, None, labels(spec.workload)),
        "spec": {
            "capacity": {"storage": volume.capacity.text},
            "accessModes": [volume.access_mode],
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": "",
            "volumeMode": "Filesystem",
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "namespace": namespace,
                "name": claim_name(spec.claim_template, spec.workload, volume.ordinal),
            },
            "nodeAffinity": {"required": {"nodeSelectorTerms": [node_selector_term(volume)]}},
            **source,
        },
    }


def node_selector_term(volume: VolumeSpec) -> dict[str, Any]:
    """The term that matches nodes whose label has one of the values."""
    values = list(volume.node_values)
    return {"matchExpressions": [{"key": volume.node_label, "operator": "In", "values": values}]}
