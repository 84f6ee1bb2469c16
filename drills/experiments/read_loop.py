"""The tutorial's `SELECT @@server_id` loop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from drills.experiments.experiment import Experiment, Seconds
from drills.experiments.reads import counted
from drills.load.figures import seen

if TYPE_CHECKING:
    from drills.experiments.stage import Stage
    from drills.target import Target


@dataclass(frozen=True)
class ReadLoop(Experiment):
    """The tutorial's `SELECT @@server_id` loop: every member answers."""

    name = "read-loop"
    example = "read-loop --name mysql"
    seconds: Seconds = 15

    def plan(self, target: Target) -> tuple[str, ...]:
        return (f"ask {target.name}-read for @@server_id for {self.seconds:.0f} s, each time over a new connection",)

    def run(self, stage: Stage) -> None:
        left = self.seconds
        while left > 0:
            stage.sleep(min(3, left))
            left -= 3
            stage.say(counted(stage))
        reads = stage.watch.record.reads
        unseen = [server for server in stage.servers.values() if not seen(reads, server, 0)]
        name = f"{stage.target.name}-read answers from every member"
        stage.check(name, not unseen, f"never by {unseen}" if unseen else counted(stage))
