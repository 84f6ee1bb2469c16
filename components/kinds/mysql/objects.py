"""The objects around the members: configuration, scripts, accounts and Services, and who may connect."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pulumi

from ...kubernetes.naming import digest, pod_name
from ...kubernetes.objects import SKIP_AWAIT, labels, metadata
from ...stateful.objects import Port, peers
from ..client import MYSQL_PORT
from .spec import MySqlSpec

CONF: Final = Path(__file__).with_name("conf")
SCRIPTS: Final = Path(__file__).with_name("scripts")
MYSQL: Final = Port(name="mysql", service=MYSQL_PORT, container=MYSQL_PORT)
ACCOUNTS: Final = ("root", "replication", "clone", "monitor", "application")


def config_map(name: str, namespace: pulumi.Input[str], workload: str, data: Mapping[str, str]) -> dict[str, Any]:
    """A ConfigMap that belongs to a workload."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(name, namespace, labels(workload)),
        "data": dict(data),
    }


def files_of(folder: Path) -> dict[str, str]:
    """The texts of the files in a folder, by their names."""
    return {path.name: path.read_text() for path in sorted(folder.iterdir())}


def scripts(name: str, namespace: pulumi.Input[str]) -> dict[str, Any]:
    """The ConfigMap with the scripts that the pods run."""
    return config_map(f"{name}-scripts", namespace, name, files_of(SCRIPTS))


def settings(name: str, namespace: pulumi.Input[str], workload: MySqlSpec) -> dict[str, Any]:
    """The ConfigMap of the configuration: primary.cnf and replica.cnf, as in the tutorial, and what both share."""
    data = {**files_of(CONF), "settings.cnf": settings_file(workload), "replicas": str(workload.replicas)}
    return config_map(name, namespace, name, data)


def settings_file(workload: MySqlSpec) -> str:
    """The option file with what the stack file decides."""
    values = {
        "innodb_buffer_pool_size": str(workload.buffer_pool_bytes),
        "binlog_expire_logs_seconds": str(workload.binary_logs.expire_seconds),
        "max_binlog_size": str(int(workload.binary_logs.max_file_size.value)),
        **workload.settings,
    }
    lines = [f"{key} = {value}" for key, value in sorted(values.items())]
    return "\n".join(["# From the stack file.", "[mysqld]", *lines, ""])


def checksum(workload: MySqlSpec) -> str:
    """A checksum of all that a member reads once, at its start. A change of it restarts the members."""
    return digest(json.dumps([files_of(SCRIPTS), files_of(CONF), settings_file(workload)]))


def accounts(name: str, namespace: pulumi.Input[str], passwords: Mapping[str, pulumi.Input[str]]) -> dict[str, Any]:
    """The members' own Secret, with the accounts' passwords. Servers that run take up a changed password."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata(f"{name}-accounts", namespace, labels(name)),
        "type": "Opaque",
        "stringData": {account: pulumi.Output.secret(password) for account, password in passwords.items()},
    }


def initialised(name: str, namespace: pulumi.Input[str]) -> dict[str, Any]:
    """The ConfigMap that remembers, outside of any claim, that this set has held data."""
    return config_map(f"{name}-initialised", namespace, name, {"initialised": "yes"})


def read_service(name: str, namespace: pulumi.Input[str]) -> dict[str, Any]:
    """The Service for reads, as in the tutorial: it leads to every ready member, the primary included."""
    marked = {**labels(name), "readonly": "true"}
    return service(f"{name}-read", namespace, marked, {"app": name})


def write_service(name: str, namespace: pulumi.Input[str]) -> dict[str, Any]:
    """The Service for writes. It leads to the primary while that is writable, and nowhere otherwise."""
    selector = {"app": name, "statefulset.kubernetes.io/pod-name": pod_name(name, 0)}
    return service(f"{name}-write", namespace, labels(name), selector)


def service(
    name: str, namespace: pulumi.Input[str], marked: Mapping[str, str], selector: Mapping[str, str]
) -> dict[str, Any]:
    """A Service with one address. `up` waits for the set, whose pods are behind it, and so need not wait for this."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(name, namespace, marked, annotations=SKIP_AWAIT),
        "spec": {
            "selector": dict(selector),
            "ports": [{"name": MYSQL.name, "port": MYSQL.service, "targetPort": MYSQL.name}],
        },
    }


def client_label(name: str) -> dict[str, str]:
    """The label that a pod needs to be allowed to connect."""
    return {f"{name}-client": "true"}


def ingress(name: str, workload: MySqlSpec) -> list[dict[str, Any]]:
    """The rules of the NetworkPolicy: members and labelled clients may connect, all to the same port."""
    ports = [{"port": MYSQL.container, "protocol": "TCP"}]
    members = {"from": [{"podSelector": {"matchLabels": {"app": name}}}]}
    return [{"ports": ports, **members}, {"ports": ports, **peers(workload, client_label(name))}]
