"""Makes the JSON Schema of the stack files from the models: `python -m components.config.schema [--check]`.

Editors with a YAML language server complete and check `Pulumi.*.yaml` by it. Checks that compare fields with each other
are the program's alone.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Final, Union

from pydantic import Field, TypeAdapter

from ..kinds import WORDS
from ..model.base import LONGEST_WORKLOAD_NAME
from ..model.errors import TARGET, WORKLOADS
from ..model.target import Target

FILE: Final = Path(__file__).parents[2] / "schema" / "stack.schema.json"
DIALECT: Final = "http://json-schema.org/draft-07/schema#"


def stack_schema() -> dict[str, Any]:
    """The schema of a whole stack file. Pulumi's own keys are left open; those of this project are strict."""
    parts: dict[str, TypeAdapter[Any]] = {"target": TypeAdapter(Target), "workload": any_kind()}
    schemas, definitions = TypeAdapter.json_schemas(
        [(name, "validation", adapter) for name, adapter in parts.items()], ref_template="#/definitions/{model}"
    )
    of = {name: schema for (name, _), schema in schemas.items()}
    workloads = {
        "type": "object",
        "minProperties": 1,
        "propertyNames": {"pattern": "^[a-z]([-a-z0-9]*[a-z0-9])?$", "maxLength": LONGEST_WORKLOAD_NAME},
        "additionalProperties": of["workload"],
    }
    config = {
        "type": "object",
        "properties": {TARGET: of["target"], WORKLOADS: workloads},
        "required": [TARGET, WORKLOADS],
    }
    return {
        "$schema": DIALECT,
        "title": "A stack file of the statefulsets program",
        "type": "object",
        "properties": {"config": config},
        "required": ["config"],
        "definitions": {name: with_kind(schema) for name, schema in definitions["$defs"].items()},
    }


def any_kind() -> TypeAdapter[Any]:
    """The union of all kinds' models, told apart by `kind`, and where several kinds share a word by `engine`."""
    words = [one_of([kind.spec for kind in engines.values()], "engine") for engines in WORDS.values()]
    return TypeAdapter(one_of(words, "kind"))


def one_of(models: Iterable[Any], discriminator: str) -> Any:
    """The union of the models as a type; where there is one only, the model itself."""
    known = tuple(models)
    return known[0] if len(known) == 1 else Annotated[Union[known], Field(discriminator=discriminator)]  # noqa: UP007  built as it runs


def with_kind(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with `kind` among what is required. The models have a default for it, but a stack file must say it."""
    if "kind" not in schema.get("properties", {}):
        return schema
    return {**schema, "required": sorted({*schema.get("required", ()), "kind"})}


def main(arguments: list[str]) -> int:
    """Writes the file; with --check it only tells, by its exit code, whether the file is current."""
    text = json.dumps(stack_schema(), indent=2, sort_keys=True) + "\n"
    if "--check" in arguments:
        if FILE.exists() and FILE.read_text() == text:
            return 0
        print(f"{FILE.name} is not what the models say; run: make schema", file=sys.stderr)
        return 1
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
