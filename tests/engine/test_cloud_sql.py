"""Cloud SQL's instances with a real mysqld behind them, on a bridge of the test's own."""

from __future__ import annotations

import fcntl
import os
import signal
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pymysql
import pytest

from localcloud.gce.sql import machine, mysqld
from localcloud.gce.sql.servers import Servers
from localcloud.gce.sql.wiring import NAMESPACES, Wiring
from localcloud.gce.store import Store
from localcloud.host import daemons
from localcloud.host.paths import cache
from localcloud.images.builder import build
from tests.support.gce import SQL, Google, serving
from tests.support.places import Apart

# A server outlives the object that started it: that is what a daemon is.
unnoticed = pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning")
pytestmark = [pytest.mark.engine, unnoticed]

IMAGES = cache() / "images"
HOST = "10.209.0.1"
LOCK = Path("/run/statefulsets-test-cloud-sql.lock")
WIRING = Wiring("sqltest", "10.209.0.0/24", "10.209.0.224/27", "10.209.0.192/27", (), Apart())
ORDERS, COPY = f"{SQL}/instances/orders", f"{SQL}/instances/copy"
PASSWORD = 'it\'s \\ "quoted" %s'
SETTINGS: dict[str, Any] = {
    "tier": "db-n1-standard-1",
    "backupConfiguration": {"enabled": True, "binaryLogEnabled": True},
    "ipConfiguration": {
        "privateNetwork": "projects/acme-test/global/networks/default",
        "sslMode": "ENCRYPTED_ONLY",
        "authorizedNetworks": [{"value": f"{HOST}/32"}],
    },
}


@dataclass
class Rig:
    """The stand-in with one instance, `orders`, with a database and an account `app`."""

    google: Google
    folder: Path
    servers: Servers
    root: Path

    def address(self, kind: str = "PRIVATE", instance: str = ORDERS) -> str:
        shown = {each["type"]: each["ipAddress"] for each in self.google.get(instance)["ipAddresses"]}
        return str(shown[kind])

    def connect(self, address: str, user: str = "app", password: str = PASSWORD, **options: Any) -> Any:
        """As an application that checks the server, and its address in the certificate."""
        authorities = "".join(self.google.get(each)["serverCaCert"]["cert"] for each in self.instances())
        context = ssl.create_default_context(cadata=authorities)
        if files := options.pop("certificate", None):
            context.load_cert_chain(*files)
        chosen = {"ssl": context} if options.pop("encrypted", True) else {"ssl_disabled": True}
        return pymysql.connect(
            host=address, user=user, password=password, connect_timeout=2, autocommit=True, **chosen, **options
        )

    def instances(self) -> list[str]:
        return [f"{SQL}/instances/{each['name']}" for each in self.google.get(f"{SQL}/instances")["items"]]

    def sql(self, statement: str, *addresses: str, **options: Any) -> Any:
        with self.connect(addresses[0] if addresses else self.address(), **options) as connection:
            cursor = connection.cursor()
            cursor.execute(statement)
            return cursor.fetchall()

    def change(self, **settings: Any) -> tuple[int, Any]:
        return self.google.call("PUT", ORDERS, {"settings": {**SETTINGS, **settings}})

    def processes(self) -> dict[str, int]:
        return {
            each.name: each.pid
            for each in daemons.running(WIRING.slot, self.root)
            if Path(each.argv[0]).name == "mysqld"
        }


