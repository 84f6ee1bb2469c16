"""What every config model shares: strictness, names and the limits Kubernetes and Google put on them."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from components.quantities import Quantity


def _not_a_reclaim_policy(value: Any) -> Any:
    if value in ("Recycle", "recycle"):
        raise ValueError(
            "a reclaim policy that never worked on GCE disks; write keep (data outlives the stack)"
            " or discard (data goes with it)"
        )
    if value in ("Retain", "Delete"):
        raise ValueError(f"a reclaim policy; write {'keep' if value == 'Retain' else 'discard'}")
    return value


Durability = Annotated[Literal["keep", "discard"], BeforeValidator(_not_a_reclaim_policy)]
"""What becomes of data when the stack goes. keep: disks, volumes and claims stay. discard: they go with it."""

AccessMode = Literal["ReadWriteOnce", "ReadWriteOncePod"]
"""How a replica's own disk is mounted: by one node, or by one pod (Kubernetes 1.27 and later)."""


class Model(BaseModel):
    """A part of the stack file: camelCase keys, no unknown ones, no coercion, no change afterwards."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        frozen=True,
        alias_generator=to_camel,
        populate_by_name=True,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )


# A workload's name is its Service's, which is a DNS-1035 label (RFC 1035: 63 characters, a letter first). The pods'
# label controller-revision-hash is `<set>-<hash of up to 10>` and has the same limit (kubernetes/kubernetes#64023).
LONGEST_LABEL: Final = 63
LONGEST_REVISION_HASH: Final = 10
LONGEST_WORKLOAD_NAME: Final = LONGEST_LABEL - 1 - LONGEST_REVISION_HASH

_SUBDOMAIN: Final = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
_LABEL: Final = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
_MINOR: Final = r"^1\.[1-9][0-9]?$"
_IMAGE: Final = r"^[a-z0-9]([-a-zA-Z0-9._/:@]*[a-zA-Z0-9])?$"

PATTERN_WORDS: Final = {
    _SUBDOMAIN: "not a DNS-1123 name; write lower-case letters, digits, '-' and '.', a letter or digit at both ends",
    _LABEL: "not a DNS-1123 label; write lower-case letters, digits and '-', a letter or digit at both ends",
    _MINOR: "not a minor version; write one such as '1.34'",
    _IMAGE: "not an image reference; write one such as luksa/kubia-pet or registry.example/name:tag",
}
"""What each pattern allows, in words; what is not of the form gets these."""

ObjectName = Annotated[str, Field(pattern=_SUBDOMAIN, max_length=253)]
"""A Kubernetes object's name: a DNS-1123 subdomain (RFC 1123), 253 characters."""

Label = Annotated[str, Field(pattern=_LABEL, max_length=LONGEST_LABEL)]
"""A DNS-1123 label: a namespace, for one."""

MinorVersion = Annotated[str, Field(pattern=_MINOR)]
"""A Kubernetes version without its patch level."""

Image = Annotated[str, Field(pattern=_IMAGE, max_length=512)]
"""An image reference, such as `luksa/kubia-pet` or `registry/name@sha256:...`."""


def _positive(quantity: Quantity) -> Quantity:
    if quantity.value <= 0:
        raise ValueError("no room at all; write a size above zero, such as 1Gi")
    return quantity


def _whole_gi(quantity: Quantity) -> Quantity:
    quantity.whole_gi  # noqa: B018  raises with the reason
    return quantity


Size = Annotated[Quantity, AfterValidator(_positive)]
"""An amount of storage above zero."""

DiskSize = Annotated[Quantity, AfterValidator(_whole_gi)]
"""A disk's size: whole GiB, at least 1 (Compute Engine API v1, disks.sizeGb)."""
