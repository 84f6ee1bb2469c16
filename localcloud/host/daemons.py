"""Long-running processes: started detached, found again by a mark in their environment.

A pid file can lie (written late, left over, its pid given to another process). The mark cannot: it is set before
the program starts and dies with it, so a later run, even after a crash of this one, finds its own and only its own.
The mark is an environment variable of the slot, `Slot.mark`; its value is `<state directory>:<daemon>`.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from localcloud.host.errors import LocalCloudError
from localcloud.host.paths import State
from localcloud.host.slot import Slot

LOG_LIMIT = 16 * 1024 * 1024
GRACE = 10.0  # seconds for one that is replaced to end what it does


@dataclass(frozen=True)
class Running:
    """A live process of a cluster: whose (the state directory), which (the daemon), and its pid."""

    owner: str
    name: str
    pid: int
    argv: tuple[str, ...]


@dataclass(frozen=True)
class Daemon:
    """A process to keep running.

    `command`: argv, the program's absolute path first. `inside`: pid of a node's init whose namespaces it
    enters, and `namespaces` which of them. `environment`: added to a minimal one (no proxy or cloud credential of the
    caller's leaks in). `renewed`: whether one that runs with other arguments, as an older version of this program
    started it, is replaced; only where nobody notices that it is away for a moment.
    """

    name: str
    command: Sequence[str]
    inside: int | None = None
    namespaces: Sequence[str] = ("mount", "net", "pid", "uts")
    environment: Mapping[str, str] = field(default_factory=dict)
    renewed: bool = False

    @property
    def program(self) -> str:
        return Path(self.command[0]).name


def running(slot: Slot, owner: Path | None = None) -> list[Running]:
    """Every live process that carries the slot's mark, of one state directory or of all of them."""
    return [p for p in _marked(slot.mark) if owner is None or p.owner == str(owner)]


def _marked(mark: str) -> Iterator[Running]:
    prefix = f"{mark}=".encode()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            environ = (entry / "environ").read_bytes()
            if prefix not in environ:
                continue
            value = next((v for v in environ.split(b"\0") if v.startswith(prefix)), None)
            argv = tuple((entry / "cmdline").read_bytes().decode(errors="replace").rstrip("\0").split("\0"))
        except OSError:  # it ended while we looked
            continue
        if value and argv != ("",):
            owner, _, name = value[len(prefix) :].decode(errors="replace").rpartition(":")
            yield Running(owner, name, int(entry.name), argv)


def find(state: State, daemon: str, program: str, among: list[Running] | None = None) -> int | None:
    """The pid of a daemon; children that inherited its mark (containerd's shims) have another program.

    `among`: what `running` answered a moment ago, to ask for many daemons with one look at all processes.
    """
    process = _find(state, daemon, program, among)
    return process.pid if process else None


def _find(state: State, daemon: str, program: str, among: list[Running] | None) -> Running | None:
    for process in running(state.slot, state.root) if among is None else among:
        if process.name == daemon and Path(process.argv[0]).name == program:
            return process
    return None


def outdated(state: State, daemon: Daemon, among: list[Running] | None = None) -> int | None:
    """The pid of a daemon that runs, but with other arguments than it has to, and is one that `start` replaces."""
    process = _find(state, daemon.name, daemon.program, among)
    if process is None or not daemon.renewed or process.argv[1:] == tuple(daemon.command[1:]):
        return None
    return process.pid


def start(state: State, daemon: Daemon, log_limit: int = LOG_LIMIT) -> bool:
    """Start a daemon unless it runs, as it has to where that matters; True if it was started now.

    A log of more than `log_limit` bytes is put aside first.
    """
    now = running(state.slot, state.root)
    old = outdated(state, daemon, now)
    if old is not None:
        stop([old], GRACE)
    elif find(state, daemon.name, daemon.program, now) is not None:
        return False
    state.logs.mkdir(parents=True, exist_ok=True)
    log = state.logs / f"{daemon.name}.log"
    if log.exists() and log.stat().st_size > log_limit:
        log.replace(log.with_suffix(".log.1"))
    command = list(daemon.command)
    if daemon.inside is not None:
        entered = [f"--{namespace}" for namespace in daemon.namespaces]
        command = ["nsenter", f"--target={daemon.inside}", *entered, "--", *command]
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": "/root",
        state.slot.mark: f"{state.root}:{daemon.name}",
        **daemon.environment,
    }
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment,
            cwd="/",
            start_new_session=True,
        )
    wait_until(lambda: _has_begun(process), 10, 0.001)
    return True


def _has_begun(process: subprocess.Popen[bytes]) -> bool:
    """Whether who looks for it finds it: for a moment at its beginning a program's environment reads as empty."""
    try:
        return process.poll() is not None or bool(Path(f"/proc/{process.pid}/environ").read_bytes())
    except OSError:  # it has ended
        return True


def stop(pids: Sequence[int], grace: float) -> None:
    """Ask processes to end, then kill what is left after `grace` seconds."""
    for sign, patience in ((signal.SIGTERM, grace), (signal.SIGKILL, 10.0)):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, sign)
        if wait_until(lambda: not any(alive(pid) for pid in pids), patience):
            return
    raise LocalCloudError(f"processes {pids} do not end even when killed; look at `ps -o pid,stat,wchan,cmd`")


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie has ended, only its parent has not looked yet."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)  # reap it, should it be a child of this very run
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until(condition: Callable[[], bool], seconds: float, interval: float = 0.05) -> bool:
    """Poll `condition` until it holds; False if it never did within `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(interval)
    return True


def last_lines(log: Path, count: int = 5) -> str:
    """The end of a log, for an error message."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-count:])
    except OSError:
        return "(no log)"
