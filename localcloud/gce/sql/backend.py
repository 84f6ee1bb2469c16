"""What a server behind a Cloud SQL instance can be asked and told, whatever server it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol


class FailedError(Exception):
    """The failure of a server to do what it is told, in the server's own words."""


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
    """The PEM certificates of the authorities whose clients it trusts: its own, and of a replica its primary's."""
    revoked: str
    """The PEM lists of certificates that these authorities do not vouch for any more."""
    certificate: str
    key: str
    private: bool
    public_from: Sequence[str]
