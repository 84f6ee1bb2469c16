"""Each way in which a member, its pod, its disk or its node may fail, as data: tests make each once, the soak often.

What the API can do is in drills/faults. Here is what takes root on the machine of the nodes: claims lose their data,
disks are full, containers and nodes are killed from outside.
"""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable

from drills.faults import processes
from drills.faults.fault import Fault, whose
from drills.faults.pods import delete, pods_deleted
from drills.faults.processes import server_killed
from drills.faults.replication import applier_stopped, receiver_stopped
from localcloud.node import node
from tests.cluster.mysql import disks, steps
from tests.cluster.mysql.passes import MySqlScene
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
while ((SECONDS < 45)); do  # an empty server is made first; who runs this waits for a minute, and runs it again
  if [[ -d /var/lib/mysql/incoming ]]; then kill -KILL $(</var/lib/mysql/scratch.pid) && exit 0; fi
  read -r -t 0.01 -u "$never" || true
done
exit 1
"""


def container_killed(ordinal: int, variant: bool = False) -> Fault[MySqlScene]:
    """The supervisor and all else in one moment."""
    return Fault(
        f"container of {whose(ordinal)} killed",
        lambda scene: steps.kill_container(scene.mysql.project, ordinal),
        variant=variant,
    )


def claim_lost(ordinal: int, *others: int, variant: bool = False) -> Fault[MySqlScene]:
    """Its data are gone. Pods of `others` are deleted at the same time."""
    return Fault(
        f"claim of {whose(ordinal)} lost{' and all pods deleted' if others else ''}",
        lambda scene: scene.mysql.lose_claim(ordinal, *others),
        variant=variant,
    )


def clone_source_killed(scene: MySqlScene) -> None:
    """Kills the server that member 2 clones from, while it does."""
    with scene.mysql.beside(1, KILL_SOURCE) as killing:
        scene.mysql.lose_claim(2)
        assert killing.wait(180) == 0


def clone_target_killed(scene: MySqlScene) -> None:
    """Kills the server that receives a clone, while it does."""
    scene.mysql.lose_claim(2)
    eventually(lambda: scene.mysql.exec("mysql-2", KILL_TARGET, "data").returncode == 0, "a clone to kill", 180)


def clone_target_pod_killed(scene: MySqlScene) -> None:
    """The whole pod goes while it clones, without a chance to clean up."""
    scene.mysql.lose_claim(2)
    eventually((scene.mysql.directory(2) / "incoming").exists, "a clone", 180)
    delete(scene, 2, force=True)


def disk_full(ordinal: int) -> Fault[MySqlScene]:
    """A claim of 2 GiB takes no byte more, until it does again. A primary may have room for some rows in its files."""

    def strike(scene: MySqlScene) -> None:
        project, volume = scene.mysql.project, scene.mysql.volume(ordinal)
        scene.mysql.lose_claim(ordinal, prepare=lambda: disks.small(project, volume))
        scene.settle()
        disks.fill(project, volume)

    def meanwhile(scene: MySqlScene) -> None:
        scene.not_ready(ordinal)
        before = scene.rows_so_far()
        time.sleep(5)
        assert scene.rows_so_far() > before or ordinal == 0, "no row was answered while a replica's disk was full"

    def heal(scene: MySqlScene) -> None:
        disks.free(scene.mysql.project, scene.mysql.volume(ordinal))

    def back_on_the_plain_disk(scene: MySqlScene) -> None:
        project, volume = scene.mysql.project, scene.mysql.volume(ordinal)
        scene.mysql.lose_claim(ordinal, prepare=lambda: disks.plain(project, volume))
        scene.struck()
        scene.settle()

    return Fault(f"disk of {whose(ordinal)} full", strike, meanwhile, heal, back_on_the_plain_disk, seconds=300)


def errant_transaction(scene: MySqlScene) -> None:
    """Somebody writes on a replica."""
    scene.mysql.root(2, "SET GLOBAL super_read_only = OFF; INSERT INTO app.messages VALUES ('errant');")
    scene.struck()


def data_taken_anew(scene: MySqlScene) -> None:
    """The replica's data are set aside, and the primary's are in their place."""
    aside = scene.mysql.directory(2)
    eventually(lambda: list(aside.glob("aside-*/SET-ASIDE-BECAUSE")) != [], "its data set aside", 180)
    eventually(lambda: scene.mysql.errant_rows(2) == "0", "the primary's data in their place", 180)


def role_killed(scene: MySqlScene) -> None:
    """Of a replica: what somebody writes there afterwards is noticed all the same."""
    processes.kill_role(scene, 2)
    errant_transaction(scene)


def role_of_the_primary_killed(scene: MySqlScene) -> None:
    """Under load, when replicas already have what it has yet to commit: it goes on leading with the data it has."""
    for _ in range(3):
        processes.kill_role(scene, 0)
    assert list(scene.mysql.directory(0).glob("aside-*")) == []


def nothing_aside(scene: MySqlScene) -> None:
    """What was set aside goes, since it takes room."""
    for aside in scene.mysql.directory(2).glob("aside-*"):
        shutil.rmtree(aside)


def configuration_rolled_out(scene: MySqlScene) -> None:
    """One pod at a time, replicas first; the primary last, and only when the others have all of its rows."""
    record, ordinals, start = scene.watch.record, scene.watch.ordinals, scene.now()
    scene.mysql.change_settings(max_connections=str(152 + scene.number))
    scene.mysql.project.up()
    moments = [moment for ordinal in reversed(ordinals) for moment in record.replaced(ordinal, start)]
    assert moments == sorted(moments), f"not one after the other: {[round(m - start, 1) for m in moments]}"
    scene.since = moments[0]
    stopped, back = moments[-2:]
    written = record.newest_answered(back - 0.5)
    for ordinal in ordinals[1:]:
        last = [one for one in record.seen[ordinal] if stopped <= one.at <= back][-1]
        assert last.newest >= written, f"the primary stopped when mysql-{ordinal} lacked {written - last.newest} rows"


def power_lost(scene: MySqlScene) -> None:
    """Every process of the node, in one moment; then `make up`. The load's connections would hang for ever."""
    state = scene.mysql.project.state
    pid = node.init_pid(state, state.slot.node(0))
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    scene.struck()
    scene.mysql.project.up()
    eventually(lambda: scene.mysql.project.ready("mysql-client"), "the client pod", 180)
    scene.watch.reconnect()


