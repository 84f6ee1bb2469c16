"""Edits of a stack file that would lose, swap or strand what the last `up` made: refused before anything is registered.

Pulumi's preview shows such an edit as a `~` or a `replace` among others and says nothing of the data. Each refusal here
says what would be lost and the safe way, under either durability: what a destroy may take, no edit takes by accident.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import pulumi

from components import kubeconfig
from components.config import Problem, StackConfig, Workload
from components.config.checks import TARGET, WORKLOADS
from components.config.errors import dotted
from components.config.storage import GceBackend, GceDisks, LocalStorage, SharedClaim, StaticBackend
from components.config.workloads import StatefulWorkload
from components.made import Claims, Made, MadeSet, MadeWorkload
from components.quantities import GI, Quantity

ON_PURPOSE: Final = 'on purpose: docs/runbooks.md, "An edit is refused"'


def refuse(stack: StackConfig, made: Made) -> None:
    """Raises pulumi.RunError with a line for each edit that the data of the last `up` would not survive."""
    problems = sorted(set(edits(stack, made)))
    if problems:
        head = "1 edit is" if len(problems) == 1 else f"{len(problems)} edits are"
        lines = "\n".join(map(str, problems))
        raise pulumi.RunError(f"{head} refused, for data would not survive:\n{lines}")


def edits(stack: StackConfig, made: Made) -> Iterator[Problem]:
    """Every such edit."""
    yield from another_cluster(stack, made)
    yield from another_namespace(stack, made)
    owners = {volume.name: name for name, before in made.workloads.items() for volume in before.volumes}
    for name, workload in stack.workloads.items():
        if name in made.workloads:
            yield from of_workload(name, workload, made.workloads[name], stack.project)
        if isinstance(workload, StatefulWorkload):
            yield from volumes_of_others(name, workload, owners)
            yield from other_disks(name, workload, made)
    yield from gone(stack, made)


def another_cluster(stack: StackConfig, made: Made) -> Iterator[Problem]:
    """A stack keeps its cluster: the provider makes everything anew in another one, or forgets the old one.

    The same context of another kubeconfig is the same cluster unless both files are here and lead to different servers:
    continuous integration writes its kubeconfig to another place in each run.
    """
    target = stack.target
    if not any(has_data(workload) for workload in made.workloads.values()):
        return
    was, now = kubeconfig.server(made.context, made.kubeconfig), kubeconfig.server(target.context, target.kubeconfig)
    if was and was == now:
        return  # perhaps by another name
    by_file = target.context is None and target.kubeconfig != made.kubeconfig
    if target.context == made.context and not by_file and not (was and now):
        return
    field = "kubeconfig" if target.context == made.context else "context"
    wanted, had = (target.kubeconfig, made.kubeconfig) if field == "kubeconfig" else (target.context, made.context)
    yield Problem(
        f"{TARGET}.{field}",
        f"{wanted or 'none'} but the stack is on {had or 'none'}; a stack keeps its cluster: its objects and data there"
        f" would be deleted or forgotten; write {had or 'no ' + field} again, and make another stack for another"
        f" cluster; {ON_PURPOSE}",
    )


def another_namespace(stack: StackConfig, made: Made) -> Iterator[Problem]:
    """Claims do not move between namespaces."""
    namespace = stack.target.namespace
    moved = {n: w.set for n, w in made.workloads.items() if w.set is not None and w.set.namespace != namespace}
    if moved:
        (was, *_) = sorted({one.namespace for one in moved.values()})
        taken = "and would be deleted with ALL data in them" if any(s.deletes_claims for s in moved.values()) else ""
        yield Problem(
            f"{TARGET}.namespace",
            f"{namespace} but {listed(sorted(moved))} {'is' if len(moved) == 1 else 'are'} in {was}; claims do not move"
            f" between namespaces {taken or 'and would stay behind unused'}, while new pods start without data;"
            f" write {was} again; {ON_PURPOSE}",
        )


def of_workload(name: str, workload: Workload, before: MadeWorkload, project: str | None) -> Iterator[Problem]:
    """One workload that is still there."""
    here = dotted((WORKLOADS, name))
    engine = getattr(workload, "engine", "")
    if workload.kind != before.kind:
        yield Problem(
            f"{here}.kind",
            f"{workload.kind} but it was made as {before.kind}; {strands(before)}; write {before.kind} again, and give"
            f" the new workload a name of its own; {ON_PURPOSE}",
        )
    elif engine != before.engine:
        yield Problem(
            f"{here}.engine",
            f"{engine} but its members' data was made by {before.engine}; they would set it aside, and none could fill"
            f" the others; write {before.engine} again, and move the data by a dump; {ON_PURPOSE}",
        )
    elif isinstance(workload, StatefulWorkload) and has_data(before):
        yield from of_policy(here, workload, before.set)
        if workload.storage.kind != before.storage:
            yield Problem(
                f"{here}.storage.kind",
                f"{workload.storage.kind} but the data is on {before.storage}; {strands(before)}; write"
                f" {before.storage} again; {ON_PURPOSE}",
            )
        else:
            yield from of_claims(here, workload, before)
            yield from of_volumes(here, workload, before, project)


def has_data(before: MadeWorkload) -> bool:
    """Whether anything is left that holds data; `pulumi destroy --target` takes it away on purpose."""
    return bool(before.set or before.volumes or before.shared)


def strands(before: MadeWorkload) -> str:
    """What becomes of a workload's data once its pods no longer look for it."""
    if before.set is not None and before.set.deletes_claims:
        return "its claims would be deleted with ALL data in them"
    return "its data would stay behind, out of the pods' reach"


