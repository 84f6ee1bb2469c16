"""A member's node is drained and comes back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from drills.experiments.claims import check_same_claim, claim_of
from drills.experiments.experiment import Experiment, Ordinal, at, no_member
from drills.faults.nodes import cannot_drain, cordon, is_cordoned, stays
from drills.faults.undo import Undo

if TYPE_CHECKING:
    from drills.experiments.stage import Stage
    from drills.kube import Cluster
    from drills.target import Member, Target


@dataclass(frozen=True)
class Drain(Experiment):
    """Drain a member's node as far as the disruption budget allows, and uncordon it. Needs two nodes."""

    name = "drain"
    example = "drain --context my-gke --ordinal 2"
    ordinal: Ordinal = None

    def plan(self, target: Target) -> tuple[str, ...]:
        return (
            f"cordon the node of {target.pod(at(self.ordinal, target))} and evict the set's pods from it, as far as "
            "the disruption budget lets them go; other pods of the node stay",
            "see the member move, or wait where its volume is bound to that node; then uncordon",
        )

    def cannot(self, cluster: Cluster, target: Target) -> str:
        return no_member(target, at(self.ordinal, target)) or cannot_drain(cluster)

    def run(self, stage: Stage) -> None:
        ordinal = at(self.ordinal, stage.target)
        before, claim = stage.members()[ordinal], claim_of(stage, ordinal)
        volume = stage.cluster.must_get(f"/api/v1/persistentvolumes/{claim['spec']['volumeName']}")
        waits = stays(stage.cluster, volume, before.node)
        if is_cordoned(stage, before.node):
            stage.check("the node takes pods", False, f"{before.node} is cordoned already, and not by this drill")
            return
        with stage.undoing(Undo("uncordon", before.node)):
            cordon(stage, before.node)
            stage.say(f"{before.node} is cordoned")
            _evict(stage, ordinal, before.node)
            _see_it_move(stage, ordinal, before, waits)
        stage.wait_ready(range(stage.target.replicas), 300)
        check_same_claim(stage, ordinal, claim)
        stage.wait_seen([stage.servers[ordinal]])
        stage.say(f"{stage.servers[ordinal]} is back in the read loop")


def _see_it_move(stage: Stage, ordinal: int, before: Member, waits: bool) -> None:
    """`waits`: whether the new pod has nowhere to go, since its volume can be on no other node."""
    pod = stage.target.pod(ordinal)

    def replaced() -> bool:
        there = stage.members().get(ordinal)
        return there is not None and there.uid != before.uid

    stage.wait(f"a new {pod}", replaced, 180)
    if waits:
        stage.sleep(5)
        there = stage.members()[ordinal]
        name = f"{pod} waits: its volume can be on no other node"
        stage.check(name, there.pending, f"{there.phase} {there.node}".strip())
    else:
        stage.wait_ready([ordinal], 600)
        node = stage.members()[ordinal].node
        stage.check(f"{pod} runs on another node", node != before.node, f"{before.node} → {node}")


def _evict(stage: Stage, ordinal: int, node: str) -> None:
    """The member first: the budget may not let another one go with it."""
    here = sorted((n for n, member in stage.members().items() if member.node == node), key=lambda n: (n != ordinal, n))
    for each in here:
        pod = stage.target.pod(each)
        if each == ordinal:
            stage.wait(f"the disruption budget lets {pod} go", lambda pod=pod: stage.cluster.evict(pod), 120)  # type: ignore[misc]
            stage.say(f"{pod} is evicted")
        elif stage.cluster.evict(pod):
            stage.say(f"{pod} is evicted as well")
        else:
            stage.say(f"the disruption budget keeps {pod}")
