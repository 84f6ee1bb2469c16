"""Values as they cross between a Pulumi program and the engine, decoded without losing what marks them.

The SDK's own decoder pushes secretness up to the enclosing object, drops unknowns outside a preview and
builds resources out of references. A test wants the opposite: every mark where the program put it.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf import struct_pb2  # type: ignore[import-untyped]
from pulumi.runtime import rpc


class Unknown(enum.Enum):
    """A value that is known only in an update, as previews have."""

    UNKNOWN = "[unknown]"

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown.UNKNOWN


@dataclass(frozen=True)
class Secret:
    """A value the engine encrypts in the state and masks in its output."""

    value: Any


@dataclass(frozen=True)
class Reference:
    """A resource handed to another one as an input."""

    urn: str


@dataclass(frozen=True)
class Asset:
    """A file or text handed to a resource; `fields` holds path, text, uri or assets as sent."""

    fields: Mapping[str, Any]


def decode_struct(struct: struct_pb2.Struct) -> dict[str, Any]:
    """The plain dictionary behind a message of inputs or outputs."""
    return {key: decode(value) for key, value in sorted(struct.fields.items())}


def decode(value: struct_pb2.Value) -> Any:
    """One value, with secrets, unknowns and references as the types of this module."""
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return _decode_object(value.struct_value)
    if kind == "list_value":
        return [decode(item) for item in value.list_value.values]
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "string_value":
        return UNKNOWN if value.string_value == rpc.UNKNOWN else value.string_value
    return value.bool_value if kind == "bool_value" else None


def _decode_object(struct: struct_pb2.Struct) -> Any:
    signature = struct.fields.get(rpc._special_sig_key)
    if signature is None:
        return decode_struct(struct)
    if signature.string_value == rpc._special_secret_sig:
        return Secret(decode(struct.fields["value"]))
    if signature.string_value == rpc._special_resource_sig:
        return Reference(struct.fields["urn"].string_value)
    fields = decode_struct(struct)
    del fields[rpc._special_sig_key]
    return Asset(fields)


def encode_struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    """The message a provider would send for these outputs."""
    return struct_pb2.Struct(fields={key: encode(value) for key, value in values.items()})


def encode(value: Any) -> struct_pb2.Value:
    """Encodes a value as `decode` reads it. A test uses it to say what a provider answers."""
    if isinstance(value, Secret):
        fields = {rpc._special_sig_key: encode(rpc._special_secret_sig), "value": encode(value.value)}
        return struct_pb2.Value(struct_value=struct_pb2.Struct(fields=fields))
    if value is UNKNOWN:
        return struct_pb2.Value(string_value=rpc.UNKNOWN)
    if value is None:
        return struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)
    if isinstance(value, bool):
        return struct_pb2.Value(bool_value=value)
    if isinstance(value, int | float):
        return struct_pb2.Value(number_value=value)
    if isinstance(value, str):
        return struct_pb2.Value(string_value=value)
    if isinstance(value, Mapping):
        return struct_pb2.Value(struct_value=encode_struct(value))
    if isinstance(value, Sequence):
        items = struct_pb2.ListValue(values=[encode(item) for item in value])
        return struct_pb2.Value(list_value=items)
    raise TypeError(f"a provider cannot answer with a {type(value).__name__}: {value!r}")


def masked(value: Any) -> Any:
    """The value as it may be printed or checked in, with secret texts masked and references given by their URN."""
    if isinstance(value, Secret):
        return _mask(value.value)
    if isinstance(value, Unknown):
        return value.value
    if isinstance(value, Reference):
        return value.urn
    if isinstance(value, Asset):
        return masked(value.fields)
    if isinstance(value, Mapping):
        return {key: masked(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [masked(item) for item in value]
    return value


def _mask(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _mask(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_mask(item) for item in value]
    return "[secret]"
