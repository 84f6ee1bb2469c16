"""Servers of Cloud SQL instances that are no processes: they remember what they were told, and fail on demand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localcloud.gce.sql.backend import FailedError, Files, Server
from localcloud.gce.sql.servers import Servers
from localcloud.gce.sql.wiring import Wiring
from tests.support.places import SLOT

TOLD = "mysqld 9.7.0 of a test"


class Fake:
    """A server that only remembers; `World` holds what outlives it."""

    def __init__(self, world: World, number: int) -> None:
        self.world, self.number = world, number

    def _do(self, verb: str, *words: Any) -> None:
        self.world.during(verb)
        if verb in self.world.fails:
            raise FailedError(f"no {verb} today")
        self.world.done.append((verb, self.number, *words))

    def check(self, configuration: str) -> str:
        return "unknown variable 'nonsense=1'" if "nonsense" in configuration else ""

    def create(self, files: Files) -> None:
        self._do("create")
        self.world.running[self.number] = files

    def clone(self, files: Files, primary: Server, address: str) -> None:
        self._do("clone", address)
        self.world.running[self.number] = files

    def start(self, files: Files) -> None:
        self._do("start")
        if "crashes = yes" in files.configuration:
            raise FailedError("mysqld does not start: crashes")
        self.world.running[self.number] = files

    def remove(self) -> None:
        self._do("remove")
        self.world.running.pop(self.number, None)

    def runs(self) -> bool:
        return self.number in self.world.running

    def lives(self) -> bool:
        return self.number in self.world.running

    def ask(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        return self.world.rows.get(sql, [])

    def tell(self, *statements: tuple[Any, ...]) -> None:
        self._do("tell", *statements)


class World:
    """All fake servers: what runs, by number; what was done, in turn; which verbs fail; and what happens at each."""

    def __init__(self) -> None:
        self.running: dict[int, Files] = {}
        self.done: list[tuple[Any, ...]] = []
        self.fails: set[str] = set()
        self.rows: dict[str, list[tuple[Any, ...]]] = {}
        self.during: Callable[[str], None] = lambda verb: None
        self.told = TOLD

    def servers(self) -> Servers:
        """The servers as a start of the stand-in finds them."""
        return Servers(lambda: self.told, lambda number: Fake(self, number), Wiring.of(SLOT))

    def verbs(self) -> list[str]:
        """The words for what was done, in turn."""
        return [verb for verb, *_ in self.done]

    def statements(self) -> list[tuple[Any, ...]]:
        """The statements that servers were told, in turn."""
        return [statement for verb, _, *statements in self.done if verb == "tell" for statement in statements]
