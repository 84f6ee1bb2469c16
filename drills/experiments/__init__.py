"""The tutorial's experiments, one file each. The command line and `drills all` follow from this list."""

from __future__ import annotations

from typing import Final

from drills.experiments.break_readiness import BreakReadiness
from drills.experiments.delete_pod import DeletePod
from drills.experiments.drain import Drain
from drills.experiments.experiment import Experiment
from drills.experiments.read_loop import ReadLoop
from drills.experiments.scale import Scale
from drills.experiments.traffic import Traffic

EXPERIMENTS: Final[dict[str, type[Experiment]]] = {
    each.name: each for each in (Traffic, ReadLoop, BreakReadiness, DeletePod, Drain, Scale)
}
"""By name, in the order in which `drills all` makes them."""
