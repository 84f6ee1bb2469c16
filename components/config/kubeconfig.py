"""Reads the user's kubeconfig: which contexts it has, and to which servers they lead."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml  # comes with pulumi

from ..model.errors import TARGET, Problem, nearest, shown
from ..model.target import Target

USUAL = "~/.kube/config"
UNREADABLE: Final = (OSError, ValueError, RuntimeError)  # there is no file, no text in it, or no home directory


@dataclass(frozen=True)
class Kubeconfig:
    """The contexts of a kubeconfig."""

    servers: Mapping[str, str]
    """Context -> address of its cluster's API server, which is empty where the file has no such cluster."""
    current: str | None
    """The current context."""


def place(path: str | None) -> str:
    """The file that the Kubernetes provider reads: `path`, or else what KUBECONFIG names, or else the usual one."""
    return path or os.environ.get("KUBECONFIG") or USUAL


def read(file: str) -> Kubeconfig:
    """The contexts of a kubeconfig. Raises OSError, ValueError or yaml.YAMLError for a file that is none."""
    text = Path(file).expanduser().read_text()
    document = _mapping(yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader)))  # noqa: S506  both are safe
    clusters = {name: str(cluster.get("server", "")) for name, cluster in _named(document.get("clusters"), "cluster")}
    contexts = _named(document.get("contexts"), "context")
    servers = {name: clusters.get(str(context.get("cluster", "")), "") for name, context in contexts}
    return Kubeconfig(servers, document.get("current-context"))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _named(entries: Any, kind: str) -> list[tuple[str, Mapping[str, Any]]]:
    listed: Sequence[Any] = entries if isinstance(entries, list) else ()
    return [(str(entry.get("name")), _mapping(entry.get(kind))) for entry in map(_mapping, listed)]


def problem(target: Target) -> Problem | None:
    """What is wrong with the target's context, or None.

    The provider would say nothing: it takes a context that does not exist for a cluster that cannot be reached, makes
    nothing, and lets `up` end well.
    """
    file = place(target.kubeconfig)
    where = f"{TARGET}.kubeconfig" if target.kubeconfig else f"{TARGET}.context"
    if not target.kubeconfig and os.pathsep in file:
        return Problem(where, "KUBECONFIG names several files and the Kubernetes provider reads one; name one of them")
    try:
        found = read(file)
    except FileNotFoundError:
        fix = "name one that reaches the cluster (for GKE: gcloud container clusters get-credentials)"
        return Problem(where, f"there is no kubeconfig {file}; {fix}")
    except (*UNREADABLE, yaml.YAMLError) as error:
        return Problem(where, f"the kubeconfig {file} cannot be read ({type(error).__name__}); mend the file")
    if target.context is None or target.context in found.servers:
        return None
    known = ", ".join(sorted(found.servers)) or "none"
    return Problem(
        f"{TARGET}.context",
        f"{shown(target.context)} is no context of {file}; its contexts are {known}"
        f"{nearest(target.context, found.servers)}",
    )


def server(context: str | None, kubeconfig: str | None) -> str:
    """Address of the API server that a context leads to. It is empty where the file or the context does not exist."""
    try:
        found = read(place(kubeconfig))
    except (*UNREADABLE, yaml.YAMLError):
        return ""
    return found.servers.get(context or found.current or "", "")
