"""The members' scripts run with stand-ins for MySQL. After a kill between any two steps the next start mends it all."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[5] / "components/kinds/mysql/scripts"
PASSWORDS = {name: f'it\'s \\ "{name}" %s $(x)' for name in ("root", "replication", "clone", "monitor", "application")}
OLD, UUID = "the data of before", "11111111-2222-3333-4444-555555555555"

# Every tool that a script calls begins with this. It counts the calls, and at the chosen one kills the whole container.
COUNTED = """#!/bin/bash
exec 8>>"$WORLD/lock" && flock 8
n=$(($(<"$WORLD/calls") + 1))
echo "$n" >"$WORLD/calls"
exec 8>&-
if [[ $n == "$CRASH_AT" ]]; then
  kill -KILL 0
fi
"""
MYSQLD = (
    COUNTED
    + """
for option in "$@"; do case $option in --datadir=*) data=${option#*=} ;; --initialize*) initialize=yes ;; esac; done
if [[ $initialize ]]; then
  mkdir "$data" && touch "$data/part" && touch "$data/whole"
else
  touch "$data.pid" "$data.sock"
  exec /bin/sleep 60
fi
"""
)
MYSQL = (
    COUNTED
    + """
for option in "$@"; do case $option in --host=*) host=${option#*=} ;; esac; done
sql=$(</dev/stdin)
case $sql in
  *@@GLOBAL.read_only*@@server_uuid*)
    [[ -e $WORLD/${host%%.*} ]] && cat "$WORLD/${host%%.*}" && exit
    echo "ERROR 2005 (HY000): Unknown MySQL server host '$host' (-2)" >&2
    exit 1 ;;
  *GTID_SUBSET*) cat "$WORLD/subset" ;;
  *"CLONE INSTANCE"*)
    printf '%s' "$sql" >"$WORLD/clone"
    into=${sql##*DATA DIRECTORY = \\'} into=${into%%\\'*}
    mkdir "$into" && touch "$into/part" && touch "$into/whole" ;;
  *clone_progress*) echo "FILE COPY 100 50" ;;
  *) echo 1 ;;
esac
"""
)


class World:
    """A member's volume and mounts as directories, and the other members as files that its stand-ins read."""

    def __init__(self, root: Path, ordinal: int = 0) -> None:
        self.root, self.volume, self.ordinal = root, root / "volume", ordinal
        for name in ("volume", "run", "conf", "settings", "accounts", "history", "tls", "bin"):
            (root / name).mkdir()
        for name, password in PASSWORDS.items():
            (root / "accounts" / name).write_text(password)
        for name in ("common.cnf", "primary.cnf", "replica.cnf", "settings.cnf"):
            (root / "settings" / name).write_text(f"# {name}\n")
        (root / "settings/replicas").write_text("3")
        (root / "subset").write_text("1\n")
        for name, text in {"mysqld": MYSQLD, "mysql": MYSQL}.items():
            self.tool(name, text)
        self.tool("sleep", "#!/bin/bash\nexec /bin/sleep 0.01\n")
        for name in ("mv", "rm", "cp", "sync", "date"):
            self.tool(name, f'{COUNTED}exec {shutil.which(name)} "$@"\n')

    def tool(self, name: str, text: str) -> None:
        (self.root / "bin" / name).write_text(text)
        (self.root / "bin" / name).chmod(0o755)

    def peer(self, ordinal: int, executed: str, read_only: int = 0, threads: str = "ON") -> None:
        line = f"{read_only}\t{UUID}\tg{executed}\tg\tg\t{threads}\t{threads}\n"
        (self.root / f"mysql-{ordinal}").write_text(line)

    def environment(self, crash_at: int = 0, **env: str) -> dict[str, str]:
        """The environment variables of the pod's containers, and those that tell the stand-ins what to do."""
        (self.root / "calls").write_text("0\n")
        places = {"VOLUME": "volume", "RUN": "run", "CONF": "conf", "SETTINGS": "settings", "ACCOUNTS": "accounts"}
        places |= {"HISTORY": "history", "TLS": "tls"}
        return {
            **{variable: str(self.root / place) for variable, place in places.items()},
            **{"WORLD": str(self.root), "CRASH_AT": str(crash_at), "POD": f"mysql-{self.ordinal}"},
            **{"WORKLOAD": "mysql", "SERVICE_HOST": "mysql.shop.svc", "DURABILITY": "keep", "SEMI_SYNC_REPLICAS": "1"},
            **{"DATABASE": "my_app", "APPLICATION": "app", "MAX_LAG_SECONDS": "10", **env},
            "PATH": f"{self.root / 'bin'}:{os.environ['PATH']}",
        }

    def run(
        self, script: str, crash_at: int = 0, seconds: float = 60, arguments: tuple[str, ...] = (), **env: str
    ) -> subprocess.CompletedProcess[str]:
        start = f'exec bash "{SCRIPTS / script}" "$@"'
        return subprocess.run(
            ["bash", "-c", start, script, *arguments],
            env=self.environment(crash_at, **env),
            text=True,
            capture_output=True,
            timeout=seconds,
            start_new_session=True,
        )

    def must(self, script: str, **env: str) -> str:
        done = self.run(script, 0, 60, (), **env)
        assert done.returncode == 0, done.stderr
        return done.stderr

    @property
    def calls(self) -> int:
        return int((self.root / "calls").read_text())

    def prepared(self) -> World:
        self.must("config.sh")
        return self


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def whole(world: World) -> bool:
    """Whether the data are whole, where there are any."""
    data = world.volume / "data"
    return not data.exists() or (data / "whole").exists()


