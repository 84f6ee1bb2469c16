"""CloudSqlMySql makes what the stack file says, keeps the data, and leaks no password."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast, get_args

import pulumi
import pytest
from pydantic import BaseModel

from components.kinds.cloud_sql.args import CloudSqlMySqlArgs
from components.kinds.cloud_sql.component import CloudSqlMySql
from components.kinds.cloud_sql.spec import CloudSqlSpec
from tests.support.cloud_sql import (
    ACCOUNT,
    CLIENT,
    COPY,
    DATABASE,
    FULL,
    INSTANCE,
    PRIMARY,
    REACH_NO_RESOURCE,
    REACHES,
    SMALLEST,
)
from tests.support.golden import assert_golden
from tests.support.kube_schema import assert_cluster_accepts
from tests.support.monitor import ProviderOutputs, Resource
from tests.support.recording import Recorded, record
from tests.support.wire import UNKNOWN, Secret, masked
from tests.unit.components.goldens import of_kind
from tests.unit.components.programs import PASSWORD, deployed

SECRET = f"{PASSWORD} 0"
"""The password of the first account."""


def instance(resource: Resource) -> Mapping[str, Any]:
    """What Google would answer for an instance."""
    number = {"db-primary": 2, "db-replica-c": 3, "db-replica-us": 4}[resource.name]
    physical = resource.inputs.get("name", f"{resource.name}-1a2b3c4")
    return {
        "name": physical,
        "project": "acme-prod",
        "connectionName": f"acme-prod:{resource.inputs['region']}:{physical}",
        "privateIpAddress": f"10.0.0.{number}",
        "publicIpAddress": f"198.51.100.{number}",
        "serverCaCerts": Secret([{"cert": f"CA of {resource.name}"}]),
    }


GOOGLE: dict[str, ProviderOutputs] = {
    INSTANCE: instance,
    "gcp:sql/sslCert:SslCert": {"cert": "CERT", "privateKey": Secret("KEY")},
}


def build(content: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None, preview: bool = False) -> Recorded:
    """Records what the program registers for a `cloud-sql` with these changes."""
    return deployed("db", content, opts, outputs=GOOGLE, preview=preview)


def args(password: Any) -> CloudSqlMySqlArgs:
    """The arguments of the smallest CloudSqlMySql, with this password."""
    return CloudSqlMySqlArgs(
        namespace="shop",
        region="europe-west1",
        private_network="projects/p/global/networks/n",
        databases=[{"name": "app"}],
        users=[{"name": "app", "password": password}],
    )


def at(value: Any, path: str) -> Any:
    """The value at a path such as `settings.tier` of an object, in the clear where it is a secret."""
    for part in filter(None, path.split(".")):
        value = value.value if isinstance(value, Secret) else value
        value = value[int(part)] if part.isdigit() else value[part]
    return value.value if isinstance(value, Secret) else value


@pytest.mark.parametrize(("field", "changes", "where", "path", "expected"), REACHES)
def test_a_field_of_the_stack_file_reaches_its_resource(
    field: str, changes: dict[str, Any], where: tuple[str, str], path: str, expected: Any
) -> None:
    assert at(build({**FULL, **changes}).one(*where).inputs, path) == expected, field


def test_no_field_is_accepted_and_then_ignored() -> None:
    proven = {field for field, *_ in REACHES} | set(REACH_NO_RESOURCE)
    assert proven == set(leaves(CloudSqlSpec))


def leaves(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Every key that a stack file may hold for a model, and for the models inside its lists and maps."""
    for field in model.model_fields.values():
        inner = list(models_in(field.annotation))
        if inner:
            yield from leaves(inner[0], f"{prefix}{field.alias}.")
        else:
            yield f"{prefix}{field.alias}"


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from models_in(argument)


def test_all_that_it_registers_is_what_is_checked_in() -> None:
    content = {
        **FULL,
        "availabilityType": "REGIONAL",
        "zone": "europe-west1-b",
        "secondaryZone": "europe-west1-d",
        "sslMode": "TRUSTED_CLIENT_CERTIFICATE_REQUIRED",
        "labels": {"environment": "prod"},
    }
    assert_golden(Path(__file__).with_name("golden.yaml"), of_kind(build(content)))


def test_a_cluster_takes_the_kubernetes_objects() -> None:
    objects = build(FULL).kubernetes_objects()
    assert sorted(obj["kind"] for obj in objects) == ["EndpointSlice", "EndpointSlice", "Secret", "Service", "Service"]
    assert_cluster_accepts(objects)


def test_a_project_of_its_own_holds_all_that_is_google_s() -> None:
    content = {**FULL, "project": "acme-dev", "sslMode": "TRUSTED_CLIENT_CERTIFICATE_REQUIRED"}
    made = [r for r in build(content).resources if r.type.startswith("gcp:")]
    assert {r.name: r.inputs.get("project") for r in made} == dict.fromkeys(
        ["db-primary", "db-replica-c", "db-replica-us", "db-database-app", "db-user-app", "db-certificate"], "acme-dev"
    )


