"""Checks that compare fields of a workload: replicas with disks, sizes with each other, zones and versions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from ..model.base import check_name
from ..model.errors import TARGET, Finding, shown
from ..model.target import Target
from ..storage.backends import Backend, GceBackend, SharedClaim, StaticBackend
from ..storage.checks import disk_is_possible, zones_of
from .spec import StatefulSpec

NewField = tuple[str, tuple[int, int], Callable[[StatefulSpec], bool]]
NEW_FIELDS: Final[tuple[NewField, ...]] = (
    # Kubernetes feature gates StatefulSetStartOrdinal, StatefulSetAutoDeletePVC and ReadWriteOncePod: the first
    # release that has each on by default.
    ("ordinals.start", (1, 27), lambda w: w.ordinals.start != 0),
    ("durability", (1, 27), lambda w: w.durability == "discard" and not isinstance(w.storage, SharedClaim)),
    ("storage.accessMode", (1, 27), lambda w: w.storage.access_mode == "ReadWriteOncePod"),
)


def check_stateful(name: str, workload: StatefulSpec, target: Target | None = None) -> Iterator[Finding]:
    """All that is wrong with a workload beyond its single fields, and on the cluster where that is known."""
    yield from check_name(name)
    yield from replicas_have_disks(workload)
    yield from claim_is_not_shared(workload)
    yield from sizes_fit(workload)
    yield from disk_is_possible(workload.storage)
    strategy = workload.update_strategy
    if strategy.type == "OnDelete" and strategy.partition:
        yield (
            ("updateStrategy", "partition"),
            f"{strategy.partition} with type OnDelete, which has no partitions; write type RollingUpdate or drop it",
        )
    if target is not None:
        yield from target_knows(target, workload)
        yield from nodes_reach_disks(target, workload.storage)


def replicas_have_disks(workload: StatefulSpec) -> Iterator[Finding]:
    """Every replica has a volume that is bound to its claim, where volumes are made before the pods."""
    last = workload.ordinal_range.stop
    if not isinstance(workload.storage, StaticBackend) or not workload.replicas:
        return
    names = workload.storage.names
    if last > len(names):
        start, more = workload.ordinals.start, last - len(names)
        replicas = _some("replica", workload.replicas) + (f" from ordinal {start}" if start else "")
        listed = ", ".join(names[:6]) + (", ..." if len(names) > 6 else "")
        add = "a disk" if more == 1 else f"{more} disks"
        yield (
            ("replicas",),
            f"{replicas} but {_some('disk', len(names))} ({listed}); add {add} or lower "
            + ("ordinals.start" if start else "replicas"),
        )


def _some(noun: str, count: int) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def claim_is_not_shared(workload: StatefulSpec) -> Iterator[Finding]:
    """Several replicas do not share a claim that one node alone can mount, the mistake that the tutorials show."""
    storage = workload.storage
    if isinstance(storage, SharedClaim) and workload.replicas > 1 and storage.access_mode != "ReadWriteMany":
        yield (
            ("storage",),
            f"{workload.replicas} replicas on one {storage.access_mode} claim ({storage.claim}): one pod would start"
            " and the others wait for ever (Multi-Attach); write kind: dynamic or gce-disks, which give each replica a"
            " claim of its own, or replicas: 1",
        )


def sizes_fit(workload: StatefulSpec) -> Iterator[Finding]:
    """A claim is no larger than its volume, or it would stay pending for ever, and a volume no larger than its disk."""
    storage = workload.storage
    if not isinstance(storage, StaticBackend):
        return
    claim, volume = workload.claim_size, workload.volume_size
    if claim > volume:
        yield (
            ("storage", "volumeSize"),
            f"{volume} is less than the claims' {claim}, which would stay pending; raise it or lower claimSize",
        )
    if isinstance(storage, GceBackend) and volume > storage.size:
        what = "volumes" if storage.volume_size else "claims"
        yield (
            ("storage", "size"),
            f"{storage.size} is less than the {what}' {volume}; raise it or lower {what[:-1]}Size",
        )


def target_knows(target: Target, workload: StatefulSpec) -> Iterator[Finding]:
    """The cluster knows every field that is used: an older API server silently drops those that it does not know."""
    for field, since, used in NEW_FIELDS:
        if target.version < since and used(workload):
            first = ".".join(map(str, since))
            fix = "write durability: keep" if field == "durability" else "leave it out"
            yield (
                tuple(field.split(".")),
                f"needs Kubernetes {first} and the target is {target.kubernetes_version};"
                f" {fix} or raise {TARGET}.kubernetesVersion once the cluster is newer",
            )


def nodes_reach_disks(target: Target, storage: Backend) -> Iterator[Finding]:
    """Every disk is in a zone that has nodes, for no other node reaches it."""
    if target.zones is None:
        return
    for field, zone in zones_of(storage):
        if zone not in target.zones:
            yield (
                ("storage", *field),
                f"{shown(zone)} has no nodes; write one of {TARGET}.zones ({', '.join(target.zones)})",
            )
