"""A later run finds its own processes and only its own, and can end every one of them."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.host import daemons
from localcloud.host.daemons import Daemon
from localcloud.host.errors import LocalCloudError
from localcloud.host.paths import State
from tests.support.places import Apart
from tests.unit.localcloud.fakes import need, script

# They outlive the object that started them: that is what a daemon is.
pytestmark = pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning")

SLOT = Apart()
SLEEP, SHELL = need("sleep"), need("sh")


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[State]:
    yield State(tmp_path / "state", SLOT)
    for process in daemons.running(SLOT):
        if Path(process.owner).is_relative_to(tmp_path):
            os.kill(process.pid, signal.SIGKILL)
            daemons.wait_until(lambda pid=process.pid: not daemons.alive(pid), 5)  # type: ignore[misc]


def sleeper(name: str = "etcd") -> Daemon:
    return Daemon(name, [SLEEP, "60"])


def start(owner: State, daemon: Daemon, log_limit: int = daemons.LOG_LIMIT) -> int:
    """Start a daemon that does not run yet; its pid."""
    assert daemons.start(owner, daemon, log_limit)
    assert daemons.wait_until(
        lambda: any(each.name == daemon.name for each in daemons.running(SLOT, owner.root)), 10, 0.01
    )
    return next(each.pid for each in daemons.running(SLOT, owner.root) if each.name == daemon.name)


def shell(owner: State, name: str, body: str) -> int:
    """Start a shell that says when it is where the test wants it; its pid."""
    ready = owner.root / f"{name}-ready"
    pid = start(owner, Daemon(name, [SHELL, "-c", body.replace("READY", f": >{ready}")]))
    assert daemons.wait_until(ready.exists, 10, 0.01)
    return pid


def test_a_daemon_is_found_by_its_owner_and_name_after_whoever_started_it_has_forgotten_it(owner: State) -> None:
    pid = start(owner, sleeper())
    (found,) = daemons.running(SLOT, owner.root)
    assert (found.owner, found.name, found.pid) == (str(owner.root), "etcd", pid)
    assert found.argv == (SLEEP, "60")
    assert daemons.find(owner, "etcd", "sleep") == pid
    assert daemons.find(owner, "coredns", "sleep") is None, "another daemon may run the same program"


def test_another_checkouts_daemon_of_the_same_name_is_not_ours(owner: State) -> None:
    other = State(owner.root.parent / "other", SLOT)
    pid = start(other, sleeper())
    assert daemons.find(owner, "etcd", "sleep") is None
    assert daemons.running(SLOT, owner.root) == []
    assert [each.pid for each in daemons.running(SLOT, other.root)] == [pid]


def test_a_state_directory_whose_name_begins_as_ours_is_not_ours(owner: State) -> None:
    start(State(owner.root.with_name("state-2"), SLOT), sleeper())
    assert daemons.running(SLOT, owner.root) == []


def test_an_unmarked_process_with_the_same_command_line_is_not_ours(owner: State) -> None:
    with subprocess.Popen([SLEEP, "60"]) as stranger:
        try:
            assert daemons.find(owner, "etcd", "sleep") is None
            assert stranger.pid not in [each.pid for each in daemons.running(SLOT)]
        finally:
            stranger.kill()


def test_a_child_that_inherits_the_mark_is_not_taken_for_the_daemon(owner: State) -> None:
    """containerd's shims outlive containerd; with them alone it must be started again."""
    pid = shell(owner, "containerd", f"{SLEEP} 60 & READY; wait")

    def programs() -> set[str]:
        return {Path(each.argv[0]).name for each in daemons.running(SLOT, owner.root)}

    assert daemons.wait_until(lambda: programs() == {"sh", "sleep"}, 10, 0.01), "`make down` ends both"
    assert daemons.find(owner, "containerd", "sh") == pid
    os.kill(pid, signal.SIGKILL)
    assert daemons.wait_until(lambda: not daemons.alive(pid), 10)
    assert daemons.find(owner, "containerd", "sh") is None
    assert programs() == {"sleep"}


