"""What is asked of the server behind a Cloud SQL instance, whatever it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol


class FailedError(Exception):
    """A server that does not do what it is told, and its own words."""


class Server(Protocol):
    """A MySQL behind an instance. Each method returns when it is done and raises FailedError when it is not."""

    def check(self, configuration: str) -> str: ...
    def create(self, files: Files) -> None: ...
    def clone(self, files: Files, primary: Server, address: str) -> None: ...
    def start(self, files: Files) -> None: ...
    def remove(self) -> None: ...
    def runs(self) -> bool: ...
    def lives(self) -> bool: ...
    def ask(self, sql: str, *values: Any) -> list[tuple[Any, ...]]: ...
    def tell(self, *statements: tuple[Any, ...]) -> None: ...


@dataclass(frozen=True)
class Files:
    """What lies in an instance's folder besides its data, and who gets through to it."""

    configuration: str
    authorities: str
    """PEM: its own, and its primary's, whose clients are its own, too."""
    revoked: str
    """PEM: the lists of these authorities of certificates that are not good any more."""
    certificate: str
    key: str
    private: bool
    public_from: Sequence[str]
