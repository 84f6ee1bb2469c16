"""What all models share: strictness, and names with the limits that Kubernetes and Google put on them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from ..kubernetes.quantities import Quantity
from .errors import Finding, shown


class Model(BaseModel):
    """A part of the stack file. Keys are camelCase, unknown ones are refused, values are never coerced or changed."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        frozen=True,
        alias_generator=to_camel,
        populate_by_name=True,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )

    compared: ClassVar[frozenset[str] | None] = None
    """Fields, as the stack file spells them, that the checks across fields read. None: any may be read."""


def args_of(spec: Model, **more: Any) -> dict[str, Any]:
    """The arguments of a model's component: the model's fields, and `more`."""
    return {**spec.model_dump(mode="json", exclude_none=True), **more}


class Workload(Model):
    """One entry of `statefulsets:workloads`."""

    kind: str
    """The kind of workload. Each model allows its own word only."""


def form(pattern: str, words: str) -> tuple[Any, Any]:
    """Annotations of a text with a pattern: a check that says `words` where it fails, and the pattern for editors."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value, re.ASCII):
            raise ValueError(words)
        return value

    return AfterValidator(check), Field(json_schema_extra={"pattern": f"^{pattern}$"})


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
"""What becomes of the data when the stack goes. keep: disks, volumes and claims stay. discard: they go with it."""

AccessMode = Literal["ReadWriteOnce", "ReadWriteOncePod"]
"""How a replica's own disk is mounted: by one node, or by one pod (Kubernetes 1.27 and later)."""

# A workload's name is its Service's, which is a DNS-1035 label (RFC 1035: 63 characters, a letter first). The pods'
# label controller-revision-hash is `<set>-<hash of up to 10>` and has the same limit (kubernetes/kubernetes#64023).
LONGEST_LABEL: Final = 63
LONGEST_REVISION_HASH: Final = 10
LONGEST_WORKLOAD_NAME: Final = LONGEST_LABEL - 1 - LONGEST_REVISION_HASH

_WORD: Final = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
ENDS: Final = "a letter or digit at both ends"

ObjectName = Annotated[
    str,
    *form(rf"{_WORD}(\.{_WORD})*", f"not a DNS-1123 name; write lower-case letters, digits, '-' and '.', with {ENDS}"),
    Field(max_length=253),
]
"""A Kubernetes object's name: a DNS-1123 subdomain (RFC 1123), 253 characters."""

Label = Annotated[
    str,
    *form(_WORD, f"not a DNS-1123 label; write lower-case letters, digits and '-', with {ENDS}"),
    Field(max_length=LONGEST_LABEL),
]
"""A DNS-1123 label, such as a namespace's name: 63 characters."""

MinorVersion = Annotated[str, *form(r"1\.[1-9][0-9]?", "not a minor version; write one in quotes, such as '1.34'")]
"""A Kubernetes version without its patch level."""

Image = Annotated[
    str,
    *form(
        r"[a-z0-9]([-a-zA-Z0-9._/:@]*[a-zA-Z0-9])?",
        "not an image reference; write one such as luksa/kubia-pet or registry.example/name:tag",
    ),
    Field(max_length=512),
]
"""An image reference, such as `luksa/kubia-pet` or `registry/name@sha256:...`."""

Region = Annotated[str, *form(r"[a-z]+-[a-z]+[0-9]+", "no region; write one such as europe-west1")]
Zone = Annotated[str, *form(r"[a-z]+-[a-z]+[0-9]+-[a-z]", "no zone; write one such as europe-west1-b")]
GoogleName = Annotated[
    str,
    *form(
        r"[a-z]([-a-z0-9]*[a-z0-9])?",
        "not a Google resource's name; write lower-case letters, digits and '-', a letter first and no '-' last",
    ),
    Field(max_length=63),
]
"""Name of a Compute Engine resource (Compute Engine API v1, disks.name): RFC 1035, 63 characters."""


Project = Annotated[
    str, *form(r"[a-z][-a-z0-9]{4,28}[a-z0-9]", "no project ID; write its 6 to 30 characters, as in gcloud's list")
]
"""ID of a Google project (Resource Manager API v3, projects.projectId)."""
ConfigKey = Annotated[
    str, *form(r"[A-Za-z][A-Za-z0-9_.-]*", "no config key; write one such as mysqlApplicationPassword")
]
"""The key of a secret in the stack's config."""
LabelKey = Annotated[
    str, *form(r"[a-z][a-z0-9_-]{0,62}", "not a label's key; write up to 63 of a-z 0-9 _ -, a letter first")
]
LabelValue = Annotated[str, *form(r"[a-z0-9_-]{0,63}", "not a label's value; write up to 63 of a-z 0-9 _ -")]
"""Value of a label of a Google resource; keys are LabelKey (Google Cloud documentation, "Labels overview")."""


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
"""Size of a disk in whole GiB, at least 1 (Compute Engine API v1, disks.sizeGb)."""


def check_name(name: str) -> Iterator[Finding]:
    """A workload's name can be the name of its Service and the beginning of its pods' names."""
    plain = name.isascii() and name.replace("-", "a").isalnum() and name == name.lower()
    if not plain or not name[0].isalpha() or name.endswith("-"):
        yield (
            (),
            f"{shown(name)} is not a DNS-1035 label; write lower-case letters, digits and '-',"
            " a letter first and no '-' last",
        )
    elif len(name) > LONGEST_WORKLOAD_NAME:
        yield (
            (),
            f"{len(name)} characters, and the pods' label controller-revision-hash adds 11 to a limit of 63;"
            f" write at most {LONGEST_WORKLOAD_NAME}",
        )
