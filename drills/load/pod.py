"""The client pod: like an application's, with the label that lets it in, the Secret to log in with, MySQL's client."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from drills.kube import Json
    from drills.target import Target

SCRIPTS: Final = Path(__file__).parent / "scripts"
LABEL: Final = {"app.kubernetes.io/managed-by": "statefulsets-drills"}
CONTAINER: Final = "client"
UID: Final = 999
FOUR_HOURS: Final = 4 * 3600


@dataclass(frozen=True)
class ClientPod:
    """Which pod the load runs in, and which table it writes to."""

    name: str
    """Of the pod, and of the ConfigMap that holds its scripts."""
    table: str = "statefulsets_drills"
    lasts: int | None = FOUR_HOURS
    """Seconds after which the pod ends, whatever became of the drills. None: never, and it starts again by itself."""
    node: str = ""
    """Where it has to run; anywhere, if this is empty."""


def scripts() -> dict[str, str]:
    """What the ConfigMap of the pod's name must hold."""
    return {path.name: path.read_text() for path in sorted(SCRIPTS.glob("*.sh"))}


def manifest(target: Target, pod: ClientPod) -> Json:
    """The pod's JSON."""
    lasting = {"restartPolicy": "Always"} if pod.lasts is None else {"restartPolicy": "Never"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": pod.name, "labels": {**LABEL, f"{target.name}-client": "true"}},
        "spec": {
            **lasting,
            **({} if pod.lasts is None else {"activeDeadlineSeconds": pod.lasts}),
            **({"nodeName": pod.node} if pod.node else {}),
            "terminationGracePeriodSeconds": 1,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": UID,
                "runAsGroup": UID,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [_container(target, pod)],
            "volumes": [
                {"name": "scripts", "configMap": {"name": pod.name}},
                {"name": "tmp", "emptyDir": {"sizeLimit": "256Mi"}},
            ],
        },
    }


def _container(target: Target, pod: ClientPod) -> dict[str, Any]:
    return {
        "name": CONTAINER,
        "image": target.image,
        "command": ["bash", "/drills/idle.sh"],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}},
        "env": _environment(target, pod),
        "volumeMounts": [
            {"name": "scripts", "mountPath": "/drills", "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108  the pod's own
        ],
    }


def _environment(target: Target, pod: ClientPod) -> list[dict[str, Any]]:
    plain = {"DRILL_TABLE": pod.table, "HOME": "/tmp"}  # noqa: S108
    if not target.has_secret:
        plain |= {
            "DRILL_HOST": target.host(0),
            "DRILL_READ_HOST": f"{target.name}-read",
            "DRILL_USER": "root",
            "DRILL_DATABASE": "drills",
            "DRILL_TLS": "PREFERRED",
        }
        return [{"name": key, "value": value} for key, value in plain.items()]
    plain["DRILL_TLS"] = "REQUIRED"
    keys = {
        "DRILL_HOST": "host",
        "DRILL_READ_HOST": "read-host",
        "DRILL_USER": "user",
        "DRILL_DATABASE": "database",
        "MYSQL_PWD": "password",
    }
    secret = f"{target.name}-client"
    return [{"name": key, "value": value} for key, value in plain.items()] + [
        {"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}} for name, key in keys.items()
    ]
