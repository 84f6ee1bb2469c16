"""The loops in the client pod, run as they are: what is noted was answered, whatever becomes of the connection."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from drills.load import notes
from drills.load.notes import Acknowledged, Complaint, Note, Read, Seen
from drills.load.pod import SCRIPTS
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
    if [ "$insert" = SELECT ]; then  # of a watcher, whose connection stays
      echo "$insert $into $table $columns $values $value $rest" >>"$FAKE/looks"
      if [ -e "$FAKE/dead" ]; then exit 1; fi
      printf '101\t1\t7\n'
      sleep 0.02
      continue
    fi
    n=$((n + 1))
    case "$rest" in *SLEEP*) echo "$rest" >>"$FAKE/sleeps" ;; esac
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
            "head",
            "tail",
            "sleep",
            "timeout",
            "cat",
            "date",
            "touch",
            "mkdir",
            "rm",
            "mv",
            "rmdir",
            "yes",
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

    def start(
        self, *hosts: str, generation: int = 1, skip: int = 0, writers: int = 4, pace: str = "10 0.05 0"
    ) -> subprocess.CompletedProcess[str]:
        options = (str(generation), "1", str(skip), str(writers), "1", pace)
        return self.run("start.sh", *options, *(hosts or ("mysql-0.mysql",)))

    def notes(self, generation: int = 1) -> list[Note]:
        lines = notes.whole_lines((self.work / f"notes.{generation}").read_text())
        found = [notes.note(line) for line in lines]
        assert None not in found, lines
        return [note for note in found if note is not None]

    def rows(self, writer: int = 0, generation: int = 1) -> list[int]:
        of = [note for note in self.notes(generation) if isinstance(note, Acknowledged)]
        return [note.row for note in of if note.writer == writer]

    def looks(self, host: str) -> list[Seen]:
        return [note for note in self.notes() if isinstance(note, Seen) and note.host == host]

    def connections(self, host: str) -> int:
        return sum(f"--host={host} " in call for call in (self.root / "calls").read_text().splitlines())

    def inserted(self) -> list[int]:
        return list(map(int, (self.root / "inserted").read_text().split()))


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def pod(tmp_path: Path) -> Pod:
    return Pod(tmp_path)


def test_only_answered_rows_are_noted_and_no_number_is_used_twice(pod: Pod) -> None:
    assert pod.start().returncode == 0
    eventually(lambda: all(len(pod.rows(k)) >= 11 for k in range(4)))
    assert pod.run("stop.sh").returncode == 0
    inserted = pod.inserted()
    assert len(set(inserted)) == len(inserted)
    for k in range(4):
        rows = pod.rows(k)
        assert rows[:5] == [1 + k * 20_000_000 + n for n in range(5)]
        assert rows == sorted(set(rows))
        assert set(rows) <= set(inserted)
    unanswered = {n for n in inserted if n % 20_000_000 == 6}
    assert unanswered, "the row that was on its way when the connection ended"
    assert not unanswered & set(pod.rows())
    complaints = {note.said for note in pod.notes() if isinstance(note, Complaint)}
    assert complaints == {"ERROR 2013: lost connection"}


def test_times_are_those_of_the_answers(pod: Pod) -> None:
    before = time.time()
    pod.start()
    eventually(lambda: len(pod.rows()) >= 3)
    pod.run("stop.sh")
    times = [note.at for note in pod.notes() if isinstance(note, Acknowledged) and note.writer == 0]
    assert times == sorted(times)
    assert before <= times[0] <= times[-1] <= time.time()


def test_the_server_sleeps_after_each_row_where_the_pace_says_so_and_another_pace_takes_effect(pod: Pod) -> None:
    pod.start(writers=1, pace="10 0 0.002")
    eventually(lambda: len(pod.rows()) >= 3)
    assert {line.split("; ")[-1] for line in (pod.root / "sleeps").read_text().splitlines()} == {"DO SLEEP(0.002);"}
    (pod.work / "new-pace").write_text("1 0.2 0\n")
    (pod.work / "new-pace").rename(pod.work / "pace")
    time.sleep(0.3)
    slept, rows = (pod.root / "sleeps").read_text(), len(pod.rows())
    time.sleep(1)
    pod.run("stop.sh")
    assert (pod.root / "sleeps").read_text() == slept
    assert len(pod.rows()) - rows <= 6, "one row, and 0.2 seconds without"


def test_the_reader_notes_who_answered_and_that_nobody_did(pod: Pod) -> None:
    def reads() -> list[Read]:
        return [note for note in pod.notes() if isinstance(note, Read)]

    pod.start()
    eventually(lambda: len(reads()) >= 2)
    (pod.root / "dead").touch()
    eventually(lambda: reads()[-1].server is None)
    pod.run("stop.sh")
    assert (reads()[0].server, reads()[0].newest) == (101, 4)
    calls = (pod.root / "calls").read_text()
    assert "--host=mysql-read" in calls
    assert "MAX(n) FROM `app`.`t` WHERE n < 20000001" in calls


def test_each_member_is_watched_over_one_connection_and_over_another_when_that_ends(pod: Pod) -> None:
    hosts = ("mysql-0.mysql", "mysql-1.mysql")
    pod.start(*hosts, writers=0)
    eventually(lambda: all(len(pod.looks(host)) >= 3 for host in hosts))
    (look, *_) = pod.looks("mysql-1.mysql")
    assert (look.server, look.writable, look.newest) == (101, False, 7)
    assert pod.connections("mysql-1.mysql") == 1
    asked = (pod.root / "looks").read_text().splitlines()[0]
    assert "MAX(n) FROM `app`.`t` WHERE n < 20000001" in asked
    assert asked.endswith("DO SLEEP(0.1);")
    (pod.root / "dead").touch()
    time.sleep(0.5)
    seen = len(pod.looks("mysql-1.mysql"))
    (pod.root / "dead").unlink()
    eventually(lambda: len(pod.looks("mysql-1.mysql")) > seen)
    assert pod.run("stop.sh").returncode == 0


def test_members_that_join_are_watched_and_those_that_left_are_not_any_more(pod: Pod) -> None:
    first, second = "mysql-0.mysql", "mysql-1.mysql"
    pod.start(first, writers=0)
    pod.run("members.sh", first, second)
    eventually(lambda: len(pod.looks(first)) >= 2 and len(pod.looks(second)) >= 2)
    pod.run("members.sh", first)
    (pod.root / "dead").touch()  # as the pod that was scaled away
    time.sleep(1)
    seen = len(pod.looks(first)), len(pod.looks(second))
    (pod.root / "dead").unlink()
    eventually(lambda: len(pod.looks(first)) > seen[0])
    time.sleep(0.3)
    assert len(pod.looks(second)) == seen[1]
    assert pod.connections(second) == 1 < pod.connections(first)
    pod.run("stop.sh")


def test_a_new_generation_takes_the_place_of_the_old_one_and_leaves_out_numbers(pod: Pod) -> None:
    pod.start(writers=1)
    eventually(lambda: len(pod.rows()) >= 3)
    loops = (pod.work / "loops").read_text().split()
    assert pod.start(writers=1, generation=3, skip=100_000).returncode == 0
    assert not any(Path("/proc", loop).exists() for loop in loops)
    eventually(lambda: len(pod.rows(generation=3)) >= 3)
    assert pod.rows(generation=3)[0] == 100_001
    assert pod.start(writers=1, generation=2, skip=50_000).returncode == 0
    time.sleep(0.2)
    assert not (pod.work / "notes.2").exists(), "a start that comes late does nothing"
    pod.run("stop.sh")
    assert len(set(pod.inserted())) == len(pod.inserted())


def test_loops_are_renewed_only_where_there_are_any(pod: Pod) -> None:
    assert pod.run("renew.sh").returncode == 3
    pod.start(writers=0)
    (pod.work / "lease").write_text("0\n")
    assert pod.run("renew.sh").returncode == 0
    assert abs(int((pod.work / "lease").read_text()) - time.time()) < 5
    pod.run("stop.sh")
    assert pod.run("renew.sh").returncode == 3, "they were ended"


@contextmanager
def idling(pod: Pod) -> Iterator[None]:
    """With the pod's first process."""
    idle = subprocess.Popen([pod.bash, str(SCRIPTS / "idle.sh")], env=pod.environment)
    try:
        yield
    finally:
        idle.terminate()
        assert idle.wait(10) == 0


def test_loops_that_nobody_asks_for_end_by_themselves(pod: Pod) -> None:
    pod.environment["PATIENCE"] = "1"
    with idling(pod):
        eventually(pod.work.exists)
        time.sleep(0.2)
        pod.start()
        loops = (pod.work / "loops").read_text().split()
        assert len(loops) == 6
        eventually(lambda: (pod.work / "stop").exists())
        eventually(lambda: not any(Path("/proc", loop).exists() for loop in loops))


def test_a_container_that_starts_anew_knows_of_no_loops(pod: Pod) -> None:
    pod.work.mkdir()
    (pod.work / "loops").write_text("1\n")
    with idling(pod):
        eventually(lambda: not (pod.work / "loops").exists())


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
    pod.start()
    eventually(lambda: any(isinstance(note, Read) for note in pod.notes()))
    pod.run("stop.sh")
    assert "hunter2" not in (pod.root / "calls").read_text()
