"""Refuses edits of storage that the last `up` fixed: the claims, which volume an ordinal has, and where a disk is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from ..kubernetes.quantities import GI, Quantity
from ..model.errors import WORKLOADS, Problem, dotted
from ..stateful.spec import StatefulSpec
from ..storage.backends import (
    GceBackend,
    GceDisks,
    LocalStorage,
    RegionalDisks,
    SharedClaim,
    StaticBackend,
)
from .made import Claims, Made, MadeSet, MadeWorkload

ON_PURPOSE: Final = 'on purpose: docs/runbooks.md, "An edit is refused"'


def replaced(made: MadeSet) -> str:
    """What it costs to change a field that a StatefulSet keeps for its life (Kubernetes API, StatefulSetSpec)."""
    if made.deletes_claims:
        return "the set would be replaced, and its claims deleted with ALL data in them"
    return "the set would be replaced: all pods stop at once, and the claims stay as they were made"


def listed(names: Sequence[str]) -> str:
    """The names as a list, cut where there are many."""
    return ", ".join(names[:6]) + (", ..." if len(names) > 6 else "") if names else "none"


def of_claims(here: str, workload: StatefulSpec, before: MadeWorkload) -> Iterator[Problem]:
    """Problems with claims, or with the claim that is shared, whose size, class, access mode or name would change."""
    storage = workload.storage
    if isinstance(storage, SharedClaim):
        if before.shared is not None:
            loss = f"claim {before.shared.name} would be replaced by a new, empty one"
            larger = before.shared.size < workload.claim_size  # grows in place, where the class allows it
            yield from unlike(here, workload, before.shared, loss, check_size=not larger)
            if storage.claim != before.shared.name:
                yield Problem(
                    f"{here}.storage.claim",
                    f"{storage.claim} but the data is in {before.shared.name}; the new claim would be empty; write"
                    f" {before.shared.name} again; {ON_PURPOSE}",
                )
    elif before.set is not None and before.set.template is not None:
        yield from unlike(here, workload, before.set.template, replaced(before.set))
        yield from of_template(here, workload, before.set, before.set.template)
    if before.set is not None:
        yield from of_parts(here, workload, before.set)


def of_template(here: str, workload: StatefulSpec, made: MadeSet, template: Claims) -> Iterator[Problem]:
    """A problem where another name of the claim template would give the claims other names."""
    if workload.template != template.name:
        yield Problem(
            f"{here}.claimTemplate",
            f"{workload.template} but its claims were made from {template.name}; {replaced(made)}, and new ones are"
            f" empty; write {template.name} again; {ON_PURPOSE}",
        )


def of_parts(here: str, workload: StatefulSpec, made: MadeSet) -> Iterator[Problem]:
    """Problems with parts of a claim that were mounted and would not be any more, or at another place."""
    wanted = workload.parts
    for part, path in sorted(made.parts.items()) if wanted is not None else ():
        if wanted is not None and wanted.get(part) != path:
            what = f"directory {part} of its claims" if part else "the whole of its claims"
            now = f"is at {wanted[part]}" if part in wanted else "is not any more"
            yield Problem(
                f"{here}.mounts",
                f"{what} was mounted at {path} and {now}; the program would not find its data; mount it there again;"
                f" {ON_PURPOSE}",
            )


def unlike(
    here: str, workload: StatefulSpec, claims: Claims, loss: str, *, check_size: bool = True
) -> Iterator[Problem]:
    """A problem for each field of the claims that would change. `loss` says what the change would cost."""
    storage = workload.storage
    compared = (
        ("claimSize", workload.claim_size.text, claims.size.text, check_size and workload.claim_size != claims.size),
        ("className", storage.class_name, claims.class_name, storage.class_name != claims.class_name),
        ("accessMode", storage.access_mode, claims.access_modes[0], (storage.access_mode,) != claims.access_modes),
    )
    for field, wanted, was, differs in compared:
        if differs:
            yield Problem(
                f"{here}.storage.{field}",
                f"{wanted or 'none'} but its claims were made with {was or 'none'}; {loss}; write {was or 'none'}"
                f" again; {ON_PURPOSE}",
            )


def of_volumes(here: str, workload: StatefulSpec, before: MadeWorkload) -> Iterator[Problem]:
    """A problem where the volumes are in another order, or one is missing.

    An ordinal keeps its volume for ever: the list may be appended to, and shortened where no claim ever was.
    """
    storage = workload.storage
    if not isinstance(storage, StaticBackend):
        return
    field = "volumes" if isinstance(storage, LocalStorage) else "disks"
    wanted, claims = storage.names, most_claimed(before)
    moved = [v for v in before.volumes if v.name in wanted and wanted.index(v.name) != v.ordinal]
    lost = [v for v in before.volumes if v.ordinal < claims and v.name not in wanted]
    if moved or lost:
        kept = [volume for volume in before.volumes if moved or volume.ordinal < claims]
        have = listed([f"{volume.name} (ordinal {volume.ordinal})" for volume in kept])
        yield Problem(
            f"{here}.storage.{field}",
            f"{listed(wanted)} but there are {have}; an ordinal keeps its volume, or a replica would find another's"
            f" data or none; begin the list with {listed([v.name for v in kept])}, and append new ones; {ON_PURPOSE}",
        )
        return
    yield from of_places(here, field, storage, before)


def of_places(here: str, field: str, storage: StaticBackend, before: MadeWorkload) -> Iterator[Problem]:
    """Problems with volumes whose source would change. It never may (Kubernetes API, PersistentVolumeSource)."""
    there = {volume.name: volume for volume in before.volumes}
    if isinstance(storage, LocalStorage):
        for position, volume in enumerate(storage.volumes):
            place, made = f"{volume.path} on {volume.node}", there.get(volume.name)
            if made is not None and made.place != place:
                yield Problem(
                    f"{here}.storage.{field}[{position}]",
                    f"{volume.name} is {place} but its data is in {made.place}; the API refuses to move a volume, and"
                    f" another directory would be empty; write the old place again; {ON_PURPOSE}",
                )
        return
    source = storage.source if isinstance(storage, GceDisks) else "csi"
    others = [volume for name, volume in there.items() if name in storage.names and volume.source != source]
    if others:
        yield Problem(
            f"{here}.storage.source",
            f"{source} but {others[0].name} was made with {others[0].source}; the API refuses to change a volume's"
            f" source; write {others[0].source} again; {ON_PURPOSE}",
        )


def most_claimed(before: MadeWorkload) -> int:
    """How many ordinals from 0 up have a claim. A claim outlives a scale-down, so that the most there ever were count.

    Where no `up` noted the number, every volume may have been claimed; where no `up` ever made the set, none was.
    """
    if before.set is None and not before.finished:
        return 0
    noted = max((v.ordinal + 1 for v in before.volumes), default=0) if before.claimed is None else before.claimed
    return max(noted, before.set.stop if before.set else 0)


def volumes_of_others(name: str, workload: StatefulSpec, owners: Mapping[str, str]) -> Iterator[Problem]:
    """A problem for each volume that holds the data of another workload."""
    names = workload.storage.names if isinstance(workload.storage, StaticBackend) else ()
    field = "volumes" if isinstance(workload.storage, LocalStorage) else "disks"
    for position, volume in enumerate(names):
        owner = owners.get(volume, name)
        if owner != name:
            yield Problem(
                dotted((WORKLOADS, name, "storage", field, position, "name")),
                f"{volume} is a volume of {owner} since the last up, and holds its data; give this one a name of its"
                f" own; {ON_PURPOSE}",
            )


def other_disks(name: str, workload: StatefulSpec, project: str | None, made: Made) -> Iterator[Problem]:
    """Problems with edits that would take another disk: Google grows a disk, but never shrinks, moves or retypes it."""
    storage = workload.storage
    if not isinstance(storage, GceBackend):
        return
    here = (WORKLOADS, name, "storage")
    found = {place.name: (place, made.disks[place.name]) for place in storage.places if place.name in made.disks}
    larger = [disk for disk, (_, is_) in found.items() if is_.size_gb * GI > storage.size.value]
    if larger:
        largest = max(larger, key=lambda disk: found[disk][1].size_gb)
        size = Quantity(f"{found[largest][1].size_gb}Gi")
        yield Problem(
            dotted((*here, "size")),
            f"{storage.size} but {largest} has {size}; a disk never shrinks, and a smaller one would be new and empty;"
            f" write {size} or more",
        )
    zones = "replicaZones" if isinstance(storage, RegionalDisks) else "zone"
    for disk, (place, is_) in found.items():
        compared = (
            (dotted((*here, "type")), storage.type, is_.type),
            (dotted((*here, zones)), " and ".join(sorted(place.zones)), " and ".join(is_.zones)),
            ("gcp:project", project, is_.project),
        )
        differ = [one for one in compared if one[1] != one[2]]
        for path, wanted, was in differ:
            yield Problem(
                path,
                f"{wanted} but {disk} has {was}; another disk would be made for it, new and empty; write {was} again"
                f" for it; {ON_PURPOSE}",
            )
        if differ:
            return
