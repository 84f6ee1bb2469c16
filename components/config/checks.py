"""What no single field of a workload can tell: replicas against disks, sizes down the chain, zones, versions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from components.config.base import LONGEST_WORKLOAD_NAME
from components.config.errors import Problem, dotted, shown
from components.config.storage import GceBackend, GceDisks, RegionalDisks, SharedClaim, StaticBackend
from components.config.target import OLDEST_VERSION, Target
from components.config.workloads import StatefulWorkload
from components.quantities import Quantity

WORKLOADS: Final = "statefulsets:workloads"
TARGET: Final = "statefulsets:target"

LARGEST_DISK: Final = Quantity("64Ti")
SMALLEST_REGIONAL: Final = {
    "pd-standard": Quantity("200Gi"),
    "pd-balanced": Quantity("10Gi"),
    "pd-ssd": Quantity("10Gi"),
}
"""Compute Engine documentation, "Storage options", capacity per disk. Zonal disks are not held to their 10 GB: the
seed's are smaller, and the API takes them."""

NewField = tuple[str, tuple[int, int], Callable[[StatefulWorkload], bool]]
NEW_FIELDS: Final[tuple[NewField, ...]] = (
    # Kubernetes feature gates StatefulSetStartOrdinal, StatefulSetAutoDeletePVC and ReadWriteOncePod: the first
    # release that has each on by default.
    ("ordinals.start", (1, 27), lambda w: w.ordinals.start != 0),
    ("durability", (1, 27), lambda w: w.durability == "discard" and not isinstance(w.storage, SharedClaim)),
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
    yield from replicas_have_disks(here, workload)
    yield from claim_is_not_shared(here, workload)
    yield from sizes_fit(here, workload)
    yield from disk_is_possible(here, workload.storage)
    strategy = workload.update_strategy
    if strategy.type == "OnDelete" and strategy.partition:
        yield Problem(
            f"{here}.updateStrategy.partition",
            f"{strategy.partition} with type OnDelete, which has no partitions; write type RollingUpdate or drop it",
        )
    if target is not None:
        yield from target_knows(target, here, workload)
        yield from nodes_reach_disks(target, here, workload.storage)


def replicas_have_disks(here: str, workload: StatefulWorkload) -> Iterator[Problem]:
    """Every replica finds a volume bound to its claim."""
    last = workload.ordinal_range.stop
    if not isinstance(workload.storage, StaticBackend) or not workload.replicas:
        return
    names = workload.storage.names
    if last > len(names):
        start, more = workload.ordinals.start, last - len(names)
        replicas = _some("replica", workload.replicas) + (f" from ordinal {start}" if start else "")
        listed = ", ".join(names[:6]) + (", ..." if len(names) > 6 else "")
        add = "a disk" if more == 1 else f"{more} disks"
        yield Problem(
            f"{here}.replicas",
            f"{replicas} but {_some('disk', len(names))} ({listed}); add {add} or lower "
            + ("ordinals.start" if start else "replicas"),
        )


def _some(noun: str, count: int) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def claim_is_not_shared(here: str, workload: StatefulWorkload) -> Iterator[Problem]:
    """The seeds' mistake: one claim that one node can mount, under several replicas."""
    storage = workload.storage
    if isinstance(storage, SharedClaim) and workload.replicas > 1 and storage.access_mode != "ReadWriteMany":
        yield Problem(
            f"{here}.storage",
            f"{workload.replicas} replicas on one {storage.access_mode} claim ({storage.claim}): one pod would start"
            " and the others wait for ever (Multi-Attach); write kind: dynamic or gce-disks, which give each replica a"
            " claim of its own, or replicas: 1",
        )


def sizes_fit(here: str, workload: StatefulWorkload) -> Iterator[Problem]:
    """Claim within volume within disk: a claim above its volume stays pending for ever."""
    storage = workload.storage
    if not isinstance(storage, StaticBackend):
        return
    claim, volume = workload.claim_size, workload.volume_size
    if claim > volume:
        yield Problem(
            f"{here}.storage.volumeSize",
            f"{volume} is less than the claims' {claim}, which would stay pending; raise it or lower claimSize",
        )
    if isinstance(storage, GceBackend) and volume > storage.size:
        what = "volumes" if storage.volume_size else "claims"
        yield Problem(
            f"{here}.storage.size",
            f"{storage.size} is less than the {what}' {volume}; raise it or lower {what[:-1]}Size",
        )


def disk_is_possible(here: str, storage: object) -> Iterator[Problem]:
    """Google makes disks of this size, and in these zones."""
    if not isinstance(storage, GceBackend):
        return
    if storage.size > LARGEST_DISK:
        yield Problem(
            f"{here}.storage.size", f"{storage.size} is more than a disk can have; write {LARGEST_DISK} or less"
        )
    if not isinstance(storage, RegionalDisks):
        return
    smallest = SMALLEST_REGIONAL[storage.type]
    if storage.size < smallest:
        other = "" if smallest == SMALLEST_REGIONAL["pd-ssd"] else ", or type: pd-balanced, which starts at 10Gi"
        yield Problem(
            f"{here}.storage.size",
            f"{storage.size} is less than a regional {storage.type} disk can have; write {smallest} or more{other}",
        )
    for i, zone in enumerate(storage.replica_zones):
        if zone.rpartition("-")[0] != storage.region:
            yield Problem(
                f"{here}.storage.replicaZones[{i}]",
                f"{shown(zone)} is not in region {storage.region}; write one of its zones, such as {storage.region}-b",
            )


def target_knows(target: Target, here: str, workload: StatefulWorkload) -> Iterator[Problem]:
    """An older API server drops fields that it does not know, in silence."""
    for field, since, used in NEW_FIELDS:
        if target.version < since and used(workload):
            first = ".".join(map(str, since))
            fix = "write durability: keep" if field == "durability" else "leave it out"
            yield Problem(
                f"{here}.{field}",
                f"needs Kubernetes {first} and the target is {target.kubernetes_version};"
                f" {fix} or raise {TARGET}.kubernetesVersion once the cluster is newer",
            )


def nodes_reach_disks(target: Target, here: str, storage: object) -> Iterator[Problem]:
    """A disk is reached from its own zones only."""
    if target.zones is None:
        return
    for field, zone in zones_of(storage):
        if zone not in target.zones:
            yield Problem(
                f"{here}.storage.{field}",
                f"{shown(zone)} has no nodes; write one of {TARGET}.zones ({', '.join(target.zones)})",
            )


def zones_of(storage: object) -> Iterator[tuple[str, str]]:
    """Each zone of a backend, with the field that says it."""
    if isinstance(storage, RegionalDisks):
        yield from ((f"replicaZones[{i}]", zone) for i, zone in enumerate(storage.replica_zones))
    elif isinstance(storage, GceDisks):
        if any(disk.zone is None for disk in storage.disks):
            yield "zone", storage.zone
        yield from ((f"disks[{i}].zone", disk.zone) for i, disk in enumerate(storage.disks) if disk.zone is not None)
