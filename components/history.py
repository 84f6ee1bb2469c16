"""What the stack's last `up` left behind, where the stack file must not fall short of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import pulumi

from components.config import Problem, StackConfig, Workload
from components.config.checks import WORKLOADS
from components.config.errors import dotted
from components.config.storage import GceBackend
from components.config.workloads import StatefulWorkload
from components.quantities import Quantity

READ_OUTPUTS: Final = "pulumi:pulumi:readStackOutputs"


def refuse_shrinking(stack: StackConfig) -> None:
    """Raises pulumi.RunError where a disk's size is below what the last `up` made; asks only if there are disks."""
    if not any(disks_of(workload) for workload in stack.workloads.values()):
        return
    name = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
    answer = pulumi.runtime.invoke(READ_OUTPUTS, {"name": name}).value or {}
    problems = sorted(shrunk(stack, answer.get("outputs") or {}))
    if problems:
        raise pulumi.RunError("\n".join(map(str, problems)))


def shrunk(stack: StackConfig, outputs: Mapping[str, Any]) -> Iterator[Problem]:
    """Disks that the stack file makes smaller than they are. Google grows disks in place and never shrinks one."""
    for name, workload in stack.workloads.items():
        wanted, made = disks_of(workload), outputs.get(name)
        known = made.get("disks") if isinstance(made, Mapping) else None
        sizes = {disk: Quantity(size) for disk, size in (known or {}).items() if disk in wanted}
        larger = [disk for disk, size in sizes.items() if size > Quantity(wanted[disk])]
        if larger:
            largest = max(larger, key=lambda disk: sizes[disk])
            yield Problem(
                dotted((WORKLOADS, name, "storage", "size")),
                f"{wanted[largest]} but {largest} has {sizes[largest]}; a disk never shrinks, and a smaller one would"
                f" be new and empty; write {sizes[largest]} or more, or list disks with new names",
            )


def disks_of(workload: Workload) -> dict[str, str]:
    """The workload's disks and their size."""
    if not isinstance(workload, StatefulWorkload) or not isinstance(workload.storage, GceBackend):
        return {}
    return {name: workload.storage.size.text for name in workload.storage.names}