def clean(world: World) -> bool:
    left = {path.name for path in world.volume.iterdir()}
    return "data" in left and not left & {"incoming", "scratch", "scratch.pid", "scratch.sock", "reclone"}


def situation(root: Path, kind: str) -> World:
    """A member about to start: new, or with an empty claim beside others, or told to take its data anew."""
    root.mkdir()
    world = World(root, 0 if kind in ("new primary", "lost primary") else 2)
    if kind == "lost primary":
        (root / "history/initialised").write_text("yes")
    if kind != "new primary":
        for ordinal in {0, 1, 2} - {world.ordinal}:
            world.peer(ordinal, f"{UUID}:1-9", read_only=int(ordinal > 0))
    if kind == "replica to take anew":
        (world.volume / "data").mkdir()
        (world.volume / "data/whole").write_text(OLD)
        (world.volume / "reclone").write_text("transactions of its own\n")
    return world.prepared()


@pytest.mark.parametrize("kind", ["new primary", "lost primary", "new replica", "replica to take anew"])
def test_killed_between_any_two_steps_the_next_start_ends_with_whole_data(kind: str, tmp_path: Path) -> None:
    first = situation(tmp_path / "whole", kind)
    first.must("data.sh")
    assert clean(first)
    steps = first.calls
    assert steps >= 4
    for step in range(1, steps + 1):
        world = situation(tmp_path / str(step), kind)
        world.run("data.sh", crash_at=step)
        assert whole(world), f"torn data after a kill at step {step} of {steps}"
        world.must("data.sh")
        assert whole(world), f"torn data after a kill at step {step} of {steps}, then a start"
        assert clean(world), f"leftovers after a kill at step {step} of {steps}: {list(world.volume.iterdir())}"
        if kind == "replica to take anew":
            kept = [(aside / "whole").read_text() for aside in world.volume.glob("aside-*")]
            assert kept == [OLD], f"the old data are not aside after a kill at step {step}"


def test_data_that_are_there_are_left_alone(world: World) -> None:
    world.prepared()
    (world.volume / "data").mkdir()
    (world.volume / "data/whole").write_text(OLD)
    world.must("data.sh")
    assert (world.volume / "data/whole").read_text() == OLD
    assert list(world.volume.iterdir()) == [world.volume / "data"]


def test_old_data_go_with_durability_discard(tmp_path: Path) -> None:
    world = situation(tmp_path / "w", "replica to take anew")
    world.must("data.sh", DURABILITY="discard")
    assert [path.name for path in world.volume.iterdir()] == ["data"]


def test_an_empty_primary_of_a_set_that_held_data_never_starts_as_a_new_one(world: World) -> None:
    world.prepared()
    (world.root / "history/initialised").write_text("yes")
    world.peer(1, f"{UUID}:1-9", read_only=1)  # of two replicas one answers, and a write may be on the other one only
    with pytest.raises(subprocess.TimeoutExpired) as waiting:
        world.run("data.sh", seconds=1)
    assert "this claim is empty: 1 of the other members answer and 2 must" in str(waiting.value.stderr)
    assert not (world.volume / "data").exists()


def test_an_empty_primary_takes_what_it_finds_even_before_the_set_was_ever_whole(world: World) -> None:
    world.prepared()
    world.peer(1, f"{UUID}:1-9", read_only=1)
    said = world.must("data.sh")
    assert "member 1 is the most advanced" in said
    assert "'clone'@'mysql-1.mysql.shop.svc':3306" in (world.root / "clone").read_text()


