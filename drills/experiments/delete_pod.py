"""A deleted pod comes back under its name, with its claim."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from drills.experiments.claims import check_same_claim, claim_of
from drills.experiments.experiment import Experiment, Ordinal, at, no_member
from drills.experiments.reads import check_absent
from drills.faults.pods import delete

if TYPE_CHECKING:
    from drills.experiments.stage import Stage
    from drills.kube import Cluster
    from drills.target import Target


@dataclass(frozen=True)
class DeletePod(Experiment):
    """Delete a member's pod: it comes back under its name, with its claim."""

    name = "delete-pod"
    example = "delete-pod --ordinal 0"
    ordinal: Ordinal = None

    def plan(self, target: Target) -> tuple[str, ...]:
        ordinal = at(self.ordinal, target)
        return (
            f"delete pod {target.pod(ordinal)}",
            f"see it come back under its name, with claim {target.claim(ordinal)}",
        )

    def cannot(self, cluster: Cluster, target: Target) -> str:
        return no_member(target, at(self.ordinal, target))

    def run(self, stage: Stage) -> None:
        ordinal = at(self.ordinal, stage.target)
        pod, server = stage.target.pod(ordinal), stage.servers[ordinal]
        before, claim = stage.members()[ordinal], claim_of(stage, ordinal)
        delete(stage, ordinal)
        stage.say(f"{pod} is deleted")

        def gone() -> bool:
            there = stage.members().get(ordinal)
            return there is None or there.uid != before.uid

        def back_again() -> bool:
            return stage.watch.ready(ordinal) and stage.watch.uid(ordinal) != before.uid

        stage.wait(f"the old {pod} is gone", gone, 180)
        since = stage.now() + stage.patience.settled
        stage.wait_ready([ordinal])
        stage.wait(f"{pod} is seen to be Ready", back_again, 60)
        back = stage.watch.record.ready_not_before(ordinal, since)
        stage.say(f"{pod} is Ready again")
        check_same_claim(stage, ordinal, claim)
        if since < back:
            check_absent(stage, server, since, back)
        stage.wait_seen([server])
        stage.say(f"{server} is back in the read loop")
