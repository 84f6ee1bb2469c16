"""What is seen of a replicated MySQL from outside while rows are written all the time and things break."""

from __future__ import annotations

import contextlib
import subprocess
import threading
import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tools.project import Project, eventually

# `n` is printed once its row is answered; an error ends the client, and the next one starts at a number not used yet.
# Without the pause (some 300 rows a second, then) the writer takes the cores that the members recover with.
WRITER = """
seq %d 1000000000 | sed 's/.*/INSERT INTO writes VALUES (&); SELECT &; DO SLEEP(0.002);/' |
  timeout 300 mysql --host="$MYSQL_HOST" --user=app --ssl-mode=REQUIRED --connect-timeout=1 --unbuffered --batch \\
    --skip-column-names --skip-reconnect app 2>/dev/null
"""
# What each member shows, again and again: ordinal, server id, whether it takes no writes, its newest row.
OBSERVER = """
watch_member() {
  while :; do
    yes "SELECT $1, @@server_id, @@GLOBAL.read_only, COALESCE(MAX(n), 0) FROM writes; DO SLEEP(0.1);" |
      timeout 300 mysql --host="mysql-$1.mysql" --user=app --ssl-mode=REQUIRED --connect-timeout=1 --unbuffered \\
        --batch --skip-column-names --skip-reconnect app 2>/dev/null
    sleep 0.2
  done
}
for n in %s; do watch_member "$n" & done
wait
"""
STOP = """
for process in /proc/[0-9]*; do
  read -r name <"$process/comm" && case $name in mysql | seq | yes | timeout | bash) ;; *) continue ;; esac
  [[ ${process#/proc/} == "$$" ]] || kill "${process#/proc/}"
done
"""
PODS = (
    *("kubectl", "get", "pods", "--selector=app=mysql", "--watch", "--output-watch-events"),
    "--output=jsonpath={.type} {.object.metadata.name} {.object.metadata.uid} d{.object.metadata.deletionTimestamp} "
    '{.object.status.conditions[?(@.type=="Ready")].status}{"\\n"}',
)
STALE_SECONDS = 15.0
"""A member that shows older rows must have left the readers' Service: maxLagSeconds (5), two probes 2 s apart that may
take 5 s each on a busy machine."""


@dataclass(frozen=True)
class Seen:
    """A member's answer: when, its server id, whether it takes no writes, its newest row."""

    at: float
    server_id: int
    read_only: bool
    newest: int


@dataclass(frozen=True)
class PodChange:
    """A pod's state from a moment on."""

    at: float
    uid: str
    ready: bool
    gone: bool
    """Deleted, or told to go."""


