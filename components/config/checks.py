"""What no single field can tell: replicas against disks, sizes down the chain, versions, names, duplicates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from components.config.base import LONGEST_WORKLOAD_NAME
from components.config.errors import Path, Problem, dotted, shown
from components.config.storage import LocalStorage, StaticBackend
from components.config.target import OLDEST_VERSION, Target
from components.config.workloads import StatefulWorkload, Workload

WORKLOADS: Final = "statefulsets:workloads"
TARGET: Final = "statefulsets:target"

OptionalField = tuple[str, tuple[int, int], Callable[[StatefulWorkload], bool]]
NEWER_FIELDS: Final[tuple[OptionalField, ...]] = (
    # Kubernetes feature gates, first release where each is on by default: StatefulSetStartOrdinal,
    # StatefulSetAutoDeletePVC, ReadWriteOncePod.
    ("ordinals.start", (1, 27), lambda w: w.ordinals.start != 0),
    ("durability", (1, 27), lambda w: w.durability == "discard"),
    ("storage.accessMode", (1, 27), lambda w: w.storage.access_mode == "ReadWriteOncePod"),
)


def check_target(target: Target) -> Iterator[Problem]:
    """A stack must say where it lands."""
    if target.context is None and target.kubeconfig is None:
        yield Problem(
            TARGET, "neither context nor kubeconfig; name the cluster, so that the stack cannot land on another"
        )
    if target.version < OLDEST_VERSION:
        oldest = ".".join(map(str, OLDEST_VERSION))
        yield Problem(
            f"{TARGET}.kubernetesVersion",
            f"{shown(target.kubernetes_version)} is too old for what is made here; {oldest} is the oldest that works",
        )


def check_name(name: str) -> Iterator[Problem]:
    """A workload's name is its Service's and starts its pods' names."""
    path = dotted((WORKLOADS, name))
    plain = name.isascii() and name.replace("-", "a").isalnum() and name == name.lower()
    if not plain or not name[0].isalpha() or name.endswith("-"):
        yield Problem(
            path,
            f"{shown(name)} is not a DNS-1035 label; write lower-case letters, digits and '-',"
            " a letter first and no '-' last",
        )
    elif len(name) > LONGEST_WORKLOAD_NAME:
        yield Problem(
            path,
            f"{len(name)} characters, and the pods' label controller-revision-hash adds 11 to a limit of 63;"
            f" write at most {LONGEST_WORKLOAD_NAME}",
        )


def check_stateful(name: str, workload: StatefulWorkload, target: Target | None) -> Iterator[Problem]:
    """One workload by itself."""
    here = dotted((WORKLOADS, name))
    yield from _replicas_have_disks(here, workload)
    yield from _sizes_fit(here, workload)
    strategy = workload.update_strategy
    if strategy.type == "OnDelete" and strategy.partition:
        yield Problem(
            f"{here}.updateStrategy.partition",
            f"{strategy.partition} with type OnDelete, which has no partitions; write type RollingUpdate or drop it",
        )
    if target is not None:
        yield from _known_to(target, here, workload)


def _replicas_have_disks(here: str, workload: StatefulWorkload) -> Iterator[Problem]:
    storage, last = workload.storage, workload.ordinal_range.stop
    if not isinstance(storage, StaticBackend) or not workload.replicas:
        return
    names = storage.names
    if last > len(names):
        start = workload.ordinals.start
        wanted = f"{workload.replicas} replicas" + (f" from ordinal {start}" if start else "")
        listed = ", ".join(names[:6]) + (", ..." if len(names) > 6 else "")
        yield Problem(
            f"{here}.replicas",
            f"{wanted} but {len(names)} disks ({listed}); add {_some('disk', last - len(names))} or lower replicas",
        )


def _some(noun: str, count: int) -> str:
    return f"a {noun}" if count == 1 else f"{count} {noun}s"


def _sizes_fit(here: str, workload: StatefulWorkload) -> Iterator[Problem]:
    if isinstance(workload.storage, StaticBackend) and workload.claim_size > workload.volume_size:
        yield Problem(
            f"{here}.storage.claimSize",
            f"{workload.claim_size} is more than the volumes' {workload.volume_size}, and would stay pending for ever;"
            " raise volumeSize or lower claimSize",
        )


def _known_to(target: Target, here: str, workload: StatefulWorkload) -> Iterator[Problem]:
    for field, since, used in NEWER_FIELDS:
        if target.version < since and used(workload):
            first = ".".join(map(str, since))
            yield Problem(
                f"{here}.{field}",
                f"needs Kubernetes {first}, and the target is {target.kubernetes_version};"
                " leave it out or raise statefulsets:target.kubernetesVersion once the cluster is newer",
            )


Claimed = Mapping[Any, list[str]]


def check_shared(workloads: Mapping[str, Workload]) -> Iterator[Problem]:
    """No volume name and no directory may serve two replicas, of one workload or of two."""
    names: dict[str, list[str]] = defaultdict(list)
    directories: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name, workload in workloads.items():
        if not isinstance(workload.storage, LocalStorage):
            continue
        for i, volume in enumerate(workload.storage.volumes):
            path: Path = (WORKLOADS, name, "storage", "volumes", i)
            names[volume.name].append(dotted((*path, "name")))
            directories[volume.node, volume.path].append(dotted((*path, "path")))
    for volume_name, users in names.items():
        yield from _repeated(users, f"{shown(volume_name)} is already the volume of", "give it a name of its own")
    yield from _shared_directories(directories)


def _repeated(users: list[str], what: str, fix: str) -> Iterator[Problem]:
    for user in users[1:]:
        yield Problem(user, f"{what} {users[0]}; {fix}")


def _shared_directories(directories: Mapping[tuple[str, str], list[str]]) -> Iterable[Problem]:
    fix = "two replicas would write over each other, so give it a directory of its own"
    for (node, path), users in directories.items():
        yield from _repeated(users, f"{shown(path)} on {node} is already the directory of", fix)
        parts = path.split("/")
        for depth in range(2, len(parts)):
            outer = directories.get((node, "/".join(parts[:depth])))
            if outer:
                yield Problem(users[0], f"{shown(path)} on {node} lies inside the directory of {outer[0]}; {fix}")
