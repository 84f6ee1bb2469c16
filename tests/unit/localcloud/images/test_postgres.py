"""The entry script of the PostgreSQL image, run for real with stand-ins for PostgreSQL: killed between any two steps of
a first start, it leaves nothing that is taken for a cluster, and the next start ends with a whole one.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from localcloud.images.recipe import HERE

SCRIPT = HERE / "postgres/entrypoint.sh"
SECRET = "s3cr3t"
PASSWORD = f'it\'s \\ "{SECRET}" %s $(x)'
OLD = "the data of before"

# Every tool of the script goes through here: it counts and notes its words, and at the chosen call kills the whole
# container instead.
COUNTED = """#!/bin/bash
n=$(($(<"$WORLD/calls") + 1))
echo "$n" >"$WORLD/calls"
printf '%s %s\\n' "${0##*/}" "$*" >>"$WORLD/said"
if [[ $n == "$CRASH_AT" ]]; then
  kill -KILL 0
fi
"""
# As the real one, it writes PG_VERSION long before the rest, and wants no directory of the name.
INITDB = """
set -e
for option in "$@"; do
  case $option in --pgdata=*) data=${option#*=} ;; --pwfile=*) password=${option#*=} ;; --sync-only) sync=yes ;; esac
done
if [[ ${sync:-} ]]; then
  touch "$data/synced"
else
  mkdir "$data"
  echo 17 >"$data/PG_VERSION"
  cat "$password" >"$WORLD/password"
  cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' >"$WORLD/processes"
  env >"$WORLD/initdb.env"
  [[ ! ${NSS_WRAPPER_PASSWD:-} ]] || cat "$NSS_WRAPPER_PASSWD" >"$WORLD/passwd"
  touch "$data/pg_hba.conf"
  touch "$data/whole"
fi
"""
POSTGRES = """
if [[ $1 == --single ]]; then
  cat >"$3/sql"
else
  env >"$WORLD/server.env"
  echo "serving: $*"
fi
"""


class World:
    """A claim, and what is on the PATH of a container."""

    patience = 60.0

    def __init__(self, root: Path) -> None:
        self.root, self.claim = root, root / "claim"
        self.data, self.incoming = self.claim / "pgdata", self.claim / "pgdata.incoming"
        for name in ("claim", "bin", "tmp"):
            (root / name).mkdir(parents=True)
        self.tool("initdb", COUNTED + INITDB)
        self.tool("postgres", COUNTED + POSTGRES)
        self.tool("tini", f'{COUNTED}shift 2\nexec "$@"\n')
        self.tool("sleep", "#!/bin/bash\nexec /bin/sleep 0.01\n")
        for name in ("chmod", "flock", "id", "ls", "mkdir", "mktemp", "mv", "rm", "rmdir", "sync", "touch", "whoami"):
            self.tool(name, f'{COUNTED}exec {shutil.which(name)} "$@"\n')

    def tool(self, name: str, text: str) -> None:
        (self.root / "bin" / name).write_text(text)
        (self.root / "bin" / name).chmod(0o755)

    def environment(self, **env: str) -> dict[str, str]:
        """The container's."""
        (self.root / "calls").write_text("0\n")
        given = {"POSTGRES_PASSWORD": PASSWORD, "PGDATA": str(self.data), "CRASH_AT": "0", **env}
        return {
            **{name: value for name, value in given.items() if value},
            **{"WORLD": str(self.root), "TMPDIR": str(self.root / "tmp")},
            "PATH": f"{self.root / 'bin'}:{os.environ['PATH']}",
        }

    def run(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", str(SCRIPT), *(arguments or ("postgres",))],
            env=self.environment(**env),
            text=True,
            capture_output=True,
            timeout=self.patience,
            start_new_session=True,
        )

    def must(self, *arguments: str, **env: str) -> str:
        done = self.run(*arguments, **env)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("serving: ")
        return done.stderr

    @property
    def calls(self) -> int:
        return int((self.root / "calls").read_text())

    def read(self, name: str) -> str:
        return (self.root / name).read_text()


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "world")


def contents(directory: Path) -> dict[str, str]:
    return {str(path.relative_to(directory)): path.read_text() for path in directory.rglob("*") if path.is_file()}


def assert_whole(data: Path, when: str) -> None:
    held = contents(data)
    assert {"PG_VERSION", "whole", "synced", "sql"} <= set(held), f"a torn cluster {when}"
    assert held["pg_hba.conf"].endswith("host all all all scram-sha-256\n"), f"no access for other pods {when}"


# A first start


