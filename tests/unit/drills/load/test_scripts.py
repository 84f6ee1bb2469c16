"""The loops in the client pod, run as they are: what is noted was answered, whatever becomes of the connection."""

from __future__ import annotations

import time

from drills.load.notes import Acknowledged, Complaint, Read
from tests.unit.drills.load.pods import Pod, eventually


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
