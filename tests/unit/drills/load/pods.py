"""The client pod without a cluster: its scripts as they are, and a client of MySQL's that answers by itself."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from drills.load import notes
from drills.load.notes import Acknowledged, Note, Seen
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
        time.sleep(0.01)


@contextmanager
def idling(pod: Pod) -> Iterator[None]:
    """With the pod's first process."""
    idle = subprocess.Popen([pod.bash, str(SCRIPTS / "idle.sh")], env=pod.environment)
    try:
        yield
    finally:
        idle.terminate()
        assert idle.wait(10) == 0
