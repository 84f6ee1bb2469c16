"""Measures how soon three nodes are Ready when nothing ran before, and what they cost while nothing happens."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console

from localcloud.cluster import lifecycle
from localcloud.host import daemons
from localcloud.host.paths import State
from localcloud.host.progress import Progress
from tools.bench.figures import ROUNDS, Figure, resident, seconds
from tools.project import Project

COUNT = 3
IDLE = 60.0  # seconds
AIM = "the aim"


def measure(project: Project, say: Callable[[str], None]) -> Iterator[Figure]:
    """Gives the project's cluster three nodes, and measures them against the figures that were aimed at."""
    say(f"{COUNT} nodes, started {ROUNDS} times")
    project.must("make", "up", f"NODES={COUNT}")
    programs = {path.name: path for path in project.state.bin.iterdir() if not path.name.startswith(".")}
    taken = []
    for _ in range(ROUNDS):
        lifecycle.down(project.state)
        taken.append(seconds(lambda: lifecycle.up(project.state, programs, Progress(Console(quiet=True)))))
    yield Figure(f"cluster down -> {COUNT} nodes Ready", statistics.median(taken), AIM, 30, 1.0)
    project.up()  # waits for its pods
    say(f"{COUNT} nodes, idle for {IDLE:.0f} s")
    time.sleep(20)  # what has just started is still busy
    before = _spent(project.state)
    time.sleep(IDLE)
    after = _spent(project.state)
    share = sum(now - before[pid] for pid, now in after.items() if pid in before) / IDLE
    yield Figure(f"{COUNT} idle nodes, control plane included", 100 * share, AIM, 20, 1.0, "% of a core")
    yield Figure(f"{COUNT} idle nodes, memory", sum(map(resident, after)) / 2**20, AIM, 2500, 1.0, "MB")


def _spent(state: State) -> dict[int, float]:
    """Process ID -> seconds of CPU that the process of a cluster has used so far, with those of its ended children."""
    spent = {}
    for process in daemons.running(state.slot, state.root):
        try:
            fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        spent[process.pid] = sum(int(field) for field in fields[11:15]) / os.sysconf("SC_CLK_TCK")
    return spent
