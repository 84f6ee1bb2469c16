"""What a stack file may say of Cloud SQL is refused, with a remedy, where Google or the data would suffer."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from components.config.cloud_sql import CloudSqlSpec
from components.config.cloud_sql_rules import problems

SMALLEST: dict[str, Any] = {
    "kind": "cloud-sql",
    "region": "europe-west1",
    "privateNetwork": "projects/p/global/networks/n",
    "databases": [{"name": "app"}],
    "users": [{"name": "app", "passwordKey": "appPassword"}],
}
PLUS = {"edition": "ENTERPRISE_PLUS", "tier": "db-perf-optimized-N-2"}


def spec(**changes: Any) -> CloudSqlSpec:
    """The smallest spec with some keys changed, read as a stack file is."""
    return CloudSqlSpec.model_validate_json(json.dumps({**SMALLEST, **changes}))


def told(workload: str = "db", **changes: Any) -> list[str]:
    """The problems of a spec, as a user reads them."""
    return [f"{'.'.join(map(str, path))}: {message}" for path, message in problems(workload, spec(**changes))]


def refusal(**changes: Any) -> str:
    """Path and words of the only error of a spec whose field is of the wrong form."""
    with pytest.raises(ValidationError) as failure:
        spec(**changes)
    (error,) = failure.value.errors()
    return f"{'.'.join(map(str, error['loc']))}: {error['msg'].removeprefix('Value error, ')}"


def test_the_smallest_spec_is_sound_and_safe() -> None:
    smallest = spec()
    assert problems("db", smallest) == []
    assert smallest.durability == "keep"
    assert smallest.ssl_mode == "ENCRYPTED_ONLY"
    assert smallest.public_ip is False
    assert smallest.database_version == "MYSQL_8_4"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"region": "europe"}, "region: no region; write one such as europe-west1"),
        ({"zone": "europe-west1"}, "zone: no zone; write one such as europe-west1-b"),
        ({"databaseVersion": "MYSQL_5_7"}, "databaseVersion: not supported; write MYSQL_8_4 or MYSQL_8_0"),
        ({"databaseVersion": "POSTGRES_17"}, "databaseVersion: not supported; write MYSQL_8_4"),
        ({"project": "Prod"}, "project: no project ID"),
        ({"instanceName": "Db"}, "instanceName: not a name; write lower-case letters"),
        ({"instanceName": "db\n"}, "instanceName: not a name"),
        ({"tier": "standard"}, "tier: no machine type; write one such as db-n1-standard-1"),
        ({"sslMode": "ALLOW_UNENCRYPTED_AND_ENCRYPTED"}, "sslMode: Input should be 'ENCRYPTED_ONLY'"),
        ({"diskSizeGb": 9}, "diskSizeGb: Input should be greater than or equal to 10"),
        ({"diskSizeGb": "10"}, "diskSizeGb: Input should be a valid integer"),
        ({"databaseFlags": {"max_connections": 200}}, "databaseFlags.max_connections: Input should be a valid str"),
        ({"databases": [{"name": "mysql"}]}, "databases.0.name: MySQL's own; write another name"),
        ({"databases": [{"name": "a" * 65}]}, "databases.0.name: String should have at most 64"),
        ({"users": [{"name": "cloudsqladmin", "passwordKey": "p"}]}, "users.0.name: reserved"),
        ({"users": [{"name": "mysql.sys", "passwordKey": "p"}]}, "users.0.name: reserved"),
        ({"users": [{"name": "a" * 33, "passwordKey": "p"}]}, "users.0.name: String should have at most 32"),
        ({"users": [{"name": "app"}]}, "users.0.passwordKey: Field required"),
        ({"users": [{"name": "app", "password": "x", "passwordKey": "p"}]}, "users.0.password: Extra inputs"),
        ({"privateNetwork": "default"}, "privateNetwork: no network; write projects/P/global/networks/N"),
        (
            {"authorizedNetworks": [{"name": "office", "value": "203.0.113.7/24"}]},
            "authorizedNetworks.0.value: an address within its network; write 203.0.113.0/24, or 203.0.113.7",
        ),
        ({"authorizedNetworks": [{"name": "o", "value": "office"}]}, "authorizedNetworks.0.value: no network"),
        ({"backups": {"startTime": "3:00"}}, "backups.startTime: no time; write HH:MM"),
        ({"backups": {"startTime": "24:00"}}, "backups.startTime: no time"),
        ({"backups": {"retained": 366}}, "backups.retained: Input should be less than or equal to 365"),
        ({"backups": {"location": "mars"}}, "backups.location: no location"),
        ({"backups": {"enabled": False}}, "backups.enabled: Extra inputs are not permitted"),
        ({"maintenance": {"day": "sun"}}, "maintenance.day: Input should be 'monday'"),
        ({"maintenance": {"hour": 24}}, "maintenance.hour: Input should be less than or equal to 23"),
        ({"readReplicas": {"b": {"zone": "b"}}}, "readReplicas.b.zone: no zone"),
        ({"readReplicas": {"B_1": {"zone": "europe-west1-b"}}}, "readReplicas.B_1.[key]: not a name"),
        ({"labels": {"Team": "data"}}, "labels.Team.[key]: not a label's key"),
        ({"labels": {"team": "Data"}}, "labels.team: not a label's value"),
        ({"deletionProtection": False}, "deletionProtection: Extra inputs are not permitted"),
    ],
)
def test_a_field_of_the_wrong_form_is_refused_with_the_right_one(changes: dict[str, Any], expected: str) -> None:
    assert refusal(**changes).startswith(expected)


REPLICA = {"zone": "europe-west1-c"}
PUBLIC: dict[str, Any] = {"publicIp": True}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"privateNetwork": None}, "privateNetwork: the instance has no address; name a network, or set publicIp"),
        (
            {"privateNetwork": None, "publicIp": True, "allocatedIpRange": "r"},
            "allocatedIpRange: there is no privateNetwork",
        ),
        ({"databases": []}, "databases: empty; list at least one"),
        ({"users": []}, "users: empty; list at least one"),
        ({"databases": [{"name": "app"}, {"name": "App"}], "clientDatabase": "app"}, "databases.1.name: App is there"),
        ({"users": [{"name": "a", "passwordKey": "p"}] * 2, "clientUser": "a"}, "users.1.name: a is there already"),
        (
            {"databases": [{"name": "a"}, {"name": "b"}]},
            "clientDatabase: missing; say which of a, b the applications get",
        ),
        (
            {"users": [{"name": "a", "passwordKey": "p"}, {"name": "b", "passwordKey": "q"}]},
            "clientUser: missing; say which of a, b the applications get",
        ),
        ({"clientUser": "root"}, "clientUser: root is none of app; write one of them or add it"),
        ({"clientDatabase": "other"}, "clientDatabase: other is none of app; write one of them or add it"),
        ({"zone": "europe-west4-a"}, "zone: europe-west4-a is not in europe-west1; write one of its zones"),
        (
            {"secondaryZone": "europe-west4-a", "availabilityType": "REGIONAL"},
            "secondaryZone: europe-west4-a is not in europe-west1",
        ),
        ({"secondaryZone": "europe-west1-c"}, "secondaryZone: there is no standby to put there"),
        (
            {"zone": "europe-west1-c", "secondaryZone": "europe-west1-c", "availabilityType": "REGIONAL"},
            "secondaryZone: europe-west1-c is the primary's too",
        ),
        ({"tier": "db-perf-optimized-N-2"}, "tier: db-perf-optimized-N-2 is not in edition ENTERPRISE"),
        ({"edition": "ENTERPRISE_PLUS"}, "tier: db-n1-standard-1 is not in edition ENTERPRISE_PLUS"),
        (
            {"readReplicas": {"c": {**REPLICA, "tier": "db-c4a-highmem-4"}}},
            "readReplicas.c.tier: db-c4a-highmem-4 is not in edition ENTERPRISE",
        ),
        ({"backups": {"logDays": 8, "retained": 8}}, "backups.logDays: 8 is more than edition ENTERPRISE keeps"),
        ({"backups": {"logDays": 7, "retained": 6}}, "backups.logDays: 7 days of log need as many daily backups"),
        (
            {"diskAutoresize": False, "diskAutoresizeLimitGb": 50},
            "diskAutoresizeLimitGb: the disk does not grow by itself",
        ),
        ({"diskSizeGb": 100, "diskAutoresizeLimitGb": 50}, "diskAutoresizeLimitGb: 50 is below diskSizeGb 100"),
        ({"instanceName": "a" * 68}, f"instanceName: {'a' * 68} has 68 characters and the project leaves 67"),
        (
            {"instanceName": "a" * 60, "readReplicas": {"reports": REPLICA}},
            f"instanceName: {'a' * 60}-reports has 68 characters and the project leaves 67; shorten it",
        ),
    ],
)
def test_fields_that_do_not_agree_are_refused_with_the_remedy(changes: dict[str, Any], expected: str) -> None:
    (problem,) = told(**changes)
    assert problem.startswith(expected)


@pytest.mark.parametrize("value", ["0.0.0.0/0", "::/0", "0.0.0.0/1", "128.0.0.0/1", "64.0.0.0/7"])
def test_a_network_of_strangers_is_refused_unless_it_is_acknowledged(value: str) -> None:
    networks = [{"name": "all", "value": value}]
    (problem,) = told(**PUBLIC, authorizedNetworks=networks)
    assert problem.startswith(f"authorizedNetworks.0.value: {value} lets strangers try passwords")
    assert told(**PUBLIC, authorizedNetworks=networks, allowWholeInternet=True) == []


def test_the_same_network_twice_is_refused_however_it_is_written() -> None:
    networks = [{"name": "a", "value": "203.0.113.7"}, {"name": "b", "value": "203.0.113.7/32"}]
    assert told(**PUBLIC, authorizedNetworks=networks) == [
        "authorizedNetworks.1.value: 203.0.113.7/32 is there already; take one of the two away"
    ]


def test_a_known_project_leaves_the_room_it_does_not_need() -> None:
    assert told(project="abcdef", instanceName="a" * 91) == []
    assert told(project="abcdef", instanceName="a" * 92)[0].endswith("the project leaves 91; shorten it")


def test_the_random_end_of_a_name_left_to_pulumi_is_counted() -> None:
    assert told("w" * 51) == []
    assert "has 68 characters" in told("w" * 52)[0]
    assert "name the workload or its replicas shorter" in told("w" * 42, readReplicas={"reports-2": REPLICA})[0]


def test_a_workload_whose_services_name_would_be_too_long_is_refused() -> None:
    assert told("w" * 59, instanceName="db")[0].startswith(f": {'w' * 59}-read is more than the 63 characters")
    assert told("w" * 58, instanceName="db") == []


def test_what_enterprise_plus_adds_is_accepted() -> None:
    assert told(**PLUS, backups={"logDays": 35, "retained": 35}) == []


def test_all_problems_are_told_at_once() -> None:
    assert len(told(privateNetwork=None, secondaryZone="europe-west1-c", clientUser="x")) == 3
