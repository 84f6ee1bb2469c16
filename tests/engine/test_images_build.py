"""The images as they are really built, with Go, a C compiler and Debian's packages (three minutes on two cores)."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

import pytest

from localcloud.images.builder import IMAGES, build
from localcloud.images.recipe import HERE
from localcloud.images.recipes import mysql, postgres, redis
from localcloud.images.recipes.pause import RECIPE as PAUSE

pytestmark = pytest.mark.engine
T = TypeVar("T")


@dataclass(frozen=True)
class Built:
    """A built image, unpacked."""

    archive: Path
    root: Path
    config: dict[str, object]
    entries: tuple[tarfile.TarInfo, ...]


@pytest.fixture(scope="session")
def go_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("go-cache")


@pytest.fixture(scope="session")
def built(go_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Built]:
    """Builds each image once."""

    @cache
    def once(name: str) -> Built:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("GOCACHE", str(go_cache))
            return unpacked(build(name, tmp_path_factory.mktemp("cache"), print), tmp_path_factory.mktemp("image"))

    return once


@pytest.fixture(scope="session", params=sorted(IMAGES))
def image(request: pytest.FixtureRequest, built: Callable[[str], Built]) -> Built:
    return built(request.param)


def unpacked(archive: Path, place: Path) -> Built:
    with tarfile.open(archive) as outer:
        outer.extractall(place, filter="data")
    (manifest,) = json.loads((place / "manifest.json").read_text())
    config = json.loads((place / manifest["Config"]).read_text())
    (layer,) = manifest["Layers"]
    with tarfile.open(place / layer) as inner:
        entries = tuple(inner)
        inner.extractall(place / "root", filter="tar")
    return Built(archive, place / "root", config["config"], entries)


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def test_another_build_gives_the_same_bytes(
    image: Built, go_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOCACHE", str(go_cache))
    (name,) = [name for name, recipe in IMAGES.items() if image.archive.name.startswith(f"{recipe.short}-")]
    assert sha256(build(name, tmp_path, print)) == sha256(image.archive)


def test_it_runs_as_a_user_that_is_not_root_and_nothing_in_it_is_set_uid(image: Built) -> None:
    user, group = str(image.config["User"]).split(":")
    assert int(user) > 0
    assert int(group) > 0
    assert [entry.name for entry in image.entries if entry.mode & 0o6000] == []


def test_only_root_may_write_but_for_the_directories_made_for_data(image: Built) -> None:
    written_by_others = [entry.name for entry in image.entries if entry.mode & 0o022 and not entry.issym()]
    assert set(written_by_others) <= {"tmp", "var/tmp"}
    owned = {entry.name for entry in image.entries if entry.uid != 0}
    assert owned <= {
        *("var/data", "var/lib/nginx", "var/log/nginx", "run/mysqld", "var/lib/mysql", "var/lib/mysql-files"),
        *("data", "run/postgresql", "var/lib/postgresql", "var/lib/postgresql/data"),
    }


def test_its_size_is_what_the_catalogue_says(image: Built) -> None:
    (recipe,) = [recipe for recipe in IMAGES.values() if image.archive.name.startswith(f"{recipe.short}-")]
    assert image.archive.stat().st_size < 1.2e6 * recipe.megabytes


def test_every_program_and_library_in_it_finds_its_libraries(image: Built) -> None:
    loader = next(image.root.glob("usr/lib*/ld-linux-*.so.*"), None)
    broken = []
    for path in image.root.rglob("*"):
        if path.is_symlink() or not path.is_file() or not dynamic(path):
            continue
        assert loader is not None, f"{path} needs a loader"
        libraries = next(image.root.glob("usr/lib/*-linux-gnu"))
        command = [str(loader), "--inhibit-cache", "--library-path", str(libraries), "--list", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if "not found" in done.stdout + done.stderr:
            broken.append(f"{path.relative_to(image.root)}: {done.stdout}{done.stderr}")
    assert broken == []


def dynamic(path: Path) -> bool:
    with path.open("rb") as file:
        start = file.read(4096)
    # .interp or a dynamic section: program headers of type 3 (PT_INTERP) or 2 (PT_DYNAMIC), 64-bit little endian
    if start[:4] != b"\x7fELF":
        return False
    offset, size, count = (int.from_bytes(start[a:b], "little") for a, b in ((32, 40), (54, 56), (56, 58)))
    kinds = {int.from_bytes(start[offset + i * size : offset + i * size + 4], "little") for i in range(count)}
    return bool(kinds & {2, 3})


def test_links_lead_to_something_within_the_image(image: Built) -> None:
    # Certificates, modules, a remote tape drive and a machine's time zone, which no image brings.
    outside = {"usr/lib/ssl/cert.pem", "usr/share/nginx/modules", "etc/rmt", "usr/share/zoneinfo/localtime"}
    missing = []
    for entry in image.entries:
        if entry.issym() and entry.name not in outside:
            target = Path("/") / entry.name
            target = target.parent / entry.linkname
            if not (image.root / target.relative_to("/")).exists() and not entry.linkname.startswith("/run"):
                missing.append(f"{entry.name} -> {entry.linkname}")
    assert missing == []


def test_mysql_holds_what_replication_needs_and_no_data(built: Callable[[str], Built]) -> None:
    image = built(mysql.RECIPE.name)
    assert [path for path in mysql.NEEDED if not (image.root / path).exists()] == []
    assert list((image.root / "var/lib/mysql").iterdir()) == []
    (directory,) = [entry for entry in image.entries if entry.name == "var/lib/mysql"]
    assert (directory.uid, directory.gid, oct(directory.mode)) == (999, 999, "0o750")


# A pod as Kubernetes makes it: process 1, a network of its own, a root file system that is only read, a claim that
# belongs to the pod's group, a scratch directory each where the rest of the words before `--` say.
POD = """
set -eu
root=$1 claim=$2 at=$3
shift 3
mount --make-rprivate /
mount --bind "$root" "$root"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount --bind "$claim" "$root/$at"
while [ "$1" != -- ]; do
  mount -t tmpfs -o mode=0777 tmpfs "$root/$1"
  shift
