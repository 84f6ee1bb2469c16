"""More members hold the old data; fewer members leave their claims."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from drills.experiments.experiment import Experiment, Option
from drills.faults.scaling import scale
from drills.faults.undo import Undo

if TYPE_CHECKING:
    from drills.experiments.stage import Stage
    from drills.kube import Cluster
    from drills.target import Target


@dataclass(frozen=True)
class Scale(Experiment):
    """Scale up: the new members hold the old data; scale back: the claims stay."""

    name = "scale"
    example = "scale --to 5"
    to: Annotated[int | None, Option("Members. Default: two more than there are.")] = None

    def _to(self, target: Target) -> int:
        return target.replicas + 2 if self.to is None else self.to

    def plan(self, target: Target) -> tuple[str, ...]:
        more, to = target.replicas, self._to(target)
        return (
            f"scale {target.name} from {more} to {to}, and see the new members answer with the old data",
            f"scale back to {more}; {to} claims stay (`drills cleanup --spare-claims` takes those that are spare)",
        )

    def cannot(self, cluster: Cluster, target: Target) -> str:
        to = self._to(target)
        return "" if to > target.replicas else f"--to {to} is not more than the {target.replicas} members there are"

    def run(self, stage: Stage) -> None:
        target, few, many = stage.target, stage.target.replicas, self._to(stage.target)
        old = {each.row for each in list(stage.watch.record.acknowledged)}
        with stage.undoing(Undo("scale", target.name, str(few))):
            scale(stage, target.name, many)
            stage.say(f"scaled to {many}")
            stage.wait_ready(range(many), 600)
            stage.say(f"all {many} are Ready")
            stage.watch.look_at(range(many))
            _see_the_old_data(stage, range(few, many), old)
            stage.watch.look_at(range(few))
        stage.wait(f"only {few} members", lambda: sorted(stage.members()) == list(range(few)), 300)
        stage.say(f"scaled back to {few}")
        claims = {item["metadata"]["name"] for item in stage.cluster.items("persistentvolumeclaims")}
        lost = [target.claim(ordinal) for ordinal in range(many) if target.claim(ordinal) not in claims]
        stage.check(f"{many} claims remain", not lost, f"gone: {', '.join(lost)}" if lost else "")


def _see_the_old_data(stage: Stage, new: range, old: set[int]) -> None:
    """The new members answer reads, and each holds the rows that were acknowledged before it was there."""
    servers = [stage.servers[0] + ordinal for ordinal in new]
    stage.wait_seen(servers)
    stage.say(f"{', '.join(map(str, servers))} answer the read loop")
    for ordinal in new:
        lacking = old - stage.watch.client.rows(ordinal)
        name = f"{stage.target.pod(ordinal)} holds the old data"
        stage.check(name, not lacking, f"{len(old) - len(lacking)} of {len(old)}")