def killed_in(script: str) -> Fault[MySqlScene]:
    """The container, between two steps of the script: each pass takes the next step."""
    ordinal = steps.ORDINALS.get(script, 1)

    def strike(scene: MySqlScene) -> None:
        step = steps.STEPS[script][scene.number % len(steps.STEPS[script])]
        mysql, project = scene.mysql, scene.mysql.project
        scene.note = f"{script} before `{step}`"
        steps.arm(project, ordinal, script, step)
        if script in ("data.sh", "clone.sh"):
            mysql.lose_claim(ordinal)
        else:
            project.kubectl("delete", "pod", f"mysql-{ordinal}")
        if script == "stop.sh":
            mysql.wait_ready(ordinal)
            project.kubectl("delete", "pod", f"mysql-{ordinal}", "--wait=false")
        steps.await_and_kill(project, ordinal, mysql.directory(ordinal) / "broke")

    return Fault(
        f"killed between two steps of {script}",
        strike,
        heal=lambda scene: steps.disarm(scene.mysql.project),
        tidy=lambda scene: (scene.mysql.directory(ordinal) / "broke").unlink(),
    )


def made(name: str, strike: Callable[[MySqlScene], None], variant: bool = False) -> Fault[MySqlScene]:
    """A fault that the members mend."""
    return Fault(name, strike, variant=variant)


FAULTS: tuple[Fault[MySqlScene], ...] = (
    server_killed(1),
    server_killed(0),
    container_killed(1, variant=True),
    container_killed(0),
    pods_deleted(2),
    pods_deleted(0),
    pods_deleted(2, force=True, variant=True),
    pods_deleted(0, force=True, variant=True),
    pods_deleted(0, 1, 2, variant=True),
    pods_deleted(0, 1, 2, force=True),
    claim_lost(2, variant=True),
    claim_lost(0),
    claim_lost(0, 1, 2),
    made("clone: server of the source killed half-way", clone_source_killed),
    made("clone: server of the target killed half-way", clone_target_killed),
    made("clone: pod of the target killed half-way", clone_target_pod_killed, variant=True),
    disk_full(2),
    disk_full(0),
    applier_stopped(2),
    receiver_stopped(1, variant=True),
    Fault("a transaction of a replica's own", errant_transaction, data_taken_anew, tidy=nothing_aside),
    Fault("role script of a replica killed", role_killed, data_taken_anew, tidy=nothing_aside),
    made("role script of the primary killed", role_of_the_primary_killed),
    made("configuration rolled out", configuration_rolled_out),
    *(killed_in(script) for script in steps.STEPS),
    Fault("node without power", power_lost, seconds=300),
)
"""In this order, which the soak's table has as well; variants are left to the soak."""
