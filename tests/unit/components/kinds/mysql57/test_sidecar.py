"""The tutorial's sidecar beside a running server replicates from the clone's position and sends backups."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.unit.components.kinds.mysql57.world import FILE, OTHER, PASSWORDS, POSITION, PRIMARY, World

FOLLOWS = {
    "Master_Host": "mysql-0.mysql",
    "Master_UUID": PRIMARY,
    "Master_SSL_Allowed": "Yes",
    "Slave_IO_Running": "No",
    "Slave_SQL_Running": "No",
    "Last_IO_Errno": "0",
    "Last_SQL_Errno": "0",
    "File": FILE,
    "Position": "500",
}


def member(root: Path, ordinal: int = 1, state: dict[str, str] | None = None) -> World:
    """A member whose server has just started; replication never starts by itself."""
    world = World(root, ordinal)
    world.must("accounts.sh")
    world.primary()
    restarted(world)
    local(world, state or {})
    return world


def local(world: World, state: dict[str, str]) -> None:
    lines = [f" {key}: {value}\n" for key, value in state.items()]
    (world.root / "local").write_text("".join([f"uuid: {OTHER}\n", *lines]))


def restarted(world: World) -> None:
    """Does what a starting mysqld does: it writes its pid file, and skip-slave-start leaves both threads stopped."""
    text = world.text("local").replace("Running: Yes", "Running: No")
    (world.root / "local").write_text(text)
    (world.root / "run/mysqld.pid").write_text("1\n")
    later = time.time() + 1
    os.utime(world.root / "run/mysqld.pid", (later, later))


def cloned(root: Path) -> World:
    world = member(root)
    (world.data / "clone.position").write_text(f"{FILE}\t{POSITION}\t{PRIMARY}\n")
    return world


def settled(world: World) -> None:
    """Makes the mark of a start newer than the start of the server, as it is when seconds pass between them."""
    mark = world.root / "run/replication.started"
    if mark.exists():
        later = time.time() + 2
        os.utime(mark, (later, later))


@pytest.mark.parametrize("server", ["stays up", "restarts"])
def test_killed_between_any_two_steps_the_clones_position_is_applied_once(server: str, tmp_path: Path) -> None:
    before = cloned(tmp_path / "before")
    first = before.copied(tmp_path / "whole")
    first.must("replicate.sh")
    steps = first.calls - before.calls
    assert steps >= 8
    for step in range(1, steps + 1):
        world = before.copied(tmp_path / str(step))
        world.run("replicate.sh", crash_at=before.calls + step)
        assert world.calls >= before.calls + step
        if server == "restarts":
            restarted(world)
        for _ in range(3):
            world.must("replicate.sh")
            settled(world)
        starts = [int(line.split()[1]) for line in world.text("applied").splitlines()]
        # From the clone's position first and never again; a server that starts anew goes on from where it was.
        assert starts[0] == POSITION
        assert sorted(set(starts)) == starts, f"applied twice after a kill at step {step} of {steps}: {starts}"
        assert "Slave_SQL_Running: Yes" in world.text("local")
        assert not (world.data / "clone.position").exists()
        assert (world.data / "primary.uuid").read_text() == f"{PRIMARY}\n"


def test_a_position_that_cannot_be_applied_is_kept(tmp_path: Path) -> None:
    world = cloned(tmp_path)
    server = world.text("bin/mysql")
    world.tool(
        "mysql", server.replace('if [[ $sql == *"RESET SLAVE ALL"* ]]; then', "if [[ $sql == *RESET* ]]; then exit 1;")
    )
    assert world.run("replicate.sh").returncode != 0
    assert (world.data / "clone.position").read_text() == f"{FILE}\t{POSITION}\t{PRIMARY}\n"
    world.tool("mysql", server)
    world.must("replicate.sh")
    assert world.text("applied") == f"{FILE} {POSITION}\n"


@pytest.mark.parametrize(
    "text", ["", f"{FILE}\t{POSITION}\n", f"'; DROP\t4\t{PRIMARY}\n", f"{FILE}\t\t{PRIMARY}\n", f"{FILE}\t4\tx\n"]
)
def test_a_damaged_position_is_never_guessed_at(text: str, tmp_path: Path) -> None:
    world = cloned(tmp_path)
    (world.data / "clone.position").write_text(text)
    assert "the position that came with the clone is damaged" in world.must("replicate.sh")
    assert (world.data / "reclone-wanted").exists()
    assert world.text("asked") == ""


def test_replication_asks_the_primary_by_its_name_over_tls_with_no_password_in_its_data(tmp_path: Path) -> None:
    world = cloned(tmp_path)
    world.must("replicate.sh")
    change, start = world.text("asked").split("START SLAVE")
    assert "MASTER_HOST = 'mysql-0.mysql'" in change
    assert "MASTER_CONNECT_RETRY = 10" in change
    assert "MASTER_SSL = 1" in change
    assert "MASTER_PASSWORD" not in change
    assert "USER = 'replication' PASSWORD = 'it\\'s" in start
    assert not any(password in world.text("argv") for password in PASSWORDS.values())


@pytest.mark.parametrize(
    ("state", "started", "reclone"),
    [
        ({}, True, None),
        ({"Last_IO_Errno": "1045"}, True, None),
        ({"Slave_IO_Running": "Yes", "Slave_SQL_Running": "Yes"}, False, None),
        ({"Slave_IO_Running": "Connecting", "Slave_SQL_Running": "Yes"}, False, None),
        ({"Last_SQL_Errno": "1062"}, False, None),
        ({"Last_IO_Errno": "1236"}, False, "does not have the binary log that follows"),
        ({"Master_UUID": OTHER}, False, "another one than this member followed"),
        ({"Master_Host": ""}, False, "does not know from where to replicate"),
    ],
)
def test_a_replica_starts_mends_or_asks_for_a_clone(
    state: dict[str, str], started: bool, reclone: str | None, tmp_path: Path
) -> None:
    world = member(tmp_path, state={**FOLLOWS, **state})
    said = world.must("replicate.sh")
    assert ("START SLAVE" in world.text("asked")) is started
    wanted = world.data / "reclone-wanted"
    assert wanted.exists() is bool(reclone)
    if reclone:
        assert reclone in wanted.read_text()
        assert "delete pod mysql-1" in said
        assert world.must("replicate.sh") == ""


def test_a_replica_that_somebody_stopped_stays_stopped_until_its_server_restarts(tmp_path: Path) -> None:
    world = member(tmp_path, state=FOLLOWS)
    world.must("replicate.sh")
    settled(world)
    local(world, FOLLOWS)
    world.must("replicate.sh")
    assert world.text("asked").count("START SLAVE") == 1
    time.sleep(0.01)
    restarted(world)
    later = time.time() + 9
    os.utime(world.root / "run/mysqld.pid", (later, later))
    world.must("replicate.sh")
    assert world.text("asked").count("START SLAVE") == 2


def test_a_replica_never_starts_while_it_cannot_tell_which_primary_is_there(tmp_path: Path) -> None:
    world = member(tmp_path, state=FOLLOWS)
    (world.root / "mysql-0").write_text("")
    world.must("replicate.sh")
    assert world.text("asked") == ""
    assert not (world.data / "reclone-wanted").exists()


def test_a_replica_of_the_tutorials_own_set_is_taken_over_with_tls(tmp_path: Path) -> None:
    world = member(tmp_path, state={**FOLLOWS, "Master_SSL_Allowed": "No"})
    world.must("replicate.sh")
    assert world.text("asked").index("MASTER_SSL = 1") < world.text("asked").index("START SLAVE")


def test_a_primary_that_took_a_replicas_data_forgets_whom_it_followed(tmp_path: Path) -> None:
    world = member(tmp_path, ordinal=0, state=FOLLOWS)
    world.must("replicate.sh")
    assert "RESET SLAVE ALL" in world.text("asked")
    assert "START SLAVE" not in world.text("asked")
    asked = world.text("asked")
    world.must("replicate.sh")
    assert world.text("asked") == asked


@pytest.mark.parametrize("ordinal", [0, 1])
def test_a_changed_password_reaches_a_server_that_runs(ordinal: int, tmp_path: Path) -> None:
    world = member(tmp_path, ordinal, {**FOLLOWS, "Slave_IO_Running": "Yes", "Slave_SQL_Running": "Yes"})
    (world.root / "accounts/monitor").write_text("another")
    assert "passwords changed" in world.must("replicate.sh")
    assert "ALTER USER 'monitor'@'%' IDENTIFIED BY 'another';" in world.text("asked")
    assert world.text("asked").rstrip().endswith("super_read_only = ON;") is (ordinal > 0)
    assert 'password="another"' in world.text("run/monitor.cnf")
    assert "passwords changed" not in world.must("replicate.sh")


def test_a_backup_is_streamed_with_its_password_in_a_file_and_its_failure_is_told(tmp_path: Path) -> None:
    world = member(tmp_path)
    done = world.run("backup.sh")
    assert done.stdout == world.text("stream")
    (call,) = [line for line in world.text("argv").splitlines() if line.startswith("xtrabackup")]
    # --defaults-extra-file is read only as the first option.
    assert call.startswith(f"xtrabackup --defaults-extra-file={tmp_path}/run/backup.cnf --backup --slave-info ")
    assert "--stream=xbstream --host=127.0.0.1" in call
    assert not any(password in call for password in PASSWORDS.values())
    (tmp_path / "backup-code").write_text("1")
    done = world.run("backup.sh")
    assert done.returncode == 1
    assert "the backup ended with 1" in done.stderr


def test_the_sidecar_listens_as_in_the_tutorial_sees_to_replication_and_ends_with_either(tmp_path: Path) -> None:
    world = cloned(tmp_path)
    world.run("sidecar.sh", until="replication started")
    (call,) = [line for line in world.text("argv").splitlines() if line.startswith("ncat")]
    assert call.startswith("ncat --listen --keep-open --send-only --max-conns=1 3307 -c ")
    assert call.endswith("backup.sh'")
    world.tool("ncat", "#!/bin/bash\nexit 1\n")
    done = world.run("sidecar.sh")
    assert done.returncode == 1


@pytest.mark.parametrize(
    ("ordinal", "state", "ready"),
    [
        (0, {}, True),
        (0, FOLLOWS, False),
        (1, {}, False),
        (1, {"Slave_IO_Running": "Yes", "Slave_SQL_Running": "Yes", "Seconds_Behind_Master": "0"}, True),
        (1, {"Slave_IO_Running": "Yes", "Slave_SQL_Running": "Yes", "Seconds_Behind_Master": "60"}, True),
        (1, {"Slave_IO_Running": "Yes", "Slave_SQL_Running": "Yes", "Seconds_Behind_Master": "61"}, False),
        (1, {"Slave_IO_Running": "Connecting", "Slave_SQL_Running": "Yes", "Seconds_Behind_Master": "NULL"}, True),
        (1, {"Slave_IO_Running": "No", "Slave_SQL_Running": "Yes", "Seconds_Behind_Master": "NULL"}, False),
        (1, {"Slave_IO_Running": "Yes", "Slave_SQL_Running": "No", "Seconds_Behind_Master": "NULL"}, False),
    ],
)
def test_a_member_is_ready_while_what_it_shows_is_the_primarys(
    ordinal: int, state: dict[str, str], ready: bool, tmp_path: Path
) -> None:
    world = member(tmp_path, ordinal)
    local(world, state)
    assert (world.run("ready.sh").returncode == 0) is ready


def test_a_server_that_does_not_answer_is_not_ready(tmp_path: Path) -> None:
    world = member(tmp_path, 0)
    (tmp_path / "local").write_text("")
    done = world.run("ready.sh")
    assert (done.returncode, done.stdout) == (1, "no answer\n")
