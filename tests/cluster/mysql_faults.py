"""Each way in which a member, its pod, its disk or its node may fail, as data: tests make each once, the soak often."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field

from localcloud.host.layout import Node
from localcloud.node import node
from tests.cluster import mysql_disks, mysql_steps
from tests.cluster.mysql_rig import MySql
from tests.cluster.mysql_watch import Watch
from tools.project import eventually

# As soon as there is a clone, and long before it is done, the server on this side of it is killed.
KILL_SOURCE = """
look="SELECT COUNT(*) FROM performance_schema.processlist WHERE user = 'clone'; DO SLEEP(0.02);"
while read -r clones; do
  if [[ $clones != 0 ]]; then kill -KILL $(</run/mysqld/mysqld.pid) && exit 0; fi
done < <(yes "$look" | mysql --defaults-file=/run/mysqld/root.cnf -N --unbuffered 2>/dev/null)
exit 1
"""
KILL_TARGET = """
exec {never}<> <(:)  # reading from it is a sleep that starts no process
while ((SECONDS < 20)); do
  if [[ -d /var/lib/mysql/incoming ]]; then kill -KILL $(</var/lib/mysql/scratch.pid) && exit 0; fi
  read -r -t 0.01 -u "$never" || true
done
exit 1
"""


@dataclass
class Scene:
    """What a fault is made in: a set under load, which pass it is, and since when the members could put it right."""

    mysql: MySql
    watch: Watch
    number: int = 0
    """Of this pass, from 0: faults with several places take another one each time."""
    since: float | None = None
    note: str = ""
    """What a report should say besides."""
    pods: dict[int, str] = field(init=False)
    """Of each ordinal, as it was found."""

    def __post_init__(self) -> None:
        self.pods = {ordinal: self.watch.pods[ordinal][-1].uid for ordinal in self.watch.ordinals}

    def pod_replaced(self, ordinal: int) -> bool:
        """Whether another pod has taken the place of the one that was found."""
        return self.watch.pods[ordinal][-1].uid != self.pods[ordinal]

    def struck(self) -> None:
        """From now on it is the members' own time that counts; without this, from the end of the strike."""
        self.since = time.monotonic()

    def not_ready(self, ordinal: int, seconds: float = 60) -> None:
        """Waits until the member has left the readers' Service."""
        eventually(lambda: not self.watch.ready(ordinal), f"mysql-{ordinal} is not Ready", seconds)

    def settle(self, seconds: float = 240) -> float:
        """Waits until all is as it was; the seconds that it took since `since`."""
        since = self.since or time.monotonic()
        eventually(lambda: self.watch.recovered(since) is not None, "every member Ready, with new rows", seconds)
        recovered = self.watch.recovered(since)
        return (recovered or time.monotonic()) - since


@dataclass(frozen=True)
class Fault:
    """Its name in reports, what makes it, and what puts the scenery back once its members have recovered."""

    name: str
    strike: Callable[[Scene], None]
    after: Callable[[Scene], None] = lambda _: None
    seconds: float = 240
    """Until when all must be as it was."""
    soak_only: bool = False
    """A variant of another one, for which a test run has no time."""


def server_killed(ordinal: int) -> Callable[[Scene], None]:
    return lambda scene: scene.mysql.kill_server(ordinal)


def container_killed(ordinal: int) -> Callable[[Scene], None]:
    """The supervisor and all else in one moment."""
    return lambda scene: mysql_steps.kill_container(scene.mysql.project, ordinal)


def pods_deleted(*ordinals: int, force: bool = False) -> Callable[[Scene], None]:
    """All at once."""

    def strike(scene: Scene) -> None:
        how = ("--force", "--grace-period=0") if force else ()
        names = [f"mysql-{ordinal}" for ordinal in ordinals]
        scene.mysql.project.kubectl("delete", "pod", *names, "--wait=false", *how)
        scene.struck()
        for ordinal in ordinals:
            eventually(lambda ordinal=ordinal: scene.pod_replaced(ordinal), f"mysql-{ordinal} is another pod", 180)  # type: ignore[misc]

    return strike


def claim_lost(ordinal: int, *others: int) -> Callable[[Scene], None]:
    return lambda scene: scene.mysql.lose_claim(ordinal, *others)


def clone_source_killed(scene: Scene) -> None:
    with scene.mysql.beside(1, KILL_SOURCE) as killing:
        scene.mysql.lose_claim(2)
        assert killing.wait(180) == 0


