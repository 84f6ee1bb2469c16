"""`engine: xtrabackup` is the tutorial's own design, value for value, and each deviation has its reason here."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from components.config.loader import load
from components.kinds.mysql57.objects import ACCOUNTS, program
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

TUTORIAL = list(yaml.safe_load_all((Path(__file__).parent / "tutorial_mysql.yaml").read_text()))
MYSQL: dict[str, Any] = {"kind": "mysql", "engine": "xtrabackup"}

POD = "StatefulSet mysql.spec.template.spec"
CONTAINERS = {"initContainers": ("init-mysql", "clone-mysql"), "containers": ("mysql", "xtrabackup")}
EVERY_CONTAINER = [f"{POD}.{kind}.{name}" for kind, names in CONTAINERS.items() for name in names]
HARDENED = "runs as user 999 without privileges, on a read-only root file system"
DEVIATIONS: Mapping[str, str] = {
    "ConfigMap mysql.metadata.namespace": "the stack's",
    "ConfigMap mysql.metadata.annotations": "whose it is",
    "ConfigMap mysql.metadata.labels.app.kubernetes.io/managed-by": "the recommended label",
    "Service mysql.metadata.namespace": "the stack's",
    "Service mysql.metadata.annotations": "whose it is",
    "Service mysql.metadata.labels.app.kubernetes.io/managed-by": "the recommended label",
    "Service mysql.spec.ports.mysql.targetPort": "the same port by its name",
    "Service mysql.spec.publishNotReadyAddresses": "an empty primary must find members that are not ready without it",
    "Service mysql-read.metadata.namespace": "the stack's",
    "Service mysql-read.metadata.labels.app.kubernetes.io/managed-by": "the recommended label",
    "Service mysql-read.metadata.annotations": "whose it is; the set is waited for, and not this",
    "Service mysql-read.spec.ports.mysql.targetPort": "the same port by its name",
    "StatefulSet mysql.metadata": "the stack's namespace, its other objects' labels, whose it is, Pulumi's annotation",
    "StatefulSet mysql.spec.selector.matchLabels.app.kubernetes.io/name": "the Services select by `app` alone, too",
    "StatefulSet mysql.spec.podManagementPolicy": "Kubernetes' default, written out",
    "StatefulSet mysql.spec.updateStrategy": "Kubernetes' default, written out",
    "StatefulSet mysql.spec.persistentVolumeClaimRetentionPolicy": "what `durability` means",
    "StatefulSet mysql.spec.template.metadata.annotations": "changed scripts restart the members",
    "StatefulSet mysql.spec.template.metadata.labels.app.kubernetes.io/managed-by": "the recommended label",
    "StatefulSet mysql.spec.volumeClaimTemplates.data.spec.storageClassName": "the stack file's",
    f"{POD}.serviceAccountName": "an identity that nobody else has",
    f"{POD}.automountServiceAccountToken": "the pods talk to no API",
    f"{POD}.enableServiceLinks": "no environment variables about other Services",
    f"{POD}.securityContext": HARDENED,
    f"{POD}.terminationGracePeriodSeconds": "Kubernetes' default, written out",
    f"{POD}.topologySpreadConstraints": "members on different nodes and zones, where that is possible",
    **{f"{place}.securityContext": HARDENED for place in EVERY_CONTAINER},
    **{f"{place}.env": "what the scripts ask for; nothing secret" for place in EVERY_CONTAINER},
    **{f"{place}.command": "a script with the mends" for place in EVERY_CONTAINER if not place.endswith("s.mysql")},
    **{
        f"{place}.volumeMounts.{volume}": reason
        for place in EVERY_CONTAINER
        for volume, reason in {
            "run": "socket, and option files with passwords, in memory",
            "tmp": "the one place to write on a read-only root file system",
            "scripts": "the scripts",
            "accounts": "the passwords, of which the tutorial has none",
            "history": "the memory that the set held data",
        }.items()
    },
    f"{POD}.volumes.run": "socket, and option files with passwords, in memory",
    f"{POD}.volumes.tmp": "the one place to write on a read-only root file system",
    f"{POD}.volumes.scripts": "the scripts",
    f"{POD}.volumes.accounts": "the passwords, of which the tutorial has none",
    f"{POD}.volumes.history": "the memory that the set held data",
    f"{POD}.initContainers.init-mysql.volumeMounts.config-map.readOnly": "nobody writes there",
    f"{POD}.initContainers.init-mysql.volumeMounts.data": "makes the first data, aside and by a rename",
    f"{POD}.initContainers.clone-mysql.volumeMounts.data": "the claim whole: a clone comes aside and by a rename",
    f"{POD}.containers.mysql.resources.limits": "no limits, written as an empty map",
    f"{POD}.containers.mysql.startupProbe": "liveness would kill a server that recovers from a crash",
    f"{POD}.containers.mysql.livenessProbe.exec": "the same ping, logged in, so that it fills no log with refusals",
    f"{POD}.containers.mysql.readinessProbe.exec": "the same query over TCP, and whether a replica applies",
}
"""Path of a value that differs from the tutorial -> the reason, which also covers all that is below the path."""


def build(**changes: Any) -> Recorded:
    """Records what the program registers for an `engine: xtrabackup` with these changes."""
    return deployed("mysql", changed(MYSQL, changes))


def leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every value with its path, in which a list's item is called by its name. Comments in files do not count."""
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from leaves(item, f"{path}.{key}")
    elif isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
        for item in value:
            yield from leaves(item, f"{path}.{item.get('name') or item.get('metadata', {}).get('name') or item}")
    elif path.endswith(".cnf"):
        yield path, [line for line in value.splitlines() if not line.startswith("#")]
    else:
        yield path, value


