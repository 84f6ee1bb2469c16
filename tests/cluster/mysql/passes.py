"""One pass of a fault under load: it is made, the members recover, and everything that must hold is looked at."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from drills.checks import members as checks
from drills.errors import DrillError
from drills.faults.fault import Fault
from drills.load.watch import Watch
from drills.scene import Scene
from localcloud.host.slot import Node
from tests.cluster.mysql.rig import FIRST_SERVER, MySql

STALE_SECONDS: Final = 15.0
"""A member that shows older rows must have left the readers' Service: maxLagSeconds (5), two probes 2 s apart that may
take 5 s each on a busy machine."""
FAILURES: Final = (AssertionError, DrillError, subprocess.SubprocessError, OSError, LookupError, ValueError)


class MySqlScene(Scene):
    """A set under load on nodes of this machine, where more than the API is in reach."""

    def __init__(self, mysql: MySql, watch: Watch, number: int = 0) -> None:
        """`number`: of this pass, from 0; faults with several places take another one each time."""
        super().__init__(watch)
        self.mysql, self.number = mysql, number
        self.node: Node | None = None
        """The one that a fault took away."""

    def rows_so_far(self) -> int:
        """How many rows were answered."""
        return len(self.watch.record.acknowledged)


@dataclass(frozen=True)
class Outcome:
    """What one pass of a fault came to; `problems` is empty where all is well."""

    fault: str
    answered: int
    """Rows, meanwhile."""
    lost: int | None
    """Of all since the pass began, on the member that has the fewest; None: not all members answer."""
    recovered: float | None
    """Seconds; None: not within the fault's limit."""
    problems: tuple[str, ...]
    note: str = ""


def run(fault: Fault[MySqlScene], scene: MySqlScene) -> Outcome:
    """Makes it and looks at everything that must hold; never raises."""
    start, before = scene.now(), scene.rows_so_far()
    problems: list[str] = []
    recovered: float | None = None
    lost: int | None = None

    def step(action: Callable[[MySqlScene], None]) -> bool:
        try:
            action(scene)
        except FAILURES as error:
            problems.append(str(error) or repr(error))
            return False
        return True

    def recover(_: MySqlScene) -> None:
        nonlocal recovered, lost
        recovered = scene.settle(fault.seconds)
        lost = scene.mysql.settled(*scene.watch.ordinals, answered=scene.watch.answered())

    made = step(fault.strike) and step(fault.meanwhile)
    # It is mended also after a failure: the next fault wants its scenery.
    if step(fault.heal) and made:
        step(recover)
    step(fault.tidy)
    servers = {ordinal: FIRST_SERVER + ordinal for ordinal in scene.watch.ordinals}
    problems += checks.violations(scene.watch.record, scene.target, servers, start, STALE_SECONDS)
    return Outcome(fault.name, scene.rows_so_far() - before, lost, recovered, tuple(problems), scene.note)
