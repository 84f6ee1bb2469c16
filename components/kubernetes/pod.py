"""What every pod of this program has in common: the restrictions of Pod Security `restricted`, and HTTP probes.

Source: Kubernetes docs v1.34, "Pod Security Standards", profile Restricted.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

WRITABLE_ROOT: Final = "writableRoot"
CAPABILITIES: Final = "capabilities"


def container_security(allowed: Collection[str] = ()) -> dict[str, Any]:
    """Security context of a container without privileges that writes to its volumes alone.

    `allowed` has the words of `AllowSpec`, of which `writableRoot` and `capabilities` lift a restriction.
    """
    return {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": WRITABLE_ROOT not in allowed,
        **({} if CAPABILITIES in allowed else {"capabilities": {"drop": ["ALL"]}}),
    }


def restricted_pod(uid: int) -> dict[str, Any]:
    """Security context of a pod that runs as this user and group, and not as root unless the user is root."""
    return {
        "runAsNonRoot": uid != 0,
        "runAsUser": uid,
        "runAsGroup": uid,
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def data_owner(uid: int) -> dict[str, Any]:
    """Security context of a pod that runs as this user and owns its volumes.

    OnRootMismatch spares a large volume a walk through it at each start.
    """
    return {**restricted_pod(uid), "fsGroup": uid, "fsGroupChangePolicy": "OnRootMismatch"}


def http_probe(path: str, port: str, period: int, failures: int) -> dict[str, Any]:
    """A probe that requests the path every `period` seconds. It acts on `failures` failures in a row."""
    return {
        "httpGet": {"path": path, "port": port},
        "periodSeconds": period,
        "timeoutSeconds": 2,
        "failureThreshold": failures,
    }