def eventually(condition: Callable[[], Any], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            if condition():
                return
        except pymysql.MySQLError:
            pass
        assert time.monotonic() < deadline
        time.sleep(0.2)


@pytest.fixture(scope="module")
def bridge() -> Iterator[None]:
    if os.geteuid() != 0:
        pytest.skip("not root: network namespaces need it")
    build(mysqld.IMAGE, IMAGES, print)  # finds it, waits for a test that is building it, or builds it
    with LOCK.open("w") as lock:  # its addresses are this machine's: one run at a time
        fcntl.flock(lock, fcntl.LOCK_EX)
        _clear()  # what a run that was killed left
        subprocess.run(["ip", "link", "add", WIRING.bridge, "type", "bridge"], check=True)
        for words in ("address add 10.209.0.1/24 dev", "link set up dev"):
            subprocess.run(["ip", *words.split(), WIRING.bridge], check=True)
        yield
        _clear()


def _clear() -> None:
    WIRING.unplug_all()
    if WIRING.exists:
        subprocess.run(["ip", "link", "delete", WIRING.bridge], check=True)


@pytest.fixture(scope="module")
def rig(bridge: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    root = tmp_path_factory.mktemp("cluster")
    servers = machine.real(root / "gce" / "sql", IMAGES, WIRING)
    try:
        with serving(root / "gce", servers) as google:
            body = {"name": "orders", "region": "europe-west1", "databaseVersion": "MYSQL_8_4", "settings": SETTINGS}
            google.do("POST", f"{SQL}/instances", body)
            google.do("POST", f"{ORDERS}/databases", {"name": "app"})
            google.do("POST", f"{ORDERS}/users", {"name": "app", "password": PASSWORD})
            rig = Rig(google, root / "gce", servers, root)
            rig.sql("CREATE TABLE app.orders (n INT PRIMARY KEY)")
            rig.sql("INSERT INTO app.orders VALUES (1)")
            yield rig
    finally:
        daemons.stop([each.pid for each in daemons.running(WIRING.slot, root)], 30)


@pytest.fixture(scope="module")
def copy(rig: Rig) -> str:
    """The address of a read replica of `orders`."""
    body = {"name": "copy", "region": "europe-west1", "databaseVersion": "MYSQL_8_4", "masterInstanceName": "orders"}
    rig.google.do("POST", f"{SQL}/instances", {**body, "settings": SETTINGS})
    return rig.address(instance=COPY)


def test_an_instance_is_a_mysql_at_its_addresses_that_says_what_it_is(rig: Rig) -> None:
    shown = rig.google.get(ORDERS)
    assert shown["state"] == "RUNNABLE"
    ((version,),) = rig.sql("SELECT @@version")
    assert shown["standinServer"] == f"mysqld {version.partition('-')[0]} of {mysqld.IMAGE}"
    rig.sql("INSERT INTO app.orders VALUES (2)", rig.address("PRIMARY"))
    assert (2,) in rig.sql("SELECT n FROM app.orders")
    for address in (rig.address(), rig.address("PRIMARY")):
        with pytest.raises(pymysql.OperationalError, match="insecure transport"):
            rig.connect(address, encrypted=False)
    with pytest.raises(pymysql.OperationalError, match="locked"):
        rig.connect(rig.address(), user="root", password="")


def test_an_owner_has_all_of_the_server_and_nothing_of_the_machine(rig: Rig) -> None:
    rig.sql("CREATE USER mine IDENTIFIED BY 'mine'")
    for statement in (
        "DROP USER standin@localhost",
        "UPDATE mysql.user SET authentication_string = ''",
        "SELECT 1 INTO OUTFILE '/mnt/run/x'",
        "SET GLOBAL require_secure_transport = OFF",
        "SHUTDOWN",
    ):
        with pytest.raises(pymysql.MySQLError, match=r"denied|SYSTEM_USER"):
            rig.sql(statement)
    (pid,) = rig.processes().values()
    assert f"\nUid:\t{mysqld.ACCOUNT}\t" in Path(f"/proc/{pid}/status").read_text()
    assert Path(f"/proc/{pid}/root/etc/mysql/my.cnf").exists()
    assert IMAGES.exists()
    assert not Path(f"/proc/{pid}/root/{IMAGES}").exists()


def test_databases_and_accounts_are_the_servers_and_passwords_are_kept_by_it_alone(rig: Rig) -> None:
    rig.google.do("PUT", f"{ORDERS}/databases/app", {"name": "app", "collation": "utf8mb4_bin"})
    found = "SELECT default_collation_name FROM information_schema.schemata WHERE schema_name = 'app'"
    assert rig.sql(found) == (("utf8mb4_bin",),)
    refusal = rig.google.refusal("POST", f"{ORDERS}/databases", {"name": "bad", "collation": "no_such"})
    assert refusal[:2] == (400, "invalid")
    assert "Unknown collation" in refusal[2]
    assert [each["name"] for each in rig.google.get(f"{ORDERS}/databases")["items"]] == ["app"]
    rig.google.do("POST", f"{ORDERS}/databases", {"name": "old`one"})
    rig.google.do("DELETE", f"{ORDERS}/databases/old`one")
    assert "old`one" not in str(rig.sql("SHOW DATABASES"))
    rig.google.do("POST", f"{ORDERS}/users", {"name": "two", "host": "10.209.0.0/255.255.255.0", "password": "hunter2"})
    assert rig.sql("SELECT 1", user="two", password="hunter2")
    rig.google.do("PUT", f"{ORDERS}/users?name=two&host=10.209.0.0/255.255.255.0", {"password": "hunter3"})
    with pytest.raises(pymysql.OperationalError, match="denied"):
        rig.sql("SELECT 1", user="two", password="hunter2")
    rig.google.do("DELETE", f"{ORDERS}/users?name=two&host=10.209.0.0/255.255.255.0")
    with pytest.raises(pymysql.OperationalError, match="denied"):
        rig.sql("SELECT 1", user="two", password="hunter3")
    everything = [*rig.folder.glob("state.db*"), *rig.folder.glob("sql/1/**/*"), *rig.root.glob("logs/*")]
    assert len(everything) > 50
    assert not [each for each in everything if each.is_file() and b"hunter" in each.read_bytes()]


def test_flags_are_the_servers_and_what_it_does_not_take_changes_nothing(rig: Rig) -> None:
    def flag(name: str, value: str) -> tuple[int, Any]:
        return rig.change(databaseFlags=[{"name": name, "value": value}])

    assert flag("max_connections", "77")[0] == 200, flag("max_connections", "77")
    assert rig.sql("SELECT @@max_connections") == ((77,),)
    assert (1,) in rig.sql("SELECT n FROM app.orders")
    for name, value in (("no_such_flag", "1"), ("datadir", "/etc"), ("max_connections", "many")):
        code, answer = flag(name, value)
        assert code == 400
        assert "cannot be set" in answer["error"]["message"]
    assert rig.google.get(ORDERS)["settings"]["databaseFlags"] == [{"name": "max_connections", "value": "77"}]
    assert rig.sql("SELECT @@max_connections") == ((77,),)


def test_the_public_address_lets_authorised_networks_through_and_nobody_else(rig: Rig) -> None:
    networks = [{"value": "198.51.100.0/24"}, {"value": "2001:db8::/32"}]
    assert rig.change(ipConfiguration={**SETTINGS["ipConfiguration"], "authorizedNetworks": networks})[0] == 200
    with pytest.raises(pymysql.OperationalError, match="timed out"):
        rig.connect(rig.address("PRIMARY"))
    assert rig.sql("SELECT 1")
    assert rig.change()[0] == 200
    assert rig.sql("SELECT 1", rig.address("PRIMARY"))


def test_a_client_needs_a_certificate_of_the_instances_where_it_is_asked_for(rig: Rig, tmp_path: Path) -> None:
    made = rig.google.do("POST", f"{ORDERS}/sslCerts", {"commonName": "app"})["clientCert"]
    (tmp_path / "cert").write_text(made["certInfo"]["cert"])
    (tmp_path / "key").write_text(made["certPrivateKey"])
    strict = {**SETTINGS["ipConfiguration"], "sslMode": "TRUSTED_CLIENT_CERTIFICATE_REQUIRED"}
    assert rig.change(ipConfiguration=strict)[0] == 200
    with pytest.raises(pymysql.OperationalError, match="denied"):
        rig.sql("SELECT 1")
    assert rig.sql("SELECT 1", certificate=(tmp_path / "cert", tmp_path / "key"))
    pid = rig.processes()["sql-1"]
    rig.google.do("DELETE", f"{ORDERS}/sslCerts/{made['certInfo']['sha1Fingerprint']}")
    with pytest.raises(pymysql.OperationalError):
        rig.sql("SELECT 1", certificate=(tmp_path / "cert", tmp_path / "key"))
    assert rig.processes()["sql-1"] == pid, "no need for a restart"
    assert rig.change()[0] == 200
    assert rig.sql("SELECT 1")


def test_a_replica_has_what_was_there_follows_and_takes_no_writes(rig: Rig, copy: str) -> None:
    assert (1,) in rig.sql("SELECT n FROM app.orders", copy)
    rig.sql("INSERT INTO app.orders VALUES (3)")
    eventually(lambda: (3,) in rig.sql("SELECT n FROM app.orders", copy), 20)
    with pytest.raises(pymysql.MySQLError, match="read-only"):
        rig.sql("INSERT INTO app.orders VALUES (4)", copy)
    assert rig.google.refusal("POST", f"{COPY}/databases", {"name": "other"})[:2] == (400, "invalid")
    assert rig.sql("SELECT @@server_uuid", copy) != rig.sql("SELECT @@server_uuid")


def test_servers_outlive_the_stand_in_and_come_back_with_their_data_when_they_end(rig: Rig, copy: str) -> None:
    before = rig.processes()
    assert sorted(before) == ["sql-1", "sql-2"]
    again, store = machine.real(rig.folder / "sql", IMAGES, WIRING), Store(rig.folder)
    again.restore(store)
    assert rig.processes() == before, "a new stand-in restarted what ran"
    rig.sql("INSERT INTO app.orders VALUES (5)")
    os.kill(before["sql-1"], signal.SIGKILL)
    over = threading.Event()
    watcher = threading.Thread(target=again.watch, args=(store, over, 0.2))
    watcher.start()
    try:
        eventually(lambda: (5,) in rig.sql("SELECT n FROM app.orders"))
    finally:
        over.set()
        watcher.join()
        store.close()
    rig.sql("INSERT INTO app.orders VALUES (6)")
    eventually(lambda: (6,) in rig.sql("SELECT n FROM app.orders", copy), 20)


def test_a_deleted_instance_leaves_no_process_address_or_data(rig: Rig, copy: str) -> None:
    rig.google.do("DELETE", COPY)
    assert sorted(rig.processes()) == ["sql-1"]
    assert "replica" not in str(rig.sql("SELECT user FROM mysql.user"))
    rig.google.do("DELETE", ORDERS)
    assert rig.processes() == {}
    assert not [each for each in NAMESPACES.iterdir() if each.name.startswith(WIRING.bridge)]
    assert not [each for each in Path("/sys/class/net").iterdir() if each.name.startswith(f"{WIRING.bridge}-")]
    assert not list((rig.folder / "sql").glob("[0-9]*"))
