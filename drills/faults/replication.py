"""Replication of a member stops, and is started again by whoever mends it."""

from __future__ import annotations

import time

from drills.faults.breaking import breaking, run_in
from drills.faults.fault import Fault
from drills.scene import Scene

ROOT = "mysql --defaults-file=/run/mysqld/root.cnf"
STOP_RECEIVER = f"{ROOT} --execute='STOP REPLICA IO_THREAD'"
# What an operator types after STOP REPLICA IO_THREAD; the password is in the pod.
START_RECEIVER = f'{ROOT} <<<"START REPLICA IO_THREAD $(</run/mysqld/replication.sql)"'


def applier_stopped(ordinal: int) -> Fault[Scene]:
    """What the member receives is no longer applied: it must leave the readers' Service until it is."""

    def meanwhile(scene: Scene) -> None:
        scene.not_ready(ordinal)
        time.sleep(2)

    return Fault(
        "applier stopped",
        lambda scene: breaking(scene, scene.target.pod(ordinal), "applier", "break"),
        meanwhile,
        lambda scene: breaking(scene, scene.target.pod(ordinal), "applier", "mend"),
    )


def receiver_stopped(ordinal: int, variant: bool = False) -> Fault[Scene]:
    """The member receives nothing; one that somebody stopped stays stopped."""
    return Fault(
        "receiver stopped",
        lambda scene: run_in(scene, ordinal, STOP_RECEIVER),
        lambda scene: scene.not_ready(ordinal),
        lambda scene: run_in(scene, ordinal, START_RECEIVER),
        variant=variant,
    )
