"""ReplicatedMySql makes what the stack file says, in objects that a cluster takes, with no password in sight."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.config.loader import load
from components.kinds.mysql.objects import ACCOUNTS, SCRIPTS, files_of
from tests.support.golden import assert_golden
from tests.support.kube_schema import assert_cluster_accepts
from tests.support.recording import Recorded, record
from tests.unit.components.goldens import of_kind
from tests.unit.components.programs import (
    LOCAL,
    NO_HISTORY,
    PASSWORD,
    TARGET,
    changed,
    deployed,
    export,
    plain,
    pod_of,
    problems,
)

MYSQL: dict[str, Any] = {"kind": "mysql", "storage": LOCAL}


def mysql(**changes: Any) -> dict[str, Any]:
    """A mysql on local directories with these changes."""
    return changed(MYSQL, changes)


def build(**changes: Any) -> Recorded:
    """Records what the program registers for a mysql with these changes."""
    return deployed("mysql", mysql(**changes))


def env_of(recorded: Recorded) -> dict[str, str]:
    return {variable["name"]: variable["value"] for variable in pod_of(recorded)["containers"][0]["env"]}


def settings_of(recorded: Recorded) -> dict[str, str]:
    lines = recorded.one("ConfigMap", "mysql-settings").inputs["data"]["settings.cnf"].splitlines()
    return dict(line.split(" = ", 1) for line in lines if " = " in line)


def test_all_that_it_registers_is_what_is_checked_in() -> None:
    assert_golden(Path(__file__).with_name("golden.yaml"), of_kind(build(storage=None)))


def test_a_cluster_takes_every_object() -> None:
    for changes in ({}, {"tlsSecret": "mysql-tls", "clients": "anywhere", "clientService": True}):
        objects = [o for o in build(**changes).kubernetes_objects() if o["kind"] != "Job"]
        assert_cluster_accepts(objects)


def test_no_password_is_in_plain_sight() -> None:
    recorded = build()
    for resource in recorded.resources:
        assert PASSWORD not in json.dumps(plain(resource.inputs))
    assert PASSWORD not in json.dumps(plain(recorded.stack_outputs))
    assert set(recorded.one("Secret", "mysql-accounts").inputs["stringData"]) == set(ACCOUNTS)


def test_the_memory_that_there_are_data_is_made_last_and_kept_with_them() -> None:
    for durability in ("keep", "discard"):
        mark = build(durability=durability).one("ConfigMap", "mysql-initialised")
        assert mark.depends_on
        assert mark.retain_on_delete is (durability == "keep")
    volume = next(v for v in pod_of(build())["volumes"] if v["name"] == "history")
    assert volume["configMap"] == {"name": "mysql-initialised", "optional": True}


def test_scaling_restarts_no_member_and_a_setting_restarts_them_all() -> None:
    def template(**changes: Any) -> Any:
        return build(**changes).one("StatefulSet").inputs["spec"]["template"]

    two, three = template(replicas=2), template(replicas=3)
    assert two == three
    assert template(settings={"max_connections": "500"}) != three


def test_the_services_lead_where_their_names_say() -> None:
    recorded = build()
    selectors = {r.inputs["metadata"]["name"]: r.inputs["spec"]["selector"] for r in recorded.of_type("Service")}
    assert selectors == {
        "mysql": {"app": "mysql"},
        "mysql-read": {"app": "mysql"},
        "mysql-write": {"app": "mysql", "statefulset.kubernetes.io/pod-name": "mysql-0"},
    }
    by_name = {r.inputs["metadata"]["name"]: r.inputs for r in recorded.of_type("Service")}
    assert by_name["mysql-read"]["metadata"]["labels"]["readonly"] == "true"
    assert by_name["mysql"]["spec"]["publishNotReadyAddresses"] is True
    assert recorded.stack_outputs["write"] == "mysql-write.shop.svc.cluster.local:3306"
    assert recorded.stack_outputs["read"] == "mysql-read.shop.svc.cluster.local:3306"


@pytest.mark.parametrize(
    ("clients", "who"),
    [
        ("namespace", {"from": [{"podSelector": {"matchLabels": {"mysql-client": "true"}}}]}),
        (
            "cluster",
            {"from": [{"namespaceSelector": {}, "podSelector": {"matchLabels": {"mysql-client": "true"}}}]},
        ),
        ("anywhere", {}),
    ],
)
def test_members_and_labelled_clients_may_connect(clients: str, who: dict[str, Any]) -> None:
    rules = build(clients=clients).one("NetworkPolicy").inputs["spec"]["ingress"]
    ports = [{"port": 3306, "protocol": "TCP"}]
    members = {"ports": ports, "from": [{"podSelector": {"matchLabels": {"app": "mysql"}}}]}
    assert rules == [members, {"ports": ports, **who}]


@pytest.mark.parametrize(
    ("memory", "pool_mib", "grace"), [("768Mi", 192, 75), ("1Gi", 384, 75), ("4Gi", 2688, 120), ("16Gi", 11904, 300)]
)
def test_buffer_pool_and_grace_period_come_from_the_memory(memory: str, pool_mib: int, grace: int) -> None:
    recorded = build(resources={"requests": {"memory": "512Mi"}, "limits": {"memory": memory}})
    assert settings_of(recorded)["innodb_buffer_pool_size"] == str(pool_mib << 20)
    assert pod_of(recorded)["terminationGracePeriodSeconds"] == grace


def test_a_grace_period_that_is_written_is_taken() -> None:
    assert pod_of(build(terminationGracePeriodSeconds=7))["terminationGracePeriodSeconds"] == 7


@pytest.mark.parametrize(
    ("changes", "replicas", "milliseconds"),
    [
        ({}, "1", str(2**32 - 1)),
        ({"replicas": 1}, "0", str(2**32 - 1)),
        ({"semiSync": {"replicas": 2}}, "2", str(2**32 - 1)),
        ({"semiSync": {"onTimeout": "asynchronous", "timeoutSeconds": 3}}, "1", "3000"),
    ],
)
def test_what_a_commit_waits_for_is_in_the_stack_file(
    changes: dict[str, Any], replicas: str, milliseconds: str
) -> None:
    found = env_of(build(**changes))
    assert (found["SEMI_SYNC_REPLICAS"], found["SEMI_SYNC_TIMEOUT_MS"]) == (replicas, milliseconds)


def test_every_other_field_reaches_the_members() -> None:
    recorded = build(
        database="shop",
        application="web",
        maxLagSeconds=42,
        binaryLogs={"expireSeconds": 600, "maxSize": "1Gi", "maxFileSize": "16Mi"},
        settings={"max_connections": "500"},
        tlsSecret="mysql-tls",
    )
    found = env_of(recorded)
    assert (found["DATABASE"], found["APPLICATION"], found["MAX_LAG_SECONDS"]) == ("shop", "web", "42")
    assert found["BINLOG_MAX_BYTES"] == str(1 << 30)
    settings = settings_of(recorded)
    assert settings["max_connections"] == "500"
    assert settings["binlog_expire_logs_seconds"] == "600"
    assert settings["max_binlog_size"] == str(16 << 20)
    assert {"name": "tls", "secret": {"secretName": "mysql-tls", "defaultMode": 0o440}} in pod_of(recorded)["volumes"]
    assert recorded.one("Secret", "mysql-client").inputs["stringData"]["database"].value == "shop"


KEPT = "kept by the program, so that no answered write is lost; leave it out"
REFUSED: list[tuple[dict[str, Any], list[str]]] = [
    (
        {"ordinals": {"start": 1}, "storage": None},
        ["ordinals.start: the primary is ordinal 0; leave it out"],
    ),
    (
        {"semiSync": {"replicas": 3}},
        ["semiSync.replicas: 3 of 2 replicas: no commit would ever be answered; lower it or raise replicas"],
    ),
    (
        {"semiSync": {"replicas": 1}, "replicas": 0},
        ["semiSync.replicas: 1 of 0 replicas: no commit would ever be answered; lower it or raise replicas"],
    ),
    (
        {"resources": {"limits": {"memory": "639Mi"}}},
        ["resources.limits.memory: 639Mi is too little for MySQL; write 640Mi or more"],
    ),
    ({"binaryLogs": {"maxSize": "99Mi"}}, ["binaryLogs.maxSize: less than maxFileSize; raise it"]),
    (
        {"binaryLogs": {"maxFileSize": "1025Mi"}},
        ["binaryLogs.maxFileSize: MySQL takes 4Ki to 1Gi; write one within"],
    ),
    ({"binaryLogs": {"maxFileSize": "4095"}}, ["binaryLogs.maxFileSize: MySQL takes 4Ki to 1Gi; write one within"]),
    ({"settings": {"sync_binlog": "0"}}, [f"settings.sync_binlog: {KEPT}"]),
    (
        {"settings": {"loose_rpl_semi_sync_source_enabled": "0"}},
        [f"settings.loose_rpl_semi_sync_source_enabled: {KEPT} and write semiSync.replicas"],
    ),
    (
        {"settings": {"wait_timeout": "1\nskip_grant_tables"}},
        ['settings.wait_timeout: "1\\nskip_grant_tables" is more than one line; write the value on one'],
    ),
    (
        {"application": "root"},
        ["application: root is an account of the members' own; write another, such as app"],
    ),
    (
        {"application": "App"},
        ['application: "App" is no account; write up to 32 of a-z 0-9 _'],
    ),
    ({"database": "mysql"}, ['database: "mysql" is MySQL\'s own; write another name, such as app']),
    (
        {"replicas": 1, "storage": {"kind": "shared-claim", "claim": "one"}},
        ["storage: every member needs a claim of its own; write kind: dynamic, gce-disks or local"],
    ),
]


@pytest.mark.parametrize(("changes", "said"), REFUSED)
def test_what_cannot_work_is_refused_with_the_fix(changes: dict[str, Any], said: list[str]) -> None:
    found = problems({"mysql": mysql(**changes)})
    assert found == [f"statefulsets:workloads.mysql.{line}" for line in said]


@pytest.mark.parametrize(
    "changes",
    [
        {"replicas": 0},
        {"replicas": 1},
        {"semiSync": {"replicas": 0}},
        {"semiSync": {"replicas": 2, "timeoutSeconds": 86_400}},
        {"resources": {"limits": {"memory": "640Mi"}}},
        {"resources": {}},
        {"binaryLogs": {"maxSize": "1Gi", "maxFileSize": "1Gi", "expireSeconds": 2**32 - 1}},
        {"binaryLogs": {"maxSize": "4Ki", "maxFileSize": "4Ki", "expireSeconds": 60}},
        {"maxLagSeconds": 1},
        {"maxLagSeconds": 86_400},
    ],
)
def test_a_value_at_the_edge_of_what_works_is_taken(changes: dict[str, Any]) -> None:
    assert problems({"mysql": mysql(**changes)}) == []


def test_its_services_are_nobody_elses() -> None:
    found = problems({"mysql": mysql(), "mysql-read": {"kind": "nginx", "storage": {"kind": "dynamic"}}})
    assert any('"mysql-read" is already a Service of' in line for line in found)


def test_passwords_are_asked_for_by_key_and_only_as_secrets() -> None:
    config = {"target": TARGET, "workloads": {"mysql": mysql()}}
    keys = [f"mysql{account}Password" for account in ("Root", "Replication", "Clone", "Monitor", "Application")]
    whole = {**config, **dict.fromkeys(keys, PASSWORD)}
    missing = record(lambda: export(load()), config=config, raises=pulumi.RunError, calls=NO_HISTORY)
    bare = record(lambda: export(load()), config=whole, raises=pulumi.RunError, calls=NO_HISTORY)
    for key in keys:
        assert f"no such key; pulumi config set --secret {key}" in str(missing.error)
        assert f"in plain text; pulumi config set --secret {key}" in str(bare.error)
    assert PASSWORD not in str(bare.error)
    assert record(lambda: export(load()), config=whole, secret_keys=keys, calls=NO_HISTORY).one("StatefulSet")


def test_every_script_is_strict_and_shipped() -> None:
    shipped = files_of(SCRIPTS)
    assert {"config.sh", "data.sh", "clone.sh", "run.sh", "startup.sh", "live.sh", "ready.sh"} <= set(shipped)
    for name, text in shipped.items():
        assert "set -euo pipefail" in text or 'lib.sh"' in text or 'role.sh"' in text, name