def replaced(made: MadeSet) -> str:
    """What it costs to change what a StatefulSet keeps for its life (Kubernetes API, StatefulSetSpec)."""
    if made.deletes_claims:
        return "the set would be replaced, and its claims deleted with ALL data in them"
    return "the set would be replaced: all pods stop at once, and the claims stay as they were made"


def of_policy(here: str, workload: StatefulWorkload, made: MadeSet | None) -> Iterator[Problem]:
    """The order in which pods start is fixed when the set is made."""
    if made is not None and workload.pod_management_policy != made.policy:
        yield Problem(
            f"{here}.podManagementPolicy",
            f"{workload.pod_management_policy} but the set was made with {made.policy}; {replaced(made)}; write"
            f" {made.policy} again; {ON_PURPOSE}",
        )


def of_claims(here: str, workload: StatefulWorkload, before: MadeWorkload) -> Iterator[Problem]:
    """Size, class and access mode of the claims, or of the one that is shared."""
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


def unlike(
    here: str, workload: StatefulWorkload, claims: Claims, loss: str, *, check_size: bool = True
) -> Iterator[Problem]:
    """What a claim asks for now and did not ask for then."""
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


def of_volumes(here: str, workload: StatefulWorkload, before: MadeWorkload, project: str | None) -> Iterator[Problem]:
    """An ordinal keeps its volume for ever: a list of them is appended to, and shortened where no claim ever was."""
    storage = workload.storage
    if not isinstance(storage, StaticBackend):
        return
    field = "volumes" if isinstance(storage, LocalStorage) else "disks"
    wanted, were = storage.names, [volume.name for volume in before.volumes]
    held = were[: claimed(before)]
    moved = [name for name in were if name in wanted and wanted.index(name) != were.index(name)]
    if list(wanted[: len(held)]) != held or moved:
        kept = were if moved else held
        yield Problem(
            f"{here}.storage.{field}",
            f"{listed(wanted)} but the ordinals from 0 up have {listed(kept)}; an ordinal keeps its volume, or a"
            f" replica would find another's data or none; begin the list with {listed(kept)}, and append new ones;"
            f" {ON_PURPOSE}",
        )
        return
    places = places_of(storage, project)
    for position, (name, volume) in enumerate(zip(wanted, before.volumes, strict=False)):
        if name == volume.name and places[position] != volume.place:
            yield Problem(
                f"{here}.storage.{field}[{position}]",
                f"{name} is {places[position]} but its data is in {volume.place}; a volume never moves: the API refuses"
                f" it, and a new disk or directory would be empty; write the old place again; {ON_PURPOSE}",
            )


def claimed(before: MadeWorkload) -> int:
    """How many ordinals from 0 up have a claim: a claim outlives a scale-down, so that the most there ever were count.

    Where no `up` noted it, every volume may have been claimed.
    """
    noted = len(before.volumes) if before.claimed is None else before.claimed
    return max(noted, before.set.last if before.set else 0)


def places_of(storage: StaticBackend, project: str | None) -> list[str]:
    """Where each volume's bytes are, in the words of `MadeVolume.place`."""
    if isinstance(storage, LocalStorage):
        return [f"{volume.path} on {volume.node}" for volume in storage.volumes]
    if isinstance(storage, GceDisks) and storage.source == "in-tree":
        return list(storage.names)
    places = storage.places if isinstance(storage, GceBackend) else ()
    return [place.handle(project or "") for place in places]


def volumes_of_others(name: str, workload: StatefulWorkload, owners: dict[str, str]) -> Iterator[Problem]:
    """A volume that another workload's ordinal has is not handed on."""
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


def other_disks(name: str, workload: StatefulWorkload, made: Made) -> Iterator[Problem]:
    """Google grows disks in place, never shrinks one, and never changes its type."""
    storage = workload.storage
    if not isinstance(storage, GceBackend):
        return
    found = {disk: made.disks[disk] for disk in storage.names if disk in made.disks}
    larger = [disk for disk, is_ in found.items() if is_.size_gb * GI > storage.size.value]
    if larger:
        largest = max(larger, key=lambda disk: found[disk].size_gb)
        size = Quantity(f"{found[largest].size_gb}Gi")
        yield Problem(
            dotted((WORKLOADS, name, "storage", "size")),
            f"{storage.size} but {largest} has {size}; a disk never shrinks, and a smaller one would be new and empty;"
            f" write {size} or more",
        )
    for disk, is_ in found.items():
        if is_.type != storage.type:
            yield Problem(
                dotted((WORKLOADS, name, "storage", "type")),
                f"{storage.type} but {disk} is {is_.type}; a disk keeps its type, and one of another would be new and"
                f" empty; write {is_.type} again; {ON_PURPOSE}",
            )
            return


def gone(stack: StackConfig, made: Made) -> Iterator[Problem]:
    """A workload that was taken out of the file or renamed, which is the same: data does not follow a name."""
    for name, before in made.workloads.items():
        if name not in stack.workloads and has_data(before):
            yield Problem(
                dotted((WORKLOADS, name)),
                f"not in the file any more; {strands(before)}; put it back: a workload that is renamed starts empty,"
                f" for its claims have its name; to take it away {ON_PURPOSE}",
            )


def listed(names: Sequence[str]) -> str:
    """Names, cut where there are many."""
    return ", ".join(names[:6]) + (", ..." if len(names) > 6 else "") if names else "none"
