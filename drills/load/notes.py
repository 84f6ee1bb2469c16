"""What the loops in the client pod note, line by line. Times are seconds by that pod's clock."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A row whose insert was answered: when, and to which of the writers."""

    at: float
    row: int
    writer: int = 0


@dataclass(frozen=True, slots=True)
class Read:
    """An answer of the read Service: by whom, and the newest row of the first writer. Without a server: no answer."""

    at: float
    server: int | None
    newest: int = 0


@dataclass(frozen=True, slots=True)
class Complaint:
    """A writer's connection ended: when, and what the writer was told."""

    at: float
    said: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What a member showed to its watcher: who it is, whether it takes writes, its newest row of the first writer."""

    at: float
    host: str
    server: int
    writable: bool
    newest: int


@dataclass(frozen=True, slots=True)
class State:
    """What a member said of itself when it was asked once."""

    host: str
    server: int
    uuid: str
    writable: bool
    executed: str
    """Its transactions; `-` where GTIDs are off or it has none."""


Note = Acknowledged | Read | Complaint | Seen


def note(line: str) -> Note | None:
    """One whole line of the notes; None for one that was cut short, as by a loss of power."""
    try:
        match line.split():
            case ["row", at, writer, row]:
                return Acknowledged(float(at), int(row), int(writer))
            case ["read", at, "failed"]:
                return Read(float(at), None)
            case ["read", at, server, newest]:
                return Read(float(at), int(server), int(newest))
            case ["look", at, host, server, read_only, newest]:
                return Seen(float(at), host, int(server), read_only == "0", int(newest))
            case ["error", at, *_]:
                return Complaint(float(at), line.split(" ", 2)[2] if line.count(" ") > 1 else "")
    except ValueError:
        pass
    return None


def states(text: str) -> list[State]:
    """The answer of `state.sh`: one member a line."""
    found = []
    for line in whole_lines(text):
        match line.split():
            case [host, server, uuid, read_only, super_read_only, executed]:
                writable = read_only == "0" and super_read_only == "0"
                found.append(State(host, int(server), uuid, writable, executed))
    return found


def whole_lines(text: str) -> list[str]:
    """A last line without its end is left out: row 1234, cut off, would be row 12, which maybe nobody answered."""
    return text.split("\n")[:-1]
