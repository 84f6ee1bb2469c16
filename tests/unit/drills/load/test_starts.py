"""The loops in the client pod are started and ended one at a time, and none is left that nobody knows of."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from drills.load.pod import SCRIPTS
from tests.unit.drills.load.pods import Pod, eventually, idling


def test_a_new_generation_takes_the_place_of_the_old_one_and_leaves_out_numbers(pod: Pod) -> None:
    pod.start(writers=1)
    eventually(lambda: len(pod.rows()) >= 3)
    loops = (pod.work / "loops").read_text().split()
    assert pod.start(writers=1, generation=3, skip=100_000).returncode == 0
    assert not any(Path("/proc", loop).exists() for loop in loops)
    eventually(lambda: len(pod.rows(generation=3)) >= 3)
    assert pod.rows(generation=3)[0] == 100_001
    late = pod.start(writers=1, generation=2, skip=50_000)
    assert (late.returncode, late.stderr) == (1, "a later start or stop was here before\n")
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


def test_a_start_that_comes_after_the_stop_does_nothing(pod: Pod) -> None:
    assert pod.run("stop.sh", "5").returncode == 0, "also where nothing was started yet"
    assert pod.start(generation=4).returncode == 1
    assert pod.start(generation=6, writers=1).returncode == 0
    eventually(lambda: len(pod.rows(generation=6)) >= 3)
    assert pod.run("stop.sh", "8").returncode == 0
    written = pod.inserted()
    assert pod.start(generation=7).returncode == 1
    time.sleep(0.3)
    assert pod.inserted() == written
    assert pod.rows(generation=6), "what was noted before is still to be read"


def test_a_stop_waits_for_the_start_that_is_at_work_and_ends_what_it_started(pod: Pod) -> None:
    eventually((pod.root / "work.idle").exists)
    (pod.root / "work.lock").mkdir()  # as a start does
    stop = subprocess.Popen([pod.bash, str(SCRIPTS / "stop.sh"), "9"], env=pod.environment)
    time.sleep(0.3)
    assert stop.poll() is None
    loop = subprocess.Popen(["/bin/sleep", "60"], start_new_session=True)
    (pod.work / "loops").write_text(f"{loop.pid}\n")
    (pod.root / "work.lock").rmdir()
    assert loop.wait(20) != 0
    assert stop.wait(20) == 0


def test_members_that_join_in_a_container_without_loops_wait_for_these(pod: Pod) -> None:
    """Alone, their watchers would pass for all of the loops, and nobody would start the writers."""
    assert pod.run("members.sh", "mysql-3.mysql").returncode == 0
    assert pod.run("renew.sh").returncode == 3


def test_nothing_is_started_before_the_container_has_swept(bare: Pod) -> None:
    """What an earlier one left is removed by the first process: a start before that would lose its loops."""
    with idling(bare):
        eventually((bare.root / "work.idle").exists)
    assert (bare.root / "work.idle").exists(), "an emptyDir outlives its container"
    command = [bare.bash, str(SCRIPTS / "start.sh"), *("1", "1", "0", "1", "0", "10 0.05 0", "mysql-0.mysql")]
    early = subprocess.Popen(command, env=bare.environment)
    time.sleep(0.5)
    assert early.poll() is None
    assert not (bare.work / "loops").exists()
    with idling(bare):
        assert early.wait(20) == 0
        loops = (bare.work / "loops").read_text().split()
        assert len(loops) == 2
        assert bare.run("stop.sh").returncode == 0
        assert not any(Path("/proc", loop).exists() for loop in loops)


def test_loops_that_nobody_asks_for_end_by_themselves(bare: Pod) -> None:
    pod = bare
    pod.environment["PATIENCE"] = "1"
    with idling(pod):
        pod.start()
        loops = (pod.work / "loops").read_text().split()
        assert len(loops) == 6
        eventually(lambda: (pod.work / "stop").exists())
        eventually(lambda: not any(Path("/proc", loop).exists() for loop in loops))


def test_a_container_that_starts_anew_knows_of_no_loops(bare: Pod) -> None:
    bare.work.mkdir()
    (bare.work / "loops").write_text("1\n")
    with idling(bare):
        eventually(lambda: not (bare.work / "loops").exists())


def test_stopping_what_never_started_is_no_error(pod: Pod) -> None:
    assert pod.run("stop.sh").returncode == 0
