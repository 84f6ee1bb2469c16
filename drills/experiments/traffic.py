"""Client traffic: writes through the primary, reads through the read Service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from drills.experiments.experiment import Experiment, Seconds

if TYPE_CHECKING:
    from drills.experiments.stage import Stage
    from drills.target import Target


@dataclass(frozen=True)
class Traffic(Experiment):
    """Write through the primary and read through the read Service for a while."""

    name = "traffic"
    example = "traffic --seconds 60"
    seconds: Seconds = 15

    def plan(self, target: Target) -> tuple[str, ...]:
        return (f"write to {target.pod(0)} and read from {target.name}-read for {self.seconds:.0f} s",)

    def run(self, stage: Stage) -> None:
        stage.sleep(self.seconds)
        rows = stage.rows_so_far()
        stage.say(f"{rows} rows acknowledged")
        stage.check("rows are acknowledged", rows > 0, f"{rows} in {self.seconds:.0f} s")
