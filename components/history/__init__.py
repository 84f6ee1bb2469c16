"""Refuses edits of a stack file that would lose, swap or strand data that the last `up` made.

They are refused before anything is registered. Pulumi's preview shows such an edit as a `~` or a `replace` among others
and says nothing of the data. Each refusal here says what would be lost, and the safe way. Either durability is treated
the same: with discard a destroy takes the data, but no edit takes them by accident.
"""

from __future__ import annotations

from collections.abc import Iterator

import pulumi

from ..config import kubeconfig
from ..config.loader import StackConfig
from ..kinds import kind_of
from ..model.base import Workload
from ..model.errors import TARGET, WORKLOADS, Problem, dotted
from ..stateful.spec import StatefulSpec
from .made import Made, MadeSet, MadeWorkload
from .storage import (
    ON_PURPOSE,
    listed,
    most_claimed,
    of_claims,
    of_volumes,
    other_disks,
    replaced,
    volumes_of_others,
)

__all__ = ["most_claimed", "refuse"]


def refuse(stack: StackConfig, made: Made) -> None:
    """Raises pulumi.RunError with a line for every edit that the data of the last `up` would not survive."""
    problems = sorted(set(edits(stack, made)))
    if problems:
        head = "1 edit is" if len(problems) == 1 else f"{len(problems)} edits are"
        lines = "\n".join(map(str, problems))
        raise pulumi.RunError(f"{head} refused, held against what the last up made:\n{lines}")


def edits(stack: StackConfig, made: Made) -> Iterator[Problem]:
    """Every edit that the data of the last `up` would not survive."""
    yield from another_cluster(stack, made)
    yield from another_namespace(stack, made)
    owners = {volume.name: name for name, before in made.workloads.items() for volume in before.volumes}
    for name, workload in stack.workloads.items():
        if name in made.workloads:
            yield from of_workload(name, workload, made.workloads[name])
        if isinstance(workload, StatefulSpec):
            yield from volumes_of_others(name, workload, owners)
            yield from other_disks(name, workload, stack.project, made)
    yield from gone(stack, made)


def another_cluster(stack: StackConfig, made: Made) -> Iterator[Problem]:
    """The stack is to move to another cluster. The provider would make everything anew there, or forget the old one.

    The same context of another kubeconfig is the same cluster unless both files are here and lead to different servers:
    continuous integration writes its kubeconfig to another place in each run.
    """
    target = stack.target
    if not any(has_data(workload) for workload in made.workloads.values()):
        return
    # The provider notes the file that KUBECONFIG named; none means the usual place.
    was = kubeconfig.server(made.context, made.kubeconfig or kubeconfig.USUAL)
    now = kubeconfig.server(target.context, target.kubeconfig)
    if was and was == now:
        return  # perhaps by another name
    same = target.context == made.context and (target.context is not None or target.kubeconfig == made.kubeconfig)
    if same and not (was and now):
        return
    wanted, had = (now, was) if same else (target.context or target.kubeconfig, made.context or made.kubeconfig)
    yield Problem(
        f"{TARGET}.{'context' if target.context else 'kubeconfig'}",
        f"it leads to {wanted} but the stack is on {had}; a stack keeps its cluster: its objects and data there would"
        f" be deleted or forgotten; name {had} again, and make another stack for another cluster; {ON_PURPOSE}",
    )


def another_namespace(stack: StackConfig, made: Made) -> Iterator[Problem]:
    """The stack is to move to another namespace, to which claims cannot follow."""
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


def of_workload(name: str, workload: Workload, before: MadeWorkload) -> Iterator[Problem]:
    """The edits of a workload that is still in the file."""
    here = dotted((WORKLOADS, name))
    engine = kind_of(workload).engine
    if not has_data(before) and not before.elsewhere:
        return  # an `up` that failed early, or what was taken away on purpose
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
    elif isinstance(workload, StatefulSpec):
        yield from of_policy(here, workload, before.set)
        if before.storage not in ("", workload.storage.kind):
            yield Problem(
                f"{here}.storage.kind",
                f"{workload.storage.kind} but the data is on {before.storage}; {strands(before)}; write"
                f" {before.storage} again; {ON_PURPOSE}",
            )
        else:
            yield from of_claims(here, workload, before)
            yield from of_volumes(here, workload, before)


def has_data(before: MadeWorkload) -> bool:
    """Whether anything is left that holds data. `pulumi destroy --target` is how to take it away on purpose."""
    return bool(before.set or before.shared or (before.volumes and before.finished))


def strands(before: MadeWorkload) -> str:
    """What becomes of a workload's data once its pods no longer look for it."""
    if before.shared:
        return "its claim would be out of the pods' reach, and with durability discard be deleted with ALL data in it"
    if before.set is not None and before.set.deletes_claims:
        return "its claims would be deleted with ALL data in them"
    return "its data would stay behind, out of the pods' reach"


def of_policy(here: str, workload: StatefulSpec, made: MadeSet | None) -> Iterator[Problem]:
    """Another podManagementPolicy, which is fixed when the set is made."""
    if made is not None and workload.pod_management_policy != made.policy:
        yield Problem(
            f"{here}.podManagementPolicy",
            f"{workload.pod_management_policy} but the set was made with {made.policy}; {replaced(made)}; write"
            f" {made.policy} again; {ON_PURPOSE}",
        )


def gone(stack: StackConfig, made: Made) -> Iterator[Problem]:
    """Workloads that were taken out of the file, or renamed, which is the same: data does not follow a name."""
    for name, before in made.workloads.items():
        if name not in stack.workloads and has_data(before):
            yield Problem(
                dotted((WORKLOADS, name)),
                f"not in the file any more; {strands(before)}; put it back: a workload that is renamed starts empty,"
                f" for its claims have its name; to take it away {ON_PURPOSE}",
            )
