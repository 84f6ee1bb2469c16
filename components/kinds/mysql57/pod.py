"""The members' pods, container by container as in the tutorial (Kubernetes documentation, "Run a Replicated Stateful
Application").
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pulumi

from ...model.args import Checked
from .objects import BACKUP, MYSQL
from .spec import MySql57Spec

UID: Final = 999
"""Number of the user mysql in upstream's image."""
SCRIPTS: Final = "/etc/statefulsets/scripts"
PING: Final = ["mysqladmin", "--defaults-file=/run/mysqld/monitor.cnf", "ping"]
LONGEST_START: Final = 86_400
"""Seconds that crash recovery may take. To kill a server that recovers only makes it start over."""
DATA: Final = "/var/lib/mysql"
CONF: Final = "/etc/mysql/conf.d"
WHOLE_CLAIM: Final = "/mnt/data"


def init_containers(name: str, checked: Checked[MySql57Spec]) -> tuple[dict[str, Any], ...]:
    """The init containers. Both mount the whole claim, because the server's directory in it comes by a rename."""
    workload = checked.spec
    whole = {"name": workload.template, "mountPath": WHOLE_CLAIM}
    conf, settings = mount("conf", "/mnt/conf.d"), mount("config-map", "/mnt/config-map", read_only=True)
    first = common("init-mysql", checked.get("image"), "init", name, workload)
    second = common("clone-mysql", checked.get("backup_image"), "clone", name, workload)
    return (
        {**first, "volumeMounts": [conf, settings, whole, *OURS]},
        {**second, "volumeMounts": [whole, mount("conf", CONF), *OURS]},
    )


def containers(name: str, checked: Checked[MySql57Spec]) -> tuple[dict[str, Any], ...]:
    """The containers: the server, under its image's own entry point, and the sidecar."""
    workload = checked.spec
    data = {"name": workload.template, "mountPath": DATA, "subPath": "mysql"}
    places = [data, mount("conf", CONF), *OURS]
    server = {
        "name": "mysql",
        "image": checked.get("image"),
        "env": environment(name, workload),
        "ports": [{"name": MYSQL.name, "containerPort": MYSQL.container}],
        "volumeMounts": places,
        "resources": workload.resources.rendered(),
        "startupProbe": {"exec": {"command": PING}, **timed(0, 2, 5), "failureThreshold": LONGEST_START // 2},
        "livenessProbe": {"exec": {"command": PING}, **timed(30, 10, 5)},
        "readinessProbe": {"exec": {"command": ["bash", f"{SCRIPTS}/ready.sh"]}, **timed(5, 2, 1)},
    }
    sidecar = {
        **common("xtrabackup", checked.get("backup_image"), "sidecar", name, workload),
        "ports": [{"name": BACKUP.name, "containerPort": BACKUP.container}],
        "volumeMounts": places,
        "resources": {"requests": {"cpu": "100m", "memory": "100Mi"}},
    }
    return server, sidecar


def common(step: str, image: pulumi.Input[str], script: str, name: str, workload: MySql57Spec) -> dict[str, Any]:
    """The fields of a container that runs one of this program's scripts."""
    command = ["bash", f"{SCRIPTS}/{script}.sh"]
    return {"name": step, "image": image, "command": command, "env": environment(name, workload)}


def environment(name: str, workload: MySql57Spec) -> list[dict[str, str]]:
    """The environment variables that the scripts read. None of them is secret."""
    values: Mapping[str, str] = {
        "WORKLOAD": name,
        "DATABASE": workload.database,
        "APPLICATION": workload.application,
        "DURABILITY": workload.durability,
        "HOME": "/tmp",  # noqa: S108  the pod's own
    }
    return [{"name": key, "value": value} for key, value in values.items()]


def timed(delay: int, period: int, timeout: int) -> dict[str, int]:
    """The delay, period and timeout of a probe, in seconds."""
    return {"initialDelaySeconds": delay, "periodSeconds": period, "timeoutSeconds": timeout}


def mount(name: str, path: str, read_only: bool = False) -> dict[str, Any]:
    """The mount of a volume."""
    return {"name": name, "mountPath": path, **({"readOnly": True} if read_only else {})}


OURS: Final = (
    mount("run", "/run/mysqld"),
    mount("tmp", "/tmp"),  # noqa: S108
    mount("scripts", SCRIPTS, read_only=True),
    mount("accounts", "/etc/statefulsets/accounts", read_only=True),
    mount("history", "/etc/statefulsets/history", read_only=True),
)
"""Mounts that every container has besides those of the tutorial."""


def volumes(name: str) -> tuple[dict[str, Any], ...]:
    """The pods' volumes: the tutorial's two, and more. Option files with passwords are in memory only."""
    return (
        {"name": "conf", "emptyDir": {}},
        {"name": "config-map", "configMap": {"name": name}},
        {"name": "run", "emptyDir": {"medium": "Memory", "sizeLimit": "16Mi"}},
        {"name": "tmp", "emptyDir": {}},
        {"name": "scripts", "configMap": {"name": f"{name}-scripts"}},
        {"name": "accounts", "secret": {"secretName": f"{name}-accounts", "defaultMode": 0o440}},
        {"name": "history", "configMap": {"name": f"{name}-initialised", "optional": True}},
    )
