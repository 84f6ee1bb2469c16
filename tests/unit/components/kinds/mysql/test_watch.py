"""The container's first process keeps the role script alive, and a new one goes on where the last one ended."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.unit.components.kinds.mysql.test_roles import OURS, SERVER, THIRD
from tests.unit.components.kinds.mysql.test_scripts import SCRIPTS, UUID, World

MYSQLD = """#!/bin/bash
echo $$ >"$RUN/mysqld.pid.new" && mv "$RUN/mysqld.pid.new" "$RUN/mysqld.pid"
exec /bin/sleep 60
"""


class Pod(World):
    """A member that has data and runs `run.sh`, as its container does."""

    def __init__(self, root: Path, ordinal: int, mysqld: str = MYSQLD, settled: str = "") -> None:
        super().__init__(root, ordinal)
        self.prepared()
        if settled:
            (root / "run/settled").write_text(settled)
        (self.volume / "data").mkdir()
        (self.volume / "data/whole").touch()
        (root / "extra").write_text("\n")
        (root / "compared").write_text("g\tg\t1\n")
        (root / "receiver").write_text("ON\t0\n")
        (root / "asked").touch()
        (root / "tables").touch()
        (root / "clones").write_text("LOCK\t1\n")
        self.tool("mysqld", mysqld)
        self.tool("mysql", SERVER)
        self.peer(1 - ordinal, f"{UUID}:1-9", read_only=1 - ordinal)
        self.role = "primary.sh" if ordinal == 0 else "replica.sh"
        env = {"WORLD_EXECUTED": f"{UUID}:1-9", "WORLD_UUID": OURS, "BINLOG_MAX_BYTES": "1000000"}
        env["SEMI_SYNC_TIMEOUT_MS"] = "1000"
        with (root / "log").open("w") as log:
            self.process = subprocess.Popen(
                ["bash", str(SCRIPTS / "run.sh")],
                env=self.environment() | env,
                stderr=log,
                start_new_session=True,
            )

    def pid(self) -> int | None:
        """The process ID of the role script, or None while none runs."""
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                words = (entry / "cmdline").read_bytes().split(b"\0")
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                if parent == self.process.pid and str(SCRIPTS / self.role).encode() in words:
                    return int(entry.name)
        return None

    def read(self, name: str) -> str:
        file = self.root / name
        return file.read_text() if file.exists() else ""

    @property
    def phase(self) -> str:
        return self.read("run/phase")

    def killed(self) -> int:
        """Kills the role script and returns its process ID."""
        pid = self.pid()
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        return pid


def soon(condition: Callable[[], bool], what: str, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


@pytest.fixture
def pods(tmp_path: Path) -> Iterator[Callable[..., Pod]]:
    made: list[Pod] = []

    def make(ordinal: int, **how: str) -> Pod:
        made.append(Pod(tmp_path, ordinal, **how))
        return made[-1]

    yield make
    for pod in made:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pod.process.pid, signal.SIGKILL)
        pod.process.wait()


@pytest.mark.parametrize("ordinal", [0, 1])
def test_a_role_script_that_was_killed_is_started_again_and_the_member_does_not_serve_meanwhile(
    ordinal: int, pods: Callable[..., Pod]
) -> None:
    pod = pods(ordinal)
    soon(lambda: pod.phase == "serving", "it serves")
    pod.tool("sleep", "#!/bin/bash\nexec /bin/sleep 0.3\n")  # long enough to look before the next script starts
    first = pod.killed()
    soon(lambda: pod.phase == "following", "it serves no more")
    soon(lambda: pod.pid() not in (None, first) and pod.phase == "serving", "another one runs, and it serves again")
    assert f"{pod.role} ended, which it should not; starting it again" in pod.read("log")
    assert pod.process.poll() is None


def test_a_primary_that_leads_is_not_compared_with_replicas_that_already_have_its_next_commit(
    pods: Callable[..., Pod],
) -> None:
    pod = pods(0)
    soon(lambda: pod.phase == "serving", "it serves")
    pod.peer(1, f"{THIRD}:1-10", read_only=1)
    (pod.root / "extra").write_text(f"{THIRD}:10\n")
    (pod.root / "asked").write_text("")
    first = pod.killed()
    soon(lambda: pod.pid() not in (None, first) and pod.phase == "serving", "it serves again")
    assert not (pod.volume / "reclone").exists()
    assert "SET GLOBAL read_only" not in pod.read("asked")


def test_a_primary_that_was_judged_but_not_opened_is_opened_by_the_next_script(pods: Callable[..., Pod]) -> None:
    pod = pods(0)
    soon(lambda: pod.phase == "serving", "it serves")
    settled = pod.read("run/settled").split()
    assert settled[1] == "leads"
    (pod.root / "run/settled").write_text(f"{settled[0]} judged")
    (pod.root / "asked").write_text("")
    pod.killed()
    soon(lambda: "SET GLOBAL read_only = OFF" in pod.read("asked"), "it is opened")


def test_a_replica_that_follows_keeps_what_it_received_and_has_not_applied(pods: Callable[..., Pod]) -> None:
    pod = pods(1)
    soon(lambda: pod.phase == "serving", "it serves")
    assert pod.read("asked").count("CHANGE REPLICATION SOURCE") == 1
    first = pod.killed()
    soon(lambda: pod.pid() not in (None, first) and pod.phase == "serving", "it serves again")
    assert pod.read("asked").count("CHANGE REPLICATION SOURCE") == 1
    assert pod.read("asked").count("STOP REPLICA") == 1


def test_with_another_server_the_role_begins_anew(pods: Callable[..., Pod]) -> None:
    pod = pods(1)
    soon(lambda: pod.phase == "serving", "it serves")
    os.kill(int(pod.read("run/mysqld.pid")), signal.SIGKILL)
    soon(lambda: pod.read("asked").count("CHANGE REPLICATION SOURCE") == 2, "the new server is told its source")
    soon(lambda: pod.phase == "serving", "it serves again")


@pytest.mark.parametrize(
    ("ordinal", "settled", "statement"),
    [
        (0, "leads", "SET GLOBAL read_only = OFF"),
        (0, "judged", "@@GLOBAL.read_only, @@server_uuid"),
        (1, "follows", "CHANGE REPLICATION SOURCE"),
    ],
)
def test_a_container_that_starts_again_settles_all_anew_though_its_server_has_the_same_process_id(
    ordinal: int, settled: str, statement: str, pods: Callable[..., Pod]
) -> None:
    """In a new container process IDs begin at 1 again, and the pod's directory still has those of the last one."""
    mysqld = '#!/bin/bash\necho 18 >"$RUN/mysqld.pid"\nexec /bin/sleep 60\n'
    pod = pods(ordinal, mysqld=mysqld, settled=f"18 {settled}")
    soon(lambda: pod.phase == "serving", "it serves")
    assert statement in pod.read("asked")