@pytest.mark.parametrize("directory", ["missing", "empty"])
def test_killed_between_any_two_steps_the_next_start_ends_with_a_whole_cluster(directory: str, tmp_path: Path) -> None:
    def situation(name: str) -> World:
        world = World(tmp_path / name)
        if directory == "empty":
            world.data.mkdir()
        return world

    first = situation("whole")
    first.must(POSTGRES_DB="shop")
    assert_whole(first.data, "after a start")
    assert [path.name for path in first.claim.iterdir()] == ["pgdata"]
    assert first.calls >= 12
    for step in range(1, first.calls + 1):
        world = situation(str(step))
        assert world.run(CRASH_AT=str(step), POSTGRES_DB="shop").returncode == -signal.SIGKILL
        when = f"after a kill at step {step} of {first.calls}"
        if world.data.exists() and contents(world.data):
            assert_whole(world.data, when)
        world.must(POSTGRES_DB="shop")
        assert_whole(world.data, f"{when}, then a start")
        assert [path.name for path in world.claim.iterdir()] == ["pgdata"], f"leftovers {when}, then a start"


def test_what_is_renamed_into_place_was_written_to_the_disk_before(world: World) -> None:
    world.must(POSTGRES_DB="shop")
    steps = [line.split() for line in world.read("said").splitlines()]
    names = [" ".join(step) for step in steps if step[0] in ("initdb", "postgres", "mv", "sync")]
    assert [name.split()[0] for name in names] == ["initdb", "postgres", "initdb", "mv", "sync", "postgres"]
    assert names[2] == f"initdb --pgdata={world.incoming} --sync-only"
    assert names[3] == f"mv -T {world.incoming} {world.data}"
    assert names[4] == f"sync {world.claim}"


def test_the_password_is_in_no_process_list_no_output_and_no_file(world: World) -> None:
    done = world.run(POSTGRES_DB="shop")
    assert done.returncode == 0
    password = world.root / "password"  # what initdb read
    assert password.read_text() == f"{PASSWORD}\n"
    password.unlink()
    assert f"{SCRIPT}" in world.read("processes")
    assert {"said", "processes", "initdb.env", "server.env"} <= set(contents(world.root))
    assert [name for name, text in contents(world.root).items() if SECRET in text] == []
    assert SECRET not in done.stdout + done.stderr


@pytest.mark.parametrize("ending", ["", "\n"])
def test_the_password_may_come_from_a_file(ending: str, world: World) -> None:
    (world.root / "given").write_text(PASSWORD + ending)
    world.must(POSTGRES_PASSWORD="", POSTGRES_PASSWORD_FILE=str(world.root / "given"))
    assert world.read("password") == f"{PASSWORD}\n"


def test_a_new_cluster_has_checksums_asks_hosts_for_passwords_and_needs_no_librarys_collations(world: World) -> None:
    world.must(POSTGRES_USER="app", POSTGRES_INITDB_ARGS="--wal-segsize=32 --locale-provider=libc")
    (line,) = [line for line in world.read("said").splitlines() if line.startswith("initdb ") and "--user" in line]
    for option in (
        *("--username=app", "--data-checksums", "--auth-host=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8"),
        *("--locale-provider=builtin", "--set=listen_addresses=*"),
    ):
        assert f" {option} " in line
    assert line.endswith(" --wal-segsize=32 --locale-provider=libc"), "given options come last, and so win"


@pytest.mark.parametrize(
    ("env", "sql"),
    [
        ({}, None),
        ({"POSTGRES_USER": "app"}, 'CREATE DATABASE "app"\n'),
        ({"POSTGRES_USER": "app", "POSTGRES_DB": "postgres"}, None),
        ({"POSTGRES_DB": 'it\'s "mine" & $(x)'}, 'CREATE DATABASE "it\'s ""mine"" & $(x)"\n'),
    ],
)
def test_the_database_is_named_as_given_or_as_the_user(env: dict[str, str], sql: str | None, world: World) -> None:
    world.must(**env)
    assert contents(world.data).get("sql") == sql


def test_a_user_that_the_image_does_not_know_has_a_name_while_the_cluster_is_made(world: World) -> None:
    world.tool("whoami", "#!/bin/bash\nexit 1\n")
    world.must(POSTGRES_DB="shop")
    assert world.read("passwd") == f"postgres:x:{os.getuid()}:{os.getgid()}::/nonexistent:/bin/false\n"
    assert list((world.root / "tmp").iterdir()) == []
    assert "NSS_WRAPPER" in world.read("initdb.env")
    assert "NSS_WRAPPER" not in world.read("server.env")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_first_start_and_leaves_no_cluster(number: signal.Signals, world: World) -> None:
    world.tool("initdb", f'#!/bin/bash\nmkdir "$WORLD/claim/pgdata.incoming"\n/bin/sleep 1\n{COUNTED}{INITDB}')
    command = ["bash", str(SCRIPT)]
    with subprocess.Popen(command, env=world.environment(), start_new_session=True) as container:
        deadline = time.monotonic() + 20
        while not world.incoming.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        container.send_signal(number)
        assert container.wait(20) == 143
    assert not world.data.exists()


# What is on the claim already


