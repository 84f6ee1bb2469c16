"""Replicated MySQL on real pods: the seed's experiments (002), and no answered write lost whatever breaks."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.cluster.conftest import Project, eventually
from tests.cluster.mysql_rig import MySql, directory

# As soon as there is a clone, and long before it is done, the server on this side of it is killed.
KILL_SOURCE = """
client=(mysql --defaults-file=/run/mysqld/root.cnf -N)
until [[ $("${client[@]}" <<<"SELECT COUNT(*) FROM performance_schema.processlist WHERE user = 'clone'") != 0 ]]; do
  sleep 0.02
done
kill -KILL $(</run/mysqld/mysqld.pid)
"""
KILL_TARGET = """
for ((i = 0; i < 2000; i++)); do
  if [[ -d /var/lib/mysql/incoming ]]; then kill -KILL $(</var/lib/mysql/scratch.pid) && exit 0; fi
  sleep 0.01
done
exit 1
"""


@pytest.fixture(scope="module")
def mysql(project: Project) -> Iterator[MySql]:
    """The stack's three members, under passwords that are hard to quote."""
    rig = MySql(project)
    rig.configure()
    rig.start_client()
    assert (
        rig.application("CREATE TABLE writes (n BIGINT PRIMARY KEY); CREATE TABLE messages (message VARCHAR(250));")
        == ""
    )
    yield rig
    project.kubectl("delete", "pod", "mysql-client")


def test_a_row_through_the_primary_is_read_from_each_member(mysql: MySql) -> None:
    assert mysql.application("INSERT INTO messages VALUES ('hello');") == ""
    for ordinal in range(3):
        host = f"mysql-{ordinal}.mysql.default.svc.cluster.local"
        eventually(lambda host=host: mysql.application("SELECT * FROM messages", host) == "hello", host, 10)  # type: ignore[misc]


def test_mysql_read_answers_from_every_member(mysql: MySql) -> None:
    seen = set()
    eventually(
        lambda: seen.add(mysql.application("SELECT @@server_id", "$READ_HOST")) or seen >= {"100", "101", "102"},  # type: ignore[func-returns-value]
        "server ids 100, 101 and 102",
        30,
    )
    assert seen == {"100", "101", "102"}


def test_replicas_take_no_writes_and_nobody_talks_in_the_clear(mysql: MySql) -> None:
    answer = mysql.application("INSERT INTO messages VALUES ('no')", "mysql-1.mysql.default.svc.cluster.local")
    assert "read-only" in answer
    assert "ERROR" in mysql.application("SELECT 1", options="--ssl-mode=DISABLED --get-server-public-key")
    assert "ERROR" in mysql.application("SELECT * FROM mysql.user")


def test_no_password_is_in_a_log_or_on_a_command_line(mysql: MySql) -> None:
    shown = ""
    for ordinal in range(3):
        shown += "".join(mysql.log(ordinal, container) for container in ("config", "data", "mysql"))
        shown += mysql.exec(f"mysql-{ordinal}", "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ", "mysql").stdout
    for account in ("root", "replication", "clone", "monitor", "application"):
        password = mysql.exec("mysql-0", f"cat /etc/statefulsets/accounts/{account}", "mysql").stdout
        assert len(password) > 12
        assert password not in shown


def test_killed_servers_come_back_and_no_answered_row_is_lost(mysql: MySql) -> None:
    with mysql.writing():
        mysql.kill_server(1)
        time.sleep(3)
        mysql.kill_server(0)
        time.sleep(3)
    mysql.settled(0, 1, 2)


def test_a_commit_is_answered_only_once_a_replica_has_it(mysql: MySql) -> None:
    for ordinal in (1, 2):
        mysql.root(ordinal, "STOP REPLICA IO_THREAD;")
    with mysql.inserting("alone") as insert:
        time.sleep(2)
        assert insert.poll() is None
        mysql.start_receiver(1)
        assert insert.wait(10) == 0
    mysql.start_receiver(2)
    mysql.settled(0, 1, 2)


def test_deleted_pods_come_back_with_their_name_and_claim(mysql: MySql) -> None:
    with mysql.writing():
        for ordinal in (2, 0):
            mysql.project.kubectl("delete", "pod", f"mysql-{ordinal}")
            mysql.wait_ready(ordinal)
    mysql.settled(0, 1, 2)


def test_a_replica_that_does_not_apply_serves_no_reads_until_it_does(mysql: MySql) -> None:
    mysql.root(2, "STOP REPLICA SQL_THREAD;")
    eventually(lambda: not mysql.ready(2), "mysql-2 left mysql-read", 15)
    mysql.root(2, "START REPLICA SQL_THREAD;")
    mysql.wait_ready(2, seconds=15)


def test_a_replica_whose_claim_is_lost_clones_anew_though_its_source_is_killed_half_way(mysql: MySql) -> None:
    with mysql.writing(), mysql.beside(1, KILL_SOURCE) as killing:
        mysql.lose_claim(2)
        assert killing.wait(60) == 0
        mysql.wait_ready(2, seconds=90)
    said = mysql.log(2, "data")
    assert "cloning member 1" in said
    assert "thrown away" in said or "giving this clone up" in said
    mysql.settled(0, 1, 2)


def test_a_primary_whose_claim_is_lost_takes_the_data_of_the_most_advanced_member(mysql: MySql) -> None:
    with mysql.writing():
        mysql.lose_claim(0)
        mysql.wait_ready(0, seconds=90)
    said = mysql.log(0, "data")
    assert "is the most advanced: taking its data" in said
    assert "a new, empty server" not in said
    mysql.settled(0, 1, 2)


def test_a_replica_with_transactions_of_its_own_sets_them_aside_and_clones(mysql: MySql) -> None:
    mysql.root(2, "SET GLOBAL super_read_only = OFF; INSERT INTO app.messages VALUES ('errant');")
    eventually(lambda: list(directory(mysql.project, 2).glob("aside-*/SET-ASIDE-BECAUSE")) != [], "set aside", 60)
    # Its pod stays, and so does its readiness until the next probe: wait for the new data, not for the word.
    eventually(lambda: mysql.errant_rows(2) == "0", "the primary's data", 60)
    mysql.settled(0, 1, 2)


def test_new_members_hold_the_old_data_and_their_claims_outlive_them(mysql: MySql) -> None:
    for replicas in (5, 3):
        mysql.project.kubectl("scale", "statefulset", "mysql", f"--replicas={replicas}")
        if replicas == 5:
            eventually(lambda: mysql.exec("mysql-3", KILL_TARGET, "data").returncode == 0, "a clone to kill", 60)
        mysql.wait_ready(*range(replicas), seconds=120)
        if replicas == 5:
            mysql.settled(*range(5))
            assert "thrown away" in mysql.log(3, "data")
            assert {mysql.root(ordinal, "SELECT @@server_id") for ordinal in (3, 4)} == {"103", "104"}
            assert "hello" in mysql.root(4, "SELECT * FROM app.messages").splitlines()
    claims = {claim["metadata"]["name"] for claim in mysql.project.get("pvc")["items"]}
    assert {f"data-mysql-{ordinal}" for ordinal in range(5)} <= claims
