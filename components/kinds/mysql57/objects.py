"""What stands around the members: the seed's ConfigMap, the scripts, who may connect."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pulumi

from ...kubernetes.naming import digest
from ...stateful.objects import Port, peers
from ..mysql.objects import MYSQL, client_label, config_map, files_of
from .spec import MySql57Spec

__all__ = ["ACCOUNTS", "BACKUP", "MYSQL", "checksum", "ingress", "scripts", "settings"]

BACKUP: Final = Port(name="xtrabackup", service=3307, container=3307)
"""Where a member's sidecar sends the whole data to whoever asks; on no Service."""
ACCOUNTS: Final = ("root", "replication", "backup", "monitor", "application")
CONF: Final = Path(__file__).with_name("conf")
SCRIPTS: Final = Path(__file__).with_name("scripts")
SEEDS: Final = ("primary.cnf", "replica.cnf")


def settings(name: str, namespace: pulumi.Input[str]) -> dict[str, Any]:
    """The seed's ConfigMap `mysql`, and nothing else in it."""
    return config_map(name, namespace, name, {file: files_of(CONF)[file] for file in SEEDS})


def program() -> dict[str, str]:
    """What the pods run, and the configuration that goes with it."""
    return {**files_of(SCRIPTS), "common.cnf": files_of(CONF)["common.cnf"]}


def scripts(name: str, namespace: pulumi.Input[str], workload: MySql57Spec) -> dict[str, Any]:
    """The number of members is here, and not in the pods' environment: scaling restarts nobody."""
    return config_map(f"{name}-scripts", namespace, name, {**program(), "replicas": str(workload.replicas)})


def checksum() -> str:
    """Changes with all that a member reads once, at its start."""
    return digest(json.dumps([program(), files_of(CONF)]))


def ingress(name: str, workload: MySql57Spec) -> list[dict[str, Any]]:
    """Members among themselves, on both ports; labelled clients on MySQL's alone."""
    mysql, backup = ({"port": port.container, "protocol": "TCP"} for port in (MYSQL, BACKUP))
    members = {"from": [{"podSelector": {"matchLabels": {"app": name}}}]}
    return [{"ports": [mysql, backup], **members}, {"ports": [mysql], **peers(workload, client_label(name))}]
