"""The user's kubeconfig, as far as a stack must know it: which contexts it has, and to which servers they lead."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml  # comes with pulumi

from components.config.checks import TARGET
from components.config.errors import Problem, nearest, shown
from components.config.target import Target

USUAL = "~/.kube/config"


@dataclass(frozen=True)
class Kubeconfig:
    """The files that were found, read as one: of two things of the same name the first one counts, as in kubectl."""

    files: tuple[str, ...]
    servers: Mapping[str, str]
    """Context -> address of its cluster's API server; empty where the file has no such cluster."""
    current: str | None


def read(path: str | None) -> Kubeconfig:
    """`path`, or the usual places: KUBECONFIG, else ~/.kube/config. Files that are not there are left out."""
    places = [path] if path else [place for place in os.environ.get("KUBECONFIG", "").split(os.pathsep) if place]
    files = [file for file in (Path(p).expanduser() for p in places or [USUAL]) if file.is_file()]
    contexts: dict[str, str] = {}
    clusters: dict[str, str] = {}
    current = None
    for file in files:
        document = _mapping(yaml.load(file.read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader)))  # noqa: S506
        for name, cluster in _named(document.get("clusters"), "cluster"):
            clusters.setdefault(name, str(cluster.get("server", "")))
        for name, context in _named(document.get("contexts"), "context"):
            contexts.setdefault(name, str(context.get("cluster", "")))
        current = current or document.get("current-context")
    servers = {name: clusters.get(cluster, "") for name, cluster in contexts.items()}
    return Kubeconfig(tuple(map(str, files)), servers, current)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _named(entries: Any, kind: str) -> list[tuple[str, Mapping[str, Any]]]:
    listed: Sequence[Any] = entries if isinstance(entries, list) else ()
    return [(str(entry.get("name")), _mapping(entry.get(kind))) for entry in map(_mapping, listed)]


def problem(target: Target) -> Problem | None:
    """What is wrong with the target's context. The provider would say nothing: it takes a context that is not there for
    a cluster that cannot be reached, makes nothing, and lets `up` end well."""
    where, word = (f"{TARGET}.kubeconfig", target.kubeconfig) if target.kubeconfig else (f"{TARGET}.context", "")
    try:
        found = read(target.kubeconfig)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        return Problem(where, f"the kubeconfig cannot be read ({type(error).__name__}); mend the file")
    if not found.files:
        missing = f"{word} is no file" if word else f"there is no kubeconfig, neither KUBECONFIG nor {USUAL}"
        return Problem(where, f"{missing}; write one that reaches the cluster (for GKE: gcloud container clusters"
                       " get-credentials)")  # fmt: skip
    if target.context is None or target.context in found.servers:
        return None
    files, known = ", ".join(found.files), ", ".join(sorted(found.servers)) or "none"
    return Problem(
        f"{TARGET}.context",
        f"{shown(target.context)} is no context of {files}; its contexts are {known}"
        f"{nearest(target.context, found.servers)}",
    )


def server(context: str | None, kubeconfig: str | None) -> str:
    """Address of the API server that a context leads to; empty where the file or the context is gone."""
    try:
        found = read(kubeconfig)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return ""
    return found.servers.get(context or found.current or "", "")