def values_of(objects: list[Any]) -> dict[str, Any]:
    return {path: value for o in objects for path, value in leaves(dict(o), f"{o['kind']} {o['metadata']['name']}")}


def test_every_value_of_the_tutorial_is_there_and_each_deviation_has_its_reason() -> None:
    theirs = values_of(TUTORIAL)
    names = {(o["kind"], o["metadata"]["name"]) for o in TUTORIAL}
    made = [r.inputs for r in build().resources if r.inputs]
    ours = values_of([o for o in made if (o["kind"], o["metadata"]["name"]) in names])
    differ = {path for path in theirs.keys() | ours.keys() if theirs.get(path) != ours.get(path)}
    covered = {path: [d for d in DEVIATIONS if path == d or path.startswith(f"{d}.")] for path in differ}
    assert sorted(path for path, by in covered.items() if not by) == []
    assert sorted(DEVIATIONS.keys() - {d for by in covered.values() for d in by}) == [], "no longer a deviation"


def test_all_that_it_registers_is_what_is_checked_in() -> None:
    assert_golden(Path(__file__).with_name("golden.yaml"), of_kind(build()))


def test_a_cluster_takes_every_object() -> None:
    for changes in ({}, {"storage": LOCAL, "clients": "anywhere", "clientService": True}):
        assert_cluster_accepts([o for o in build(**changes).kubernetes_objects() if o["kind"] != "Job"])


def test_no_password_is_in_plain_sight_and_none_is_empty() -> None:
    recorded = build()
    for resource in recorded.resources:
        assert PASSWORD not in json.dumps(plain(resource.inputs))
    assert set(recorded.one("Secret", "mysql-accounts").inputs["stringData"]) == set(ACCOUNTS)
    assert "MYSQL_ALLOW_EMPTY_PASSWORD" not in json.dumps(plain(recorded.one("StatefulSet").inputs))


def test_only_members_reach_the_port_that_hands_out_the_whole_data() -> None:
    for clients in ("namespace", "cluster", "anywhere"):
        rules = build(clients=clients).one("NetworkPolicy").inputs["spec"]["ingress"]
        open_to = [rule.get("from") for rule in rules if any(port["port"] == 3307 for port in rule["ports"])]
        assert open_to == [[{"podSelector": {"matchLabels": {"app": "mysql"}}}]]
        assert [port["port"] for rule in rules for port in rule["ports"]].count(3306) == 2
    services = build(clientService=True).of_type("Service")
    assert {port["port"] for service in services for port in service.inputs["spec"]["ports"]} == {3306}


def test_a_preview_warns_of_what_is_end_of_life_and_of_an_image_that_newer_clusters_refuse() -> None:
    def warnings(**changes: Any) -> list[str]:
        return [text for _, text in build(**changes).logs]

    (old, refused) = warnings()
    assert "MySQL 5.7" in old
    assert "refuses to pull" in refused
    (old,) = warnings(backupImage="registry.example/xtrabackup:2.4")
    assert "MySQL 5.7" in old


def test_every_field_reaches_the_members() -> None:
    recorded = build(image="registry.example/mysql:5.7", backupImage="registry.example/xb:2.4", database="shop")
    pod = pod_of(recorded)
    images = {c["name"]: c["image"] for c in [*pod["initContainers"], *pod["containers"]]}
    mysql, backup = "registry.example/mysql:5.7", "registry.example/xb:2.4"
    assert images == {"init-mysql": mysql, "clone-mysql": backup, "mysql": mysql, "xtrabackup": backup}
    secret = recorded.one("Secret", "mysql-client").inputs["stringData"]
    assert secret["database"].value == "shop"
    assert secret["host"].value == "mysql-0.mysql.shop.svc.cluster.local"
    assert recorded.stack_outputs["write"] == "mysql-0.mysql.shop.svc.cluster.local:3306"
    assert recorded.stack_outputs["read"] == "mysql-read.shop.svc.cluster.local:3306"


