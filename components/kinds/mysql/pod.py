"""The members' pods: two init containers that see to configuration and data, and the server under its supervisor."""

from __future__ import annotations

from typing import Any, Final

import pulumi

from ...kubernetes.inputs import lift
from ...kubernetes.naming import service_host
from ...model.args import Checked
from .objects import MYSQL
from .spec import MySqlSpec

UID: Final = 999
"""Number of the user mysql in upstream's image and in the one that is built here."""
SCRIPTS: Final = "/etc/statefulsets/scripts"
LONGEST_START: Final = 86_400
"""Seconds that cloning and crash recovery may take. To kill a server that recovers only makes it start over."""


def init_containers(name: str, checked: Checked[MySqlSpec]) -> tuple[dict[str, Any], ...]:
    """The init containers: `config` writes the ordinal's configuration, and `data` sees to it that the data are whole.

    In the tutorial they are init-mysql and clone-mysql.
    """
    return tuple(
        {**common(step, name, checked), "command": ["bash", f"{SCRIPTS}/{step}.sh"]} for step in ("config", "data")
    )


def container(name: str, checked: Checked[MySqlSpec]) -> dict[str, Any]:
    """The server's container. The probes have about the tutorial's periods, but ask for more than a sign of life."""
    return {
        **common("mysql", name, checked),
        "command": ["bash", f"{SCRIPTS}/run.sh"],
        "ports": [{"name": MYSQL.name, "containerPort": MYSQL.container}],
        "startupProbe": probe("startup", period=2, timeout=5, failures=LONGEST_START // 2),
        "livenessProbe": probe("live", period=10, timeout=5, failures=6),
        "readinessProbe": probe("ready", period=2, timeout=5, failures=2),
    }


def probe(script: str, period: int, timeout: int, failures: int) -> dict[str, Any]:
    """A probe by a script, which ends with 0 or says why not."""
    return {
        "exec": {"command": ["bash", f"{SCRIPTS}/{script}.sh"]},
        "periodSeconds": period,
        "timeoutSeconds": timeout,
        "failureThreshold": failures,
    }


def common(step: str, name: str, checked: Checked[MySqlSpec]) -> dict[str, Any]:
    """The fields that every container of the pod has."""
    return {
        "name": step,
        "image": checked.get("image"),
        "env": [{"name": key, "value": value} for key, value in environment(name, checked).items()],
        "volumeMounts": mounts(checked.spec),
        "resources": checked.spec.resources.rendered(),
    }


def environment(name: str, checked: Checked[MySqlSpec]) -> dict[str, pulumi.Input[str]]:
    """The environment variables that the scripts read. None of them is secret."""
    workload = checked.spec
    return {
        "WORKLOAD": name,
        "SERVICE_HOST": lift(service_host, name, checked.namespace),
        "DATABASE": workload.database,
        "APPLICATION": workload.application,
        "DURABILITY": workload.durability,
        "SEMI_SYNC_REPLICAS": str(workload.semi_sync_replicas),
        "SEMI_SYNC_TIMEOUT_MS": str(workload.semi_sync_timeout_ms),
        "BINLOG_MAX_BYTES": str(int(workload.binary_logs.max_size.value)),
        "MAX_LAG_SECONDS": str(workload.max_lag_seconds),
        "HOME": "/tmp",  # noqa: S108  the pod's own
    }


def mounts(workload: MySqlSpec) -> list[dict[str, Any]]:
    """The containers' mounts. The data are in the claim's subdirectory mysql, as in the tutorial."""
    places: list[dict[str, Any]] = [
        {"name": workload.template, "mountPath": "/var/lib/mysql", "subPath": "mysql"},
        {"name": "conf", "mountPath": "/etc/mysql/conf.d"},
        {"name": "run", "mountPath": "/run/mysqld"},
        {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108
        {"name": "settings", "mountPath": "/etc/statefulsets/settings", "readOnly": True},
        {"name": "scripts", "mountPath": SCRIPTS, "readOnly": True},
        {"name": "accounts", "mountPath": "/etc/statefulsets/accounts", "readOnly": True},
        {"name": "history", "mountPath": "/etc/statefulsets/history", "readOnly": True},
    ]
    if workload.tls_secret:
        places.append({"name": "tls", "mountPath": "/etc/statefulsets/tls", "readOnly": True})
    return places


def volumes(name: str, checked: Checked[MySqlSpec]) -> tuple[dict[str, Any], ...]:
    """The pods' volumes. Option files with passwords are in memory only; the history comes once the set was up."""
    found: list[dict[str, Any]] = [
        {"name": "conf", "emptyDir": {"sizeLimit": "1Mi"}},
        {"name": "run", "emptyDir": {"medium": "Memory", "sizeLimit": "16Mi"}},
        {"name": "tmp", "emptyDir": {}},
        {"name": "settings", "configMap": {"name": name}},
        {"name": "scripts", "configMap": {"name": f"{name}-scripts"}},
        {"name": "accounts", "secret": {"secretName": f"{name}-accounts", "defaultMode": 0o440}},
        {"name": "history", "configMap": {"name": f"{name}-initialised", "optional": True}},
    ]
    if checked.spec.tls_secret:
        found.append({"name": "tls", "secret": {"secretName": checked.get("tls_secret"), "defaultMode": 0o440}})
    return tuple(found)
