"""Draining a member's node: whether there is another one, whether the member can move there, and how it goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from drills.claims import check_same_claim, claim_of
from drills.journal import Undo
from drills.kube import Cluster
from drills.scene import Scene


def cannot(cluster: Cluster) -> str:
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


def run(scene: Scene, ordinal: int) -> None:
    """Cordon, evict, look, uncordon, look again."""
    target, pod = scene.target, scene.target.pod(ordinal)
    before, claim = scene.members()[ordinal], claim_of(scene, ordinal)
    volume = scene.cluster.must_get(f"/api/v1/persistentvolumes/{claim['spec']['volumeName']}")
    waits = stays(scene.cluster, volume, before.node)
    path = f"/api/v1/nodes/{before.node}"
    if scene.cluster.must_get(path)["spec"].get("unschedulable"):
        scene.check("the node takes pods", False, f"{before.node} is cordoned already, and not by this drill")
        return
    with scene.undoing(Undo("uncordon", before.node)):
        scene.cluster.patch(path, {"spec": {"unschedulable": True}})
        scene.say(f"{before.node} is cordoned")
        _evict(scene, ordinal, before.node)

        def replaced() -> bool:
            there = scene.members().get(ordinal)
            return there is not None and there.uid != before.uid

        scene.wait(f"a new {pod}", replaced, 180)
        if waits:
            scene.sleep(5)
            there = scene.members()[ordinal]
            name = f"{pod} waits: its volume can be on no other node"
            scene.check(name, there.pending, f"{there.phase} {there.node}".strip())
        else:
            scene.wait_ready([ordinal], 600)
            node = scene.members()[ordinal].node
            scene.check(f"{pod} runs on another node", node != before.node, f"{before.node} → {node}")
    scene.wait_ready(range(target.replicas), 300)
    check_same_claim(scene, ordinal, claim)
    scene.wait_seen([scene.servers[ordinal]])
    scene.say(f"{scene.servers[ordinal]} is back in the read loop")


def _evict(scene: Scene, ordinal: int, node: str) -> None:
    """The member first: the budget may not let another one go with it."""
    here = sorted((n for n, member in scene.members().items() if member.node == node), key=lambda n: (n != ordinal, n))
    for each in here:
        pod = scene.target.pod(each)
        if each == ordinal:
            scene.wait(f"the disruption budget lets {pod} go", lambda pod=pod: scene.cluster.evict(pod), 120)  # type: ignore[misc]
            scene.say(f"{pod} is evicted")
        elif scene.cluster.evict(pod):
            scene.say(f"{pod} is evicted as well")
        else:
            scene.say(f"the disruption budget keeps {pod}")
