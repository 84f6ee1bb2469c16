"""How a member of the tutorial's design gets its data: the real scripts run, and are killed between any two steps."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.components.kinds.mysql57.world import FILE, OTHER, PASSWORDS, POSITION, PRIMARY, World

SLAVE_INFO = f"CHANGE MASTER TO MASTER_LOG_FILE='{FILE}', MASTER_LOG_POS={POSITION}"
OLD = "the data of before"


def situation(root: Path, kind: str) -> World:
    """A member that starts in the situation that has this name."""
    ordinal = {"new primary": 0, "lost primary": 0, "first replica": 1}.get(kind, 2)
    world = World(root, ordinal)
    if kind != "new primary":
        world.primary()
        world.replica(1)
        world.replica(2)
        (root / f"mysql-{ordinal}").unlink()
    if ordinal == 2:
        world.streams(slave_info=f"{SLAVE_INFO};\\n")
    if kind == "lost primary":
        (root / "history/initialised").write_text("yes")
    if kind in ("replica to clone anew", "torn clone of the tutorial's"):
        (world.data / "mysql").mkdir()
        (world.data / "whole").write_text(OLD)
        marks = {"replica to clone anew": ("reclone-wanted", "its binary logs are gone\n")}
        file, text = marks.get(kind, ("xtrabackup_checkpoints", "backup_type = full-backuped\n"))
        (world.data / file).write_text(text)
    world.must("init.sh") if ordinal else world.must("accounts.sh")
    return world


@pytest.mark.parametrize("kind", ["new primary", "lost primary", "second replica", "replica to clone anew"])
def test_killed_between_any_two_steps_the_next_start_ends_with_whole_data(kind: str, tmp_path: Path) -> None:
    before = situation(tmp_path / "before", kind)
    first = before.copied(tmp_path / "whole")
    said = first.start()
    assert (first.data / "mysql").exists(), said
    steps = first.calls
    assert steps >= 5
    for step in range(1, steps + 1):
        world = before.copied(tmp_path / str(step))
        world.start(crash_at=step)
        assert world.calls >= step
        assert world.whole, f"torn data after a kill at step {step} of {steps}"
        said = world.start()
        assert (world.data / "mysql").exists(), f"no data after a kill at step {step} of {steps}: {said}"
        assert world.whole, f"torn data after a kill at step {step} of {steps}, then a start"
        assert not (world.claim / "incoming").exists()
        asides = [(aside / "whole").read_text() for aside in world.claim.glob("aside-*")]
        assert asides == ([OLD] if "anew" in kind else []), f"old data after a kill at step {step}"
        if world.ordinal:
            assert (world.data / "clone.position").read_text() == f"{FILE}\t{POSITION}\t{PRIMARY}\n"


@pytest.mark.parametrize("kind", ["first replica", "second replica", "lost primary"])
def test_a_stream_that_ends_early_is_never_taken_for_data(kind: str, tmp_path: Path) -> None:
    before = situation(tmp_path / "before", kind)
    records = len(before.text("stream").splitlines())
    for cut in range(records):
        world = before.copied(tmp_path / str(cut))
        (world.root / "cut").write_text(str(cut))
        said = world.start()
        assert "thrown away" in said, f"cut after {cut} of {records} files"
        assert world.whole
        assert (world.data / "xtrabackup_info").exists()
        assert len(world.text("donors").split()) == 2


@pytest.mark.parametrize("which", ["full", "reset"])  # the disk on this side; the connection, after all had come
def test_a_transfer_of_which_either_end_reports_an_error_is_done_again(which: str, tmp_path: Path) -> None:
    world = situation(tmp_path, "first replica")
    (world.root / which).write_text("once")
    assert "the transfer broke off" in world.start()
    assert world.whole
    assert (world.data / "xtrabackup_info").exists()


@pytest.mark.parametrize(
    ("ordinal", "info"),
    [
        (1, ""),
        (1, "mysql-0-bin.000003\\n"),
        (1, "mysql-0-bin.000003\\tfour\\n"),
        (1, "'; DROP TABLE t; --\\t154\\n"),
        (1, "../../mysql-bin.000003\\t154\\n"),
        (2, ""),
        (2, "SET GLOBAL gtid_purged='x:1-9';\\nCHANGE MASTER TO MASTER_AUTO_POSITION=1;\\n"),
        (2, "CHANGE MASTER TO MASTER_LOG_FILE='mysql-0-bin.000003', MASTER_LOG_POS=154; SET GLOBAL read_only=0;\\n"),
        (2, "CHANGE MASTER TO MASTER_LOG_FILE='', MASTER_LOG_POS=4;\\n"),
        (2, f"{SLAVE_INFO};\\n{SLAVE_INFO};\\n"),
    ],
)
def test_a_position_in_any_other_form_than_the_tools_is_refused(ordinal: int, info: str, tmp_path: Path) -> None:
    world = situation(tmp_path, "first replica" if ordinal == 1 else "second replica")
    world.streams(**{"binlog_info" if ordinal == 1 else "slave_info": info})
    world.start(until="thrown away")
    assert not (world.data / "mysql").exists()


@pytest.mark.parametrize(
    ("ordinal", "info"),
    [
        (1, f"{FILE}\\t{POSITION}\\n"),
        (1, f"{FILE}\\t{POSITION}\\t{PRIMARY}:1-7,\\n{OTHER}:1-3\\n"),
        (2, f"{SLAVE_INFO}\\n"),
        (2, f"{SLAVE_INFO};\\n"),
    ],
)
def test_every_form_in_which_the_tool_writes_a_position_is_read(ordinal: int, info: str, tmp_path: Path) -> None:
    world = situation(tmp_path, "first replica" if ordinal == 1 else "second replica")
    world.streams(**{"binlog_info" if ordinal == 1 else "slave_info": info})
    world.start()
    assert (world.data / "clone.position").read_text() == f"{FILE}\t{POSITION}\t{PRIMARY}\n"


@pytest.mark.parametrize(
    "donor", [{"Slave_SQL_Running": "No"}, {"Slave_IO_Running": "Connecting"}, {"Master_UUID": OTHER}]
)
def test_nobody_clones_from_a_member_that_does_not_follow_the_primary(donor: dict[str, str], tmp_path: Path) -> None:
    world = situation(tmp_path, "second replica")
    world.replica(1, **donor)
    world.start(until="member 1 does not replicate from the primary; waiting")
    assert world.text("donors") == ""


def test_a_clone_during_which_the_primary_was_replaced_is_thrown_away(tmp_path: Path) -> None:
    world = situation(tmp_path, "first replica")
    (world.root / "meanwhile").write_text(f'echo "uuid: {OTHER}" >"$WORLD/mysql-0"; rm "$WORLD/meanwhile"\n')
    assert "the primary changed meanwhile" in world.start()
    assert (world.data / "clone.position").read_text() == f"{FILE}\t{POSITION}\t{OTHER}\n"


def test_a_clone_into_place_that_the_tutorials_scripts_left_torn_is_set_aside(tmp_path: Path) -> None:
    world = situation(tmp_path, "torn clone of the tutorial's")
    world.start()
    assert world.whole
    assert [(aside / "whole").read_text() for aside in world.claim.glob("aside-*")] == [OLD]


def test_data_that_are_there_are_left_alone_though_nobody_answers(tmp_path: Path) -> None:
    for ordinal in (0, 2):
        world = World(tmp_path / str(ordinal), ordinal)
        world.must("accounts.sh")
        (world.data / "mysql").mkdir()
        (world.data / "whole").write_text(OLD)
        (world.data / "xtrabackup_checkpoints").write_text("backup_type = full-prepared\n")
        assert "data is here" in world.start()
        assert (world.data / "whole").read_text() == OLD
        assert list(world.claim.iterdir()) == [world.data]


def test_files_that_are_no_data_directory_are_set_aside_and_not_overwritten(tmp_path: Path) -> None:
    world = situation(tmp_path, "first replica")
    (world.data / "ibdata1").write_text(OLD)
    world.start()
    assert [(aside / "ibdata1").read_text() for aside in world.claim.glob("aside-*")] == [OLD]
    assert (world.data / "ibdata1").read_text() == "pages"


def test_an_empty_primary_of_a_set_that_held_data_never_starts_as_a_new_one(tmp_path: Path) -> None:
    world = situation(tmp_path, "lost primary")
    (world.root / "mysql-2").unlink()  # replication is asynchronous: the last write might be there alone
    world.start(until="this claim is empty: 1 of the other members answer and 2 must")
    assert not (world.data / "mysql").exists()


def test_an_empty_primary_takes_the_data_of_the_most_advanced_and_numbers_its_logs_beyond(tmp_path: Path) -> None:
    for ahead, last, most in ((1, "mysql-0-bin.000010", 4), (2, FILE, 901)):
        world = situation(tmp_path / str(ahead), "lost primary")
        fields = {"Master_Log_File": last, "Relay_Master_Log_File": last}
        world.replica(ahead, **fields, Read_Master_Log_Pos=most, Exec_Master_Log_Pos=most)
        said = world.start()
        assert f"member {ahead} is the most advanced" in said
        assert world.text("donors").split() == [f"mysql-{ahead}"]
        number = int(last.rpartition(".")[2]) + 1
        assert (world.data / f"mysql-0-bin.{number:06d}").read_text() == ""
        assert not (world.data / "clone.position").exists()


def test_a_human_who_takes_the_memory_away_lets_the_primary_make_do_with_whom_it_finds(tmp_path: Path) -> None:
    world = situation(tmp_path, "lost primary")
    (world.root / "history/initialised").unlink()
    (world.root / "mysql-1").write_text("")  # there, and does not answer
    assert "member 2 is the most advanced" in world.start()


def test_what_the_most_advanced_received_is_waited_for(tmp_path: Path) -> None:
    world = situation(tmp_path, "lost primary")
    world.replica(2, Read_Master_Log_Pos=950)
    world.start(until="waiting for member 2, the most advanced, to apply all that it received")
    assert world.text("donors") == ""


def test_members_that_followed_different_primaries_are_left_to_a_human(tmp_path: Path) -> None:
    world = situation(tmp_path, "lost primary")
    world.replica(2, Master_UUID=OTHER)
    world.start(until="a human's decision")
    assert not (world.data / "mysql").exists()


@pytest.mark.parametrize(("ordinal", "role"), [(0, "primary"), (1, "replica"), (12, "replica")])
def test_configuration_follows_the_ordinal_as_in_the_tutorial(ordinal: int, role: str, tmp_path: Path) -> None:
    world = World(tmp_path, ordinal)
    world.must("init.sh")
    files = {path.name: path.read_text() for path in (tmp_path / "conf").iterdir()}
    assert files["server-id.cnf"] == f"[mysqld]\nserver-id={100 + ordinal}\n"
    assert set(files) == {"server-id.cnf", f"{role}.cnf", "statefulsets.cnf"}
    assert "skip-slave-start\n" in files["statefulsets.cnf"]


def test_passwords_are_quoted_and_end_in_files_that_nobody_else_reads(tmp_path: Path) -> None:
    world = World(tmp_path)
    said = world.must("init.sh")
    statements = world.text("run/accounts.sql")
    lines = statements.splitlines()
    assert lines[:3] == [
        "CREATE DATABASE IF NOT EXISTS `my_app`;",
        "SET SESSION sql_log_bin = 0;",
        "DROP USER IF EXISTS 'root'@'%';",
    ]
    assert all(line.endswith(";") for line in lines)
    assert "ALTER USER 'root'@'localhost' IDENTIFIED BY 'it\\'s \\\\ \"root\" %s $(x)';" in statements
    assert "GRANT ALL PRIVILEGES ON `my\\_app`.* TO 'app'@'%';" in statements
    assert [line for line in lines if "'replication'@'%' IDENTIFIED" in line and "REQUIRE SSL" not in line] == []
    assert 'password="it\'s \\\\ \\"backup\\" %s $(x)"' in world.text("run/backup.cnf")
    assert {oct(path.stat().st_mode & 0o077) for path in (tmp_path / "run").iterdir()} == {"0o0"}
    assert not any(password in said + world.text("argv") for password in PASSWORDS.values())


@pytest.mark.parametrize("password", ["", "two\nlines"])
def test_a_password_that_cannot_work_stops_the_member(password: str, tmp_path: Path) -> None:
    world = World(tmp_path)
    (tmp_path / "accounts/backup").write_text(password)
    done = world.run("init.sh")
    assert done.returncode != 0
    assert "the password of backup" in done.stderr
