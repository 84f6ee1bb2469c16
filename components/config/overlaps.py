"""Checks that no two workloads of a stack have the same volume, directory, Service or claim."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from ..kinds import kind_of
from ..kubernetes.naming import claim_name
from ..model.base import Workload
from ..model.errors import WORKLOADS, Problem, dotted, shown
from ..stateful.spec import StatefulSpec
from ..storage.backends import LocalStorage, SharedClaim, StaticBackend

Users = dict[str, list[str]]
"""Name of a thing -> the config paths that want to have it."""


def check_overlaps(workloads: Mapping[str, Workload]) -> Iterator[Problem]:
    """Every problem between two workloads, or between two entries of one workload."""
    stateful = {name: w for name, w in workloads.items() if isinstance(w, StatefulSpec)}
    yield from repeated(volumes(stateful), "already the volume of", "give it a name of its own")
    yield from repeated(services(workloads), "already a Service of", "rename one of the two")
    yield from repeated(claims(stateful), "already a claim of", "give it a name of its own")
    yield from shared_directories(stateful)


def repeated(users: Users, what: str, fix: str) -> Iterator[Problem]:
    """A problem for each path but the first that wants to have the same thing."""
    for name, paths in users.items():
        for path in paths[1:]:
            yield Problem(path, f"{shown(name)} is {what} {paths[0]}; {fix}")


def volumes(workloads: Mapping[str, StatefulSpec]) -> Users:
    """The PersistentVolumes of all workloads. They have no namespace, and a disk can be under one of them only."""
    users: Users = defaultdict(list)
    for name, workload in workloads.items():
        storage = workload.storage
        if isinstance(storage, StaticBackend):
            field = "volumes" if isinstance(storage, LocalStorage) else "disks"
            for i, volume in enumerate(storage.names):
                users[volume].append(dotted((WORKLOADS, name, "storage", field, i, "name")))
    return users


def services(workloads: Mapping[str, Workload]) -> Users:
    """The Services that the workloads make."""
    users: Users = defaultdict(list)
    for name, workload in workloads.items():
        for service, path in kind_of(workload).services(name, workload):
            users[service].append(dotted((WORKLOADS, name, *path)))
    return users


def claims(workloads: Mapping[str, StatefulSpec]) -> Users:
    """The claims of all workloads: those that StatefulSets make, and those that replicas share."""
    users: Users = defaultdict(list)
    for name, workload in workloads.items():
        if not isinstance(workload.storage, SharedClaim):
            for ordinal in workload.ordinal_range:
                users[claim_name(workload.template, name, ordinal)].append(dotted((WORKLOADS, name)))
    for name, workload in workloads.items():
        if isinstance(workload.storage, SharedClaim):
            users[workload.storage.claim].append(dotted((WORKLOADS, name, "storage", "claim")))
    return users


def shared_directories(workloads: Mapping[str, StatefulSpec]) -> Iterator[Problem]:
    """A problem for each directory that is another replica's or lies within it: they would write over each other."""
    users: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name, workload in workloads.items():
        storage = workload.storage
        for i, volume in enumerate(storage.volumes if isinstance(storage, LocalStorage) else ()):
            users[volume.node, volume.path].append(dotted((WORKLOADS, name, "storage", "volumes", i, "path")))
    fix = "replicas would write over each other, so give it a directory of its own"
    for (node, path), paths in users.items():
        for user in paths[1:]:
            yield Problem(user, f"{shown(path)} on {node} is already the directory of {paths[0]}; {fix}")
        parts = path.split("/")
        outer = [
            users[node, above]
            for above in map("/".join, (parts[:n] for n in range(2, len(parts))))
            if (node, above) in users
        ]
        for others in outer:
            yield Problem(paths[0], f"{shown(path)} on {node} lies inside the directory of {others[0]}; {fix}")
