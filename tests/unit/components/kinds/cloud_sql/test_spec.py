"""A `cloud-sql` that Google would refuse, or that endangers data, is refused with a line that says what to write."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from components.kinds.cloud_sql.rules import problems
from components.kinds.cloud_sql.spec import CloudSqlSpec
from tests.support.cloud_sql import PLUS, SMALLEST
from tests.support.cloud_sql_refusals import DISAGREEMENTS, REPLICA, WRONG_FORMS


def spec(**changes: Any) -> CloudSqlSpec:
    """The smallest `cloud-sql` workload with some keys changed, read as from a stack file."""
    return CloudSqlSpec.model_validate_json(json.dumps({**SMALLEST, **changes}))


def told(workload: str = "db", **changes: Any) -> list[str]:
    """The problems of a spec, as a user reads them."""
    return [f"{'.'.join(map(str, path))}: {message}" for path, message in problems(workload, spec(**changes))]


def refusal(**changes: Any) -> str:
    """The path and the message of the only error of a workload in which one field has the wrong form."""
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
    WRONG_FORMS,
)
def test_a_field_of_the_wrong_form_is_refused_with_the_right_one(changes: dict[str, Any], expected: str) -> None:
    assert refusal(**changes) == expected


@pytest.mark.parametrize(
    "changes",
    [
        {"diskSizeGb": 65536, "diskAutoresize": False},
        {"diskSizeGb": 10, "diskAutoresizeLimitGb": 65536},
        {"diskSizeGb": 50, "diskAutoresizeLimitGb": 50},
        {"backups": {"retained": 1, "logDays": 1, "finalDays": 1, "startTime": "00:00"}},
        {"backups": {"retained": 365, "finalDays": 365, "startTime": "23:59"}},
        {"maintenance": {"day": "monday", "hour": 0, "track": "canary"}},
        {"maintenance": {"hour": 23}},
        {"databases": [{"name": "a" * 64}], "users": [{"name": "a" * 32, "passwordKey": "p"}]},
        {"authorizedNetworks": [{"name": "n" * 100, "value": "198.0.0.0/8"}]},
        {"allocatedIpRange": "r" * 63},
        {"readReplicas": {"r" * 20: {"zone": "us-central1-a"}}},
        {"zone": "europe-west1-b", "secondaryZone": "europe-west1-c", "availabilityType": "REGIONAL"},
        {"databaseVersion": "MYSQL_8_0_40"},
    ],
)
def test_the_last_value_within_each_limit_is_accepted(changes: dict[str, Any]) -> None:
    assert told(**changes) == []


@pytest.mark.parametrize("name", ["information_schema", "mysql", "performance_schema", "sys", "MySQL"])
def test_a_database_of_the_system_is_nobodys_own(name: str) -> None:
    assert refusal(databases=[{"name": name}]) == "databases.0.name: MySQL's own; write another name, such as app"


PUBLIC: dict[str, Any] = {"publicIp": True}


@pytest.mark.parametrize(
    ("changes", "expected"),
    DISAGREEMENTS,
)
def test_fields_that_do_not_agree_are_refused_with_the_remedy(changes: dict[str, Any], expected: str) -> None:
    assert told(**changes) == [expected]


@pytest.mark.parametrize("value", ["0.0.0.0/0", "::/0", "0.0.0.0/1", "128.0.0.0/1", "64.0.0.0/7"])
def test_a_network_of_strangers_is_refused_unless_it_is_acknowledged(value: str) -> None:
    networks = [{"name": "all", "value": value}]
    (problem,) = told(**PUBLIC, authorizedNetworks=networks)
    assert problem == (
        f"authorizedNetworks.0.value: {value} lets strangers try passwords;"
        " write your clients' network, or acknowledge it with allowWholeInternet: true"
    )
    assert told(**PUBLIC, authorizedNetworks=networks, allowWholeInternet=True) == []


def test_the_same_network_twice_is_refused_however_it_is_written() -> None:
    networks = [{"name": "a", "value": "203.0.113.7"}, {"name": "b", "value": "203.0.113.7/32"}]
    assert told(**PUBLIC, authorizedNetworks=networks) == [
        "authorizedNetworks.1.value: 203.0.113.7/32 is there already; take one of the two away"
    ]


def test_two_networks_of_one_name_are_refused() -> None:
    networks = [{"name": "office", "value": "203.0.113.7"}, {"name": "office", "value": "203.0.113.8"}]
    assert told(**PUBLIC, authorizedNetworks=networks) == [
        "authorizedNetworks.1.name: office is there already; take one of the two away"
    ]


def test_the_longest_of_several_names_is_the_one_that_is_told() -> None:
    replicas = {"a": REPLICA, "reports": REPLICA, "b": REPLICA}
    assert f"{'a' * 60}-reports has 68" in told(instanceName="a" * 60, readReplicas=replicas)[0]


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
