"""Replicated MySQL on real pods: the tutorial's experiments, and no answered write lost whatever breaks."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from components.kinds.mysql.settings import HARMLESS
from drills.faults.fault import Fault
from drills.load.watch import Watch
from tests.cluster.mysql.faults import FAULTS, KILL_TARGET
from tests.cluster.mysql.passes import MySqlScene, run
from tests.cluster.mysql.rig import MySql
from tools.project import Project, eventually


@pytest.fixture(scope="module")
def mysql(project: Project) -> Iterator[MySql]:
    """The stack's three members, under passwords that are hard to quote."""
    rig = MySql(project)
    rig.configure()
    rig.start_client()
    yield rig
    rig.stop_client()


def test_a_row_through_the_primary_is_read_from_each_member(mysql: MySql) -> None:
    assert mysql.application("INSERT INTO messages VALUES ('hello');") == ""
    for ordinal in range(3):
        host = f"mysql-{ordinal}.mysql.default.svc.cluster.local"
        eventually(lambda host=host: mysql.application("SELECT * FROM messages", host) == "hello", host, 10)  # type: ignore[misc]


def test_mysql_read_answers_from_every_member(mysql: MySql) -> None:
    seen = set()
    eventually(
        lambda: seen.add(mysql.application("SELECT @@server_id", "$DRILL_READ_HOST")) or seen >= {"100", "101", "102"},  # type: ignore[func-returns-value]
        "server ids 100, 101 and 102",
        30,
    )
    assert seen == {"100", "101", "102"}


def test_replicas_take_no_writes_and_nobody_talks_in_the_clear(mysql: MySql) -> None:
    answer = mysql.application("INSERT INTO messages VALUES ('no')", "mysql-1.mysql.default.svc.cluster.local")
    assert "read-only" in answer
    assert "ERROR" in mysql.application("SELECT 1", options="--ssl-mode=DISABLED --get-server-public-key")
    assert "ERROR" in mysql.application("SELECT * FROM mysql.user")


@pytest.mark.parametrize("library", ["pymysql", "mysql.connector"])
def test_an_application_writes_and_reads_over_tls_with_a_library_of_its_own(mysql: MySql, library: str) -> None:
    seen = mysql.run_application(library)
    assert seen["cipher"].startswith("TLS_")
    assert seen["rows"] == dict.fromkeys(("100", "101", "102"), "it's 'quoted' \\ 한글 🙂")


def test_no_password_is_in_a_log_or_on_a_command_line(mysql: MySql) -> None:
    shown = ""
    for ordinal in range(3):
        shown += "".join(mysql.log(ordinal, container) for container in ("config", "data", "mysql"))
        shown += mysql.exec(f"mysql-{ordinal}", "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ", "mysql").stdout
    for account in ("root", "replication", "clone", "monitor", "application"):
        password = mysql.exec("mysql-0", f"cat /etc/statefulsets/accounts/{account}", "mysql").stdout
        assert len(password) > 12
        assert password not in shown


def test_every_setting_that_a_stack_file_may_have_is_one_of_this_mysqld(mysql: MySql) -> None:
    """By its exact name: mysqld would take a beginning of one as well, and says what it knows under whole ones."""
    told = mysql.exec("mysql-0", "mysqld --no-defaults --verbose --help 2>/dev/null", "mysql").stdout
    table = told.partition("\nVariables (--variable-name=value)\n")[2].partition("\n\n")[0]
    known = {line.split()[0].replace("-", "_") for line in table.splitlines() if line.strip()}
    assert {"sync_binlog", "innodb_doublewrite"} <= known
    assert [name for name in HARMLESS if name not in known] == []


def test_a_second_pod_on_a_members_claim_touches_nothing_while_the_first_one_lives(mysql: MySql) -> None:
    pod = mysql.project.get("pod", "mysql-2")
    twin = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "twin"}, "spec": pod["spec"]}
    (mysql.directory(2) / "incoming").mkdir()  # what a pod that has the claim for itself takes for a torn clone
    mysql.project.kubectl("apply", "-f", "-", stdin=json.dumps(twin))
    try:
        waits = "another pod still works on this claim; waiting for its end"
        eventually(
            lambda: waits in mysql.project.run("kubectl", "logs", "twin", "-c", "data").stdout, "the twin waits", 60
        )
        time.sleep(3)
        assert (mysql.directory(2) / "incoming").exists()
        assert mysql.ready(2)
    finally:
        mysql.project.kubectl("delete", "pod", "twin", "--grace-period=1")
        (mysql.directory(2) / "incoming").rmdir()
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
    mysql.wait_ready(0, 1, 2)
    mysql.settled(0, 1, 2)


