"""A member that must not serve leaves the read Service, and returns when it is mended."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

from drills.experiments.experiment import Experiment, Option, Ordinal, at, no_member
from drills.experiments.reads import check_absent, counted
from drills.faults.breaking import breaking
from drills.faults.undo import Undo

if TYPE_CHECKING:
    from drills.experiments.stage import Stage
    from drills.kube import Cluster
    from drills.target import Target


class By(StrEnum):
    """How readiness is broken."""

    APPLIER = "applier"
    FREEZE = "freeze"


@dataclass(frozen=True)
class BreakReadiness(Experiment):
    """Break a member: it leaves the read Service; mend it: it returns."""

    name = "break-readiness"
    example = "break-readiness --ordinal 1 --by freeze"
    ordinal: Ordinal = None
    by: Annotated[By, Option()] = By.APPLIER

    def plan(self, target: Target) -> tuple[str, ...]:
        pod = target.pod(at(self.ordinal, target))
        how = "stop applying replication in" if self.by == By.APPLIER else "freeze the server in"
        return (f"{how} {pod}, and see it leave {target.name}-read", "mend it, and see it return")

    def cannot(self, cluster: Cluster, target: Target) -> str:
        if at(self.ordinal, target) == 0 and self.by == By.APPLIER:
            return "the primary applies no replication; there must be a replica, or --by freeze"
        return no_member(target, at(self.ordinal, target))

    def run(self, stage: Stage) -> None:
        ordinal = at(self.ordinal, stage.target)
        pod, server = stage.target.pod(ordinal), stage.servers[ordinal]
        with stage.undoing(Undo("mend", pod, self.by.value)):
            breaking(stage, pod, self.by.value, "break")
            stage.say(f"{pod} is broken ({self.by.value})")
            stage.not_ready(ordinal, 120)
            stage.say(f"{pod} is not Ready")
            unready = stage.now()
            since = stage.wait_unseen(server)
            stage.say(f"{server} has left the read loop: {counted(stage, since)}")
            stage.sleep(5)
            until = stage.now()
        ready = stage.watch.record.ready_times(ordinal, unready, until)
        name = "a member with broken replication is never Ready"
        stage.check(name, ready == 0, f"Ready {ready} times" if ready else f"for {until - unready:.0f} s")
        check_absent(stage, server, since, until)
        stage.wait_ready([ordinal], 120)
        stage.wait_seen([server])
        stage.say(f"{server} is back in the read loop")
