"""How a running member decides to lead, to follow, to take its data anew, or to refuse and leave it to a human."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.components.kinds.mysql.test_scripts import UUID, World

OURS = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
THIRD = "99999999-8888-7777-6666-555555555555"
SERVER = """#!/bin/bash
for option in "$@"; do case $option in --host=*) host=${option#*=} ;; esac; done
sql=$(</dev/stdin)
printf '%s\\n' "$sql" >>"$WORLD/asked"
case $sql in
  *@@GLOBAL.read_only*@@server_uuid*)
    [[ -e $WORLD/${host%%.*} ]] && cat "$WORLD/${host%%.*}" && exit
    echo "ERROR 2005 (HY000): Unknown MySQL server host '$host' (-2)" >&2
    exit 1 ;;
  *"<> GTID_SUBTRACT"*) cat "$WORLD/compared" ;;
  *"SELECT REPLACE(GTID_SUBTRACT("*) cat "$WORLD/extra" ;;
  *"GTID_SUBSET("*) cat "$WORLD/subset" ;;
  *"REPLACE(@@GLOBAL.gtid_executed"*) echo "$WORLD_EXECUTED" ;;
  *"SELECT @@server_uuid"*) echo "$WORLD_UUID" ;;
  *"SERVICE_STATE, LAST_ERROR_NUMBER"*) cat "$WORLD/receiver" ;;
  *"information_schema.TABLES"*) cat "$WORLD/tables" ;;
  *"FROM mysql.user"*) cat "$WORLD/clones" ;;
  *"SELECT 1"*) echo 1 ;;