def test_scaling_restarts_no_member() -> None:
    def template(**changes: Any) -> Any:
        return build(**changes).one("StatefulSet").inputs["spec"]["template"]

    assert template(replicas=2) == template(replicas=5)
    assert build(replicas=5).one("ConfigMap", "mysql-scripts").inputs["data"]["replicas"] == "5"


def test_the_memory_that_there_are_data_is_made_last_and_kept_with_them() -> None:
    for durability in ("keep", "discard"):
        mark = build(durability=durability).one("ConfigMap", "mysql-initialised")
        assert mark.depends_on
        assert mark.retain_on_delete is (durability == "keep")


ONLY_CLONE = "only engine clone has it, and this one's is xtrabackup; leave it out or write engine: clone"
ONLY_HERE = "only engine xtrabackup has it, and this one's is clone; leave it out or write engine: xtrabackup"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"semiSync": {"replicas": 1}}, f"semiSync: {ONLY_CLONE}"),
        ({"maxLagSeconds": 5}, f"maxLagSeconds: {ONLY_CLONE}"),
        ({"tlsSecret": "tls"}, f"tlsSecret: {ONLY_CLONE}"),
        ({"binaryLogs": {}}, f"binaryLogs: {ONLY_CLONE}"),
        ({"settings": {}}, f"settings: {ONLY_CLONE}"),
        ({"engine": "clone", "backupImage": "a"}, f"backupImage: {ONLY_HERE}"),
        ({"engine": None, "backupImage": "a"}, f"backupImage: {ONLY_HERE}"),
        (
            {"engine": "xtrabakup"},
            'engine: "xtrabakup" is no engine there is; write clone or xtrabackup; did you mean xtrabackup?',
        ),
        ({"engine": 8}, "engine: 8 is no engine there is; write clone or xtrabackup"),
        (
            {"passwordKeys": {"clone": "x"}},
            "passwordKeys.clone: unknown key; the known ones are application, backup, monitor, replication, root",
        ),
        ({"ordinals": {"start": 1}}, "ordinals.start: the primary is ordinal 0; leave it out"),
        (
            {"application": "backup"},
            "application: backup is an account of the members' own; write another, such as app",
        ),
        (
            {"storage": {"kind": "shared-claim", "claim": "one"}, "replicas": 1},
            "storage: every member needs a claim of its own; write kind: dynamic, gce-disks or local",
        ),
    ],
)
def test_what_cannot_work_is_refused_with_one_line_and_the_fix(changes: dict[str, Any], said: str) -> None:
    assert problems({"mysql": changed(MYSQL, changes)}) == [f"statefulsets:workloads.mysql.{said}"]


def test_the_tutorials_design_takes_no_name_that_it_makes_no_service_of() -> None:
    both = {"mysql": MYSQL, "mysql-write": {"kind": "nginx", "storage": {"kind": "dynamic"}}}
    assert problems(both) == []
    assert problems({**both, "mysql-read": both["mysql-write"]}) != []


def test_a_stack_file_brings_it_up_with_five_secrets() -> None:
    config = {"target": TARGET, "workloads": {"mysql": MYSQL}}
    keys = [f"mysql{account}Password" for account in ("Root", "Replication", "Backup", "Monitor", "Application")]
    missing = record(lambda: export(load()), config=config, raises=pulumi.RunError, calls=NO_HISTORY)
    assert all(f"pulumi config set --secret {key}" in str(missing.error) for key in keys)
    whole = {**config, **dict.fromkeys(keys, PASSWORD)}
    recorded = record(lambda: export(load()), config=whole, secret_keys=keys, calls=NO_HISTORY)
    assert len(recorded.one("StatefulSet").inputs["spec"]["template"]["spec"]["containers"]) == 2


def test_every_script_is_strict_and_shipped() -> None:
    shipped = {name: text for name, text in program().items() if name.endswith(".sh")}
    assert {"init.sh", "first.sh", "clone.sh", "transfer.sh", "sidecar.sh", "ready.sh"} <= set(shipped)
    for name, text in shipped.items():
        assert "set -euo pipefail" in text or 'lib.sh"' in text or 'claim.sh"' in text, name
