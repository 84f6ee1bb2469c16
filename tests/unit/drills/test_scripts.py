"""The loops in the client pod, run as they are: what is noted was answered, whatever becomes of the connection."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from drills import observations
from drills.journal import SCRIPTS
from tests.unit.localcloud.fakes import need, script

# Answers what it is asked, line by line, and says in `inserted` what it was given; its connection ends after five rows.
MYSQL = r"""
printf '%s\n' "$*" >>"$FAKE/calls"
case "$*" in
*--execute=*server_id*MAX*) printf '101\t4\n' ;;
*--execute=*gtid*) [ -e "$FAKE/dead" ] || printf '100\tuuid\t0\t0\t-\n' ;;
*--execute=*) [ ! -e "$FAKE/dead" ] || { echo 'ERROR 2003: no way there' >&2; exit 1; } ;;
*)
  n=0
  while read -r insert into table columns values value rest; do  # INSERT INTO t (n) VALUES (1); SELECT 1;
    n=$((n + 1))
    value=${value#(}
    echo "${value%%)*}" >>"$FAKE/inserted"
    if [ $n -gt 5 ]; then echo 'ERROR 2013: lost connection' >&2; exit 1; fi
    echo "${value%%)*}"
  done ;;
esac
[ ! -e "$FAKE/dead" ]
"""


class Pod:
    """The client pod's environment."""

    def __init__(self, root: Path) -> None:
        self.root, self.work = root, root / "work"
        script(root / "bin", "mysql", MYSQL)
        for name in (
            "seq",
            "sed",
            "head",
            "tail",
            "sleep",
            "timeout",
            "cat",
            "date",
            "touch",
            "mkdir",
            "rm",
            "dirname",
        ):
            (root / "bin" / name).symlink_to(need(name))
        self.environment = {
            "PATH": str(root / "bin"),
            "FAKE": str(root),
            "WORK": str(self.work),
            "DRILL_HOST": "mysql-write",
            "DRILL_READ_HOST": "mysql-read",
            "DRILL_USER": "app",
            "DRILL_DATABASE": "app",
            "DRILL_TABLE": "t",
            "DRILL_TLS": "REQUIRED",
            "PATIENCE": "60",
        }
        self.bash = need("bash")

    def run(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [self.bash, str(SCRIPTS / name), *arguments]
        return subprocess.run(command, env=self.environment, text=True, capture_output=True, timeout=30)

    def read(self, name: str) -> str:
        return (self.work / name).read_text()

    def wait(self, name: str, lines: int) -> None:
        deadline = time.monotonic() + 20
        while not (self.work / name).exists() or len(self.read(name).splitlines()) < lines:
            assert time.monotonic() < deadline, name
            time.sleep(0.02)


@pytest.fixture
def pod(tmp_path: Path) -> Pod:
    return Pod(tmp_path)


def test_only_answered_rows_are_noted_and_no_number_is_used_twice(pod: Pod) -> None:
    pod.run("start.sh", "1", "mysql-0.mysql")
    pod.wait("acknowledged.0", 11)
    assert pod.run("stop.sh").returncode == 0
    inserted = list(map(int, (pod.root / "inserted").read_text().split()))
    assert len(set(inserted)) == len(inserted)
    for k in range(4):
        rows = [each.row for each in observations.acknowledged(pod.read(f"acknowledged.{k}"))]
        assert rows[:5] == [1 + k * 20_000_000 + n for n in range(5)]
        assert rows == sorted(set(rows))
        assert set(rows) <= set(inserted)
    unanswered = {n for n in inserted if n % 20_000_000 == 6}
    assert unanswered, "the row that was on its way when the connection ended"
    assert not unanswered & {each.row for each in observations.acknowledged(pod.read("acknowledged.0"))}
    assert {said for _, said in observations.errors(pod.read("errors"))} == {"ERROR 2013: lost connection"}


def test_times_are_those_of_the_answers(pod: Pod) -> None:
    before = time.time()
    pod.run("start.sh", "1", "mysql-0.mysql")
    pod.wait("acknowledged.0", 3)
    pod.run("stop.sh")
    for each in observations.acknowledged(pod.read("acknowledged.0")):
        assert before <= each.at <= time.time()


def test_the_reader_notes_who_answered_and_that_nobody_did(pod: Pod) -> None:
    pod.run("start.sh", "1", "mysql-0.mysql")
    pod.wait("reads", 2)
    (pod.root / "dead").touch()
    time.sleep(0.5)
    pod.run("stop.sh")
    found = observations.reads(pod.read("reads"))
    assert (found[0].server, found[0].newest) == (101, 4)
    assert found[-1].server is None
    calls = (pod.root / "calls").read_text()
    assert "--host=mysql-read" in calls
    assert "MAX(n) FROM `app`.`t` WHERE n < 20000001" in calls


def test_the_watcher_asks_each_member_and_numbers_its_rounds(pod: Pod) -> None:
    pod.run("start.sh", "1", "mysql-0.mysql", "mysql-1.mysql")
    pod.wait("watch", 4)
    pod.run("stop.sh")
    found = observations.states(pod.read("watch"))
    assert [(each.round, each.host) for each in found[:4]] == [
        (1, "mysql-0.mysql"),
        (1, "mysql-1.mysql"),
        (2, "mysql-0.mysql"),
        (2, "mysql-1.mysql"),
    ]
    assert found[0].writable


def test_loops_that_nobody_asks_for_end_by_themselves(pod: Pod) -> None:
    pod.environment["PATIENCE"] = "1"
    pod.run("start.sh", "1", "mysql-0.mysql")
    idle = subprocess.Popen([pod.bash, str(SCRIPTS / "idle.sh")], env=pod.environment)
    try:
        pod.wait("loops", 6)
        pod.wait("stop", 0)
        loops = pod.read("loops").split()
        deadline = time.monotonic() + 20
        while any(Path("/proc", loop).exists() for loop in loops):
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        idle.terminate()
        assert idle.wait(10) == 0


def test_stopping_what_never_started_is_no_error(pod: Pod) -> None:
    assert pod.run("stop.sh").returncode == 0


def test_a_table_that_cannot_be_made_is_an_error_with_the_servers_words(pod: Pod) -> None:
    assert pod.run("table.sh", "make").returncode == 0
    assert "CREATE TABLE `app`.`t`" in (pod.root / "calls").read_text()
    (pod.root / "dead").touch()
    done = pod.run("table.sh", "drop")
    assert done.returncode != 0
    assert done.stderr == "ERROR 2003: no way there\n"


def test_no_password_is_on_a_command_line(pod: Pod) -> None:
    pod.environment["MYSQL_PWD"] = "hunter2"
    pod.run("start.sh", "1", "mysql-0.mysql")
    pod.wait("reads", 1)
    pod.run("stop.sh")
    assert "hunter2" not in (pod.root / "calls").read_text()
