"""What the stack's last `up` made, as the engine remembers it: the sets, volumes, claims and disks of each workload.

It is read from the state and not from the stack's outputs: those are written when an `up` ends well, while the state
also knows what a failed one left behind, and what `pulumi destroy --target` or `pulumi refresh` took away on purpose.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pulumi

from components.quantities import Quantity

READ_RESOURCES: Final = "pulumi:pulumi:readStackResourceOutputs"
READ_OUTPUTS: Final = "pulumi:pulumi:readStackOutputs"
KINDS: Final[Mapping[str, tuple[str, str]]] = {
    "statefulsets:kubia:Kubia": ("kubia", ""),
    "statefulsets:nginx:Nginx": ("nginx", ""),
    "statefulsets:mysql:ReplicatedMySql": ("mysql", "clone"),
    "statefulsets:mysql:XtrabackupMySql": ("mysql", "xtrabackup"),
    "statefulsets:cloud_sql:CloudSqlMySql": ("cloud-sql", ""),
}
"""Type token of a workload's component -> its kind, and its engine where the kind has several."""


@dataclass(frozen=True, kw_only=True)
class Claims:
    """What a set's claims ask for, or the one claim that its replicas share."""

    name: str
    """Of the template, or of the shared claim."""
    class_name: str
    access_modes: tuple[str, ...]
    size: Quantity


@dataclass(frozen=True, kw_only=True)
class MadeSet:
    """A StatefulSet."""

    namespace: str
    policy: str
    """podManagementPolicy."""
    last: int
    """One more than its highest ordinal."""
    template: Claims | None
    """None where the replicas share a claim."""
    deletes_claims: bool
    """Whether its claims go with it, whatever the stack file says now."""


@dataclass(frozen=True, kw_only=True)
class MadeVolume:
    """A PersistentVolume."""

    name: str
    ordinal: int
    kind: str
    """The storage backend's."""
    place: str
    """The disk's handle, or the directory and its node."""


@dataclass(frozen=True, kw_only=True)
class MadeDisk:
    """A disk of Google's."""

    size_gb: int
    type: str


@dataclass(kw_only=True)
class MadeWorkload:
    """What one workload of the last stack file has."""

    kind: str = ""
    engine: str = ""
    set: MadeSet | None = None
    shared: Claims | None = None
    volumes: list[MadeVolume] = field(default_factory=list)
    """By ordinal."""
    claimed: int | None = None
    """One more than the highest ordinal that ever had a claim, as far as an `up` knows; None: no `up` noted it."""

    @property
    def storage(self) -> str:
        """The kind of its storage."""
        if self.volumes:
            return self.volumes[0].kind
        return "shared-claim" if self.shared else "dynamic"


@dataclass(frozen=True, kw_only=True)
class Made:
    """All of it."""

    workloads: Mapping[str, MadeWorkload] = field(default_factory=dict)
    disks: Mapping[str, MadeDisk] = field(default_factory=dict)
    context: str | None = None
    kubeconfig: str | None = None


def read() -> Made:
    """Asks the engine; before the first `up` there is nothing."""
    name = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
    resources = _ask(READ_RESOURCES, {"stackName": name})
    return of(resources, _ask(READ_OUTPUTS, {"name": name}) if resources else {})


def _ask(function: str, arguments: Mapping[str, str]) -> Mapping[str, Any]:
    answer = pulumi.runtime.invoke(function, dict(arguments)).value or {}
    found: Mapping[str, Any] = answer.get("outputs") or {}
    return found


def of(resources: Mapping[str, Any], outputs: Mapping[str, Any]) -> Made:
    """From URN -> `{"type": ..., "outputs": ...}`, and the stack's outputs."""
    workloads: dict[str, MadeWorkload] = defaultdict(MadeWorkload)
    disks, cluster = {}, {}
    for urn, resource in resources.items():
        type_, made = str(resource["type"]), resource.get("outputs") or {}
        meta = made.get("metadata") or {}
        owner = (meta.get("labels") or {}).get("app", "")
        if type_ in KINDS:
            workload = workloads[urn.rpartition("::")[2]]
            workload.kind, workload.engine = KINDS[type_]
        elif type_ == "kubernetes:apps/v1:StatefulSet":
            workloads[owner].set = _set(meta, made["spec"])
        elif type_ == "kubernetes:core/v1:PersistentVolume":
            workloads[owner].volumes.append(_volume(meta["name"], made["spec"]))
        elif type_ == "kubernetes:core/v1:PersistentVolumeClaim":
            workloads[owner].shared = _claims(meta["name"], made["spec"])
        elif type_ in ("gcp:compute/disk:Disk", "gcp:compute/regionDisk:RegionDisk"):
            disks[str(made["name"])] = MadeDisk(size_gb=int(made["size"]), type=str(made["type"]).rpartition("/")[2])
        elif type_ == "pulumi:providers:kubernetes":
            cluster = {key: made.get(key) for key in ("context", "kubeconfig")}
    for name, workload in workloads.items():
        workload.volumes.sort(key=lambda volume: volume.ordinal)
        noted = outputs.get(name)
        claimed = noted.get("claimed") if isinstance(noted, Mapping) else None
        workload.claimed = None if claimed is None else int(claimed)
    # What no component of ours stands for was registered by another program, in a stack that was this one's before.
    own = {name: workload for name, workload in workloads.items() if workload.kind}
    return Made(workloads=own, disks=disks, **cluster)


def _set(meta: Mapping[str, Any], spec: Mapping[str, Any]) -> MadeSet:
    templates: Sequence[Mapping[str, Any]] = spec.get("volumeClaimTemplates") or ()
    policy = spec.get("persistentVolumeClaimRetentionPolicy") or {}
    start = int((spec.get("ordinals") or {}).get("start") or 0)
    return MadeSet(
        namespace=str(meta.get("namespace") or "default"),
        policy=str(spec.get("podManagementPolicy") or "OrderedReady"),
        last=start + int(spec.get("replicas", 1)),
        template=_claims(templates[0]["metadata"]["name"], templates[0]["spec"]) if templates else None,
        deletes_claims=policy.get("whenDeleted") == "Delete",
    )


def _claims(name: str, spec: Mapping[str, Any]) -> Claims:
    return Claims(
        name=name,
        class_name=str(spec.get("storageClassName") or ""),
        access_modes=tuple(spec["accessModes"]),
        size=Quantity(str(spec["resources"]["requests"]["storage"])),
    )


def _volume(name: str, spec: Mapping[str, Any]) -> MadeVolume:
    """Which backend made it, and where its bytes are, by the API's source."""
    ordinal = int(str(spec["claimRef"]["name"]).rpartition("-")[2])
    if "local" in spec:
        (term,) = spec["nodeAffinity"]["required"]["nodeSelectorTerms"]
        node = term["matchExpressions"][0]["values"][0]
        return MadeVolume(name=name, ordinal=ordinal, kind="local", place=f"{spec['local']['path']} on {node}")
    if "csi" in spec:
        handle = str(spec["csi"]["volumeHandle"])
        kind = "regional-disks" if "/regions/" in handle else "gce-disks"
        return MadeVolume(name=name, ordinal=ordinal, kind=kind, place=handle)
    return MadeVolume(name=name, ordinal=ordinal, kind="gce-disks", place=str(spec["gcePersistentDisk"]["pdName"]))