def test_starting_what_runs_changes_nothing(owner: State) -> None:
    pid = start(owner, sleeper())
    assert not daemons.start(owner, sleeper())
    assert [each.pid for each in daemons.running(SLOT, owner.root)] == [pid]


def test_one_that_runs_with_other_arguments_is_replaced_where_that_is_asked_for(owner: State) -> None:
    old, now = Daemon("gce", [SLEEP, "60"], renewed=True), Daemon("gce", [SLEEP, "61"], renewed=True)
    pid = start(owner, old)
    assert daemons.outdated(owner, old) is None
    assert daemons.outdated(owner, now) == pid
    assert daemons.start(owner, now)
    assert not daemons.alive(pid), "two of them would work against each other"
    assert daemons.wait_until(lambda: daemons.find(owner, "gce", "sleep") is not None, 10, 0.01)
    (process,) = daemons.running(SLOT, owner.root)
    assert process.argv == (SLEEP, "61")
    assert not daemons.start(owner, now), "once"
    assert [each.pid for each in daemons.running(SLOT, owner.root)] == [process.pid]


def test_one_that_others_depend_on_is_left_as_it_was_started(owner: State) -> None:
    pid = start(owner, sleeper())
    other = Daemon("etcd", [SLEEP, "61"])
    assert daemons.outdated(owner, other) is None
    assert not daemons.start(owner, other)
    assert [each.pid for each in daemons.running(SLOT, owner.root)] == [pid]


def test_the_same_program_by_another_path_is_not_replaced(owner: State) -> None:
    """An environment's Python has several names."""
    pid = start(owner, Daemon("gce", [SLEEP, "60"], renewed=True))
    (owner.root / "sleep").symlink_to(SLEEP)
    assert not daemons.start(owner, Daemon("gce", [str(owner.root / "sleep"), "60"], renewed=True))
    assert [each.pid for each in daemons.running(SLOT, owner.root)] == [pid]


def test_what_does_not_run_is_not_outdated(owner: State) -> None:
    assert daemons.outdated(owner, Daemon("gce", [SLEEP, "60"], renewed=True)) is None


def test_a_daemon_that_died_is_started_again(owner: State) -> None:
    pid = start(owner, sleeper())
    os.kill(pid, signal.SIGKILL)
    assert daemons.wait_until(lambda: not daemons.alive(pid), 10)
    assert start(owner, sleeper()) != pid


