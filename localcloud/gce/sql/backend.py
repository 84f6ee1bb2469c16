"""What a server behind a Cloud SQL instance can be asked and told, whatever server it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol


class FailedError(Exception):
    """The failure of a server to do what it is told, in the server's own words."""


class Server(Protocol):
    """A MySQL behind an instance. Each method returns when it is done and raises FailedError when it is not."""

    def check(self, configuration: str) -> str:
        """What the server would say against a configuration; the text is empty where it would take it."""

    def create(self, files: Files) -> None:
        """Make a new server without data, and start it."""

    def clone(self, files: Files, primary: Server, address: str) -> None:
        """Make a read replica of a primary, which other instances reach at `address`, and start it."""

    def start(self, files: Files) -> None:
        """Have the server run with these files, whether it runs already or not."""

    def remove(self) -> None:
        """Take away the server's process, addresses and data."""

    def runs(self) -> bool:
        """Whether the server takes statements."""

    def lives(self) -> bool:
        """Whether the server's process is there, which costs less to ask than whether it takes statements."""

    def ask(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """The rows that a query with these values answers."""

    def tell(self, *statements: tuple[Any, ...]) -> None:
        """Execute statements in turn, each a tuple of its text and its values."""


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
