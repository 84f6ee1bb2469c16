"""Kubernetes quantities (`10Gi`, `500m`) as exact values.

Grammar and suffixes: Kubernetes API reference v1.34, "Quantity". Nothing is rounded: `0.1` is a tenth, and two
spellings of one amount (`1Gi`, `1024Mi`) are equal.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import total_ordering
from typing import Any, Final

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

_BINARY: Final = {suffix: Fraction(1024) ** (i + 1) for i, suffix in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"))}
_DECIMAL: Final = {
    suffix: Fraction(1000) ** exponent
    for suffix, exponent in {"n": -3, "u": -2, "m": -1, "": 0, "k": 1, "M": 2, "G": 3, "T": 4, "P": 5, "E": 6}.items()
}
_UNITS: Final = _BINARY | _DECIMAL
# Two digits of exponent are more than the largest quantity needs (2^63-1), and keep a hostile one cheap.
_PATTERN: Final = r"^\+?([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:([KMGTPE]i|[numkMGTPE])|[eE]([+-]?[0-9]{1,2}))?$"
_LARGEST: Final = Fraction(2**63 - 1)
GI: Final = _BINARY["Gi"]


@total_ordering
class Quantity:
    """An amount of bytes or CPU. It keeps its spelling for the API, and compares by value."""

    __slots__ = ("text", "value")

    text: str
    """The amount as it was written, which is what the API gets."""
    value: Fraction
    """The exact amount in the base unit (bytes, CPUs)."""

    def __init__(self, text: str) -> None:
        """Parses a quantity. A ValueError says which form is allowed."""
        match = re.fullmatch(_PATTERN, text, re.ASCII) if len(text) <= 64 else None
        if match is None:
            raise ValueError("not a quantity; write a number with a unit, such as 10Gi, 1Mi or 500m")
        number, suffix, exponent = match.groups()
        scale = Fraction(10) ** int(exponent) if exponent else _UNITS[suffix or ""]
        value = Fraction(number) * scale
        if value > _LARGEST:
            raise ValueError("larger than a quantity can be (2^63-1); write a smaller number")
        object.__setattr__(self, "text", text)
        object.__setattr__(self, "value", value)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a Quantity does not change; make a new one instead of setting {name}")

    def __reduce__(self) -> tuple[type[Quantity], tuple[str]]:
        return Quantity, (self.text,)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Quantity({self.text!r})"

    def __eq__(self, other: object) -> bool:
        return self.value == other.value if isinstance(other, Quantity) else NotImplemented

    def __lt__(self, other: Quantity) -> bool:
        return self.value < other.value

    def __hash__(self) -> int:
        return hash(self.value)

    @property
    def whole_gi(self) -> int:
        """The amount in GiB. ValueError unless it is a whole number of at least 1, as sizes of GCE's disks are."""
        gi = self.value / GI
        if gi.denominator != 1 or gi < 1:
            raise ValueError("not a whole number of Gi; disks are sized in whole GiB, so write 1Gi, 2Gi and so on")
        return int(gi)

    @classmethod
    def __get_pydantic_core_schema__(cls, _: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Makes quantities strings in config. A bare number is refused, because `10` is ten bytes to Kubernetes."""
        from_text = core_schema.no_info_after_validator_function(cls, core_schema.str_schema(strict=True))
        return core_schema.json_or_python_schema(
            json_schema=from_text,
            python_schema=core_schema.union_schema([core_schema.is_instance_schema(cls), from_text]),
            serialization=core_schema.to_string_ser_schema(),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, _: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "pattern": _PATTERN, "examples": ["1Mi", "10Gi", "500m"]}
