"""Kinds of more than one make: which model a workload's `engine` means, and the fields that only another one has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from components.config.errors import Path, Problem, choices, dotted, nearest, shown
from components.config.workloads import ENGINES, KINDS, Workload

DEFAULT = "clone"


def of_engine(
    kind: str, spec: Mapping[str, Any], path: Path, problems: list[Problem]
) -> tuple[type[Workload], dict[str, Any]]:
    """The model, and the fields that are its own; one problem for each field that only another engine has."""
    engines = ENGINES.get(kind)
    if engines is None:
        return KINDS[kind], dict(spec)
    engine = spec.get("engine", DEFAULT)
    if not isinstance(engine, str) or engine not in engines:
        hint = nearest(str(engine), engines)
        message = f"{shown(engine)} is no engine there is; write {choices(engines)}{hint}"
        problems.append(Problem(dotted((*path, "engine")), message))
        return KINDS[kind], {key: value for key, value in spec.items() if key != "engine"}
    others = {key: name for name, model in engines.items() for key in fields(model) - fields(engines[engine])}
    for key in spec.keys() & others.keys():
        problems.append(
            Problem(
                dotted((*path, key)),
                f"only engine {others[key]} has it, and this one's is {engine}; leave it out or write engine:"
                f" {others[key]}",
            )
        )
    return engines[engine], {key: value for key, value in spec.items() if key not in others}


def fields(model: type[BaseModel]) -> set[str]:
    """Names as a stack file has them."""
    return {field.alias or name for name, field in model.model_fields.items()}