def test_everything_it_makes_is_its_child() -> None:
    recorded = build({**FULL, "sslMode": "TRUSTED_CLIENT_CERTIFICATE_REQUIRED"})
    assert {r.parent for r in recorded.resources if r.name != "db" or r.custom} == {"db"}


def test_its_outputs_are_the_component_s_own_too() -> None:
    recorded = build(FULL)
    assert recorded.one("CloudSqlMySql").outputs == recorded.stack_outputs


def test_kept_data_is_protected_at_every_level() -> None:
    recorded = build(FULL)
    primary, database = recorded.one(*PRIMARY), recorded.one(*DATABASE)
    assert (primary.protect, database.protect) == (True, True)
    assert primary.inputs["deletionProtection"] is True
    assert primary.inputs["settings"]["deletionProtectionEnabled"] is True
    assert primary.inputs["settings"]["retainBackupsOnDelete"] is True
    assert primary.inputs["settings"]["finalBackupConfig"]["enabled"] is True
    assert database.inputs["deletionPolicy"] == "PREVENT"


def test_discarded_data_goes_without_resistance() -> None:
    recorded = build({**FULL, "durability": "discard"})
    primary, database = recorded.one(*PRIMARY), recorded.one(*DATABASE)
    assert (primary.protect, database.protect) == (None, None)
    assert primary.inputs["deletionProtection"] is False
    assert primary.inputs["settings"]["deletionProtectionEnabled"] is False
    assert primary.inputs["settings"]["retainBackupsOnDelete"] is False
    assert primary.inputs["settings"]["finalBackupConfig"] == {"enabled": False}
    assert database.inputs["deletionPolicy"] == "DELETE"


@pytest.mark.parametrize("durability", ["keep", "discard"])
def test_a_replica_can_always_be_taken_away(durability: str) -> None:
    for replica in ("c", "us"):
        copy = build({**FULL, "durability": durability}).one(INSTANCE, f"db-replica-{replica}")
        assert copy.protect is None
        assert copy.inputs["deletionProtection"] is False
        assert copy.inputs["settings"]["deletionProtectionEnabled"] is False


def test_protection_of_the_whole_component_holds_for_discarded_data_too() -> None:
    opts = pulumi.ResourceOptions(protect=True)
    assert build({**FULL, "durability": "discard"}, opts).one(*PRIMARY).protect is True


@pytest.mark.parametrize("preview", [False, True])
def test_no_password_is_ever_plain(preview: bool) -> None:
    recorded = build(FULL, preview=preview)
    assert recorded.one(*ACCOUNT).inputs["password"] == Secret(SECRET)
    assert recorded.one(*CLIENT).inputs["stringData"]["password"] == Secret(SECRET)
    assert set(recorded.one(*CLIENT).additional_secret_outputs) == {"data", "stringData"}
    everything = [[r.inputs, r.outputs] for r in recorded.resources] + [recorded.stack_outputs, recorded.logs]
    assert PASSWORD not in str(masked(everything))
    assert PASSWORD in str(everything)


def test_a_plain_password_becomes_a_secret() -> None:
    recorded = record(lambda: CloudSqlMySql("db", args(SECRET)), outputs=GOOGLE)
    assert recorded.one(*ACCOUNT).inputs["password"] == Secret(SECRET)


@pytest.mark.parametrize(
    ("password", "said"),
    [
        (None, "missing; add it"),
        ("", "the password is empty; give one that is not"),
        (7, "not a text; give the password as one"),
    ],
)
def test_an_account_without_a_password_is_refused_before_anything_is_made(password: Any, said: str) -> None:
    wrong = {**args(password), "zone": "europe-west4-a"}
    recorded = record(lambda: CloudSqlMySql("db", cast(CloudSqlMySqlArgs, wrong)), raises=pulumi.RunError)
    assert str(recorded.error).splitlines() == [
        f"db.users[0].password: {said}",
        "db.zone: europe-west4-a is not in europe-west1; write one of its zones",
    ]
    assert recorded.resources == ()


def test_applications_get_everything_it_takes_to_connect() -> None:
    data = build(FULL).one(*CLIENT).inputs["stringData"]
    assert {key: value.value for key, value in data.items()} == {
        "host": "db.shop.svc.cluster.local",
        "read-host": "db-read.shop.svc.cluster.local",
        "port": "3306",
        "user": "app",
        "password": SECRET,
        "database": "app",
        "ca.crt": "CA of db-primary\nCA of db-replica-c\nCA of db-replica-us",
    }


