"""What an experiment is: what it will do, when it cannot, and how it goes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

if TYPE_CHECKING:
    from drills.experiments.stage import Stage
    from drills.kube import Cluster
    from drills.target import Target


@dataclass(frozen=True)
class Option:
    """What the command line says of a field of an experiment, which is an option there."""

    help: str = ""
    least: float | None = None


Ordinal = Annotated[int | None, Option("Of the member. Default: the highest.")]
Seconds = Annotated[float, Option("How long.", least=1)]


class Experiment(ABC):
    """One of the tutorial's experiments. Its fields are options of its command, and its docstring is the help.

    The invariants are checked by whoever runs it; it adds what is its own.
    """

    name: ClassVar[str]
    """The name of its command, and of its result in reports."""
    example: ClassVar[str]
    """What one might type after `python -m drills`."""

    @abstractmethod
    def plan(self, target: Target) -> tuple[str, ...]:
        """What it will do, one line each."""

    def cannot(self, cluster: Cluster, target: Target) -> str:
        """Why it cannot be done here; empty if it can."""
        return ""

    @abstractmethod
    def run(self, stage: Stage) -> None:
        """Does it, and checks what is its own."""


def at(ordinal: int | None, target: Target) -> int:
    """The member that is meant: the last one, unless an ordinal is named."""
    return target.last if ordinal is None else ordinal


def no_member(target: Target, ordinal: int) -> str:
    """Why nothing can be done with a member; empty if it is there."""
    if 0 <= ordinal < target.replicas:
        return ""
    return f"there is no {target.pod(ordinal)}; members: {target.pod(0)} to {target.pod(target.last)}"
