"""Replicated MySQL against its peers: a clone and a plain copy, an answered write and one of a bare server, a restart.

Peers run in the same cluster, on the same disk and in the same minutes; where rounds are repeated, they take turns.
"""

from __future__ import annotations

import os
import shlex
import statistics
from collections.abc import Callable, Iterator
from datetime import datetime

from tests.cluster.mysql.disks import VOLUMES, inside
from tests.cluster.mysql.rig import MySql
from tests.cluster.mysql.steps import container_pids
from tools.bench.figures import ROUNDS, Figure
from tools.bench.mysql_bare import Bare, outage, timed_writes
from tools.project import Project, keep_only

BYTES = 2 << 30
WRITES = 2000
CLIENTS = 8
SENDER = """
import socket, subprocess, sys
connection = socket.create_connection((sys.argv[1], 7777))
sys.exit(subprocess.call(["tar", "-C", sys.argv[2], "-cf", "-", "."], stdout=connection) > 1)
"""
RECEIVER = """
import os, socket, subprocess, sys
connection, _ = socket.create_server(("", 7777)).accept()
os.makedirs(sys.argv[1])
subprocess.check_call(["tar", "-C", sys.argv[1], "-xf", "-"], stdin=connection)
subprocess.check_call(["sync", "-f", sys.argv[1]])
"""


def measure(project: Project, say: Callable[[str], None]) -> Iterator[Figure]:
    """Brings up a primary and a replica and nothing else, and measures them. The caller stops the cluster."""
    keep_only(project, "mysql", replicas=2)
    say("mysql: bringing a primary and a replica up")
    project.up()
    rig = MySql(project)
    rig.start_client()
    with Bare(project).running() as bare:
        yield from _writes(rig, bare, say)
        yield from _recovery(rig, bare, say)
    yield from _clones(rig, say)


def _writes(rig: MySql, bare: Bare, say: Callable[[str], None]) -> Iterator[Figure]:
    say(f"mysql: {WRITES} writes of one client, then of {CLIENTS} (load {os.getloadavg()[0]:.1f})")
    hosts = {"on": rig.secret(), "off": rig.secret(), "bare": bare.secret()}
    latency: dict[str, list[float]] = {name: [] for name in hosts}
    rate: dict[str, list[float]] = {name: [] for name in hosts}
    for _ in range(ROUNDS):
        for name, secret in hosts.items():
            if name != "bare":
                rig.root(0, f"SET GLOBAL rpl_semi_sync_source_enabled = {name.upper()};")
            one = timed_writes(rig.project, secret, WRITES, 1)
            latency[name].append(statistics.median(one.latencies) * 1000)
            many = timed_writes(rig.project, secret, WRITES, CLIENTS)
            rate[name].append(WRITES / many.seconds)
    rig.root(0, "SET GLOBAL rpl_semi_sync_source_enabled = ON;")
    for name in ("on", "off"):
        theirs = statistics.median(latency["bare"])
        yield Figure(
            f"write, semi-sync {name}, median", statistics.median(latency[name]), "bare mysqld", theirs, None, "ms"
        )
    for name in ("on", "off"):
        theirs = statistics.median(rate["bare"])
        yield Figure(
            f"{CLIENTS} clients, semi-sync {name}",
            statistics.median(rate[name]),
            "bare mysqld",
            theirs,
            None,
            "writes/s",
        )


def _recovery(rig: MySql, bare: Bare, say: Callable[[str], None]) -> Iterator[Figure]:
    say(f"mysql: kill -9, until a write is answered again (load {os.getloadavg()[0]:.1f})")
    ours, theirs = [], []
    for _ in range(ROUNDS):
        timed_writes(rig.project, rig.secret(), WRITES, CLIENTS)
        ours.append(outage(rig.project, rig.secret(), lambda: rig.kill_server(0)))
        timed_writes(rig.project, bare.secret(), WRITES, CLIENTS)
        theirs.append(outage(rig.project, bare.secret(), bare.kill_server))
    peer = "bare mysqld, started at once"
    yield Figure("kill -9 of the primary", statistics.median(ours), peer, statistics.median(theirs), 2.0)


