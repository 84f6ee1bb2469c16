"""PersistentVolumes: one per ordinal, bound ahead of time to the claim that ordinal's pod will make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pulumi

from components.config.base import Durability
from components.naming import claim_name
from components.objects import KubernetesObject, labels, metadata
from components.quantities import Quantity

HOSTNAME_LABEL: Final = "kubernetes.io/hostname"


@dataclass(frozen=True, kw_only=True)
class Volume:
    """One volume, whatever it lies on: all that its PersistentVolume says."""

    name: str
    """Name of the PersistentVolume."""
    ordinal: int
    """The replica it belongs to."""
    capacity: Quantity
    access_mode: str = "ReadWriteOnce"
    source: Mapping[str, Any]
    """The API's volume source, such as `{"local": {"path": ...}}`."""
    topology: tuple[str, tuple[str, ...]]
    """Node label and the values from which the volume can be reached."""


@dataclass(frozen=True, kw_only=True)
class PersistentVolumesArgs:
    """What PersistentVolumes needs to know."""

    workload: str
    """Name of the StatefulSet."""
    namespace: str
    """Namespace of the StatefulSet, and so of its claims."""
    claim_template: str
    """Name of its claim template."""
    volumes: tuple[Volume, ...]
    durability: Durability
    """keep: the objects stay when the stack goes, for deleting a bound one hangs on its protection finalizer."""
    made_first: Mapping[str, Sequence[pulumi.Resource]] = field(default_factory=dict)
    """Volume name -> the resources that must exist before it, such as its disk."""


class PersistentVolumes(pulumi.ComponentResource):
    """After `up`: one PersistentVolume per volume, which only the claim of its ordinal can bind.

    The object's reclaim policy is Retain for both durabilities. Nothing deletes a `local` directory, so that `Delete`
    would leave the volume in phase Failed; and a disk is this stack's own, not the volume plugin's to delete. With
    `discard` the objects (and disks) go with the stack, after the StatefulSet and its claims.

    Replaces data: nothing. A changed source, such as another path, is refused by the API while the volume exists.
    """

    names: tuple[str, ...]
    """Names of the volumes, by ordinal."""

    def __init__(self, name: str, args: PersistentVolumesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("statefulsets:volumes:PersistentVolumes", name, None, opts)
        self.args = args
        self.names = tuple(volume.name for volume in args.volumes)
        for volume in args.volumes:
            KubernetesObject(
                f"{name}-{volume.name}",
                persistent_volume(args, volume),
                pulumi.ResourceOptions(
                    parent=self,
                    depends_on=list(args.made_first.get(volume.name, ())),
                    retain_on_delete=args.durability == "keep",
                ),
            )
        self.register_outputs({"names": list(self.names)})


def persistent_volume(args: PersistentVolumesArgs, volume: Volume) -> dict[str, Any]:
    """The API object. An empty class on both sides keeps provisioners and other claims away."""
    key, values = volume.topology
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": metadata(volume.name, None, labels(args.workload)),
        "spec": {
            "capacity": {"storage": volume.capacity.text},
            "accessModes": [volume.access_mode],
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": "",
            "volumeMode": "Filesystem",
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "namespace": args.namespace,
                "name": claim_name(args.claim_template, args.workload, volume.ordinal),
            },
            "nodeAffinity": {"required": {"nodeSelectorTerms": [node_selector_term(key, values)]}},
            **volume.source,
        },
    }


def node_selector_term(key: str, values: Sequence[str]) -> dict[str, Any]:
    """Nodes whose label has one of the values."""
    return {"matchExpressions": [{"key": key, "operator": "In", "values": list(values)}]}
