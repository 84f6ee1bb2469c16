"""The servers behind the instances of Cloud SQL: which instance has one, and how records and servers stay together.

An instance that is made where no mysqld can run is a record for as long as it exists, and says so: nobody could give a
server later the accounts whose passwords nobody kept.
"""

from __future__ import annotations

import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from localcloud.gce.http.errors import ApiError, invalid
from localcloud.gce.sql import certificates, instances, mysqld
from localcloud.gce.sql.backend import FailedError, Files, Server
from localcloud.gce.sql.server import ADMINISTRATOR, ROLE
from localcloud.gce.sql.wiring import Wiring
from localcloud.gce.store import Record, Store

NONE: Final = "none, records only"
GONE: Final = "none, records only: it was made before this machine had a mysqld for it"
"""What `standinServer` says of an instance of a stand-in that had no servers yet."""
_RETRY: Final = (1.0, 5.0, 30.0)
"""The seconds between attempts to start a server that ended by itself; the last number counts for all further ones."""


class Servers:
    """The servers of all instances.

    `engine` says what runs behind a new instance, or `none` and why; `make` returns the server of a number.
    """

    def __init__(self, engine: Callable[[], str], make: Callable[[int], Server], wiring: Wiring) -> None:
        self.lock = threading.RLock()
        """The lock of whoever changes an instance. Whoever holds the store's lock never waits for this one."""
        self.begun = threading.Event()
        """The event that `restore` sets once it holds the lock, so that no change comes before it."""
        self._engine, self._make, self.wiring = engine, make, wiring
        self._states: dict[int, str] = {}
        self._attempts: dict[int, tuple[int, float]] = {}

    def engine(self, primary: Record | None = None) -> str:
        """What runs behind an instance, or a replica of `primary`, that is made now: in words, or `none` and why."""
        return f"{NONE}: so is its primary" if primary and not self.has(primary) else self._engine()

    def has(self, record: Record) -> bool:
        """Whether a server is behind an instance."""
        return not record.get("standinServer", NONE).startswith("none")

    def shown(self, record: Record) -> Record:
        """The fields of an instance's record that are about its server, as it is at this moment."""
        if not self.has(record):
            return {"standinServer": record.get("standinServer", GONE)}
        problem = self._states.get(record["standinNumber"])
        if problem is None or record["state"] != "RUNNABLE":
            return {}
        state = "MAINTENANCE" if problem == "" else "FAILED"
        return {"state": state, "standinServer": f"{record['standinServer']}; {problem or 'it is being started'}"}

    def check(self, record: Record) -> None:
        """Raise ApiError for flags that Cloud SQL, or the mysqld that is behind it here, would not take."""
        flags = record["settings"].get("databaseFlags") or []
        for flag in flags:
            if mysqld.refused_flag(flag["name"]):
                raise invalid(f"Invalid request: Flag requested cannot be set: {flag['name']}.")
        if flags and self.has(record):
            with failing("check"):
                complaint = self._make(record["standinNumber"]).check(self._files(record, None).configuration)
            if complaint:
                raise invalid(f"Invalid request: Flags requested cannot be set: {complaint}.")

    def create(self, record: Record, primary: Record | None) -> None:
        """Make the server of a new instance, which with `primary` is its replica; raises ApiError."""
        if not self.has(record):
            return
        number = record["standinNumber"]
        with failing("create"):
            server, files = self._make(number), self._files(record, primary)
            if primary is None:
                server.create(files)
            else:
                master = self._make(primary["standinNumber"])
                server.clone(files, master, self.wiring.private(primary["standinNumber"]))
        self._states.pop(number, None)

    def change(self, old: Record, new: Record, primary: Record | None, users: list[Record]) -> None:
        """Have the server do what the instance's new settings say.

        Raises ApiError, and has it run as before, where it does not run with them.
        """
        if not self.has(new):
            return
        server = self._make(new["standinNumber"])
        try:
            server.start(self._files(new, primary))
            if _mode(old) != _mode(new) and primary is None:
                server.tell(*(("ALTER USER %s@%s " + _requirement(new), each["name"], each["host"]) for each in users))
        except FailedError as failure:
            with failing("update"):
                server.start(self._files(old, primary))
            raise invalid(f"Invalid request: the instance does not run with these settings: {failure}.") from None

    def remove(self, record: Record) -> None:
        """Take away an instance's data, process and addresses; raises ApiError."""
        if self.has(record):
            with failing("delete"):
                self._make(record["standinNumber"]).remove()
            self._states.pop(record["standinNumber"], None)

    def trust(self, store: Store, path: str) -> None:
        """Tell an instance and its replicas which clients' certificates are not good any more; raises ApiError."""
        record = instances.find(store, path)
        folder = path.rpartition("/")[0]
        for name in (record["name"], *record.get("replicaNames", ())):
            each = instances.find(store, f"{folder}/{name}")
            if self.has(each):
                with failing("update"):
                    files = self._files(each, instances.primary_of(store, each))
                    self._make(each["standinNumber"]).start(files)

    def leave(self, record: Record, primary: Record) -> None:
        """Delete the account that a replica, which is gone, had at its primary; raises ApiError."""
        if self.has(primary):
            with failing("delete"):
                rows = self._make(primary["standinNumber"]).ask(
                    "SELECT user, host FROM mysql.user WHERE user = %s",
                    f"{ADMINISTRATOR}-replica-{record['standinNumber']}",
                )
                self._make(primary["standinNumber"]).tell(*(("DROP USER %s@%s", *row) for row in rows))

    # What is in an instance: each may be done again after a break, and raises ApiError where the server refuses -----

    def put_database(self, record: Record, name: str, charset: str, collation: str) -> None:
        """Make a database, or give one that exists this character set and collation."""
        words = [word for word in (charset, collation) if not re.fullmatch(r"[A-Za-z0-9_]+", word)]
        if words:
            raise invalid(f"Invalid request: Invalid charset or collation {words[0]}.")
        quoted = f"`{name.replace('`', '``')}`"
        how = f"CHARACTER SET {charset} COLLATE {collation}"
        self._tell(record, (f"CREATE DATABASE IF NOT EXISTS {quoted} {how}",), (f"ALTER DATABASE {quoted} {how}",))

    def drop_database(self, record: Record, name: str) -> None:
        """Drop a database and its tables, if it exists."""
        self._tell(record, (f"DROP DATABASE IF EXISTS `{name.replace('`', '``')}`",))

    def put_user(self, record: Record, name: str, host: str, password: str) -> None:
        """Make an account, or give one that exists this password; with an empty one it is locked."""
        rule = f"{_requirement(record)} ACCOUNT {'UNLOCK' if password else 'LOCK'}"
        self._tell(
            record,
            ("CREATE USER IF NOT EXISTS %s@%s ACCOUNT LOCK", name, host),
            (f"GRANT {ROLE} TO %s@%s", name, host),
            (f"ALTER USER %s@%s IDENTIFIED BY %s {rule}", name, host, password),
            (f"ALTER USER %s@%s DEFAULT ROLE {ROLE}", name, host),
        )

    def drop_user(self, record: Record, name: str, host: str) -> None:
        """Drop an account, if it exists."""
        self._tell(record, ("DROP USER IF EXISTS %s@%s", name, host))

    def _tell(self, record: Record, *statements: tuple[str, ...]) -> None:
        if self.has(record):
            try:
                self._make(record["standinNumber"]).tell(*statements)
            except FailedError as failure:
                raise invalid(f"Invalid request: {failure}.") from None

    # A start of the stand-in ------------------------------------------------------------------------------------------

    def restore(self, store: Store) -> None:
        """Finish what a break left, and have every server run; called once, with nothing else at work."""
        with self.lock:
            mine = [(path, record) for path, record in instances.every(store) if self.has(record)]
            self._states = {record["standinNumber"]: "" for _, record in mine}
            self.begun.set()
            for path, record in mine:
                if record["state"] == "RUNNABLE":
                    self._start(store, path, record)
                else:
                    self._clear(store, path, record)

    def _clear(self, store: Store, path: str, record: Record) -> None:
        """Clear away an instance that is half made or half deleted: nobody was told that it is there."""
        try:
            self.remove(record)
        except ApiError as error:
            print(f"Cloud SQL instance {record['name']}: {error}", file=sys.stderr, flush=True)
        else:
            with store.change():
                instances.forget(store, path)

    def watch(self, store: Store, stop: threading.Event, seconds: float = 2.0) -> None:
        """Start servers again that ended by themselves, as Google does, until `stop` is set.

        Between looks at them are that many seconds.
        """
        while not stop.wait(seconds):
            for path, _ in instances.every(store):
                with self.lock:
                    record = store.get(path)  # the instance may be gone by now
                    if not stop.is_set() and record and self.has(record) and record["state"] == "RUNNABLE":
                        self._look(store, path, record)

    def _look(self, store: Store, path: str, record: Record) -> None:
        number = record["standinNumber"]
        server = self._make(number)
        if number not in self._states and server.lives():
            return
        if server.runs():
            self._states.pop(number, None)
            self._attempts.pop(number, None)
            return
        count, last = self._attempts.get(number, (0, 0.0))
        if time.monotonic() - last >= _RETRY[min(count, len(_RETRY) - 1)]:
            self._states[number] = ""
            self._attempts[number] = (count + 1, time.monotonic())
            self._start(store, path, record)

    def _start(self, store: Store, path: str, record: Record) -> None:
        number = record["standinNumber"]
        try:
            self._make(number).start(self._files(record, instances.primary_of(store, record)))
            self._agree(store, path, record)
        except FailedError as failure:
            self._states[number] = str(failure)
            print(f"Cloud SQL instance {record['name']}: {failure}", file=sys.stderr, flush=True)
        else:
            self._states.pop(number, None)
            print(f"Cloud SQL instance {record['name']} runs: {record['standinServer']}", file=sys.stderr, flush=True)

    def _agree(self, store: Store, path: str, record: Record) -> None:
        """Delete the records of what the server does not have: it was dropped just before a break."""
        server = self._make(record["standinNumber"])
        held = {f"databases/{name}" for (name,) in server.ask("SELECT schema_name FROM information_schema.schemata")}
        held |= {f"users/{name}@{host}" for name, host in server.ask("SELECT user, host FROM mysql.user")}
        with store.change():
            for part in ("databases", "users"):
                for inner, _ in store.under(f"{path}/{part}/"):
                    if inner.removeprefix(f"{path}/") not in held:
                        store.delete(inner)

    def _files(self, record: Record, primary: Record | None) -> Files:
        number = record["standinNumber"]
        shown = {each["type"]: each["ipAddress"] for each in record["ipAddresses"]}
        listens = sorted({*shown.values(), self.wiring.private(number)})
        authority = record["serverCaCert"]["cert"]
        made = certificates.server(f"{record['project']}:{record['name']}", listens, authority, record["caKey"])
        trusted = [record, primary] if primary else [record]
        networks = record["settings"].get("ipConfiguration", {}).get("authorizedNetworks", [])
        return Files(
            mysqld.configuration(record["settings"], number, listens, "masterInstanceName" in record),
            "".join(each["serverCaCert"]["cert"] for each in trusted),
            "".join(
                certificates.revoked(each.get(instances.REVOKED, ()), each["serverCaCert"]["cert"], each["caKey"])
                for each in trusted
            ),
            made.cert,
            made.key,
            "PRIVATE" in shown,
            [each["value"] for each in networks] if "PRIMARY" in shown else [],
        )


@contextmanager
def failing(verb: str) -> Iterator[None]:
    """Raise ApiError for a server's failure in the block; `verb` is what could not be done with the instance."""
    try:
        yield
    except FailedError as failure:
        raise ApiError("internalError", f"Cloud SQL cannot {verb} the instance: {failure}") from None


def _mode(record: Record) -> str:
    return str(record["settings"].get("ipConfiguration", {}).get("sslMode", ""))


def _requirement(record: Record) -> str:
    """What an account must have besides its password, in SQL: MySQL asks that of accounts, not of a server."""
    return "REQUIRE X509" if _mode(record).startswith("TRUSTED") else "REQUIRE NONE"
