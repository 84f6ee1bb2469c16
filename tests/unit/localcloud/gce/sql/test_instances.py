"""The GCE stand-in's Cloud SQL: records with Cloud SQL's rules, and no secret in them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from tests.support.gce import COMPUTE, PROJECT, SQL, Google, serving

BACKUPS = {"enabled": True, "binaryLogEnabled": True}
SETTINGS = {"tier": "db-n1-standard-1", "backupConfiguration": BACKUPS}
ORDERS = f"{SQL}/instances/orders"


@pytest.fixture
def google(tmp_path: Path) -> Iterator[Google]:
    with serving(tmp_path / "gce") as google:
        yield google


def body(name: str = "orders", settings: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    base = {"name": name, "region": "europe-west1", "databaseVersion": "MYSQL_8_4"}
    return {**base, "settings": {**SETTINGS, **(settings or {})}, **fields}


def make(google: Google, name: str = "orders", settings: dict[str, Any] | None = None, **fields: Any) -> Any:
    google.do("POST", f"{SQL}/instances", body(name, settings, **fields))
    return google.get(f"{SQL}/instances/{name}")


def change(google: Google, **settings: Any) -> tuple[int, Any]:
    return google.call("PUT", ORDERS, {"settings": {**SETTINGS, **settings}})


def test_an_instance_has_an_address_an_authority_of_its_own_and_tells_no_key(google: Google) -> None:
    made = make(google)
    assert made["state"] == "RUNNABLE"
    assert made["connectionName"] == f"{PROJECT}:europe-west1:orders"
    assert [each["type"] for each in made["ipAddresses"]] == ["PRIMARY"]
    authority = x509.load_pem_x509_certificate(made["serverCaCert"]["cert"].encode())
    assert authority.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert "PRIVATE KEY" not in str(made)
    assert "PRIVATE KEY" not in str(google.get(f"{SQL}/instances"))
    assert google.refusal("POST", f"{SQL}/instances", body())[:2] == (409, "alreadyExists")


def test_an_instance_may_have_the_longest_name_that_cloud_sql_takes(google: Google) -> None:
    """Longer than a certificate's common name may be."""
    assert make(google, "o" * 63)["state"] == "RUNNABLE"


@pytest.mark.parametrize(
    ("settings", "fields"),
    [
        ({}, {"name": "Orders"}),
        ({}, {"name": "o" * 90}),
        ({}, {"databaseVersion": "MYSQL_5_7"}),
        ({}, {"region": "nowhere"}),
        ({"dataDiskSizeGb": "9"}, {}),
        ({"tier": "n1-standard-1"}, {}),
        ({"availabilityType": "REGIONAL", "backupConfiguration": {"enabled": True}}, {}),
        ({"locationPreference": {"zone": "us-central1-a"}}, {}),
        ({"ipConfiguration": {"ipv4Enabled": False}}, {}),
        ({"ipConfiguration": {"authorizedNetworks": [{"value": "10.0.0.1/8"}]}}, {}),
        ({"backupConfiguration": {**BACKUPS, "transactionLogRetentionDays": 8}}, {}),
    ],
)
def test_what_cloud_sql_refuses_is_refused(google: Google, settings: dict[str, Any], fields: dict[str, Any]) -> None:
    code, reason, _ = google.refusal("POST", f"{SQL}/instances", {**body(settings=settings), **fields})
    assert (code, reason) == (400, "invalid")
    assert google.get(f"{SQL}/instances")["items"] == []


def test_a_private_address_needs_a_network_that_exists_and_keeps_it(google: Google) -> None:
    network = f"projects/{PROJECT}/global/networks/shop"
    private = {"ipConfiguration": {"ipv4Enabled": False, "privateNetwork": network}}
    assert google.refusal("POST", f"{SQL}/instances", body(settings=private))[:2] == (404, "notFound")
    google.do("POST", f"{COMPUTE}/global/networks", {"name": "shop"})
    assert [each["type"] for each in make(google, settings=private)["ipAddresses"]] == ["PRIVATE"]
    in_use = (400, "resourceInUseByAnotherResource")
    assert google.refusal("DELETE", f"{COMPUTE}/global/networks/shop")[:2] == in_use


def test_a_replica_needs_a_primary_with_backups_and_holds_it(google: Google) -> None:
    replica = body("copy", masterInstanceName="orders")
    assert google.refusal("POST", f"{SQL}/instances", replica)[:2] == (404, "notFound")
    make(google, settings={"backupConfiguration": {"enabled": True}, "dataDiskSizeGb": "20"})
    assert google.refusal("POST", f"{SQL}/instances", replica)[:2] == (400, "invalid")
    assert change(google)[0] == 200
    assert google.refusal("POST", f"{SQL}/instances", {**replica, "databaseVersion": "MYSQL_8_0"})[:2] == (
        400,
        "invalid",
    )
    copy = make(google, "copy", masterInstanceName="orders")
    assert copy["instanceType"] == "READ_REPLICA_INSTANCE"
    assert copy["settings"]["dataDiskSizeGb"] == "20"
    assert google.get(ORDERS)["replicaNames"] == ["copy"]
    assert "has replicas: copy" in google.refusal("DELETE", ORDERS)[2]
    google.do("DELETE", f"{SQL}/instances/copy")
    google.do("DELETE", ORDERS)


