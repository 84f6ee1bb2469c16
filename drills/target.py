"""What is drilled: a StatefulSet of MySQL members, by the tutorial's names, as its objects tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from drills.errors import DrillError

if TYPE_CHECKING:
    from drills.kube import Cluster, Json

SETS = "apis/apps/v1/statefulsets"


@dataclass(frozen=True)
class Target:
    """A set and the names that follow from it."""

    name: str
    namespace: str
    service: str
    """The governing Service: `<pod>.<service>` is a member."""
    replicas: int
    image: str
    container: str
    """Of the pod, the one in which the server runs."""
    init_containers: tuple[str, ...]
    claim_template: str
    selector: str
    has_secret: bool
    """Whether there is a Secret `<name>-client`, as this project makes; the tutorial's own set has an open root."""

    def pod(self, ordinal: int) -> str:
        return f"{self.name}-{ordinal}"

    def host(self, ordinal: int) -> str:
        """A member's name in DNS, for pods of its namespace."""
        return f"{self.pod(ordinal)}.{self.service}"

    def claim(self, ordinal: int) -> str:
        return f"{self.claim_template}-{self.pod(ordinal)}"

    @property
    def last(self) -> int:
        """The highest ordinal: the member that the tutorial's experiments are about."""
        return self.replicas - 1

    @property
    def own(self) -> str:
        """Name of whatever the drills make."""
        return f"{self.name}-drills"


@dataclass(frozen=True)
class Member:
    """A pod of the set at one moment."""

    ordinal: int
    uid: str
    ready: bool
    phase: str
    node: str
    claim: str

    @property
    def leaving(self) -> bool:
        return self.phase == "Terminating"

    @property
    def pending(self) -> bool:
        return self.phase == "Pending" and not self.node


def find(cluster: Cluster, name: str) -> Target:
    """The set of that name; what is not there or not fit is said in one line."""
    found = cluster.get(cluster.path(f"{SETS}/{name}"))
    if found is None:
        known = sorted(item["metadata"]["name"] for item in cluster.items(SETS))
        there = f"sets there: {', '.join(known)}" if known else "there is none at all"
        raise DrillError(f"no StatefulSet {name} in namespace {cluster.namespace}; {there}; --name names another")
    return target_of(found, cluster.get(cluster.path(f"secrets/{name}-client")) is not None)


def target_of(found: Json, has_secret: bool) -> Target:
    """Reads a set from the StatefulSet's JSON."""
    meta, spec = found["metadata"], found["spec"]
    pod = spec["template"]["spec"]
    templates = spec.get("volumeClaimTemplates") or []
    if not templates:
        raise DrillError(f"StatefulSet {meta['name']} has no claims; the drills are for members with data of their own")
    container = next((c for c in pod["containers"] if c["name"] == "mysql"), pod["containers"][0])
    labels = spec["selector"]["matchLabels"]
    return Target(
        name=meta["name"],
        namespace=meta["namespace"],
        service=spec["serviceName"],
        replicas=spec.get("replicas", 1),
        image=container["image"],
        container=container["name"],
        init_containers=tuple(c["name"] for c in pod.get("initContainers") or ()),
        claim_template=templates[0]["metadata"]["name"],
        selector=",".join(f"{key}={value}" for key, value in sorted(labels.items())),
        has_secret=has_secret,
    )


def members(cluster: Cluster, target: Target) -> dict[int, Member]:
    """The set's pods by ordinal."""
    pods = cluster.items("pods", target.selector)
    return {m.ordinal: m for pod in pods if (m := member_of(target, pod)) is not None}


def member_of(target: Target, pod: dict[str, Any]) -> Member | None:
    """A pod's JSON as a member; None if it only has the same labels."""
    meta, spec, status = pod["metadata"], pod["spec"], pod.get("status", {})
    name, _, ordinal = meta["name"].rpartition("-")
    if name != target.name or not ordinal.isdigit():
        return None
    ready = any(c["type"] == "Ready" and c["status"] == "True" for c in status.get("conditions", ()))
    leaving = "deletionTimestamp" in meta
    claims = [v["persistentVolumeClaim"]["claimName"] for v in spec.get("volumes", ()) if "persistentVolumeClaim" in v]
    return Member(
        ordinal=int(ordinal),
        uid=meta["uid"],
        ready=ready and not leaving,
        phase="Terminating" if leaving else status.get("phase", "Unknown"),
        node=spec.get("nodeName", ""),
        claim=next((c for c in claims if c == target.claim(int(ordinal))), ""),
    )
