"""`make soak`: every fault of replicated MySQL, time and again, on a copy of this project; a table of what was lost.

`PASSES` (10) says how often. Every fault's outcome is written down at once, in `.soak/`: a soak that was stopped goes
on where it was, and `NEW=1` starts over. Ends with 1 if a row was lost or anything else did not hold.
"""

from __future__ import annotations

import json
import os
import signal
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from drills.faults.fault import Fault
from localcloud.host import atomic, daemons
from localcloud.host.paths import ROOT
from tests.cluster.mysql.faults import FAULTS
from tests.cluster.mysql.nodes import NODE_FAULTS, Dev, client_away_from
from tests.cluster.mysql.passes import MySqlScene, Outcome, run
from tests.cluster.mysql.rig import MySql
from tools.project import Project, copy_project, eventually, keep_only, own_slot

FOLDER = ROOT / ".soak"
Place = Callable[[Path], AbstractContextManager[MySql]]


@dataclass(frozen=True)
class Row:
    """One fault, all its passes together."""

    fault: str
    runs: int
    answered: int
    lost: int | None
    """Most that a member had lost after a pass, summed; None: some pass could not tell."""
    median: float | None
    longest: float | None
    """Seconds until recovered; None: never."""
    failed: int
    """Passes after which something did not hold."""


def rows(outcomes: Sequence[Outcome]) -> list[Row]:
    """One for each fault, in the order of the list."""
    found = []
    for name in dict.fromkeys(one.fault for one in outcomes):
        mine = [one for one in outcomes if one.fault == name]
        times = [one.recovered for one in mine if one.recovered is not None]
        losses = [one.lost for one in mine]
        found.append(
            Row(
                fault=name,
                runs=len(mine),
                answered=sum(one.answered for one in mine),
                lost=None if None in losses else sum(one or 0 for one in losses),
                median=statistics.median(times) if times else None,
                longest=max(times, default=None),
                failed=sum(bool(one.problems) for one in mine),
            )
        )
    return found


def markdown(outcomes: Sequence[Outcome]) -> str:
    """The table, and what did not hold."""
    lines = [
        "| fault | runs | answered rows | lost rows | recovered after, median s | longest s | failed runs |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for row in rows(outcomes):
        median, longest = (f"{one:.1f}" if one is not None else "never" for one in (row.median, row.longest))
        lost = "unknown" if row.lost is None else row.lost
        lines.append(f"| {row.fault} | {row.runs} | {row.answered} | {lost} | {median} | {longest} | {row.failed} |")
    for one in outcomes:
        lines += [f"- {one.fault}{f' ({one.note})' if one.note else ''}: {text}" for text in one.problems]
    return "\n".join(lines) + "\n"


def saved(folder: Path) -> list[Outcome]:
    """What an earlier run wrote down."""
    file = folder / "outcomes.json"
    if not file.exists() or os.environ.get("NEW"):
        return []
    return [Outcome(**{**one, "problems": tuple(one["problems"])}) for one in json.loads(file.read_text())]


def save(folder: Path, outcomes: Sequence[Outcome]) -> None:
    """As JSON and as a table, both whole at any time."""
    folder.mkdir(exist_ok=True)
    contents = {
        "outcomes.json": json.dumps([asdict(one) for one in outcomes], indent=1),
        "faults.md": markdown(outcomes),
    }
    for name, text in contents.items():
        atomic.write(folder / name, text)


def stop(project: Project) -> None:
    """Also when the signal came while a command of the project was at work, which must end first."""
    eventually(lambda: project.run("make", "down").returncode == 0, "the cluster is down", 120)


@contextmanager
def local_stack(folder: Path) -> Iterator[MySql]:
    """The members of the local stack, on one node."""
    project = copy_project(folder / "statefulsets")
    keep_only(project, "mysql")
    rig = MySql(project)
    try:
        project.up()
        rig.start_client()
        yield rig
    finally:
        stop(project)


@contextmanager
def dev_stack(folder: Path) -> Iterator[MySql]:
    """Those of the dev stack, on four nodes."""
    project = Dev(copy_project(folder / "statefulsets").root)
    rig = MySql(project)
    try:
        project.up()
        rig.wait_ready(0, 1, 2, seconds=180)
        client_away_from(rig)
        yield rig
    finally:
        stop(project)


def soak(faults: Sequence[Fault[MySqlScene]], place: Place, passes: int, outcomes: list[Outcome]) -> None:
    """The passes of these faults that are missing, each with its table of rows anew."""
    done = {fault.name: sum(one.fault == fault.name for one in outcomes) for fault in faults}
    if min(done.values()) >= passes:
        return
    with tempfile.TemporaryDirectory(prefix="statefulsets-soak-") as folder, place(Path(folder)) as rig:
        for number in range(min(done.values()), passes):
            rig.root(0, "TRUNCATE TABLE app.writes;")
            with rig.watch(0, 1, 2).running() as watch:
                for fault in (one for one in faults if done[one.name] <= number):
                    outcome = run(fault, MySqlScene(rig, watch, number))
                    outcomes.append(outcome)
                    done[fault.name] += 1
                    save(FOLDER, outcomes)
                    print(f"pass {number + 1} of {passes}: {outcome}", flush=True)


def main() -> int:
    """Makes the passes that are missing, prints the table, and returns the exit code."""
    if os.geteuid() != 0:
        sys.exit("soak: it starts a cluster and needs root: `sudo make soak`")
    if owners := {process.owner for process in daemons.running(own_slot())}:
        sys.exit(f"soak: a cluster runs already ({', '.join(owners)}); `make down` there first")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the cluster is stopped on the way out
    signal.signal(signal.SIGINT, signal.default_int_handler)
    outcomes = saved(FOLDER)
    for faults, place in ((FAULTS, local_stack), (NODE_FAULTS, dev_stack)):
        soak(faults, place, int(os.environ.get("PASSES") or 10), outcomes)
    print((FOLDER / "faults.md").read_text())
    return int(any(one.problems or one.lost != 0 for one in outcomes))


if __name__ == "__main__":
    sys.exit(main())
