"""Reads what the stack's last `up` made, as the engine remembers it: each workload's set, volumes, claims and disks.

It is read from the state and not from the stack's outputs. Outputs are written when an `up` ends well, while the state
also knows what a failed one left behind, and what `pulumi destroy --target` or `pulumi refresh` took away on purpose.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pulumi

from ..kinds import KINDS
from ..kinds.contract import Kind
from ..kubernetes.quantities import Quantity

READ_RESOURCES: Final = "pulumi:pulumi:readStackResourceOutputs"
READ_OUTPUTS: Final = "pulumi:pulumi:readStackOutputs"
COMPONENTS: Final[Mapping[str, Kind[Any]]] = {kind.component: kind for kind in KINDS}
"""Type token of a workload's component -> its kind."""
PAUSES: Final = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
"""Seconds to wait after each failed attempt to read the state."""
DISKS: Final = ("gcp:compute/disk:Disk", "gcp:compute/regionDisk:RegionDisk")
PROVIDER: Final = "pulumi:providers:kubernetes"


@dataclass(frozen=True, kw_only=True)
class Claims:
    """What the claims of a set ask for, or the one claim that its replicas share."""

    name: str
    """Name of the claim template, or of the shared claim."""
    class_name: str
    access_modes: tuple[str, ...]
    size: Quantity


@dataclass(frozen=True, kw_only=True)
class MadeSet:
    """A StatefulSet that the last `up` made."""

    namespace: str
    policy: str
    """Its podManagementPolicy."""
    stop: int
    """One more than its highest ordinal."""
    template: Claims | None
    """Its claim template; None where the replicas share a claim."""
    deletes_claims: bool
    """Whether its claims go with it, whatever the stack file says now."""
    parts: Mapping[str, str] = field(default_factory=dict)
    """What its first container mounts of a claim: directory of the claim, empty for the whole -> path."""


@dataclass(frozen=True, kw_only=True)
class MadeVolume:
    """A PersistentVolume that the last `up` made."""

    name: str
    ordinal: int
    kind: str
    """The `kind` of the storage backend that made it."""
    source: str
    """Its source: local, csi or in-tree."""
    place: str = ""
    """Its directory and node. It is empty for a disk, whose place is in `MadeDisk`."""


@dataclass(frozen=True, kw_only=True)
class MadeDisk:
    """A Compute Engine disk that the last `up` made."""

    size_gb: int
    type: str
    project: str
    zones: tuple[str, ...]
    """Its zone, or the two of a regional disk, sorted."""


@dataclass(kw_only=True)
class MadeWorkload:
    """What the last `up` made for one workload."""

    kind: str
    engine: str = ""
    elsewhere: bool = False
    """Whether its data are outside the cluster, as a Cloud SQL instance's are."""
    set: MadeSet | None = None
    shared: Claims | None = None
    volumes: list[MadeVolume] = field(default_factory=list)
    """Its volumes, by ordinal."""
    finished: bool = False
    """Whether an `up` with this workload ever ended well. Only then are there outputs."""
    claimed: int | None = None
    """One more than the highest ordinal that ever had a claim, by the output `claimed`; None without such an output."""

    @property
    def storage(self) -> str:
        """The `kind` of its storage backend. It is empty where the volumes of a set without a class are gone."""
        if self.volumes:
            return self.volumes[0].kind
        template = self.set.template if self.set else None
        if self.shared or (self.set and template is None):
            return "shared-claim"
        return "dynamic" if template and template.class_name else ""


@dataclass(frozen=True, kw_only=True)
class Made:
    """All that the last `up` made."""

    workloads: Mapping[str, MadeWorkload] = field(default_factory=dict)
    disks: Mapping[str, MadeDisk] = field(default_factory=dict)
    context: str | None = None
    kubeconfig: str | None = None


def read() -> Made:
    """Asks the engine what the last `up` made. Before the first `up` that is nothing."""
    name = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
    resources = _ask(READ_RESOURCES, {"stackName": name})
    return of(resources, _ask(READ_OUTPUTS, {"name": name}) if resources else {})


def _ask(function: str, arguments: Mapping[str, str]) -> Mapping[str, Any]:
    """The engine's answer. It is asked again where it fails, as during an `up` a reader may come upon half a file."""
    for pause in PAUSES:
        try:
            answer = pulumi.runtime.invoke(function, dict(arguments)).value or {}
        except Exception as error:  # the SDK has no type for what the engine refuses
            said = str(error).splitlines()[0]
            time.sleep(pause)
        else:
            found: Mapping[str, Any] = answer.get("outputs") or {}
            return found
    raise pulumi.RunError(f"what the last up made cannot be read, so nothing is changed: {said}; try again")


