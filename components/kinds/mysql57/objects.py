"""The objects around the members: the tutorial's ConfigMap and the scripts, and who may connect."""

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
"""The port where a member's sidecar sends its whole data to whoever asks. No Service has it."""
ACCOUNTS: Final = ("root", "replication", "backup", "monitor", "application")
CONF: Final = Path(__file__).with_name("conf")
SCRIPTS: Final = Path(__file__).with_name("scripts")
TUTORIAL_FILES: Final = ("primary.cnf", "replica.cnf")


def settings(name: str, namespace: pulumi.Input[str]) -> dict[str, Any]:
    """The tutorial's ConfigMap `mysql`, with nothing else in it."""
    return config_map(name, namespace, name, {file: files_of(CONF)[file] for file in TUTORIAL_FILES})


def program() -> dict[str, str]:
    """The scripts that the pods run, and the configuration that goes with them."""
    return {**files_of(SCRIPTS), "common.cnf": files_of(CONF)["common.cnf"]}


def scripts(name: str, namespace: pulumi.Input[str], workload: MySql57Spec) -> dict[str, Any]:
    """The ConfigMap with the scripts. It has the number of members, too: as a variable that would restart them."""
    return config_map(f"{name}-scripts", namespace, name, {**program(), "replicas": str(workload.replicas)})


def checksum() -> str:
    """A checksum of all that a member reads once, at its start. A change of it restarts the members."""
    return digest(json.dumps([program(), files_of(CONF)]))


def ingress(name: str, workload: MySql57Spec) -> list[dict[str, Any]]:
    """The rules of the NetworkPolicy: members may connect to both ports, labelled clients to MySQL's alone."""
    mysql, backup = ({"port": port.container, "protocol": "TCP"} for port in (MYSQL, BACKUP))
    members = {"from": [{"podSelector": {"matchLabels": {"app": name}}}]}
    return [{"ports": [mysql, backup], **members}, {"ports": [mysql], **peers(workload, client_label(name))}]
