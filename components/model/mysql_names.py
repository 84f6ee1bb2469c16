"""Names of MySQL that more than one kind of workload has among its fields."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator, Field

from .base import form

SYSTEM_DATABASES: Final = frozenset({"information_schema", "mysql", "performance_schema", "sys"})


def _not_of_the_system(name: str) -> str:
    if name.lower() in SYSTEM_DATABASES:
        raise ValueError("MySQL's own; write another name, such as app")
    return name


DatabaseName = Annotated[
    str,
    Field(max_length=64),
    *form(r"[A-Za-z_$][-A-Za-z0-9_$]*", "not a name; write letters, digits, - and _, a letter first"),
    AfterValidator(_not_of_the_system),
]
"""Name of a database: 64 characters (MySQL 8.4 Reference Manual, 11.2.1 "Identifier Length Limits")."""
