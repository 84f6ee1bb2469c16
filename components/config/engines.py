"""Finds the kind of a workload by its `kind`, and by its `engine` where several kinds share a word."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from ..kinds import WORDS
from ..kinds.contract import Kind
from ..model.errors import Path, Problem, choices, dotted, nearest, no_such_kind, shown


def found(spec: Any, path: Path, problems: list[Problem]) -> tuple[Kind[Any], dict[str, Any]] | None:
    """The workload's kind, and the fields that this kind has; None, with a problem added, where there is no such kind.

    A field that only another engine has is a problem too, and left out.
    """
    if not isinstance(spec, dict):
        problems.append(Problem(dotted(path), f"{shown(spec)} is not a map; write its keys below it, indented"))
        return None
    if "kind" not in spec:
        problems.append(Problem(dotted((*path, "kind")), "missing; say which kind it is"))
        return None
    word = spec["kind"]
    if not isinstance(word, str) or word not in WORDS:
        problems.append(Problem(dotted((*path, "kind")), no_such_kind(word, list(WORDS))))
        return None
    return of_engine(WORDS[word], spec, path, problems)


def of_engine(
    engines: Mapping[str, Kind[Any]], spec: Mapping[str, Any], path: Path, problems: list[Problem]
) -> tuple[Kind[Any], dict[str, Any]]:
    """Of the kinds that share a word, the one that `engine` names, or else the first."""
    default = next(iter(engines))
    if len(engines) == 1:
        return engines[default], dict(spec)
    engine = spec.get("engine", default)
    if not isinstance(engine, str) or engine not in engines:
        hint = nearest(str(engine), engines)
        message = f"{shown(engine)} is no engine there is; write {choices(engines)}{hint}"
        problems.append(Problem(dotted((*path, "engine")), message))
        return engines[default], {key: value for key, value in spec.items() if key != "engine"}
    chosen = engines[engine]
    others = {key: name for name, kind in engines.items() for key in fields(kind.spec) - fields(chosen.spec)}
    for key in spec.keys() & others.keys():
        problems.append(
            Problem(
                dotted((*path, key)),
                f"only engine {others[key]} has it, and this one's is {engine}; leave it out or write engine:"
                f" {others[key]}",
            )
        )
    return chosen, {key: value for key, value in spec.items() if key not in others}


def fields(model: type[BaseModel]) -> set[str]:
    """The names of a model's fields, as a stack file has them."""
    return {field.alias or name for name, field in model.model_fields.items()}
