"""What two workloads of a stack must not both have: volume names, directories, Services, claims."""

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
"""A name -> the config paths that lay claim to it."""


def check_overlaps(workloads: Mapping[str, Workload]) -> Iterator[Problem]:
    """Every problem between workloads, or between two entries of one."""
    stateful = {name: w for name, w in workloads.items() if isinstance(w, StatefulSpec)}
    yield from repeated(volumes(stateful), "already the volume of", "give it a name of its own")
    yield from repeated(services(workloads), "already a Service of", "rename one of the two")
    yield from repeated(claims(stateful), "already a claim of", "give it a name of its own")
    yield from shared_directories(stateful)


def repeated(users: Users, what: str, fix: str) -> Iterator[Problem]:
    """The first to name a thing has it; the others are told."""
    for name, paths in users.items():
        for path in paths[1:]:
            yield Problem(path, f"{shown(name)} is {what} {paths[0]}; {fix}")


def volumes(workloads: Mapping[str, StatefulSpec]) -> Users:
    """PersistentVolumes have no namespace, and a disk can be under one of them only."""
    users: Users = defaultdict(list)
    for name, workload in workloads.items():
        storage = workload.storage
        if isinstance(storage, StaticBackend):
            field = "volumes" if isinstance(storage, LocalStorage) else "disks"
            for i, volume in enumerate(storage.names):
                users[volume].append(dotted((WORKLOADS, name, "storage", field, i, "name")))
    return users


def services(workloads: Mapping[str, Workload]) -> Users:
    """The Services that each workload makes."""
    users: Users = defaultdict(list)
    for name, workload in workloads.items():
        for service, path in kind_of(workload).services(name, workload):
            users[service].append(dotted((WORKLOADS, name, *path)))
    return users


def claims(workloads: Mapping[str, StatefulSpec]) -> Users:
    """Named claims among themselves and against those that StatefulSets make."""
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
    """Two replicas in one directory, or in one within the other's, write over each other."""
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