def clone_target_killed(scene: Scene) -> None:
    scene.mysql.lose_claim(2)
    eventually(lambda: scene.mysql.exec("mysql-2", KILL_TARGET, "data").returncode == 0, "a clone to kill", 180)


def clone_target_pod_killed(scene: Scene) -> None:
    """The whole pod goes while it clones, without a chance to clean up."""
    scene.mysql.lose_claim(2)
    eventually((scene.mysql.directory(2) / "incoming").exists, "a clone", 180)
    scene.mysql.project.kubectl("delete", "pod", "mysql-2", "--wait=false", "--force", "--grace-period=0")


def disk_full(ordinal: int) -> Callable[[Scene], None]:
    """A claim of 2 GiB takes no byte more, until it does again. A primary may have room for some rows in its files."""

    def strike(scene: Scene) -> None:
        project, volume = scene.mysql.project, scene.mysql.volume(ordinal)
        scene.mysql.lose_claim(ordinal, prepare=lambda: mysql_disks.small(project, volume))
        scene.settle()
        mysql_disks.fill(project, volume)
        try:
            scene.not_ready(ordinal)
            before = len(scene.watch.answered)
            time.sleep(5)
            went_on = len(scene.watch.answered) > before
            assert went_on or ordinal == 0, "no row was answered while a replica's disk was full"
        finally:
            mysql_disks.free(project, volume)
        scene.struck()

    return strike


def back_on_the_plain_disk(ordinal: int) -> Callable[[Scene], None]:
    def after(scene: Scene) -> None:
        project, volume = scene.mysql.project, scene.mysql.volume(ordinal)
        scene.mysql.lose_claim(ordinal, prepare=lambda: mysql_disks.plain(project, volume))
        scene.struck()
        scene.settle()

    return after


def applier_stopped(scene: Scene) -> None:
    scene.mysql.root(2, "STOP REPLICA SQL_THREAD;")
    scene.not_ready(2)
    time.sleep(2)
    scene.mysql.root(2, "START REPLICA SQL_THREAD;")


def receiver_stopped(scene: Scene) -> None:
    scene.mysql.root(1, "STOP REPLICA IO_THREAD;")
    scene.not_ready(1)
    scene.mysql.start_receiver(1)


def errant_transaction(scene: Scene) -> None:
    """Somebody writes on a replica."""
    scene.mysql.root(2, "SET GLOBAL super_read_only = OFF; INSERT INTO app.messages VALUES ('errant');")
    scene.struck()
    aside = scene.mysql.directory(2)
    eventually(lambda: list(aside.glob("aside-*/SET-ASIDE-BECAUSE")) != [], "its data set aside", 180)
    eventually(lambda: scene.mysql.errant_rows(2) == "0", "the primary's data in their place", 180)


def role_killed(scene: Scene) -> None:
    """Of a replica: what somebody writes there afterwards is noticed all the same."""
    scene.mysql.kill_role(2)
    errant_transaction(scene)


def role_of_the_primary_killed(scene: Scene) -> None:
    """Under load, when replicas already have what it has yet to commit: it goes on leading with the data it has."""
    for _ in range(3):
        scene.mysql.kill_role(0)
    assert list(scene.mysql.directory(0).glob("aside-*")) == []


def nothing_aside(scene: Scene) -> None:
    for aside in scene.mysql.directory(2).glob("aside-*"):
        shutil.rmtree(aside)


def configuration_rolled_out(scene: Scene) -> None:
    """One pod at a time, replicas first; the primary last, and only when the others have all of its rows."""
    watch, start = scene.watch, time.monotonic()
    scene.mysql.change_settings(max_connections=str(152 + scene.number))
    scene.mysql.project.up()
    moments = [moment for ordinal in reversed(watch.ordinals) for moment in watch.replaced(ordinal, start)]
    assert moments == sorted(moments), f"not one after the other: {[round(m - start, 1) for m in moments]}"
    scene.since = moments[0]
    stopped, back = moments[-2:]
    written = watch.answered[bisect_left(watch.answered_at, back - 0.5) - 1]
    for ordinal in watch.ordinals[1:]:
        last = [one for one in watch.seen[ordinal] if stopped <= one.at <= back][-1]
        assert last.newest >= written, f"the primary stopped when mysql-{ordinal} lacked {written - last.newest} rows"