def test_a_replica_clones_from_the_previous_member_that_is_healthy(tmp_path: Path) -> None:
    world = World(tmp_path, ordinal=2).prepared()
    world.peer(0, f"{UUID}:1-9")
    world.peer(1, f"{UUID}:1-9", read_only=1, threads="OFF")
    world.must("data.sh")
    assert "'clone'@'mysql-0.mysql.shop.svc':3306" in (world.root / "clone").read_text()


LOCKED = """#!/bin/bash
for option in "$@"; do case $option in --host=*) host=${option#*=} ;; *clone.cnf) clone=yes ;; esac; done
if [[ ${clone:-} && -e $WORLD/locked-${host%%.*} ]]; then
  echo "ERROR 3118 (HY000): Access denied for user 'clone'@'10.0.0.1'. Account is locked." >&2
  exit 1
fi
exec "$WORLD/bin/mysql-open" "$@"
"""


def closed(world: World, *ordinals: int) -> World:
    """Makes the members with these ordinals refuse to be cloned."""
    world.tool("mysql-open", MYSQL)
    world.tool("mysql", LOCKED)
    for ordinal in ordinals:
        (world.root / f"locked-mysql-{ordinal}").touch()
    return world


def test_a_member_whose_tables_a_clone_would_leave_empty_is_not_cloned(tmp_path: Path) -> None:
    world = closed(World(tmp_path, ordinal=2).prepared(), 1)
    world.peer(0, f"{UUID}:1-9")
    world.peer(1, f"{UUID}:1-9", read_only=1)
    said = world.must("data.sh")
    assert "member 1 is not to be cloned now" in said
    assert "'clone'@'mysql-0.mysql.shop.svc':3306" in (world.root / "clone").read_text()


def test_an_empty_primary_takes_the_clone_of_an_equal_member_that_lets_itself_be_cloned(world: World) -> None:
    closed(world.prepared(), 1)
    (world.root / "history/initialised").write_text("yes")
    for ordinal in (1, 2):
        world.peer(ordinal, f"{UUID}:1-9", read_only=1)
    world.must("data.sh")
    assert "'clone'@'mysql-2.mysql.shop.svc':3306" in (world.root / "clone").read_text()


def test_an_empty_primary_waits_rather_than_take_a_clone_without_some_rows(world: World) -> None:
    closed(world.prepared(), 1, 2)
    (world.root / "history/initialised").write_text("yes")
    for ordinal in (1, 2):
        world.peer(ordinal, f"{UUID}:1-9", read_only=1)
    with pytest.raises(subprocess.TimeoutExpired) as waiting:
        world.run("data.sh", seconds=2)
    assert "is not to be cloned now" in str(waiting.value.stderr)
    assert not (world.volume / "data").exists()
    assert not (world.root / "clone").exists()


def test_a_server_starts_closed_to_clones_and_a_changed_password_does_not_close_one_that_runs(world: World) -> None:
    world.prepared()
    statements = (world.root / "run/accounts.sql").read_text().splitlines()
    assert [
        line.endswith("REQUIRE SSL ACCOUNT LOCK;") for line in statements if "USER" in line and "'clone'" in line
    ] == [
        True,
        True,
    ]
    assert sum("ACCOUNT LOCK" in line for line in statements) == 2
    world.tool("mysql", '#!/bin/bash\ncat >"$WORLD/applied"\n')
    assert world.run("accounts.sh", arguments=("--apply",)).returncode == 0
    applied = (world.root / "applied").read_text()
    assert "ALTER USER 'clone'@'%' IDENTIFIED BY" in applied
    assert "ACCOUNT LOCK" not in applied
    assert (world.root / "run/accounts.sql").read_text().splitlines() == statements, "the next start closes it again"


def test_a_pod_touches_nothing_while_another_still_works_on_the_claim(world: World) -> None:
    world.prepared()
    held = os.open(world.volume, os.O_RDONLY)
    (world.volume / "incoming").mkdir()
    fcntl.flock(held, fcntl.LOCK_EX)
    try:
        for script in ("data.sh", "run.sh"):
            with pytest.raises(subprocess.TimeoutExpired) as waiting:
                world.run(script, seconds=1)
            assert "another pod still works on this claim" in str(waiting.value.stderr)
            assert (world.volume / "incoming").exists()
    finally:
        os.close(held)
    world.must("data.sh")
    assert clean(world)