done
shift
mount -o remount,bind,ro "$root"
chroot "$root" /usr/bin/busybox ip link set lo up
exec setpriv --no-new-privs chroot --userspec=999:999 --groups= "$root" /usr/bin/env -i "$@"
"""


@dataclass(frozen=True)
class Pod:
    """A running one."""

    image: Built
    process: int

    def run(self, *command: str, **env: str) -> subprocess.CompletedProcess[str]:
        """What `kubectl exec` does."""
        words = ["nsenter", f"--target={self.process}", "--mount", "--pid", "--net", "--ipc"]
        words += ["chroot", "--userspec=999:999", str(self.image.root), "/usr/bin/env", "-i"]
        words += [*environment(self.image), *(f"{name}={value}" for name, value in env.items()), *command]
        return subprocess.run(words, capture_output=True, text=True, check=False)

    def must(self, *command: str, **env: str) -> str:
        done = self.run(*command, **env)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def becomes_ready(self, *probe: str) -> bool:
        return eventually(lambda: self.run(*probe).returncode == 0)

    def stop(self) -> None:
        os.kill(self.process, signal.Signals[str(self.image.config["StopSignal"])])


def environment(image: Built) -> list[str]:
    env = image.config["Env"]
    assert isinstance(env, list)
    return [str(line) for line in env]


@contextmanager
def pod(
    image: Built, claim: Path, at: str, scratch: tuple[str, ...], *words: str, ends_well: bool = True
) -> Iterator[Pod]:
    """Runs until it is stopped, for which it has a pod's thirty seconds; then it is killed."""
    place = [str(image.root), str(claim), at, *scratch, "--", *environment(image)]
    command = ["unshare", "--mount", "--pid", "--net", "--ipc", "--fork", "--kill-child"]
    with subprocess.Popen([*command, "sh", "-c", POD, "pod", *place, *words]) as namespace:
        try:
            (process,) = eventually(lambda: children(namespace.pid))
            yield Pod(image, process)
            assert (namespace.wait(30) == 0) is ends_well
        finally:
            namespace.kill()


@pytest.fixture
def claim(tmp_path: Path) -> Path:
    """As the kubelet leaves one for `fsGroup: 999`."""
    if os.getuid() != 0:
        pytest.skip("running as another user takes root")
    place = tmp_path / "claim"
    place.mkdir()
    os.chown(place, 0, 999)
    place.chmod(0o2775)
    return place


def test_redis_keeps_what_it_was_given_and_stops_in_order(built: Callable[[str], Built], claim: Path) -> None:
    image = built(redis.RECIPE.name)
    command = ("flock", "--no-fork", "/data", "redis-server", "--appendonly", "yes", "--dir", "/data")
    for value in ("", "1"):
        with pod(image, claim, "data", (), *command) as server:
            assert server.becomes_ready("sh", "-c", '[ "$(redis-cli ping)" = PONG ]')
            assert server.must("redis-cli", "get", "key") == f"{value}\n"
            assert server.must("redis-cli", "set", "key", "1") == "OK\n"
            server.stop()