esac
"""


STOPPING = """#!/bin/bash
cat >/dev/null
[[ "$*" != *--host=* ]] || { echo "ERROR 2005 (HY000): Unknown MySQL server host (-2)" >&2; exit 1; }
answer="%s"
[[ -z $answer ]] || { echo "$answer" >&2; exit 1; }
"""


class Running(World):
    """A member whose scripts find a running mysqld, which is a stand-in."""

    def __init__(self, root: Path, ordinal: int) -> None:
        super().__init__(root, ordinal)
        self.prepared()
        self.tool("mysql", SERVER)
        self.server = subprocess.Popen(["/bin/sleep", "60"])
        (root / "run/mysqld.pid").write_text(str(self.server.pid))
        (root / "run/phase").write_text("starting")
        (root / "receiver").write_text("ON\t0\n")
        (root / "extra").write_text("\n")
        (root / "tables").touch()
        (root / "clones").write_text("LOCK\t1\n")

    def goes(self, script: str) -> str:
        """Runs a script for 1.5 s, or until it ends by itself, and returns what it said."""
        try:
            done = self.run(
                script,
                0,
                1.5,
                (),
                WORLD_EXECUTED=f"{UUID}:1-9",
                WORLD_UUID=OURS,
                BINLOG_MAX_BYTES="1000000",
                SEMI_SYNC_TIMEOUT_MS="1000",
            )
        except subprocess.TimeoutExpired as still:
            return (still.stderr or b"").decode()
        return done.stderr

    @property
    def phase(self) -> str:
        return (self.root / "run/phase").read_text()

    @property
    def asked(self) -> str:
        return (self.root / "asked").read_text()

    @property
    def reason(self) -> str | None:
        file = self.volume / "reclone"
        return file.read_text() if file.exists() else None

    @property
    def stopped(self) -> bool:
        return self.server.poll() is not None


@pytest.fixture
def primary(tmp_path: Path) -> Iterator[Running]:
    yield from running(tmp_path, 0)


@pytest.fixture
def replica(tmp_path: Path) -> Iterator[Running]:
    yield from running(tmp_path, 1)


def running(root: Path, ordinal: int) -> Iterator[Running]:
    member = Running(root, ordinal)
    try:
        yield member
    finally:
        member.server.kill()
        member.server.wait()


def test_a_primary_that_has_all_that_others_have_becomes_writable(primary: Running) -> None:
    primary.peer(1, f"{UUID}:1-9", read_only=1)
    primary.goes("primary.sh")
    assert primary.phase == "serving"
    assert "SET GLOBAL read_only = OFF;" in primary.asked
    assert primary.asked.index("rpl_semi_sync_source_enabled = ON") < primary.asked.index("GLOBAL read_only = OFF")
    assert primary.asked.index("CREATE DATABASE `my_app`") < primary.asked.index("rpl_semi_sync_source_enabled = ON")


def test_a_primary_behind_a_member_takes_its_data_before_anyone_writes(primary: Running) -> None:
    primary.peer(1, f"{THIRD}:1-9", read_only=1)
    (primary.root / "extra").write_text(f"{THIRD}:8-9\n")
    primary.goes("primary.sh")
    assert primary.reason is not None
    assert "all of ours and more" in primary.reason
    primary.server.wait(5)
    assert "read_only = OFF" not in primary.asked


def test_a_primary_whose_history_parted_is_never_writable_and_deletes_nothing(primary: Running) -> None:
    primary.peer(1, f"{THIRD}:1-9", read_only=1)
    (primary.root / "extra").write_text(f"{THIRD}:8-9\n")
    (primary.root / "subset").write_text("0\n")
    primary.goes("primary.sh")
    assert (primary.phase, primary.reason, primary.stopped) == ("refused", None, False)
    assert "read_only = OFF" not in primary.asked


def test_what_a_replica_alone_has_made_does_not_keep_the_primary_from_leading(primary: Running) -> None:
    primary.peer(1, f"{UUID}:1-9", read_only=1)
    (primary.root / "extra").write_text(f"{UUID}:9\n")
    primary.goes("primary.sh")
    assert primary.phase == "serving"


def test_a_replica_follows_the_primary_over_tls_and_gives_its_password_only_then(replica: Running) -> None:
    replica.peer(0, f"{UUID}:1-9")
    (replica.root / "compared").write_text("g\tg\t1\n")
    replica.goes("replica.sh")
    assert replica.phase == "serving"
    assert "SOURCE_HOST = 'mysql-0.mysql.shop.svc'" in replica.asked
    assert "SOURCE_SSL = 1" in replica.asked
    assert "SOURCE_AUTO_POSITION = 1" in replica.asked
    assert "SOURCE_PASSWORD" not in replica.asked
    assert "START REPLICA USER = 'replication' PASSWORD = " in replica.asked


@pytest.mark.parametrize(
    ("compared", "reason"),
    [
        (f"g\tg{UUID}:1-5\t1\n", "the primary has dropped the binary logs of"),
        (f"g{OURS}:1-2\tg\t1\n", "transactions that no other member has"),
    ],
)
def test_a_replica_that_cannot_catch_up_takes_its_data_anew(compared: str, reason: str, replica: Running) -> None:
    replica.peer(0, f"{UUID}:1-9")
    (replica.root / "compared").write_text(compared)
    replica.goes("replica.sh")
    assert replica.reason is not None
    assert reason in replica.reason
    assert replica.phase == "data"
    replica.server.wait(5)


@pytest.mark.parametrize("compared", [f"g{THIRD}:1-2\tg\t1\n", f"g{THIRD}:1-2\tg\t0\n", f"g{OURS}:1-2\tg\t0\n"])
def test_a_replica_never_throws_away_what_was_not_made_on_it_alone(compared: str, replica: Running) -> None:
    replica.peer(0, f"{UUID}:1-9")
    (replica.root / "compared").write_text(compared)
    replica.goes("replica.sh")
    assert (replica.phase, replica.reason, replica.stopped) == ("refused", None, False)


def test_a_transaction_of_the_primarys_own_that_it_has_not_committed_yet_is_no_alarm(replica: Running) -> None:
    replica.peer(0, f"{UUID}:1-9")
    (replica.root / "compared").write_text(f"g{UUID}:10\tg\t1\n")
    replica.goes("replica.sh")
    assert (replica.phase, replica.reason) == ("serving", None)


@pytest.mark.parametrize(("state", "mended"), [("OFF\t13114", True), ("OFF\t0", False), ("ON\t0", False)])
def test_a_receiver_that_failed_starts_again_and_one_that_was_stopped_does_not(
    state: str, mended: bool, replica: Running
) -> None:
    replica.peer(0, f"{UUID}:1-9")
    (replica.root / "compared").write_text("g\tg\t1\n")
    (replica.root / "receiver").write_text(f"{state}\n")
    replica.goes("replica.sh")
    assert ("START REPLICA IO_THREAD" in replica.asked) is mended


def test_a_replica_judges_nothing_while_the_primary_is_away_or_not_writable(replica: Running) -> None:
    (replica.root / "compared").write_text(f"g{OURS}:1-2\tg\t1\n")
    replica.goes("replica.sh")
    assert (replica.phase, replica.reason) == ("following", None)
    replica.peer(0, f"{UUID}:1-9", read_only=1)
    replica.goes("replica.sh")
    assert (replica.phase, replica.reason) == ("following", None)


@pytest.mark.parametrize(
    ("ordinal", "answer", "signal"),
    [
        (0, "", "TERM"),
        (0, "ERROR 1205 (HY000): Lock wait timeout exceeded; try restarting transaction", "KILL"),
        (0, "ERROR 2002 (HY000): Can't connect to local MySQL server", "TERM"),
        (1, "ERROR 1205 (HY000): Lock wait timeout exceeded; try restarting transaction", "TERM"),
    ],
)
def test_stopping_answers_no_commit_that_still_waits_for_a_replica(
    ordinal: int, answer: str, signal: str, tmp_path: Path
) -> None:
    for member in running(tmp_path, ordinal):
        member.tool("mysql", STOPPING % answer)
        member.run("stop.sh", arguments=(str(member.server.pid),))
        assert member.server.wait(5) == {"TERM": -15, "KILL": -9}[signal]


@pytest.mark.parametrize(("applied", "threads", "seconds"), [("1", "ON", 5), ("0", "OFF", 5), ("0", "ON", 60)])
def test_a_primary_stops_once_every_replica_that_replicates_has_applied_everything(
    applied: str, threads: str, seconds: int, tmp_path: Path
) -> None:
    for member in running(tmp_path, 0):
        member.peer(1, f"{UUID}:1-9", read_only=1, threads=threads)
        (tmp_path / "subset").write_text(f"{applied}\n")
        done = member.run("stop.sh", arguments=(str(member.server.pid),))
        assert member.server.wait(5) == -15
        waited = "have not applied everything yet: 1" in done.stderr
        assert waited is (seconds > 5)
        assert member.asked.index("super_read_only = ON") < member.asked.index("KILL")


def test_a_replica_stops_receiving_and_applies_what_it_has_before_it_stops(replica: Running) -> None:
    replica.run("stop.sh", arguments=(str(replica.server.pid),))
    assert replica.server.wait(5) == -15
    assert replica.asked.index("STOP REPLICA IO_THREAD") < replica.asked.index("WAIT_FOR_EXECUTED_GTID_SET")


def test_a_replica_serves_only_once_it_has_what_the_primary_had(replica: Running) -> None:
    replica.peer(0, f"{UUID}:1-9")
    (replica.root / "compared").write_text("g\tg\t1\n")
    (replica.root / "subset").write_text("0\n")
    replica.goes("replica.sh")
    assert replica.phase == "following"
    (replica.root / "subset").write_text("1\n")
    replica.goes("replica.sh")
    assert replica.phase == "serving"


def test_a_server_is_cloned_once_it_is_known_to_have_innodbs_tables_only(primary: Running) -> None:
    primary.peer(1, f"{UUID}:1-9", read_only=1)
    primary.goes("primary.sh")
    assert primary.asked.index("read_only = OFF") < primary.asked.index("ALTER USER 'clone'@'%' ACCOUNT UNLOCK")
    assert "SET SESSION sql_log_bin = 0" in primary.asked


def test_a_server_with_tables_that_a_clone_leaves_empty_names_them_and_is_nobodys_source(replica: Running) -> None:
    replica.peer(0, f"{UUID}:1-9")
    (replica.root / "compared").write_text("g\tg\t1\n")
    (replica.root / "tables").write_text("app.hits (MyISAM)\napp.seen (MEMORY)\n")
    (replica.root / "clones").write_text("UNLOCK\t1\n")
    said = replica.goes("replica.sh")
    assert replica.phase == "serving", "it goes on replicating, and serves"
    assert "ACCOUNT LOCK" in replica.asked
    assert "ACCOUNT UNLOCK" not in replica.asked
    assert "a clone would leave these tables empty: app.hits (MyISAM), app.seen (MEMORY)." in said
    assert replica.asked.index("ACCOUNT LOCK") < replica.asked.rindex("SET GLOBAL super_read_only = ON;")
    assert replica.asked.index("ACCOUNT LOCK") < replica.asked.index("CHANGE REPLICATION SOURCE")


@pytest.mark.parametrize("compared", [f"g\tg{UUID}:1-5\t1\n", f"g{OURS}:1-2\tg\t1\n"])
def test_data_that_a_clone_would_not_bring_back_are_never_taken_anew(compared: str, replica: Running) -> None:
    replica.peer(0, f"{UUID}:1-9")
    (replica.root / "compared").write_text(compared)
    (replica.root / "tables").write_text("app.hits (MyISAM)\n")
    said = replica.goes("replica.sh")
    assert (replica.phase, replica.reason, replica.stopped) == ("refused", None, False)
    assert "a clone has none of the rows of app.hits (MyISAM)" in said


def test_once_they_are_converted_the_data_are_taken_anew_after_all(replica: Running) -> None:
    replica.peer(0, f"{UUID}:1-9")
    (replica.root / "compared").write_text(f"g\tg{UUID}:1-5\t1\n")
    (replica.root / "run/phase").write_text("refused")
    replica.goes("replica.sh")
    assert replica.reason is not None


def test_a_primary_behind_a_member_keeps_tables_that_a_clone_would_not_bring_back(primary: Running) -> None:
    primary.peer(1, f"{THIRD}:1-9", read_only=1)
    (primary.root / "extra").write_text(f"{THIRD}:8-9\n")
    (primary.root / "tables").write_text("app.hits (MyISAM)\n")
    primary.goes("primary.sh")
    assert (primary.phase, primary.reason, primary.stopped) == ("refused", None, False)
    assert "read_only = OFF" not in primary.asked


@pytest.mark.parametrize(("clones", "again"), [("UNLOCK\t1", False), ("UNLOCK\t0", True)])
def test_a_replica_that_is_open_to_clones_already_is_left_as_it_is_unless_it_is_open_to_more(
    clones: str, again: bool, replica: Running
) -> None:
    replica.peer(0, f"{UUID}:1-9")
    (replica.root / "compared").write_text("g\tg\t1\n")
    (replica.root / "clones").write_text(f"{clones}\n")
    replica.goes("replica.sh")
    assert "ALTER USER" not in replica.asked
    assert ("SET GLOBAL super_read_only = ON;" in replica.asked) is again
