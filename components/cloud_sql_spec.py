"""The model's former place; it is `components.config.cloud_sql`. Looked up late, as that package reads this module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from components.config.cloud_sql import CloudSqlSpec as CloudSqlSpec


def __getattr__(name: str) -> Any:
    from components.config import cloud_sql

    return getattr(cloud_sql, name)
