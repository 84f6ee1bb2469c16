"""What every pod of ours has in common: the restrictions of Pod Security `restricted`, and HTTP probes.

Source: Kubernetes docs v1.34, "Pod Security Standards", profile Restricted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

RESTRICTED_CONTAINER: Final[Mapping[str, Any]] = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}
"""A container without privileges that writes nowhere but to its volumes."""


def restricted_pod(uid: int) -> dict[str, Any]:
    """A pod that runs as this user and group, and not as root."""
    return {
        "runAsNonRoot": True,
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
