"""What every pod of ours has in common: the restrictions of Pod Security `restricted`, and HTTP probes.

Source: Kubernetes docs v1.34, "Pod Security Standards", profile Restricted.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

WRITABLE_ROOT: Final = "writableRoot"
CAPABILITIES: Final = "capabilities"


def container_security(allowed: Collection[str] = ()) -> dict[str, Any]:
    """A container without privileges that writes nowhere but to its volumes, unless either is allowed, by its word."""
    return {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": WRITABLE_ROOT not in allowed,
        **({} if CAPABILITIES in allowed else {"capabilities": {"drop": ["ALL"]}}),
    }


def restricted_pod(uid: int) -> dict[str, Any]:
    """A pod that runs as this user and group, and not as root unless that is the user."""
    return {
        "runAsNonRoot": uid != 0,
        "runAsUser": uid,
        "runAsGroup": uid,
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def data_owner(uid: int) -> dict[str, Any]:
    """A restricted pod that also owns its volumes. OnRootMismatch spares a large volume the walk at each start."""
    return {**restricted_pod(uid), "fsGroup": uid, "fsGroupChangePolicy": "OnRootMismatch"}


def http_probe(path: str, port: str, period: int, failures: int) -> dict[str, Any]:
    """GET the path every `period` seconds; that many failures in a row count."""
    return {
        "httpGet": {"path": path, "port": port},
        "periodSeconds": period,
        "timeoutSeconds": 2,
        "failureThreshold": failures,
    }