def test_a_cluster_that_is_there_is_left_alone_and_needs_no_password(world: World) -> None:
    for directory in (world.data, world.incoming):
        directory.mkdir()
        (directory / "PG_VERSION").write_text("17\n")
        (directory / "table").write_text(OLD)
    before = contents(world.claim)
    world.must(POSTGRES_PASSWORD="")
    world.must(POSTGRES_PASSWORD=PASSWORD)
    assert SECRET not in world.read("server.env")
    assert contents(world.claim) == before
    assert "initdb" not in world.read("said")


def test_what_the_kubelet_gives_the_pods_group_is_taken_back_or_postgres_would_not_start(world: World) -> None:
    world.data.mkdir()
    (world.data / "PG_VERSION").write_text("17\n")
    world.data.chmod(0o2770)
    world.must()
    assert world.data.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("name", ["table", "lost+found/x", "PG_VERSION", ".hidden"])
def test_what_is_no_cluster_is_refused_in_one_line_and_left_alone(name: str, world: World) -> None:
    (world.data / name).parent.mkdir(parents=True)
    (world.data / name).write_text("" if name == "PG_VERSION" else OLD)
    before = contents(world.claim)
    done = world.run()
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert f"{world.data} is not empty and has no PG_VERSION" in line
    assert contents(world.claim) == before
    assert "initdb" not in world.read("said")


def test_a_pgdata_that_cannot_be_replaced_is_refused_before_anything_is_made(world: World) -> None:
    world.data.mkdir()
    world.tool("rmdir", "#!/bin/bash\necho 'rmdir: busy' >&2\nexit 1\n")
    done = world.run()
    assert done.returncode == 1
    assert "is it a mount? Set PGDATA to a directory below" in done.stderr
    assert not world.incoming.exists()


def test_a_pod_touches_nothing_while_another_still_works_on_the_claim(world: World) -> None:
    world.incoming.mkdir()
    world.patience = 1.0
    held = os.open(world.claim, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    try:
        with pytest.raises(subprocess.TimeoutExpired) as waiting:
            world.run()
        assert "another pod still works on this claim" in str(waiting.value.stderr)
        assert [path.name for path in world.claim.iterdir()] == [world.incoming.name]
    finally:
        os.close(held)
    world.patience = World.patience
    world.must()


def test_the_server_holds_the_claim_as_long_as_it_runs(world: World) -> None:
    world.tool("postgres", '#!/bin/bash\ntouch "$WORLD/up"\nexec /bin/sleep 60\n')
    with subprocess.Popen(["bash", str(SCRIPT)], env=world.environment()) as server:
        deadline = time.monotonic() + 20
        while not (world.root / "up").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        claim = os.open(world.claim, os.O_RDONLY)
        try:
            with pytest.raises(BlockingIOError):
                fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
            server.kill()
            server.wait(20)
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        finally:
            os.close(claim)


# Settings


@pytest.mark.parametrize(
    ("env", "line"),
    [
        ({"POSTGRES_PASSWORD": ""}, "a first start needs POSTGRES_PASSWORD, or POSTGRES_PASSWORD_FILE"),
        ({"POSTGRES_PASSWORD_FILE": "/etc/hostname"}, "POSTGRES_PASSWORD and POSTGRES_PASSWORD_FILE are both set"),
        ({"POSTGRES_PASSWORD": "", "POSTGRES_PASSWORD_FILE": "/nowhere"}, "is /nowhere, which cannot be read"),
        ({"POSTGRES_PASSWORD": "two\nlines"}, "POSTGRES_PASSWORD has more than one line"),
        ({"POSTGRES_DB": "a\nb"}, "POSTGRES_DB has more than one line"),
        ({"POSTGRES_INITDB_WALDIR": "/wal"}, "POSTGRES_INITDB_WALDIR does nothing in this image"),
        ({"POSTGRES_HOST_AUTH_METHOD": "trust"}, "POSTGRES_HOST_AUTH_METHOD can only be scram-sha-256"),
    ],
)
def test_settings_that_cannot_work_are_refused_in_one_line(env: dict[str, str], line: str, world: World) -> None:
    done = world.run(**env)
    assert done.returncode == 1
    (said,) = done.stderr.splitlines()
    assert line in said
    assert list(world.claim.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "server"),
    [(("postgres", "-c", "a=b"), "-c a=b"), (("-c", "a=b"), "-c a=b"), (("postgres",), "")],
)
def test_options_go_to_the_server(arguments: tuple[str, ...], server: str, world: World) -> None:
    done = world.run(*arguments)
    assert done.stdout == f"serving: {server}\n"


def test_any_other_command_runs_as_it_is(world: World) -> None:
    done = world.run("printf", "%s", "hello", POSTGRES_PASSWORD="")
    assert (done.returncode, done.stdout, done.stderr) == (0, "hello", "")
    assert list(world.claim.iterdir()) == []
