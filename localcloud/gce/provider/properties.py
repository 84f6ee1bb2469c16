"""Properties on the wire and in Python, and what differs between two sets of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from google.protobuf import json_format, struct_pb2  # type: ignore[import-untyped]

Properties = dict[str, Any]
UNKNOWN: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What the engine sends in a preview for a value that only the update will know (pulumi.runtime.rpc.UNKNOWN)."""


def from_wire(struct: struct_pb2.Struct) -> Properties:
    """The properties in a message, as plain values; whole numbers become int, which the wire does not know."""
    plain: Properties = _whole(json_format.MessageToDict(struct))
    return plain


def to_wire(properties: Mapping[str, Any]) -> struct_pb2.Struct:
    """The message for properties, without those that are None, as the engine leaves these out."""
    struct = struct_pb2.Struct()
    json_format.ParseDict({key: value for key, value in properties.items() if value is not None}, struct)
    return struct


def _whole(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _whole(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_whole(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def is_unknown(value: Any) -> bool:
    """Whether any part of a value is not known yet."""
    if isinstance(value, dict):
        return any(map(is_unknown, value.values()))
    if isinstance(value, list):
        return any(map(is_unknown, value))
    return bool(value == UNKNOWN)


def differences(old: Any, new: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Each path at which two values differ, with `add`, `delete` or `update`; a list counts as one value."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            inner = f"{path}.{key}" if path else key
            if key not in old:
                yield inner, "add"
            elif key not in new:
                yield inner, "delete"
            else:
                yield from differences(old[key], new[key], inner)
    elif old != new:
        yield path, "update"


def at(properties: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path; None where there is none."""
    value: Any = properties
    for key in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value


def like(pattern: Any, live: Any) -> Any:
    """The part of what is live that `pattern` mentions: what nobody asked for is not a change."""
    if isinstance(pattern, dict) and isinstance(live, dict):
        return {key: like(value, live[key]) for key, value in pattern.items() if key in live}
    return live


def within(shape: Any, value: Any) -> Any:
    """The part of a value that is in a shape and says something: false, 0 and empty are as good as not given."""
    if isinstance(shape, dict) and isinstance(value, dict):
        inner = {key: within(shape[key], value[key]) for key in value if key in shape}
        return {key: each for key, each in inner.items() if each or each is True}
    return value


def unknown_names(value: Any, shape: Any, path: str = "") -> Iterator[str]:
    """Each path in `value` that `shape` does not have; a shape is a map of names, a list of one shape, or None."""
    if isinstance(shape, dict) and isinstance(value, dict):
        for key, inner in value.items():
            here = f"{path}.{key}" if path else key
            if key not in shape:
                yield here
            else:
                yield from unknown_names(inner, shape[key], here)
    elif isinstance(shape, list) and isinstance(value, list):
        for index, inner in enumerate(value):
            yield from unknown_names(inner, shape[0], f"{path}[{index}]")
