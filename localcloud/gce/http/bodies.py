"""How requests' bodies are read. A field that a body's model does not have is refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from localcloud.gce.http.errors import ApiError, invalid, not_implemented


class Body(BaseModel):
    """The model of a request's JSON, with fields in camelCase. Numbers may be strings, as in Google's 64-bit fields."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel)


B = TypeVar("B", bound=Body)


def parse(model: type[B], data: Any) -> B:
    """The body of a request; raises ApiError with the first thing that is wrong, an unknown field before others."""
    if not isinstance(data, Mapping):
        raise invalid("Invalid JSON payload received. Expected an object.")
    try:
        return model.model_validate(data)
    except ValidationError as wrong:
        raise _refusal(wrong) from None


def _refusal(wrong: ValidationError) -> ApiError:
    problems = wrong.errors(include_url=False, include_input=False)
    problem = next((each for each in problems if each["type"] == "extra_forbidden"), problems[0])
    field = ".".join(["resource", *map(str, problem["loc"])])
    if problem["type"] == "extra_forbidden":
        return not_implemented(f"the field '{field}'")
    if problem["type"] == "missing":
        return ApiError("required", f"Required field '{field}' not specified")
    return invalid(f"Invalid value for field '{field}': {problem['msg']}")
