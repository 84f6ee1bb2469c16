"""Makes a model of a part of a stack file, or of a component's arguments, with a line for every mistake in it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from pydantic import ValidationError

from .base import Model
from .errors import Path, Problem, problem_of, told_apart

M = TypeVar("M", bound=Model)


def parse(
    model: type[M], fields: Any, root: Path, problems: list[Problem], *, by_name: bool = False, lenient: bool = False
) -> M | None:
    """Makes the model, or returns None, and adds the problems. Lists become tuples, and nothing is coerced.

    Where only fields are wrong that the checks across fields do not read (`Model.compared`), the model comes with their
    defaults, so that those checks still find the rest. `by_name`: the keys are Python's, as in a component's arguments,
    and not the stack file's. `lenient`: every wrong field may have its default.
    """
    try:
        return model.model_validate_json(json.dumps(fields), by_name=by_name, by_alias=not by_name)
    except ValidationError as error:
        details = told_apart(error.errors(include_url=False))
        problems += [problem_of(detail, root, model, by_name=by_name) for detail in details]
    wrong = {str(detail["loc"][0]) for detail in details if detail["loc"]}
    compared = frozenset[str]() if lenient else model.compared
    if compared is None or any(name in compared or key in compared for key, name in names(model, wrong)):
        return None
    sound = {key: value for key, value in fields.items() if key not in wrong}
    try:
        return model.model_validate_json(json.dumps(sound), by_name=by_name, by_alias=not by_name)
    except ValidationError:
        return None


def names(model: type[Model], keys: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each key as it is, and as the stack file spells it."""
    for key in keys:
        field = model.model_fields.get(key)
        yield key, (field.alias if field else None) or key
