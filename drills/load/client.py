"""The client pod while it runs: its loops are started, followed and stopped, and members are asked from within it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING

from drills.errors import DrillError, UnreachableError
from drills.load import notes
from drills.load.notes import State
from drills.load.pod import CONTAINER, ClientPod, manifest

if TYPE_CHECKING:
    from drills.kube import Answer, Cluster
    from drills.target import Target


@dataclass(frozen=True)
class Pace:
    """How fast a writer writes."""

    rows: int = 10
    """Sent together; the next ones are sent when these are answered."""
    pause: float = 0.05
    """Seconds between the last answer and the next rows."""
    sleep: float = 0.0
    """Seconds for which the server sleeps after each row."""


SLOW = Pace(rows=1, pause=0.2)
"""A tenth of the usual pace: members that are behind catch up."""


@dataclass(frozen=True)
class Load:
    """What runs in the client pod besides the watchers."""

    writers: int = 4
    pace: Pace = Pace()
    reads: bool = True
    """Whether the read Service is asked, ten times a second and each time over a new connection."""


class Client:
    """The client pod, and what its scripts do there."""

    def __init__(
        self, cluster: Cluster, target: Target, pod: ClientPod | None = None, patience: float = 180, poll: float = 0.2
    ) -> None:
        """`patience`: seconds for the pod to come up, since a node may have to pull the image."""
        self.cluster, self.target = cluster, target
        self.pod = pod or ClientPod(target.own)
        self.clock_ahead = 0.0
        """Seconds by which the pod's clock is ahead of this machine's."""
        self._patience, self._poll = patience, poll
        self._generation = 0

    def open(self) -> None:
        """Makes the pod and the table."""
        if self.cluster.create("pods", manifest(self.target, self.pod)) is None:
            raise DrillError(f"a pod {self.pod.name} is there already; `python -m drills cleanup` removes it")
        self.wait_until_it_runs()
        before = time.time()
        answer = self._run("date +%s.%N")
        self.clock_ahead = float(answer.out) - (before + time.time()) / 2
        made = self._run("bash /drills/table.sh make")
        if made.code != 0:
            raise DrillError(f"no table can be made at the primary: {_last(made)}")

    def close(self) -> None:
        """Drops the table and deletes the pod. As long as the table is there the pod stays, to try again."""
        if self.runs():
            self._run(f"bash /drills/stop.sh {self.generation()}")
            dropped = self._run("bash /drills/table.sh drop")
            if dropped.code != 0:
                again = "`python -m drills cleanup` tries again"
                raise DrillError(f"table {self.pod.table} cannot be dropped: {_last(dropped)}; {again}")
        self.remove()

    def reopen(self) -> None:
        """Makes a pod that runs, where an earlier one ended or is gone: the table may still be there."""
        if not self.runs():
            self.remove()
            self.cluster.create("pods", manifest(self.target, self.pod))
            self.wait_until_it_runs()

    def runs(self) -> bool:
        """Whether commands can be run in the pod."""
        return "running" in self._state()

    def generation(self) -> int:
        """A number for the next start or stop, higher than any before: a start that comes late does nothing."""
        self._generation = max(self._generation + 1, time.time_ns() // 1000)
        return self._generation

    def start(self, generation: int, first_row: int, ordinals: Sequence[int], load: Load, skip: int = 0) -> None:
        """Starts the loops in the place of those that run; their notes are found by their generation."""
        pace, hosts = _words(load.pace), " ".join(map(self.target.host, ordinals))
        options = f"{generation} {first_row} {skip} {load.writers} {int(load.reads)} '{pace}'"
        self._must(f"bash /drills/start.sh {options} {hosts}")

    def stop(self, generation: int) -> None:
        """Ends the loops, and those of lower generations that have yet to start."""
        self._must(f"bash /drills/stop.sh {generation}")

    def follow(self, generation: int, after: int, over: Event) -> Iterator[str]:
        """The notes after the first `after` ones, as they are written, until `over` is set or the connection ends."""
        script = f"exec tail -n +{after + 1} --follow=name {_notes(generation)} 2>/dev/null"
        return self.cluster.lines(self.pod.name, CONTAINER, script, over)

    def rest(self, generation: int, after: int) -> list[str]:
        """The notes after the first `after` ones, as far as they are written."""
        return notes.whole_lines(self._must(f"tail -n +{after + 1} {_notes(generation)}").out)

    def watch(self, ordinals: Sequence[int]) -> None:
        """Says whom the watchers look at from now on."""
        self._must(f"bash /drills/members.sh {' '.join(map(self.target.host, ordinals))}")

    def renew(self) -> bool:
        """Says that the loops are still wanted; whether there are any."""
        return self._run("bash /drills/renew.sh").code != 3

    def set_pace(self, pace: Pace) -> None:
        """Says how fast the writers write from now on."""
        self._must(f"echo '{_words(pace)}' >/tmp/drills/new-pace && mv /tmp/drills/new-pace /tmp/drills/pace")

    def states(self, ordinals: Sequence[int]) -> list[State]:
        """What the members say of themselves now."""
        hosts = " ".join(map(self.target.host, ordinals))
        return notes.states(self._must(f"bash /drills/state.sh {hosts}").out)

    def rows(self, ordinal: int) -> set[int]:
        """The rows that a member has."""
        answer = self._run(f"bash /drills/rows.sh {self.target.host(ordinal)}")
        if answer.code != 0:
            raise UnreachableError(f"{self.target.pod(ordinal)} does not show its rows: {_last(answer)}")
        return set(map(int, answer.out.split()))

    def wait_until_it_runs(self) -> None:
        """Waits until commands can be run in the pod."""
        deadline = time.monotonic() + self._patience
        while not self.runs():
            if time.monotonic() > deadline:
                why = self._state().get("waiting", {}).get("reason", "it is not scheduled")
                raise DrillError(f"the client pod {self.pod.name} did not start within {self._patience:.0f} s: {why}")
            time.sleep(self._poll)

    def remove(self) -> None:
        """Deletes the pod, and waits for its end."""
        self.cluster.delete(self._path, grace=1)
        deadline = time.monotonic() + 30
        while self.cluster.get(self._path) is not None and time.monotonic() < deadline:
            time.sleep(self._poll)

    @property
    def _path(self) -> str:
        return self.cluster.path(f"pods/{self.pod.name}")

    def _state(self) -> dict[str, dict[str, str]]:
        statuses = (self.cluster.get(self._path) or {}).get("status", {}).get("containerStatuses") or [{}]
        found: dict[str, dict[str, str]] = statuses[0].get("state", {})
        return found

    def _run(self, script: str) -> Answer:
        return self.cluster.exec(self.pod.name, CONTAINER, script)

    def _must(self, script: str) -> Answer:
        answer = self._run(script)
        if answer.code != 0:
            raise DrillError(f"in pod {self.pod.name}: {_last(answer)}")
        return answer


def _notes(generation: int) -> str:
    return f"/tmp/drills/notes.{generation}"  # noqa: S108  the pod's own


def _words(pace: Pace) -> str:
    """As writer.sh reads them; its numbers have no exponent."""
    return " ".join(f"{number:g}" for number in (pace.rows, pace.pause, pace.sleep))


def _last(answer: Answer) -> str:
    lines = [line for line in (answer.err or answer.out).strip().splitlines() if line]
    return lines[-1] if lines else f"exit code {answer.code}"