def test_a_client_that_must_show_a_certificate_is_given_one() -> None:
    recorded = build({**FULL, "sslMode": "TRUSTED_CLIENT_CERTIFICATE_REQUIRED"})
    data = recorded.one(*CLIENT).inputs["stringData"]
    assert (data["tls.crt"], data["tls.key"]) == (Secret("CERT"), Secret("KEY"))
    assert recorded.one("SslCert").inputs["instance"] == "db-primary-1a2b3c4"


def addresses(recorded: Recorded, name: str) -> list[str]:
    found = recorded.one("EndpointSlice", f"{name}-endpoints").inputs
    assert found["metadata"]["labels"]["kubernetes.io/service-name"] == name
    return [endpoint["addresses"][0] for endpoint in found["endpoints"]]


def test_writes_go_to_the_primary_and_reads_to_every_replica() -> None:
    recorded = build(FULL)
    assert addresses(recorded, "db") == ["10.0.0.2"]
    assert addresses(recorded, "db-read") == ["10.0.0.3", "10.0.0.4"]


def test_without_replicas_reads_go_to_the_primary() -> None:
    assert addresses(build(SMALLEST), "db-read") == ["10.0.0.2"]


def test_without_a_network_the_public_address_is_used() -> None:
    recorded = build({**FULL, "privateNetwork": None})
    assert addresses(recorded, "db") == ["198.51.100.2"]
    assert addresses(recorded, "db-read") == ["198.51.100.3", "198.51.100.4"]


def test_the_outputs_are_the_client_contract_and_the_tutorials_command() -> None:
    assert build(FULL).stack_outputs == {
        "connectCommand": "gcloud sql connect db-primary-1a2b3c4 --project=acme-prod --user=app",
        "connectionName": "acme-prod:europe-west1:db-primary-1a2b3c4",
        "instanceName": "db-primary-1a2b3c4",
        "readEndpoint": "db-read.shop.svc.cluster.local:3306",
        "secretName": "db-client",
        "writeEndpoint": "db.shop.svc.cluster.local:3306",
    }


def test_an_instance_without_public_address_is_connected_to_from_inside() -> None:
    assert build(SMALLEST).stack_outputs["connectCommand"].endswith(" --user=app --private-ip")


def test_whoever_takes_the_client_waits_for_what_it_names() -> None:
    def program() -> None:
        made = CloudSqlMySql("db", args("x"))
        pulumi.CustomResource("a:b:App", "app", {"secret": made.secret_name, "host": made.write_endpoint})

    needs = set(record(program, outputs=GOOGLE).one("App").depends_on)
    assert {"db-client", "db", "db-endpoints", "db-read", "db-read-endpoints"} <= needs


def test_a_disk_that_grew_by_itself_is_not_shrunk_back() -> None:
    assert build(FULL).one(*PRIMARY).ignore_changes == ("settings.diskSize",)
    assert build({**FULL, "diskAutoresize": False}).one(*PRIMARY).ignore_changes == ()


def test_a_replica_takes_what_only_the_primary_decides_from_the_primary() -> None:
    copy = build({**FULL, "diskSizeGb": 50}).one(*COPY)
    assert copy.inputs["masterInstanceName"] == "db-primary-1a2b3c4"
    assert {"diskSize", "backupConfiguration", "maintenanceWindow"} & copy.inputs["settings"].keys() == set()


def test_point_in_time_recovery_is_the_binary_log() -> None:
    backups = build(FULL).one(*PRIMARY).inputs["settings"]["backupConfiguration"]
    assert (backups["enabled"], backups["binaryLogEnabled"]) == (True, True)
    assert "pointInTimeRecoveryEnabled" not in backups  # Google refuses it for MySQL


def test_google_s_week_begins_on_monday() -> None:
    days = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    told = [build({**SMALLEST, "maintenance": {"day": day}}).one(*PRIMARY).inputs["settings"] for day in days]
    assert [settings["maintenanceWindow"]["day"] for settings in told] == [1, 2, 3, 4, 5, 6, 7]


def test_the_instance_waits_for_what_the_component_depends_on() -> None:
    def program() -> None:
        connection = pulumi.CustomResource("a:b:Connection", "peering", {})
        CloudSqlMySql("db", args("x"), pulumi.ResourceOptions(depends_on=[connection]))

    recorded = record(program, outputs=GOOGLE)
    assert recorded.one(*PRIMARY).depends_on == ("peering",)


def test_a_preview_knows_all_that_the_stack_file_tells() -> None:
    recorded = build({**FULL, "instanceName": "orders"}, preview=True)
    assert recorded.one(*PRIMARY).inputs["name"] == "orders"
    assert recorded.stack_outputs["connectionName"] is UNKNOWN
    assert recorded.stack_outputs["writeEndpoint"] == "db.shop.svc.cluster.local:3306"
