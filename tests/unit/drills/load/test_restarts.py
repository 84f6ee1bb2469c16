"""Loops that are started anew use no number twice, and of those before them no answered row is forgotten."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from drills.errors import UnreachableError
from drills.kube import Answer
from drills.load.client import SLOW
from drills.load.watch import PER_WRITER, SKIPPED, Watch
from tests.unit.drills.fakes import FakeCluster, watch_of
from tests.unit.drills.load.pods import eventually


def test_loops_that_are_started_anew_use_no_number_twice_and_keep_their_writers_apart() -> None:
    cluster = FakeCluster()
    with watch_of(cluster, 0, 1, 2).running(seconds=20) as watch:
        last = watch.answered()[-1]
        watch.reconnect()
        eventually(lambda: len(cluster.starts) == 2 and watch.answered()[-1] > SKIPPED)
        watch.reconnect()
        eventually(lambda: len(cluster.starts) == 3 and watch.answered()[-1] > 2 * SKIPPED)
    first, second, third = ([int(word) for word in start[:3]] for start in cluster.starts)
    assert first[0] < second[0] < third[0], "a start that comes late is told by its generation"
    assert first[1] == second[1] == third[1] == 1, "whose rows these are follows from the first one"
    assert first[2] == 0
    assert last + SKIPPED - 1 <= second[2] < third[2] - SKIPPED < PER_WRITER
    assert watch.answered() == sorted(set(watch.answered()))


def test_a_start_that_fails_is_tried_again_with_other_numbers() -> None:
    cluster = FakeCluster()
    answer, failures = cluster._client, list[str]()

    def fail_twice(script: str) -> Answer:
        if "start.sh" in script and cluster.starts and len(failures) < 2:
            failures.append(script)
            raise UnreachableError("no way there")
        return answer(script)

    with watch_of(cluster, 0, 1, 2).running(seconds=20) as watch:
        cluster._client = fail_twice  # type: ignore[method-assign]
        watch.reconnect()
        eventually(lambda: len(cluster.starts) == 2 and watch.answered()[-1] > SKIPPED)
    skips = [int(script.split()[4]) for script in failures] + [int(cluster.starts[1][2])]
    assert skips[0] < skips[1] < skips[2], "the first two may have been done though nobody said so"


def test_what_hangs_in_an_old_connection_is_not_waited_for() -> None:
    class Hanging(FakeCluster):
        release, hung = threading.Event(), False

        def lines(self, pod: str, container: str, script: str, over: threading.Event) -> Iterator[str]:
            if len(self.starts) == 1:
                self.hung = True
                yield from (line for line in list(super().lines(pod, container, script, self._soon())))
                self.release.wait(20)
                yield "row 1.0 0 77"
            else:
                yield from super().lines(pod, container, script, over)

        def _soon(self) -> threading.Event:
            over = threading.Event()
            threading.Timer(0.05, over.set).start()
            return over

    cluster = Hanging()
    with watch_of(cluster, 0, 1, 2).running(seconds=20) as watch:
        watch.reconnect()
        eventually(lambda: len(cluster.starts) == 2 and watch.answered()[-1] > SKIPPED)
        cluster.release.set()
        time.sleep(0.05)
        assert 77 not in watch.answered(), "what an old connection says late is left out"


def test_loops_that_are_gone_are_started_anew() -> None:
    cluster = FakeCluster()
    with watch_of(cluster, 0, 1, 2).running(seconds=20):
        cluster.loops = False  # as in a container that was started anew
        eventually(lambda: len(cluster.starts) == 2)
        assert cluster.loops
    assert not cluster.loops, "and they end with the watch"


def test_the_last_rows_before_another_start_are_taken_in_their_order() -> None:
    class Slow(FakeCluster):
        """Whoever follows is told of nothing new after a while, as over a connection that hangs."""

        hangs = False

        def lines(self, pod: str, container: str, script: str, over: threading.Event) -> Iterator[str]:
            for line in super().lines(pod, container, script, over):
                while self.hangs and len(self.starts) == 1 and not over.is_set():
                    self._go_on()
                    time.sleep(0.002)
                yield line

    cluster = Slow()
    with watch_of(cluster, 0, 1, 2).running(seconds=20) as watch:
        cluster.hangs = True
        told, noted = len(watch.answered()), len(cluster.rows)
        eventually(lambda: len(cluster.rows) > noted + 20)
        assert len(watch.answered()) < told + 10, "the rest is not told of"
        watch.reconnect()
        eventually(lambda: len(cluster.starts) == 2 and watch.answered()[-1] > SKIPPED)
    begun = 1 + int(cluster.starts[1][2])  # a start's own first number is none of the rows
    assert watch.answered() == [row for row in cluster.rows[1:] if row != begun]


def test_rows_of_a_start_that_was_not_answered_are_taken() -> None:
    cluster, lost = FakeCluster(), list[str]()
    answer = cluster._client

    def lose_one(script: str) -> Answer:
        found = answer(script)
        if "start.sh" in script and not lost:
            lost.append(script)
            raise UnreachableError("the answer was lost")
        return found

    with watch_of(cluster, 0, 1, 2).running(seconds=20) as watch:
        cluster._client = lose_one  # type: ignore[method-assign]
        watch.reconnect()
        eventually(lambda: len(cluster.starts) == 3 and watch.answered()[-1] > 2 * SKIPPED)
    assert any(SKIPPED < row < 2 * SKIPPED for row in watch.answered())
    assert watch.answered() == sorted(set(watch.answered()))


def test_an_end_before_a_start_was_answered_leaves_no_loops_and_is_no_failure() -> None:
    class Stuck(FakeCluster):
        stuck, release = threading.Event(), threading.Event()

        def _client(self, script: str) -> Answer:
            if "start.sh" in script and self.starts:
                self.stuck.set()
                self.release.wait(20)
            return super()._client(script)

    cluster = Stuck()
    with watch_of(cluster, 0, 1, 2).running(seconds=20) as watch:
        watch.reconnect()
        assert cluster.stuck.wait(20)
        threading.Timer(0.2, cluster.release.set).start()
        watch.stop()
    assert len(cluster.starts) == 1, "it came after the stop"
    assert not cluster.loops
    assert watch.answered() == cluster.rows[1:]


def test_loops_that_are_started_anew_keep_the_pace() -> None:
    cluster = FakeCluster()
    with watch_of(cluster, 0, 1, 2).running(seconds=20) as watch:
        watch.set_pace(SLOW)
        watch.reconnect()
        eventually(lambda: len(cluster.starts) == 2)
    assert cluster.starts[1][5:8] == ["'1", "0.2", "0'"]


@pytest.mark.parametrize(
    ("change", "told_by"),
    [
        (lambda watch: watch.set_pace(SLOW), "new-pace"),
        (lambda watch: watch.look_at((0, 1, 2, 3)), "members.sh"),
    ],
    ids=["pace", "members"],
)
def test_what_is_changed_while_loops_are_started_is_theirs(change: Callable[[Watch], None], told_by: str) -> None:
    cluster, told = FakeCluster(), list[str]()
    answer = cluster._client

    def changing(script: str) -> Answer:
        if "start.sh" in script and not told:
            told.append("")
            change(watch)  # which the start overwrites
        told.extend([script] if told_by in script else [])
        return answer(script)

    with watch_of(cluster, 0, 1, 2).running(seconds=20) as watch:
        cluster._client = changing  # type: ignore[method-assign]
        watch.reconnect()
        eventually(lambda: len(cluster.starts) == 2 and len(told) == 3)
    assert told[1] == told[2]