def _clones(rig: MySql, say: Callable[[str], None]) -> Iterator[Figure]:
    say(f"mysql: a table of {BYTES >> 30} GiB")
    _fill(rig)
    size = int(rig.exec("mysql-0", "du -sm /var/lib/mysql/data | cut -f1", "mysql").stdout)
    clones, statements, ready, copies = [], [], [], []
    for number in range(ROUNDS):
        say(f"mysql: clone and copy of {size} MiB, {number + 1} of {ROUNDS} (load {os.getloadavg()[0]:.1f})")
        rig.lose_claim(1)
        rig.wait_ready(1, seconds=900)
        whole, statement = _clone_times(rig)
        clones.append(whole)
        statements.append(statement)
        ready.append(_scheduled_to_ready(rig.project))
        copies.append(_copy(rig.project))
    copy = statistics.median(copies)
    yield Figure(f"CLONE of {size} MiB, on the disk", statistics.median(statements), "tar over TCP", copy, 1 / 1.5)
    yield Figure("clone.sh, its server included", statistics.median(clones), "tar over TCP", copy)
    whole = statistics.median(ready)
    yield Figure("pod scheduled -> Ready, caught up", whole, "CLONE alone", statistics.median(statements), 3.0)


def _fill(rig: MySql) -> None:
    """Writes random bytes on the primary only, so that the replica gets them by the clone."""
    rig.root(0, "SET sql_log_bin = 0; CREATE TABLE app.big (id INT PRIMARY KEY AUTO_INCREMENT, bytes MEDIUMBLOB);")
    rows = (
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 64) SELECT RANDOM_BYTES(1024) FROM n"
    )
    big = f"INSERT INTO app.big (bytes) SELECT REPEAT(RANDOM_BYTES(1024), 256) FROM ({rows}) AS r"  # noqa: S608  ours
    for _ in range(BYTES // (64 * 256 * 1024)):
        rig.root(0, f"SET sql_log_bin = 0; {big};")


def _clone_times(rig: MySql) -> tuple[float, float]:
    """Seconds of clone.sh, and of its CLONE statement with what makes it last on the disk."""
    lines = rig.project.kubectl("logs", "mysql-1", "--container=data", "--timestamps").splitlines()
    at = [(datetime.fromisoformat(line.split()[0][:26] + "+00:00").timestamp(), line) for line in lines]
    start = next(moment for moment, line in at if line.endswith("cloning member 0"))
    begun = next(moment for moment, line in at if "cloning member 0:" in line)
    end = next(moment for moment, line in at if "cloned member 0 in" in line)
    return end - start, end - begun


def _scheduled_to_ready(project: Project) -> float:
    """The seconds between two of Kubernetes' times, which it gives in whole seconds."""
    conditions = project.get("pod", "mysql-1")["status"]["conditions"]
    at = {one["type"]: datetime.fromisoformat(one["lastTransitionTime"]).timestamp() for one in conditions}
    return at["Ready"] - at["PodScheduled"]


def _copy(project: Project) -> float:
    """Seconds that tar takes to copy the same files between the two pods, through a socket and onto the disk."""
    source, target = (f"{VOLUMES}/mysql-{letter}/mysql" for letter in "ab")
    address = project.get("pod", "mysql-1")["status"]["podIP"]
    python = str((project.root / ".tools/bin/python").resolve())
    networks = [f"--net=/proc/{container_pids(project, ordinal)[0]}/ns/net" for ordinal in (0, 1)]
    inside(project, "rm", "-rf", f"{target}/copy")
    receive = ["nsenter", networks[1], "--", python, "-c", RECEIVER, f"{target}/copy"]
    send = ["nsenter", networks[0], "--", python, "-c", SENDER, address, f"{source}/data"]
    script = (
        'eval "$1" & receiver=$!; sleep 1; start=$(date +%s%N); eval "$2"; wait $receiver;'
        " echo $((($(date +%s%N) - start) / 1000))"
    )
    took = inside(project, "bash", "-ec", script, "copy", shlex.join(receive), shlex.join(send))
    inside(project, "rm", "-rf", f"{target}/copy")
    return int(took.split()[-1]) / 1e6
