"""One part of a stack file, or a component's arguments, as a model; every mistake in it as a line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from .errors import Path, Problem, problem_of, told_apart

M = TypeVar("M", bound=BaseModel)


def parse(
    model: type[M],
    fields: Any,
    root: Path,
    problems: list[Problem],
    *,
    compared: frozenset[str] | None = None,
    by_name: bool = False,
) -> M | None:
    """The model, or None and the problems added. Strict JSON mode: a list is a tuple there, and nothing is coerced.

    `compared`: the fields that the checks across fields read. Where only others are wrong, the model comes with their
    defaults, so that those checks still find the rest. None: a model with any mistake is no model.
    `by_name`: the keys are Python's, as in a component's arguments, and not the stack file's.
    """
    try:
        return model.model_validate_json(json.dumps(fields), by_name=by_name, by_alias=not by_name)
    except ValidationError as error:
        details = told_apart(error.errors(include_url=False))
        problems += [problem_of(detail, root, model, by_name=by_name) for detail in details]
        return None if compared is None else _without_wrong_fields(model, fields, details, compared)


def _without_wrong_fields(
    model: type[M], fields: Any, details: Sequence[ErrorDetails], compared: frozenset[str]
) -> M | None:
    wrong = {str(detail["loc"][0]) for detail in details if detail["loc"]}
    if wrong & compared:
        return None
    try:
        return model.model_validate_json(json.dumps({k: v for k, v in fields.items() if k not in wrong}), by_name=False)
    except ValidationError:
        return None
