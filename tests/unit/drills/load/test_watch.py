"""The watch runs when all was seen, goes on where a connection ended, and leaves nothing that goes on."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from drills.errors import DrillError, UnreachableError
from drills.kube import Answer, Json
from drills.load.client import SLOW, Client
from drills.load.watch import Watch
from drills.scene import Scene
from drills.target import find
from drills.waiting import UnmetError
from tests.unit.drills.fakes import FakeCluster, watch_of
from tests.unit.drills.load.pods import eventually


class LatePods(FakeCluster):
    """The API takes its time to tell of some members' pods."""

    def __init__(self, *late: str) -> None:
        super().__init__()
        self.late, self.told = late, threading.Event()

    def changes(
        self, kind: str, selector: str, over: threading.Event, pause: float = 0.01
    ) -> Iterator[tuple[str, Json]]:
        for what, pod in super().changes(kind, selector, over, pause):
            if self.told.is_set() or pod["metadata"]["name"] not in self.late:
                yield what, pod


def test_a_watch_runs_only_once_each_members_pod_was_seen() -> None:
    """A scene reads them at once: on a busy machine rows and answers were there first, and pod 0 was not known yet."""
    cluster = LatePods("mysql-0", "mysql-1", "mysql-2")
    watch, seen = watch_of(cluster, 0, 1, 2), list[set[int]]()

    def tell_when_all_else_is_there() -> None:
        eventually(lambda: watch.writing and set(watch.record.seen) == {0, 1, 2} and bool(watch.record.reads))
        seen.append(set(watch.record.pods))
        cluster.told.set()

    beside = threading.Thread(target=tell_when_all_else_is_there)
    beside.start()
    with watch.running(seconds=20):
        assert seen == [set()], "it did not run before the pods were told of"
        assert Scene(watch).found.keys() == {0, 1, 2}
    beside.join()


@pytest.mark.parametrize("late", ["mysql-0", "mysql-2"])
def test_a_watch_that_does_not_see_one_pod_says_so(late: str) -> None:
    with pytest.raises(UnmetError, match=r"^not within 0 s: a row, and each member's answer and pod$"):
        watch_of(LatePods(late), 0, 1, 2).running(seconds=0.2).__enter__()


def test_a_watch_that_has_no_answer_of_one_member_does_not_run() -> None:
    cluster = FakeCluster()
    cluster.mute = {1}
    with pytest.raises(UnmetError, match="each member's answer"):
        watch_of(cluster, 0, 1, 2).running(seconds=0.2).__enter__()
    with watch_of(cluster, 0, 2).running(seconds=20) as watch:
        assert set(watch.record.seen) == {0, 2}


def test_a_pod_that_was_not_seen_is_told_in_words() -> None:
    watch = watch_of(FakeCluster(), 0, 1, 2)
    with pytest.raises(UnmetError, match=r"^mysql-0 was not seen yet$"):
        Scene(watch)


def test_the_notes_go_on_where_a_broken_connection_ended() -> None:
    class Breaking(FakeCluster):
        broke = 0

        def lines(self, pod: str, container: str, script: str, over: threading.Event) -> Iterator[str]:
            for number, line in enumerate(super().lines(pod, container, script, over)):
                if number == 7:
                    self.broke += 1
                    raise UnreachableError("the connection was lost")
                yield line

    cluster = Breaking()
    with watch_of(cluster, 0, 1, 2).running(seconds=20) as watch:
        eventually(lambda: cluster.broke > 3)
    rows = watch.answered()
    assert rows == cluster.rows[1:], "none is missing and none is there twice, and the last ones were taken, too"


def test_nothing_goes_on_after_the_end() -> None:
    class Late(FakeCluster):
        """The API ends a request that follows pods some time after it was told to."""

        def changes(
            self, kind: str, selector: str, over: threading.Event, pause: float = 0.01
        ) -> Iterator[tuple[str, Json]]:
            yield from super().changes(kind, selector, over, pause)
            time.sleep(0.3)

    before = set(threading.enumerate())
    with watch_of(Late(), 0, 1, 2).running(seconds=20):
        assert set(threading.enumerate()) > before
    assert set(threading.enumerate()) <= before


def test_a_pace_and_members_are_told_to_the_pod() -> None:
    cluster, asked = FakeCluster(), list[str]()
    cluster.on_ask = asked.append
    with watch_of(cluster, 0, 1, 2).running(seconds=20) as watch:
        watch.set_pace(SLOW)
        watch.look_at(range(4))
    assert "echo '1 0.2 0' >/tmp/drills/new-pace && mv /tmp/drills/new-pace /tmp/drills/pace" in asked
    assert "bash /drills/members.sh mysql-0.mysql mysql-1.mysql mysql-2.mysql mysql-3.mysql" in asked
    assert cluster.starts[0][2:] == [
        *("0", "4", "1", "'10", "0.05", "0'"),
        *("mysql-0.mysql", "mysql-1.mysql", "mysql-2.mysql"),
    ]


def test_a_client_that_does_not_come_up_is_told_with_its_reason() -> None:
    cluster = FakeCluster()
    client = Client(cluster, find(cluster, "mysql"), patience=0.05, poll=0.01)
    waiting = {"waiting": {"reason": "ImagePullBackOff"}}
    cluster.objects[cluster.path("pods/mysql-drills")] = {"status": {"containerStatuses": [{"state": waiting}]}}
    with pytest.raises(DrillError, match="did not start within 0 s: ImagePullBackOff"):
        client.wait_until_it_runs()


def test_a_watch_that_never_started_ends_without_a_word() -> None:
    cluster = FakeCluster()
    watch = Watch(Client(cluster, find(cluster, "mysql")), (0,))

    def refuse(script: str) -> Answer:
        return Answer(1, "", "no such pod")

    cluster._client = refuse  # type: ignore[method-assign]
    with pytest.raises(DrillError, match=r"^in pod mysql-drills: no such pod$"):
        watch.running().__enter__()