def test_a_script_killed_between_the_decision_and_stopping_the_server_is_finished_for_it(
    pods: Callable[..., Pod],
) -> None:
    pod = pods(1)
    soon(lambda: pod.phase == "serving", "it serves")
    server = int(pod.read("run/mysqld.pid"))
    (pod.volume / "reclone").write_text("transactions of its own\n")
    pod.killed()
    soon(lambda: not Path(f"/proc/{server}").exists(), "the server is stopped")
    soon(lambda: any(pod.volume.glob("aside-*")), "its data are set aside")


def test_asked_to_end_it_starts_no_role_again_and_ends(pods: Callable[..., Pod]) -> None:
    pod = pods(1)
    soon(lambda: pod.phase == "serving", "it serves")
    pod.process.send_signal(signal.SIGTERM)
    assert pod.process.wait(20) == 0
    assert "starting it again" not in pod.read("log")


@pytest.mark.parametrize("round_", range(3))
def test_an_end_right_after_the_start_is_noticed_too(round_: int, pods: Callable[..., Pod]) -> None:
    pod = pods(1)
    for _ in range(5):
        soon(lambda: pod.pid() is not None, "a role script runs")
        with contextlib.suppress(ProcessLookupError, AssertionError):
            pod.killed()
    soon(lambda: pod.phase == "serving" and pod.pid() is not None, "it serves in the end")