def test_postgres_makes_a_cluster_keeps_rows_and_stops_without_waiting_for_clients(
    built: Callable[[str], Built], claim: Path
) -> None:
    image = built(postgres.RECIPE.name)
    start = ("POSTGRES_PASSWORD=it's $(x)", "POSTGRES_USER=app", "docker-entrypoint.sh", "postgres")
    sql = ("psql", "--host=127.0.0.1", "--username=app", "-Atwc")

    def running(ends_well: bool = True) -> AbstractContextManager[Pod]:
        scratch = ("tmp", "run/postgresql", "dev/shm")
        return pod(image, claim, "var/lib/postgresql/data", scratch, *start, ends_well=ends_well)

    with running(ends_well=False) as killed:
        assert eventually((claim / "pgdata.incoming/PG_VERSION").exists)
        os.kill(killed.process, signal.SIGKILL)
    assert [path.name for path in claim.iterdir()] == ["pgdata.incoming"]
    with running() as server:
        assert server.becomes_ready("pg_isready", "--username=app")
        server.must(*sql, "CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)", PGPASSWORD="it's $(x)")
        assert "no password supplied" in server.run(*sql, "SELECT 1").stderr
        assert server.must("psql", "--username=app", "-Atc", "SHOW data_checksums") == "on\n"
        server.must("sh", "-c", "psql --username=app -c 'SELECT pg_sleep(60)' >/dev/null 2>&1 &")
        sessions = (*sql[:1], *sql[2:], "SELECT pid FROM pg_stat_activity WHERE query ~ '^SELECT pg_sl'")
        session = eventually(lambda: server.must(*sessions))
        # A probe that is cut short leaves such a process, and its failure must not end anybody's session.
        server.must("sh", "-c", "sh -c 'echo $$ >/tmp/orphan; exit 3' >/dev/null 2>&1 &")
        orphan = eventually(lambda: server.run("cat", "/tmp/orphan").stdout)
        assert eventually(lambda: server.run("test", "-e", f"/proc/{orphan.strip()}").returncode == 1)
        assert session == server.must(*sessions) != ""
        server.stop()
    (claim / "pgdata").chmod(0o2770)  # as the kubelet does when the next pod starts
    with running() as server:
        assert server.becomes_ready("pg_isready", "--username=app")
        assert server.must(*sql, "SELECT n, pg_jit_available() FROM kept", PGPASSWORD="it's $(x)") == "7|f\n"
        server.stop()
    assert [path.name for path in claim.iterdir()] == ["pgdata"]


@pytest.mark.parametrize("compiler", ["gcc", "go"])
def test_pause_reaps_orphans_and_ends_on_sigterm(
    compiler: str, go_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOCACHE", str(go_cache))
    which = shutil.which
    if compiler == "go":
        monkeypatch.setattr(shutil, "which", lambda name: None if name == "gcc" else which(name))
    pause = unpacked(build(PAUSE.name, tmp_path / "cache", print), tmp_path / "image").root / "pause"
    pause.chmod(0o755)
    # pause becomes process 1 of a process namespace, over a grandchild whose parent is gone
    command = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child"]
    orphan = '(sleep 1 & sleep 1 &); exec "$0"'
    with subprocess.Popen([*command, "sh", "-c", orphan, str(pause)]) as namespace:
        (process,) = eventually(lambda: children(namespace.pid))
        assert len(eventually(lambda: children(process) if running_pause(process, pause) else [])) == 2
        assert eventually(lambda: children(process) == [])
        subprocess.run(["kill", "-TERM", str(process)], check=True)
        assert namespace.wait(30) == 0


def eventually(look: Callable[[], T]) -> T:
    """What `look` returns once that is something; within a minute."""
    deadline = time.monotonic() + 60
    while not (seen := look()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return seen


def running_pause(process: int, pause: Path) -> bool:
    return Path(f"/proc/{process}/exe").readlink() == pause


def children(process: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def test_kubias_own_tests_pass(go_cache: Path) -> None:
    done = subprocess.run(
        ["go", "test", "-count=1", "-trimpath", "./..."],
        cwd=HERE / "kubia",
        env={
            "PATH": os.environ["PATH"],
            "GOCACHE": str(go_cache),
            "GOTOOLCHAIN": "local",
            "CGO_ENABLED": "0",
            "HOME": "/nonexistent",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