def test_a_daemon_gets_no_credential_or_proxy_of_the_caller(owner: State, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("AWS_SECRET_ACCESS_KEY", "HTTPS_PROXY", "KUBECONFIG", "PULUMI_CONFIG_PASSPHRASE"):
        monkeypatch.setenv(variable, "secret")
    pid = start(owner, Daemon("etcd", [SLEEP, "60"], environment={"OWN": "1"}))
    environment = Path(f"/proc/{pid}/environ").read_text()
    assert "secret" not in environment
    names = {entry.partition("=")[0] for entry in environment.split("\0") if entry}
    assert names == {"PATH", "HOME", "OWN", SLOT.mark}


def test_a_daemon_outlives_the_terminal_it_was_started_from(owner: State) -> None:
    pid = start(owner, sleeper())
    assert os.getsid(pid) == pid, "the terminal's hang-up and Ctrl-C go to its own session"
    assert Path(f"/proc/{pid}/cwd").readlink() == Path("/"), "it holds no directory that somebody wants to remove"
    assert Path(f"/proc/{pid}/fd/0").readlink() == Path("/dev/null")


def test_a_program_that_is_not_there_is_an_error_at_once(owner: State) -> None:
    with pytest.raises(FileNotFoundError):
        daemons.start(owner, Daemon("etcd", [str(owner.root / "etcd")]))


def test_what_a_daemon_says_is_added_to_its_log(owner: State) -> None:
    logs = owner.logs
    say = script(owner.root, "say", "echo out; echo err >&2")
    for lines in (2, 4):
        daemons.start(owner, Daemon("say", [SHELL, str(say)]))
        assert daemons.wait_until(lambda n=lines: len((logs / "say.log").read_text().split()) == n, 10, 0.01)  # type: ignore[misc]
        assert daemons.wait_until(lambda: daemons.find(owner, "say", "sh") is None, 10, 0.01)
    assert (logs / "say.log").read_text() == "out\nerr\nout\nerr\n"


def test_a_log_that_grew_too_long_is_put_aside_once(owner: State) -> None:
    logs = owner.logs
    logs.mkdir(parents=True)
    (logs / "etcd.log").write_text("0123456789")
    start(owner, sleeper(), 10)
    assert [log.name for log in logs.iterdir()] == ["etcd.log"], "it is as long as it may be"

    (logs / "etcd.log").write_text("0123456789+")
    (logs / "etcd.log.1").write_text("older")
    daemons.stop([each.pid for each in daemons.running(SLOT, owner.root)], 5)
    start(owner, sleeper(), 10)
    assert (logs / "etcd.log").read_text() == ""
    assert (logs / "etcd.log.1").read_text() == "0123456789+"


def test_stopping_asks_first_and_lets_a_process_end_in_its_own_way(owner: State) -> None:
    farewell = owner.root / "farewell"
    pid = shell(owner, "etcd", f'trap ": >{farewell}; exit" TERM; READY; while :; do {SLEEP} 0.01; done')
    daemons.stop([pid], 10)
    assert not daemons.alive(pid)
    assert farewell.exists()


def test_stopping_kills_what_does_not_listen(owner: State) -> None:
    pid = shell(owner, "etcd", f'trap "" TERM; READY; exec {SLEEP} 60')
    daemons.stop([pid], 0.1)
    assert not daemons.alive(pid)


def test_stopping_what_has_ended_is_no_error(owner: State) -> None:
    pid = start(owner, sleeper())
    daemons.stop([pid], 5)
    daemons.stop([pid], 5)
    daemons.stop([], 0)


def test_a_process_that_cannot_be_ended_is_reported(owner: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemons, "wait_until", lambda condition, seconds: condition())
    monkeypatch.setattr(os, "kill", lambda pid, sign: None)
    with pytest.raises(LocalCloudError, match=rf"processes \[{os.getpid()}\] do not end even when killed"):
        daemons.stop([os.getpid()], 0)


def test_a_zombie_is_not_alive(owner: State) -> None:
    """Its parent, here a program that never looks after its children, keeps the entry; it runs no more."""
    note = owner.root / "child"
    shell(owner, "parent", f"{SLEEP} 0.01 & echo $! >{note}; READY; exec {SLEEP} 60")
    child = int(note.read_text())
    status = Path(f"/proc/{child}/stat")
    assert daemons.wait_until(lambda: status.read_text().rpartition(")")[2].split()[0] == "Z", 10, 0.01)
    assert not daemons.alive(child)
    assert child not in [each.pid for each in daemons.running(SLOT, owner.root)]


def test_an_ended_child_of_this_very_run_is_not_alive(owner: State) -> None:
    pid = start(owner, sleeper())
    assert daemons.alive(pid)
    os.kill(pid, signal.SIGTERM)
    assert daemons.wait_until(lambda: not daemons.alive(pid), 10, 0.01)
    assert not Path(f"/proc/{pid}").exists(), "and it leaves no zombie while this run goes on"


def test_the_end_of_a_log_is_shown_even_of_one_that_is_not_there(tmp_path: Path) -> None:
    log = tmp_path / "etcd.log"
    assert daemons.last_lines(log) == "(no log)"
    log.write_bytes(b"one\ntwo\nbad \xff byte\n")
    assert daemons.last_lines(log, 2) == "two\nbad \N{REPLACEMENT CHARACTER} byte"
