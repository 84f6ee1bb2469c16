"""Servers behind Cloud SQL instances: a record says what is so, whatever breaks off in between."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localcloud.gce.sql import instances
from localcloud.gce.sql.wiring import MOST, Wiring
from localcloud.gce.store import Store
from tests.support.gce import PROJECT, SQL, Google, serving
from tests.support.places import SLOT
from tests.unit.localcloud.gce.sql.fakes import TOLD, World

BACKUPS = {"enabled": True, "binaryLogEnabled": True}
NETWORK = "projects/acme-test/global/networks/default"
SETTINGS: dict[str, Any] = {
    "tier": "db-n1-standard-1",
    "backupConfiguration": BACKUPS,
    "ipConfiguration": {"privateNetwork": NETWORK, "sslMode": "ENCRYPTED_ONLY"},
}
ORDERS, COPY = f"{SQL}/instances/orders", f"{SQL}/instances/copy"


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def google(world: World, tmp_path: Path) -> Iterator[Google]:
    with serving(tmp_path / "gce", world.servers()) as google:
        yield google


def body(name: str = "orders", settings: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    base = {"name": name, "region": "europe-west1", "databaseVersion": "MYSQL_8_4"}
    return {**base, "settings": {**SETTINGS, **(settings or {})}, **fields}


def make(google: Google, name: str = "orders", **fields: Any) -> Any:
    google.do("POST", f"{SQL}/instances", body(name, **fields))
    return google.get(f"{SQL}/instances/{name}")


def test_an_instance_is_there_once_its_server_is_and_says_which(google: Google, world: World) -> None:
    seen: list[str] = []
    world.during = lambda verb: seen.append(google.get(ORDERS)["state"])
    made = make(google)
    assert seen == ["PENDING_CREATE"]
    assert (made["state"], made["standinServer"]) == ("RUNNABLE", TOLD)
    addresses = [each["ipAddress"] for each in made["ipAddresses"]]
    assert f"bind_address = {','.join(sorted(addresses))}" in world.running[1].configuration
    assert "require_secure_transport = ON" in world.running[1].configuration
    assert "standinNumber" not in made


def test_an_instance_whose_server_cannot_be_made_is_not_there_and_nor_is_the_server(
    google: Google, world: World
) -> None:
    make(google)
    world.fails = {"clone", "create"}
    for given in (body("copy"), body("copy", masterInstanceName="orders")):
        code, reason, message = google.refusal("POST", f"{SQL}/instances", given)
        assert (code, reason) == (500, "internalError")
        assert "today" in message
        assert google.refusal("GET", COPY)[0] == 404
    assert google.get(ORDERS)["replicaNames"] == []
    assert world.verbs() == ["create", "remove", "remove"]


@pytest.mark.parametrize("broke_off", ["create", "delete"])
def test_what_a_break_left_half_done_is_cleared_away_at_the_next_start(
    broke_off: str, google: Google, world: World, tmp_path: Path
) -> None:
    make(google)
    make(google, "copy", masterInstanceName="orders")
    store, path = Store(tmp_path / "gce"), f"sql/projects/{PROJECT}/instances/copy"
    with store.change():
        instances.leave(store, path)
        if broke_off == "create":
            store.put(path, {**instances.find(store, path), "state": "PENDING_CREATE"})
    world.servers().restore(store)
    store.close()
    assert google.refusal("GET", COPY)[0] == 404
    assert google.get(ORDERS)["replicaNames"] == []
    assert list(world.running) == [1]


def test_a_server_that_cannot_be_deleted_keeps_its_instance_until_it_can(google: Google, world: World) -> None:
    make(google)
    world.fails = {"remove"}
    assert google.refusal("DELETE", ORDERS)[:2] == (500, "internalError")
    assert google.get(ORDERS)["state"] == "PENDING_DELETE"
    world.fails = set()
    google.do("DELETE", ORDERS)
    assert world.running == {}


def test_an_instance_whose_server_does_not_run_says_so_until_it_does(
    google: Google, world: World, tmp_path: Path
) -> None:
    make(google)
    store, servers = Store(tmp_path / "gce"), world.servers()
    ((_, record),) = instances.every(store)
    seen: list[str] = []
    world.during = lambda verb: seen.append(servers.shown(record)["state"])
    world.fails = {"start"}
    servers.restore(store)
    shown = servers.shown(record)
    assert seen == ["MAINTENANCE"]
    assert (shown["state"], shown["standinServer"]) == ("FAILED", f"{TOLD}; no start today")
    world.fails, world.during = set(), lambda verb: None
    servers.restore(store)
    assert servers.shown(record) == {}
    store.close()


def test_a_server_that_ended_by_itself_is_started_again_and_one_that_runs_is_left_alone(
    google: Google, world: World, tmp_path: Path
) -> None:
    make(google)
    make(google, "other")
    store, servers, over = Store(tmp_path / "gce"), world.servers(), threading.Event()
    servers.restore(store)
    world.running.pop(1)
    world.done.clear()
    world.during = lambda verb: over.set()
    servers.watch(store, over, seconds=0.01)
    store.close()
    assert world.done == [("start", 1)]
    assert sorted(world.running) == [1, 2]


def test_databases_and_accounts_that_the_server_lost_in_a_break_are_no_records(
    google: Google, world: World, tmp_path: Path
) -> None:
    make(google)
    for name in ("kept", "dropped"):
        google.do("POST", f"{ORDERS}/databases", {"name": name})
        google.do("POST", f"{ORDERS}/users", {"name": name, "password": "p"})
    world.rows["SELECT schema_name FROM information_schema.schemata"] = [("mysql",), ("kept",)]
    world.rows["SELECT user, host FROM mysql.user"] = [("kept", "%"), ("root", "%"), ("standin", "localhost")]
    store = Store(tmp_path / "gce")
    world.servers().restore(store)
    store.close()
    assert [each["name"] for each in google.get(f"{ORDERS}/databases")["items"]] == ["kept"]
    assert [each["name"] for each in google.get(f"{ORDERS}/users")["items"]] == ["kept", "root"]


def test_what_the_server_refuses_is_no_record_and_an_error_with_its_words(google: Google, world: World) -> None:
    make(google)
    world.fails = {"tell"}
    for part, given in (("databases", {"name": "app"}), ("users", {"name": "app", "password": "p"})):
        code, reason, message = google.refusal("POST", f"{ORDERS}/{part}", given)
        assert (code, reason) == (400, "invalid")
        assert "no tell today" in message
        assert "app" not in str(google.get(f"{ORDERS}/{part}"))
    world.fails = set()
    google.do("POST", f"{ORDERS}/databases", {"name": "app"})
    world.fails = {"tell"}
    assert google.refusal("DELETE", f"{ORDERS}/databases/app")[0] == 400
    assert [each["name"] for each in google.get(f"{ORDERS}/databases")["items"]] == ["app"]


def test_a_password_goes_to_the_server_and_an_account_without_one_is_locked(
    google: Google, world: World, tmp_path: Path
) -> None:
    make(google)
    google.do("POST", f"{ORDERS}/users", {"name": "app", "password": "hunter2"})
    google.do("POST", f"{ORDERS}/users", {"name": "nobody"})
    set_to = [(sql, words) for sql, *words in world.statements() if "IDENTIFIED" in sql]
    assert [(sql.rpartition(" ")[2], words) for sql, words in set_to] == [
        ("UNLOCK", ["app", "%", "hunter2"]),
        ("LOCK", ["nobody", "%", ""]),
    ]
    held = b"".join(file.read_bytes() for file in (tmp_path / "gce").glob("state.db*"))
    assert b"hunter" not in held
    assert google.refusal("POST", f"{ORDERS}/users", {"name": "standin", "password": "p"})[:2] == (400, "invalid")


def test_accounts_need_a_certificate_from_the_moment_on_that_the_instance_asks_for_it(
    google: Google, world: World
) -> None:
    make(google)
    google.do("POST", f"{ORDERS}/users", {"name": "app", "password": "p"})
    strict = {"ipConfiguration": {**SETTINGS["ipConfiguration"], "sslMode": "TRUSTED_CLIENT_CERTIFICATE_REQUIRED"}}
    google.do("PUT", ORDERS, {"settings": {**SETTINGS, **strict}})
    assert ("ALTER USER %s@%s REQUIRE X509", "app", "%") in world.statements()
    google.do("POST", f"{ORDERS}/users", {"name": "late", "password": "p"})
    assert "REQUIRE X509 ACCOUNT UNLOCK" in str(world.statements()[-2])


def test_settings_with_which_the_server_does_not_run_are_refused_and_it_runs_as_before(
    google: Google, world: World
) -> None:
    make(google)
    flags = [{"name": "crashes", "value": "yes"}]
    code, reason, message = google.refusal("PUT", ORDERS, {"settings": {**SETTINGS, "databaseFlags": flags}})
    assert (code, reason) == (400, "invalid")
    assert "does not run with these settings: mysqld does not start: crashes" in message
    assert google.get(ORDERS)["settings"]["databaseFlags"] == []
    assert "crashes" not in world.running[1].configuration


@pytest.mark.parametrize(
    "flag", ["datadir", "ssl_key", "plugin_load_add", "init_file", "bind_address", "a b", "nonsense"]
)
def test_a_flag_that_is_the_stand_ins_or_unknown_is_refused(flag: str, google: Google) -> None:
    flags = {"databaseFlags": [{"name": flag, "value": "1"}]}
    code, reason, message = google.refusal("POST", f"{SQL}/instances", body(settings=flags))
    assert (code, reason) == (400, "invalid")
    assert flag in message
    assert google.refusal("GET", ORDERS)[0] == 404


@pytest.mark.parametrize(
    "flag", ["log_bin_trust_function_creators", "skip_show_database", "tls_version", "local_infile"]
)
def test_cloud_sqls_own_flags_that_look_like_the_stand_ins_are_taken(flag: str, google: Google, world: World) -> None:
    make(google, settings={"databaseFlags": [{"name": flag, "value": "on"}]})
    assert f"\n{flag} = on\n" in world.running[1].configuration


def test_a_replica_is_a_copy_of_its_primarys_server_and_takes_no_databases_or_accounts(
    google: Google, world: World
) -> None:
    make(google)
    make(google, "copy", masterInstanceName="orders")
    assert world.done[-1] == ("clone", 2, Wiring.of(SLOT).private(1))
    assert "super_read_only = ON" in world.running[2].configuration
    assert world.running[2].authorities.count("BEGIN CERTIFICATE") == 2, "its primary's clients are its own"
    for part in ("databases", "users"):
        assert "read replica" in google.refusal("POST", f"{COPY}/{part}", {"name": "app"})[2]


def test_an_instance_of_a_time_without_a_mysqld_stays_a_record_and_says_so(google: Google, world: World) -> None:
    world.told = "none, records only: nothing here"
    assert make(google)["standinServer"] == world.told
    world.told = TOLD
    google.do("POST", f"{ORDERS}/databases", {"name": "app"})
    google.do("PUT", ORDERS, {"settings": SETTINGS})
    assert make(google, "copy", masterInstanceName="orders")["standinServer"] == "none, records only: so is its primary"
    google.do("DELETE", COPY)
    google.do("DELETE", ORDERS)
    assert world.done == []


def test_addresses_are_given_again_only_when_nobody_has_them_and_end(google: Google, world: World) -> None:
    world.told = "none"
    first = [make(google, f"i{number}")["ipAddresses"] for number in range(MOST)]
    assert len({each["ipAddress"] for both in first for each in both}) == 2 * MOST
    assert "room for 30" in google.refusal("POST", f"{SQL}/instances", body("more"))[2]
    google.do("DELETE", f"{SQL}/instances/i7")
    assert make(google, "more")["ipAddresses"] == first[7]