def of(resources: Mapping[str, Any], outputs: Mapping[str, Any]) -> Made:
    """What was made, from `{URN: {"type": ..., "outputs": ...}}` and the stack's outputs.

    Two things are passed over: resources that another program registered in the same stack, which have none of this
    program's components above them, and resources without outputs, which a failed `up` only began to make.
    """
    types = {urn: str(resource["type"]) for urn, resource in resources.items()}
    workloads = {
        urn.rpartition("::")[2]: MadeWorkload(
            kind=COMPONENTS[type_].word, engine=COMPONENTS[type_].engine, elsewhere=COMPONENTS[type_].data_elsewhere
        )
        for urn, type_ in types.items()
        # A component within another, such as the StatefulService of a Kubia, has its owners' types before its own.
        if type_ in COMPONENTS and urn.split("::")[2] == type_
    }
    disks: dict[str, MadeDisk] = {}
    cluster: dict[str, str | None] = {}
    for urn, resource in resources.items():
        made = resource.get("outputs") or {}
        if types[urn] in DISKS and {"name", "project", "size", "type"} <= made.keys():
            disks[str(made["name"])] = _disk(made)
        elif types[urn] == PROVIDER and urn.endswith("::cluster"):
            cluster = {key: made.get(key) for key in ("context", "kubeconfig")}
        elif types[urn].startswith("kubernetes:") and "spec" in made:
            meta = made["metadata"]
            owner = workloads.get((meta.get("labels") or {}).get("app", ""))
            if owner is not None:
                _add(owner, types[urn], meta, made["spec"])
    for name, workload in workloads.items():
        workload.volumes.sort(key=lambda volume: volume.ordinal)
        noted = outputs.get(name)
        workload.finished = noted is not None
        claimed = noted.get("claimed") if isinstance(noted, Mapping) else None
        workload.claimed = None if claimed is None else int(claimed)
    return Made(workloads=workloads, disks=disks, **cluster)


def _add(workload: MadeWorkload, type_: str, meta: Mapping[str, Any], spec: Mapping[str, Any]) -> None:
    """Adds one Kubernetes object to its workload, if it holds data or leads to them."""
    if type_ == "kubernetes:apps/v1:StatefulSet":
        workload.set = _set(meta, spec)
    elif type_ == "kubernetes:core/v1:PersistentVolume":
        ordinal = re.search(r"-(\d+)$", (spec.get("claimRef") or {}).get("name", ""), re.ASCII)
        if ordinal:  # somebody may have released the volume by hand, and then it names no claim
            workload.volumes.append(_volume(meta["name"], int(ordinal[1]), spec))
    elif type_ == "kubernetes:core/v1:PersistentVolumeClaim":
        workload.shared = _claims(meta["name"], spec)


def _set(meta: Mapping[str, Any], spec: Mapping[str, Any]) -> MadeSet:
    templates: Sequence[Mapping[str, Any]] = spec.get("volumeClaimTemplates") or ()
    policy = spec.get("persistentVolumeClaimRetentionPolicy") or {}
    start = int((spec.get("ordinals") or {}).get("start") or 0)
    return MadeSet(
        namespace=str(meta.get("namespace") or "default"),
        policy=str(spec.get("podManagementPolicy") or "OrderedReady"),
        stop=start + int(spec.get("replicas", 1)),
        template=_claims(templates[0]["metadata"]["name"], templates[0]["spec"]) if templates else None,
        deletes_claims=policy.get("whenDeleted") == "Delete",
        parts=_parts(templates, (spec.get("template") or {}).get("spec") or {}),
    )


def _parts(templates: Sequence[Mapping[str, Any]], pod: Mapping[str, Any]) -> Mapping[str, str]:
    claims = {template["metadata"]["name"] for template in templates}
    claims |= {volume["name"] for volume in pod.get("volumes") or () if volume.get("persistentVolumeClaim")}
    mounts = [mount for container in (pod.get("containers") or ())[:1] for mount in container.get("volumeMounts") or ()]
    return {str(m.get("subPath") or ""): str(m.get("mountPath")) for m in mounts if m.get("name") in claims}


def _claims(name: str, spec: Mapping[str, Any]) -> Claims:
    return Claims(
        name=name,
        class_name=str(spec.get("storageClassName") or ""),
        access_modes=tuple(spec["accessModes"]),
        size=Quantity(str(spec["resources"]["requests"]["storage"])),
    )


def _volume(name: str, ordinal: int, spec: Mapping[str, Any]) -> MadeVolume:
    """The volume, with the backend that made it, which its source tells."""
    if "local" in spec:
        (term,) = spec["nodeAffinity"]["required"]["nodeSelectorTerms"]
        place = f"{spec['local']['path']} on {term['matchExpressions'][0]['values'][0]}"
        return MadeVolume(name=name, ordinal=ordinal, kind="local", source="local", place=place)
    regional = "/regions/" in (spec.get("csi") or {}).get("volumeHandle", "")
    kind, source = "regional-disks" if regional else "gce-disks", "csi" if "csi" in spec else "in-tree"
    return MadeVolume(name=name, ordinal=ordinal, kind=kind, source=source)


def _disk(made: Mapping[str, Any]) -> MadeDisk:
    """The disk. Google gives types and zones as names, or as addresses that end in the name."""
    zones = made.get("replicaZones") or [made["zone"]]
    return MadeDisk(
        size_gb=int(made["size"]),
        type=_last(made["type"]),
        project=str(made["project"]),
        zones=tuple(sorted(map(_last, zones))),
    )


def _last(address: Any) -> str:
    return str(address).rpartition("/")[2]
