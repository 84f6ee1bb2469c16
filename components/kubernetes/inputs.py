"""Values that may be known only while `pulumi up` runs."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

import pulumi

T = TypeVar("T")


def is_late(value: Any) -> bool:
    """Whether a value is an Output, or anything else that has to be waited for."""
    return isinstance(value, pulumi.Output) or inspect.isawaitable(value)


def lift(function: Callable[..., T], *values: pulumi.Input[Any]) -> pulumi.Input[T]:
    """Calls `function(*values)` at once where all values are known, and otherwise as soon as they are.

    A result that is known stays a plain value, so that a preview shows it and a test compares it.
    """
    if any(map(is_late, values)):
        return pulumi.Output.all(*values).apply(lambda known: function(*known))
    return function(*values)
