"""Nodes take no more pods, and those that are there move away as far as they may."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from drills.scene import Site

if TYPE_CHECKING:
    from drills.kube import Cluster


def cordon(site: Site, node: str) -> None:
    """Has no more pods scheduled on a node."""
    site.cluster.patch(path(node), {"spec": {"unschedulable": True}})


def uncordon(site: Site, node: str) -> None:
    """Has pods scheduled on a node again."""
    site.cluster.patch(path(node), {"spec": {"unschedulable": None}})


def is_cordoned(site: Site, node: str) -> bool:
    """Whether a node takes no more pods."""
    return bool(site.cluster.must_get(path(node))["spec"].get("unschedulable"))


def path(node: str) -> str:
    """The path at which the API has a node."""
    return f"/api/v1/nodes/{node}"


def cannot_drain(cluster: Cluster) -> str:
    """Why no node can be drained here."""
    nodes = cluster.must_get("/api/v1/nodes")["items"]
    free = [node["metadata"]["name"] for node in nodes if usable(node)]
    if len(free) >= 2:
        return ""
    return f"it takes two nodes that pods can be scheduled on, and here is {len(free)} ({', '.join(free) or 'none'})"


def usable(node: dict[str, Any]) -> bool:
    """Whether a node is Ready and takes pods."""
    spec, conditions = node["spec"], node["status"].get("conditions", ())
    tainted = any(taint["effect"] in ("NoSchedule", "NoExecute") for taint in spec.get("taints", ()))
    ready = any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
    return ready and not spec.get("unschedulable") and not tainted


def stays(cluster: Cluster, volume: dict[str, Any], node: str) -> bool:
    """Whether no node but this one may have a volume now: it lies there, or in a zone that has no other usable node."""
    terms = volume["spec"].get("nodeAffinity", {}).get("required", {}).get("nodeSelectorTerms", ())
    others = [each for each in cluster.must_get("/api/v1/nodes")["items"] if each["metadata"]["name"] != node]
    return not any(_matches(terms, each["metadata"].get("labels", {})) for each in others if usable(each))


def _matches(terms: Sequence[dict[str, Any]], labels: Mapping[str, str]) -> bool:
    """As the scheduler: any of the terms, and of it every expression. Volumes have `In` alone."""
    return not terms or any(
        all(labels.get(each["key"]) in each.get("values", ()) for each in term.get("matchExpressions", ()))
        for term in terms
    )
