"""The names that Kubernetes derives from a StatefulSet's name, in one place, so that no two parts disagree."""

from __future__ import annotations

import hashlib

LONGEST_LABEL = 63


def pod_name(workload: str, ordinal: int) -> str:
    """Name, and host name, of the pod with this ordinal."""
    return f"{workload}-{ordinal}"


def claim_name(template: str, workload: str, ordinal: int) -> str:
    """Name of the claim that the StatefulSet makes for this ordinal."""
    return f"{template}-{pod_name(workload, ordinal)}"


def service_host(service: str, namespace: str) -> str:
    """DNS name of a Service."""
    return f"{service}.{namespace}.svc.cluster.local"


def pod_host(workload: str, ordinal: int, namespace: str) -> str:
    """DNS name of the pod with this ordinal, which the governing Service keeps for it."""
    return f"{pod_name(workload, ordinal)}.{service_host(workload, namespace)}"


def digest(text: str) -> str:
    """Eight characters that change with the text."""
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def bounded(text: str) -> str:
    """The text if it fits a label, and otherwise its beginning and its digest."""
    if len(text) <= LONGEST_LABEL:
        return text
    return f"{text[: LONGEST_LABEL - 9].rstrip('-.')}-{digest(text)}"
