"""The JSON Schema of the stack files, from the models themselves: `python -m components.schema [--check]`.

Editors with a YAML language server complete and check `Pulumi.*.yaml` by it. Checks that span fields are the program's.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Final, Union

from pydantic import Field, TypeAdapter

from components.config.base import LONGEST_WORKLOAD_NAME
from components.config.checks import TARGET, WORKLOADS
from components.config.target import Target
from components.config.workloads import ENGINES, KINDS

FILE: Final = Path(__file__).parent.parent / "schema" / "stack.schema.json"
DIALECT: Final = "http://json-schema.org/draft-07/schema#"


def stack_schema() -> dict[str, Any]:
    """A stack file whole: Pulumi's own keys are left open, the project's are strict."""
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
    """One of the models in KINDS, told apart by `kind`, and where there are several of a kind by `engine`."""
    makes = {kind: one_of(ENGINES[kind].values(), "engine") if kind in ENGINES else KINDS[kind] for kind in KINDS}
    return TypeAdapter(one_of(makes.values(), "kind"))


def one_of(models: Iterable[Any], discriminator: str) -> Any:
    """Their union as a type."""
    return Annotated[Union[tuple(models)], Field(discriminator=discriminator)]  # noqa: UP007  built as it runs


def with_kind(schema: dict[str, Any]) -> dict[str, Any]:
    """`kind` has a default for Python callers; in a stack file it must be written."""
    if "kind" not in schema.get("properties", {}):
        return schema
    return {**schema, "required": sorted({*schema.get("required", ()), "kind"})}


def main(arguments: list[str]) -> int:
    """Writes the file, or with --check says whether it is current."""
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