def test_a_disk_grows_and_neither_shrinks_nor_changes_its_kind_and_a_version_only_rises(google: Google) -> None:
    make(google, databaseVersion="MYSQL_8_0")
    assert change(google, dataDiskSizeGb="20")[0] == 200
    assert change(google, dataDiskSizeGb="10")[0] == 400
    assert change(google, dataDiskType="PD_HDD")[0] == 400
    assert google.call("PUT", ORDERS, {"databaseVersion": "MYSQL_8_4", "settings": SETTINGS})[0] == 200
    assert google.call("PUT", ORDERS, {"databaseVersion": "MYSQL_8_0", "settings": SETTINGS})[0] == 400
    now = google.get(ORDERS)
    assert (now["settings"]["dataDiskSizeGb"], now["databaseVersion"]) == ("20", "MYSQL_8_4")


def test_an_instance_that_is_protected_is_not_deleted(google: Google) -> None:
    make(google, settings={"deletionProtectionEnabled": True})
    assert "protected from deletion" in google.refusal("DELETE", ORDERS)[2]
    assert change(google, deletionProtectionEnabled=False)[0] == 200
    google.do("DELETE", ORDERS)
    assert google.refusal("GET", ORDERS)[:2] == (404, "notFound")


def test_databases_are_made_changed_and_dropped_and_those_of_mysql_itself_are_not(google: Google) -> None:
    make(google)
    google.do("POST", f"{ORDERS}/databases", {"name": "app"})
    assert google.refusal("POST", f"{ORDERS}/databases", {"name": "app"})[:2] == (409, "alreadyExists")
    assert google.refusal("POST", f"{ORDERS}/databases", {"name": "mysql"})[:2] == (400, "invalid")
    google.do("PUT", f"{ORDERS}/databases/app", {"name": "app", "collation": "utf8mb4_bin"})
    assert google.get(f"{ORDERS}/databases/app")["collation"] == "utf8mb4_bin"
    google.do("DELETE", f"{ORDERS}/databases/app")
    assert google.get(f"{ORDERS}/databases")["items"] == []


def test_an_accounts_password_is_kept_nowhere_and_its_host_tells_it_apart(google: Google, tmp_path: Path) -> None:
    make(google)
    assert [user["name"] for user in google.get(f"{ORDERS}/users")["items"]] == ["root"], "Google makes one"
    google.do("POST", f"{ORDERS}/users", {"name": "app", "password": "hunter2"})
    google.do("POST", f"{ORDERS}/users", {"name": "app", "host": "10.0.0.0/255.0.0.0", "password": "hunter2"})
    google.do("PUT", f"{ORDERS}/users?name=app", {"password": "hunter3"})
    google.do("DELETE", f"{ORDERS}/users?name=app&host=10.0.0.0/255.0.0.0")
    assert google.refusal("DELETE", f"{ORDERS}/users?name=app&host=nowhere")[:2] == (404, "notFound")
    assert [(u["name"], u["host"]) for u in google.get(f"{ORDERS}/users")["items"]] == [("app", "%"), ("root", "%")]
    held = b"".join(file.read_bytes() for file in (tmp_path / "gce").glob("state.db*"))
    assert b"hunter" not in held


def test_a_clients_certificate_is_the_instances_own_and_its_key_told_once(google: Google) -> None:
    made = make(google)
    answer = google.do("POST", f"{ORDERS}/sslCerts", {"commonName": "app"})
    authority = x509.load_pem_x509_certificate(made["serverCaCert"]["cert"].encode())
    certificate = x509.load_pem_x509_certificate(answer["clientCert"]["certInfo"]["cert"].encode())
    certificate.verify_directly_issued_by(authority)
    assert "PRIVATE KEY" in answer["clientCert"]["certPrivateKey"]
    assert google.refusal("POST", f"{ORDERS}/sslCerts", {"commonName": "app"})[:2] == (409, "alreadyExists")
    (held,) = google.get(f"{ORDERS}/sslCerts")["items"]
    assert "PRIVATE KEY" not in str(held)
    google.do("DELETE", f"{ORDERS}/sslCerts/{held['sha1Fingerprint']}")
    assert google.get(f"{ORDERS}/sslCerts")["items"] == []


@pytest.mark.parametrize(
    ("method", "path", "payload", "named"),
    [
        ("POST", f"{SQL}/instances", body(settings={"insightsConfig": {}}), "insightsConfig"),
        ("POST", f"{SQL}/instances", body(rootPassword="x"), "rootPassword"),
        ("POST", f"{ORDERS}/promoteReplica", {}, "promoteReplica"),
        ("GET", f"{ORDERS}/backupRuns", None, "backupRuns"),
        ("PATCH", ORDERS, {}, "PATCH"),
        ("GET", f"{SQL}/tiers", None, "tiers"),
        ("DELETE", f"{SQL}/instances", None, "DELETE on instances"),
        ("POST", ORDERS, {}, "POST of a Cloud SQL instance"),
        ("POST", f"{ORDERS}/databases/app", {"name": "app"}, "POST of databases"),
        ("PUT", f"{ORDERS}/sslCerts", {}, "PUT of sslCerts"),
        ("POST", f"{SQL}/operations/operation-1", body(), "operations/operation-1"),
        ("GET", f"{ORDERS.replace(PROJECT, 'Acme')}", None, "GET /sql/v1beta4/projects/Acme/instances/orders"),
        ("GET", f"{SQL}/instances?filter=a", None, "filter"),
    ],
)
def test_what_the_stand_in_does_not_know_of_cloud_sql_is_refused_by_name(
    google: Google, method: str, path: str, payload: Any, named: str
) -> None:
    make(google)
    code, reason, message = google.refusal(method, path, payload)
    assert (code, reason) == (501, "notImplemented")
    assert named in message


def test_an_operation_is_found_again(google: Google) -> None:
    operation = google.do("POST", f"{SQL}/instances", body())
    assert (operation["status"], operation["operationType"]) == ("DONE", "CREATE")
    assert google.get(f"{SQL}/operations/{operation['name']}") == operation