@dataclass
class Watch:
    """Times are seconds of the monotonic clock."""

    project: Project
    ordinals: tuple[int, ...]
    first_row: int = 1
    answered: list[int] = field(default_factory=list)
    """Rows whose INSERT was answered, in order."""
    answered_at: list[float] = field(default_factory=list)
    seen: dict[int, list[Seen]] = field(default_factory=dict)
    pods: dict[int, list[PodChange]] = field(default_factory=dict)
    _processes: list[subprocess.Popen[str]] = field(default_factory=list)
    _stopped: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def running(self) -> Iterator[Watch]:
        """Writes and looks until the end of the block."""
        threads = [
            threading.Thread(target=self._for_ever, args=(task,), daemon=True)
            for task in (self._write, self._observe, self._follow_pods)
        ]
        for thread in threads:
            thread.start()
        try:
            eventually(lambda: self.writing and set(self.seen) == set(self.ordinals), "a row, and each member's answer")
            yield self
        finally:
            self._stopped.set()
            self.project.run("kubectl", "exec", "-i", "mysql-client", "--", "bash", "-s", stdin=STOP)
            for process in tuple(self._processes):
                process.kill()
            for thread in threads:
                thread.join(20)

    def _for_ever(self, task: Callable[[], None]) -> None:
        while not self._stopped.is_set():
            with contextlib.suppress(ValueError):  # a line that was cut short when its pod died
                task()
            self._stopped.wait(0.2)

    def _write(self) -> None:
        start = max(self.first_row, (self.answered[-1] if self.answered else 0) + 100_000)
        for line in self._in_client(WRITER % start):
            self.answered_at.append(time.monotonic())
            self.answered.append(int(line))

    def _observe(self) -> None:
        for line in self._in_client(OBSERVER % " ".join(map(str, self.ordinals))):
            ordinal, server_id, read_only, newest = map(int, line.split())
            self.seen.setdefault(ordinal, []).append(Seen(time.monotonic(), server_id, bool(read_only), newest))

    def _follow_pods(self) -> None:
        for line in self._lines(*PODS):
            kind, name, uid, deleted, *ready = line.split()
            gone = kind == "DELETED" or deleted != "d"
            change = PodChange(time.monotonic(), uid, ready == ["True"] and not gone, gone)
            self.pods.setdefault(int(name.rpartition("-")[2]), []).append(change)

    def _in_client(self, script: str) -> Iterator[str]:
        yield from self._lines("kubectl", "exec", "mysql-client", "--", "bash", "-c", script)

    def _lines(self, *command: str) -> Iterator[str]:
        """What a command prints, until it ends."""
        process = subprocess.Popen(
            command,
            cwd=self.project.root,
            env=self.project.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._processes.append(process)
        try:
            with process:  # closes the pipe
                try:
                    assert process.stdout is not None
                    yield from process.stdout
                finally:
                    process.kill()
        finally:
            self._processes.remove(process)

    def reconnect(self) -> None:
        """Begins anew with what may wait for an answer that never comes, as after a loss of power."""
        for process in tuple(self._processes):
            process.kill()

    def replaced(self, ordinal: int, since: float) -> tuple[float, float]:
        """When the member's pod was told to go, and when another one was Ready."""
        later = [change for change in self.pods[ordinal] if change.at >= since]
        gone = next(change for change in later if change.gone)
        back = next(change for change in later if change.ready and change.uid != gone.uid)
        return gone.at, back.at

    @property
    def writing(self) -> bool:
        """Whether a row was answered within the last second."""
        return bool(self.answered_at) and time.monotonic() - self.answered_at[-1] < 1

    def ready(self, ordinal: int) -> bool:
        """Whether the member's newest pod is Ready."""
        changes = self.pods.get(ordinal)
        return changes is not None and changes[-1].ready

    def rows_between(self, start: float, end: float) -> list[int]:
        """Rows that were answered then."""
        return self.answered[bisect_left(self.answered_at, start) : bisect_left(self.answered_at, end)]

    def recovered(self, since: float) -> float | None:
        """When every pod was Ready and every member showed a row that was begun after `since`; None: not yet."""
        index = bisect_left(self.answered_at, since) + 1  # the first one may have been on its way
        if index >= len(self.answered) or not all(map(self.ready, self.ordinals)):
            return None
        row, moments = self.answered[index], [self.answered_at[index]]
        for ordinal in self.ordinals:
            later = [one.at for one in self.seen[ordinal] if one.at >= since and one.newest >= row]
            if not later:
                return None
            moments.append(later[0])
            # A pod that was ready all the time changed before.
            moments.append(max(since, self.pods[ordinal][-1].at))
        return max(moments)

    def violations(self, since: float) -> list[str]:
        """What must never be: another's server id, a second member that takes writes, old rows from a Ready one."""
        found = set()
        for ordinal in self.ordinals:
            for one in self.seen[ordinal]:
                if one.at < since:
                    continue
                if one.server_id != 100 + ordinal:
                    found.add(f"mysql-{ordinal} had server id {one.server_id}")
                if ordinal and not one.read_only:
                    found.add(f"mysql-{ordinal} took writes")
                if (age := self._age(one)) > STALE_SECONDS and self._was_ready(ordinal, one.at - 1, one.at):
                    found.add(f"mysql-{ordinal} was Ready and showed rows of {age:.0f} s ago")
        return sorted(found)

    def _age(self, one: Seen) -> float:
        """How long ago the first row was answered that a member does not show."""
        index = bisect_right(self.answered, one.newest)
        return one.at - self.answered_at[index] if index < len(self.answered_at) else 0.0

    def _was_ready(self, ordinal: int, start: float, end: float) -> bool:
        changes = [change for change in self.pods[ordinal] if change.at <= end]
        before = [change for change in changes if change.at <= start]
        return bool(before) and before[-1].ready and all(change.ready for change in changes[len(before) :])