def power_lost(scene: Scene) -> None:
    """Every process of the node, in one moment; then `make up`."""
    pid = node.init_pid(scene.mysql.project.state, Node(0))
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    scene.struck()
    scene.mysql.project.up()
    eventually(lambda: scene.mysql.project.ready("mysql-client"), "the client pod", 180)
    scene.watch.reconnect()


def killed_in(script: str) -> Callable[[Scene], None]:
    """The container, between two steps of the script: each pass takes the next step."""

    def strike(scene: Scene) -> None:
        steps = mysql_steps.STEPS[script]
        step = steps[scene.number % len(steps)]
        ordinal = mysql_steps.ORDINALS.get(script, 1)
        mysql, project = scene.mysql, scene.mysql.project
        scene.note = f"{script} before `{step}`"
        mysql_steps.arm(project, ordinal, script, step)
        try:
            if script in ("data.sh", "clone.sh"):
                mysql.lose_claim(ordinal)
            else:
                project.kubectl("delete", "pod", f"mysql-{ordinal}")
            if script == "stop.sh":
                mysql.wait_ready(ordinal)
                project.kubectl("delete", "pod", f"mysql-{ordinal}", "--wait=false")
            mysql_steps.await_and_kill(project, ordinal, mysql.directory(ordinal) / "broke")
        finally:
            mysql_steps.disarm(project)

    return strike


def no_hook(script: str) -> Callable[[Scene], None]:
    ordinal = mysql_steps.ORDINALS.get(script, 1)
    return lambda scene: (scene.mysql.directory(ordinal) / "broke").unlink()


FAULTS: tuple[Fault, ...] = (
    Fault("server of a replica killed", server_killed(1)),
    Fault("server of the primary killed", server_killed(0)),
    Fault("container of a replica killed", container_killed(1), soak_only=True),
    Fault("container of the primary killed", container_killed(0)),
    Fault("pod of a replica deleted", pods_deleted(2)),
    Fault("pod of the primary deleted", pods_deleted(0)),
    Fault("pod of a replica deleted with --force", pods_deleted(2, force=True), soak_only=True),
    Fault("pod of the primary deleted with --force", pods_deleted(0, force=True), soak_only=True),
    Fault("all pods deleted", pods_deleted(0, 1, 2), soak_only=True),
    Fault("all pods deleted with --force", pods_deleted(0, 1, 2, force=True)),
    Fault("claim of a replica lost", claim_lost(2), soak_only=True),
    Fault("claim of the primary lost", claim_lost(0)),
    Fault("claim of the primary lost and all pods deleted", claim_lost(0, 1, 2)),
    Fault("clone: server of the source killed half-way", clone_source_killed),
    Fault("clone: server of the target killed half-way", clone_target_killed),
    Fault("clone: pod of the target killed half-way", clone_target_pod_killed, soak_only=True),
    Fault("disk of a replica full", disk_full(2), back_on_the_plain_disk(2), seconds=300),
    Fault("disk of the primary full", disk_full(0), back_on_the_plain_disk(0), seconds=300),
    Fault("applier stopped", applier_stopped),
    Fault("receiver stopped", receiver_stopped, soak_only=True),
    Fault("a transaction of a replica's own", errant_transaction, nothing_aside),
    Fault("role script of a replica killed", role_killed, nothing_aside),
    Fault("role script of the primary killed", role_of_the_primary_killed),
    Fault("configuration rolled out", configuration_rolled_out),
    *(Fault(f"killed between two steps of {name}", killed_in(name), no_hook(name)) for name in mysql_steps.STEPS),
    Fault("node without power", power_lost, seconds=300),
)


FAILURES = (AssertionError, subprocess.SubprocessError, OSError, LookupError, ValueError)


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


def run(fault: Fault, scene: Scene) -> Outcome:
    """Makes it and looks at everything that must hold; never raises."""
    start, before = time.monotonic(), len(scene.watch.answered)
    recovered, lost, problems = None, None, list[str]()
    try:
        fault.strike(scene)
        recovered = scene.settle(fault.seconds)
        lost = scene.mysql.settled(*scene.watch.ordinals, answered=tuple(scene.watch.answered))
    except FAILURES as error:
        problems.append(str(error) or repr(error))
    try:
        fault.after(scene)  # also after a failure: the next fault wants its scenery
    except FAILURES as error:
        problems.append(str(error) or repr(error))
    problems += scene.watch.violations(start)
    return Outcome(fault.name, len(scene.watch.answered) - before, lost, recovered, tuple(problems), scene.note)