def test_new_members_hold_the_old_data_and_their_claims_outlive_them(mysql: MySql) -> None:
    for replicas in (5, 3):
        mysql.project.kubectl("scale", "statefulset", "mysql", f"--replicas={replicas}")
        if replicas == 5:
            eventually(lambda: mysql.exec("mysql-3", KILL_TARGET, "data").returncode == 0, "a clone to kill", 180)
        mysql.wait_ready(*range(replicas), seconds=120)
        if replicas == 5:
            mysql.settled(*range(5))
            assert "thrown away" in mysql.log(3, "data")
            assert {mysql.root(ordinal, "SELECT @@server_id") for ordinal in (3, 4)} == {"103", "104"}
            assert "hello" in mysql.root(4, "SELECT * FROM app.messages").splitlines()
    claims = {claim["metadata"]["name"] for claim in mysql.project.get("pvc")["items"]}
    assert {f"data-mysql-{ordinal}" for ordinal in range(5)} <= claims
    for ordinal in (3, 4):  # others destroy this stack, and would wait for these claims to go
        mysql.forget_claim(ordinal)


def test_no_table_is_made_whose_rows_a_clone_would_leave_behind(mysql: MySql) -> None:
    for engine in ("MyISAM", "MEMORY", "CSV", "ARCHIVE", "BLACKHOLE"):
        assert "ERROR 3161" in mysql.application(f"CREATE TABLE hits (n INT NOT NULL) ENGINE = {engine}")
    assert "ERROR 3161" in mysql.application("SET default_storage_engine = MyISAM; CREATE TABLE hits (n INT NOT NULL)")
    assert "ERROR 3161" in mysql.application("ALTER TABLE messages ENGINE = MyISAM")


OUTSIDE = "SET SESSION sql_log_bin = 0; SET GLOBAL super_read_only = OFF; {} SET GLOBAL super_read_only = ON;"


def test_rows_of_another_engine_outlive_the_loss_of_the_primarys_claim(mysql: MySql) -> None:
    """Such tables are from before: here they are made where nothing forbids it, as replication brought them there."""
    for ordinal in (1, 2):
        mysql.root(
            ordinal, OUTSIDE.format("CREATE TABLE app.old (n INT) ENGINE = MyISAM; INSERT INTO app.old VALUES (7);")
        )
        said = "a clone would leave these tables empty: app.old (MyISAM)."
        eventually(lambda ordinal=ordinal, said=said: said in mysql.log(ordinal), f"mysql-{ordinal} names it", 30)  # type: ignore[misc]
    mysql.lose_claim(0)
    eventually(lambda: "is not to be cloned now" in mysql.log(0, "data"), "mysql-0 does without a clone", 60)
    time.sleep(3)
    assert not (mysql.directory(0) / "data").exists()
    for ordinal in (1, 2):
        mysql.root(ordinal, OUTSIDE.format("ALTER TABLE app.old ENGINE = InnoDB;"))
    mysql.wait_ready(0, 1, 2, seconds=120)
    assert mysql.root(0, "SELECT n FROM app.old") == "7"
    mysql.root(0, "DROP TABLE app.old")
    mysql.settled(0, 1, 2)


@pytest.fixture(scope="module")
def watch(mysql: MySql) -> Iterator[Watch]:
    """Rows are written without a pause from the first fault to the last."""
    with mysql.watch(0, 1, 2).running() as watch:
        yield watch


@pytest.mark.parametrize("fault", [one for one in FAULTS if not one.variant], ids=lambda fault: fault.name)
def test_no_answered_row_is_lost_and_every_member_recovers(
    fault: Fault[MySqlScene], mysql: MySql, watch: Watch
) -> None:
    outcome = run(fault, MySqlScene(mysql, watch))
    assert outcome.problems == ()
    assert outcome.lost == 0
