"""One instance's mysqld: its folder, its process, and what the API changes in it.

Its administrator is an account without a password that only the socket lets in, and the socket lies in a folder of
root's. Passwords of accounts go through that socket and nowhere else: never into argv, a log, a file or the store.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pymysql

from localcloud.gce.sql.backend import FailedError, Files, Server
from localcloud.gce.sql.mysqld import ACCOUNT, Engine
from localcloud.gce.sql.wiring import Wiring
from localcloud.host import atomic, daemons
from localcloud.host.daemons import Daemon
from localcloud.host.errors import LocalCloudError
from localcloud.host.paths import State

ADMINISTRATOR: Final = "standin"
CLONE: Final = "scratch/clone"
ROLE: Final = "cloudsqlsuperuser"
PATIENCE: Final = 120.0
"""How many seconds a server may take to answer: after a crash it works through its log."""
GRACE: Final = 30.0
"""How many seconds a server may take to end."""
_EVERYWHERE = """
    SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, REFERENCES, INDEX, ALTER, SHOW DATABASES,
    CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, REPLICATION SLAVE, REPLICATION CLIENT, CREATE VIEW, SHOW VIEW,
    CREATE ROUTINE, ALTER ROUTINE, CREATE USER, EVENT, TRIGGER, CREATE ROLE, DROP ROLE"""
_NOT_IN_MYSQLS_OWN = """INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX, REFERENCES, TRIGGER, CREATE VIEW,
    CREATE ROUTINE, ALTER ROUTINE, EVENT"""
_FIRST: Final = (
    "SET sql_log_bin = 0",
    f"RENAME USER root@localhost TO {ADMINISTRATOR}@localhost",
    f"CREATE ROLE {ROLE}",
    f"GRANT {_EVERYWHERE} ON *.* TO {ROLE} WITH GRANT OPTION",
    f"REVOKE {_NOT_IN_MYSQLS_OWN} ON mysql.* FROM {ROLE}",
    "CREATE USER root@'%' ACCOUNT LOCK",
    f"GRANT {ROLE} TO root@'%'",
)
"""The statements that a new server is told: they make Cloud SQL's role, with every right that does not reach out of the
server, and its account `root`."""


class Mysqld:
    """A server that is a process of mysqld; every method that talks to it raises FailedError where it fails."""

    def __init__(self, number: int, folder: Path, engine: Engine, wiring: Wiring, owner: State) -> None:
        self.number, self.folder, self.engine, self.wiring, self.owner = number, folder, engine, wiring, owner
        self.name = f"sql-{number}"
        self._pid = 0

    def create(self, files: Files) -> None:
        """Make a new server without data, and start it for the first time."""
        self.remove()
        self._write(files)
        # Nothing is lost if this breaks off, so no step has to be durable by itself; all is flushed at the end.
        hasty = ("--innodb-flush-method=nosync", "--innodb-doublewrite=OFF", "--skip-log-bin")
        self._run("--initialize-insecure", *hasty)
        subprocess.run(["sync", "-f", str(self.folder)], check=False)
        self._boot(files)
        with self._connection("root") as connection, connection.cursor() as cursor:
            for statement in _FIRST:
                cursor.execute(statement)

    def clone(self, files: Files, primary: Server, address: str) -> None:
        """Make a read replica: a copy of what the primary has now, which from there on repeats what the primary logs.

        `address` is the primary's, for other instances.
        """
        assert isinstance(primary, Mysqld)  # noqa: S101  for mypy
        self.remove()
        shutil.rmtree(primary.folder / CLONE, ignore_errors=True)
        account, password = f"{ADMINISTRATOR}-replica-{self.number}", secrets.token_urlsafe(24)
        net = self.wiring.private_net.partition("/")[0] + "/255.255.255.224"
        primary.tell(
            ("DROP USER IF EXISTS %s@%s", account, net),
            ("CREATE USER %s@%s IDENTIFIED BY %s REQUIRE SSL", account, net, password),
            ("GRANT REPLICATION SLAVE ON *.* TO %s@%s", account, net),
            ("CLONE LOCAL DATA DIRECTORY = '/mnt/scratch/clone'",),
        )
        self._write(files)
        (self.folder / "data").rmdir()
        (primary.folder / CLONE).rename(self.folder / "data")
        self._boot(files)
        self.tell(
            (
                "CHANGE REPLICATION SOURCE TO SOURCE_HOST = %s, SOURCE_PORT = 3306, SOURCE_USER = %s,"
                " SOURCE_PASSWORD = %s,"
                " SOURCE_SSL = 1, SOURCE_SSL_CA = '/mnt/tls/ca.pem', SOURCE_AUTO_POSITION = 1,"
                " SOURCE_CONNECT_RETRY = 2, SOURCE_RETRY_COUNT = 0, SOURCE_HEARTBEAT_PERIOD = 2",
                address,
                account,
                password,
            ),
            ("START REPLICA",),
        )
        if not daemons.wait_until(self._replicates, 30, 0.2):
            raise FailedError(f"the replica does not replicate; see the log {self.name}.log")

    def _replicates(self) -> bool:
        row = self._rows("SHOW REPLICA STATUS")
        return bool(row and row[0]["Replica_IO_Running"] == "Yes" and row[0]["Replica_SQL_Running"] == "Yes")

    def start(self, files: Files) -> None:
        """Have the server run with these files: it is started, or started anew if its configuration is another."""
        file = self.folder / "my.cnf"  # only this needs a new start; certificates are made anew each time
        if self.runs() and file.exists() and file.read_text() == files.configuration:
            self._write(files)
            self._plug(files)
            self.tell(("ALTER INSTANCE RELOAD TLS",))
            return
        self.stop()
        self._write(files)
        self._boot(files)

    def stop(self, grace: float = GRACE) -> None:
        """End the server, by force if it has not ended within `grace` seconds."""
        pids = [process.pid for process in self._running() if process.name == self.name]
        if pids:
            with _failing():
                daemons.stop(pids, grace)

    def remove(self) -> None:
        """Take away the server's process, addresses and data."""
        self.stop(0.0)
        with _failing():
            self.wiring.unplug(self.number)
        shutil.rmtree(self.folder, ignore_errors=True)

    def runs(self) -> bool:
        """Whether the server takes statements."""
        try:
            return bool(self.ask("SELECT 1"))
        except FailedError:
            return False

    def lives(self) -> bool:
        """Whether the server's process is there; asked often, it looks at the process that it knows first."""
        mark = f"{self.owner.slot.mark}={self.owner.root}:{self.name}".encode()
        with contextlib.suppress(OSError):
            if self._pid and mark in Path(f"/proc/{self._pid}/environ").read_bytes().split(b"\0"):
                return True
        self._pid = next((process.pid for process in self._running() if process.name == self.name), 0)
        return self._pid != 0

    def _running(self) -> list[daemons.Running]:
        return daemons.running(self.owner.slot, self.owner.root)

    def ask(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """The rows that a query with these values answers."""
        with self._connection() as connection, connection.cursor() as cursor:
            cursor.execute(sql, values or None)
            return list(cursor.fetchall())

    def tell(self, *statements: tuple[Any, ...]) -> None:
        """Execute statements in turn, each a tuple of its text and its values."""
        with self._connection() as connection, connection.cursor() as cursor:
            for sql, *values in statements:
                cursor.execute(sql, values or None)

    def _rows(self, sql: str) -> list[dict[str, Any]]:
        with self._connection() as connection, connection.cursor(pymysql.cursors.DictCursor) as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())

    @contextlib.contextmanager
    def _connection(self, user: str = ADMINISTRATOR) -> Iterator[Any]:
        with _failing():
            connection = pymysql.Connection(
                user=user,
                autocommit=True,
                charset="utf8mb4",
                read_timeout=PATIENCE,
                init_command="SET SESSION lock_wait_timeout = 10",
                defer_connect=True,
            )
            connection.connect(self._socket())
            try:
                yield connection
            finally:
                connection.close()

    def _socket(self) -> socket.socket:
        """A connection to mysqld's socket, by a path that is short enough for one wherever the folder is."""
        directory = os.open(self.folder / "run", os.O_PATH | os.O_DIRECTORY)
        plug = socket.socket(socket.AF_UNIX)
        try:
            plug.settimeout(PATIENCE)
            plug.connect(f"/proc/self/fd/{directory}/mysqld.sock")
        except OSError:
            plug.close()
            raise
        finally:
            os.close(directory)
        return plug

    def _write(self, files: Files) -> None:
        """Write the instance's folder; mysqld may write to `data`, `run` and `scratch`, and the rest is root's."""
        owners = {"": 0, "tls": 0, "data": ACCOUNT, "run": ACCOUNT, "scratch": ACCOUNT}
        for inner, owner in owners.items():
            folder = self.folder / inner
            folder.mkdir(parents=True, exist_ok=True)
            os.chown(folder, owner, ACCOUNT)
            folder.chmod(0o750)
        for path, text in self._texts(files).items():
            atomic.write(path, text, atomic.SECRET)
            os.chown(path, 0, ACCOUNT)
            path.chmod(0o640)

    def _texts(self, files: Files) -> dict[Path, str]:
        tls = self.folder / "tls"
        return {
            tls / "ca.pem": files.authorities,
            tls / "revoked.pem": files.revoked,
            tls / "server.pem": files.certificate,
            tls / "server.key": files.key,
            self.folder / "my.cnf": files.configuration,
        }

    def check(self, configuration: str) -> str:
        """What mysqld says against a configuration; the text is empty where it takes it."""
        trial = self.folder.with_name(f".trial-{self.number}")
        shutil.rmtree(trial, ignore_errors=True)
        for inner in ("data", "run", "scratch"):
            (trial / inner).mkdir(parents=True)
            os.chown(trial / inner, ACCOUNT, ACCOUNT)
        try:
            (trial / "my.cnf").write_text(configuration)
            command = self.engine.command(trial, "--validate-config", "--log-error-verbosity=2")
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            # mysqld takes a number out of range as the nearest that it allows; Cloud SQL refuses it.
            lines = [line for line in done.stderr.splitlines() if "[ERROR]" in line or " adjusted to " in line]
            said = [line.rpartition("] ")[2].rstrip(".") for line in lines if "Aborting" not in line]
            return said[-1] if said else "" if done.returncode == 0 else "mysqld gives no reason"
        finally:
            shutil.rmtree(trial)

    def _plug(self, files: Files) -> None:
        with _failing():
            self.wiring.plug(self.number)
            self.wiring.allow(self.number, files.private, files.public_from)

    def _boot(self, files: Files) -> None:
        self._plug(files)
        command = self.engine.command(self.folder, namespace=self.wiring.namespace(self.number))
        daemons.start(self.owner, Daemon(self.name, command))
        daemons.wait_until(lambda: self._answers() or not self.lives(), PATIENCE, 0.1)
        if not self._answers():
            raise FailedError(f"mysqld does not start: {self._complaint(self.owner.logs / f'{self.name}.log')}")

    def _answers(self) -> bool:
        for account in (ADMINISTRATOR, "root"):  # a new server has only `root`, until it was told _FIRST
            with contextlib.suppress(FailedError), self._connection(account):
                return True
        return False

    def _run(self, *options: str) -> None:
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            self.owner.slot.mark: f"{self.owner.root}:{self.name}",
        }
        command = self.engine.command(self.folder, *options)
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise FailedError(f"mysqld {options[0]} failed: {(done.stderr.strip().splitlines() or ['no word'])[-1]}")

    @staticmethod
    def _complaint(log: Path) -> str:
        lines = [line for line in daemons.last_lines(log, 20).splitlines() if "[ERROR]" in line]
        return next((line.partition("[ERROR]")[2] for line in lines if "Aborting" not in line), "see its log").strip()


@contextlib.contextmanager
def _failing() -> Iterator[None]:
    """Raise FailedError for whatever goes wrong in the block."""
    try:
        yield
    except pymysql.MySQLError as error:
        raise FailedError(str(error.args[-1])) from None
    except (OSError, LocalCloudError) as error:
        raise FailedError(str(error)) from None