@pytest.mark.parametrize(("ordinal", "role"), [(0, "primary"), (1, "replica"), (12, "replica")])
def test_configuration_follows_the_ordinal(ordinal: int, role: str, tmp_path: Path) -> None:
    world = World(tmp_path, ordinal).prepared()
    files = {path.name: path.read_text() for path in (tmp_path / "conf").iterdir()}
    assert files["30-role.cnf"] == f"# {role}.cnf\n"
    assert f"server_id = {100 + ordinal}\n" in files["40-server.cnf"]
    world.must("config.sh")
    assert {path.name for path in (tmp_path / "conf").iterdir()} == set(files)


def test_passwords_are_quoted_and_end_in_files_that_nobody_else_reads(world: World) -> None:
    said = world.must("config.sh")
    statements = (world.root / "run/accounts.sql").read_text()
    assert statements.startswith("SET SESSION sql_log_bin = 0;\n")
    assert "ALTER USER 'root'@'localhost' IDENTIFIED BY 'it\\'s \\\\ \"root\" %s $(x)';" in statements
    assert "GRANT ALL PRIVILEGES ON `my\\_app`.* TO 'app'@'%';" in statements
    assert all("REQUIRE SSL" in line for line in statements.splitlines() if "'%' IDENTIFIED" in line)
    assert 'password="it\'s \\\\ \\"monitor\\" %s $(x)"' in (world.root / "run/monitor.cnf").read_text()
    assert {oct(path.stat().st_mode & 0o077) for path in (world.root / "run").iterdir()} == {"0o0"}
    assert not any(password in said for password in PASSWORDS.values())


@pytest.mark.parametrize("password", ["", "two\nlines"])
def test_a_password_that_cannot_work_stops_the_member(password: str, world: World) -> None:
    (world.root / "accounts/monitor").write_text(password)
    done = world.run("config.sh")
    assert done.returncode != 0
    assert "the password of monitor" in done.stderr


@pytest.mark.parametrize(
    ("answer", "ready"),
    [
        ("ON\tON\t0\t0", True),
        ("CONNECTING\tON\t9\t0", True),
        ("CONNECTING\tON\t11\t0", False),
        ("OFF\tON\t0\t0", False),
        ("ON\tOFF\t0\t0", False),
        ("ON\tON\t0\t11", False),
        ("ON\tON\tNULL\t0", False),
        ("", False),
    ],
)
def test_a_replica_is_ready_while_what_it_shows_is_young(answer: str, ready: bool, tmp_path: Path) -> None:
    world = World(tmp_path, ordinal=1).prepared()
    (tmp_path / "run/phase").write_text("serving")
    world.tool("mysql", f"#!/bin/bash\nprintf '{answer}\\n'\n" if answer else "#!/bin/bash\nexit 1\n")
    assert (world.run("ready.sh").returncode == 0) is ready


@pytest.mark.parametrize(("answer", "ready"), [("0", True), ("1", False)])
def test_a_primary_is_ready_while_it_is_writable(answer: str, ready: bool, world: World) -> None:
    world.prepared()
    (world.root / "run/phase").write_text("serving")
    world.tool("mysql", f"#!/bin/bash\necho {answer}\n")
    assert (world.run("ready.sh").returncode == 0) is ready


@pytest.mark.parametrize("phase", ["data", "starting", "refused", "stopping"])
def test_a_member_that_does_not_serve_is_not_ready_whatever_the_server_says(phase: str, world: World) -> None:
    world.prepared()
    (world.root / "run/phase").write_text(phase)
    assert world.run("ready.sh").returncode != 0


@pytest.mark.parametrize(
    ("phase", "answer", "code", "lives"),
    [
        ("data", "no", 1, True),
        ("starting", "no", 1, True),
        ("stopping", "no", 1, True),
        ("serving", "mysqld is alive", 0, True),
        ("serving", "error: 'Too many connections'", 1, True),
        ("serving", "Can't connect to local MySQL server", 1, False),
    ],
)
def test_only_a_server_that_should_answer_and_does_not_is_killed(
    phase: str, answer: str, code: int, lives: bool, world: World
) -> None:
    world.prepared()
    (world.root / "run/phase").write_text(phase)
    world.tool("mysqladmin", f'#!/bin/bash\necho "{answer}" >&2\nexit {code}\n')
    assert (world.run("live.sh").returncode == 0) is lives
