"""A stack file with a mistake, written in a line or two, and the lines that refuse it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from tests.unit.components.programs import TARGET

NAMES = {"kubia": "kubia", "nginx": "nginx", "mysql": "db", "cloud-sql": "db"}
"""Kind -> the name that a workload of it has in a case that gives one workload only."""


class Refusal(NamedTuple):
    """A stack file that is refused."""

    name: str
    """The lines that refuse it."""
    workloads: Any
    target: Any
    said: list[str]


def refused(name: str, workloads: Any, *said: str, target: Any = TARGET) -> Refusal:
    """`workloads`: all of them, or one, which gets its kind's usual name. `said`: each line from the name on, or whole
    where it is about something else.
    """
    alone = isinstance(workloads, Mapping) and isinstance(workloads.get("kind"), str)
    named = {NAMES[workloads["kind"]]: workloads} if alone else workloads
    whole = [line if line.startswith("statefulsets:") else f"statefulsets:workloads.{line}" for line in said]
    return Refusal(name, named, target, whole)
