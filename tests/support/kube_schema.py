"""Refuses a rendered object that a Kubernetes 1.34 API server, or a `restricted` namespace, would refuse.

The schemas are those of the API server's own OpenAPI document, as kubernetes-validate packs them; strict, so
that a misspelt field, which a server prunes in silence, is an error here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
from kubernetes_validate import utils

from tests.support.pod_security import restricted_errors

KUBERNETES_VERSION = "1.34"


def assert_cluster_accepts(objects: Iterable[Mapping[str, Any]]) -> None:
    """Checks that every object is valid against the schema, and every pod passes Pod Security `restricted`."""
    errors = [f"{named(obj)}: {error}" for obj in objects for error in [*schema_errors(obj), *restricted_errors(obj)]]
    assert not errors, "a cluster refuses:\n  " + "\n  ".join(errors)


def schema_errors(obj: Mapping[str, Any], version: str = KUBERNETES_VERSION) -> list[str]:
    """What is wrong with the object by that version's schema. Unknown fields and unknown kinds are wrong, too."""
    if version not in known_versions():
        return [f"kubernetes-validate has no schemas of Kubernetes {version}"]
    try:
        kubernetes_validate.validate(dict(obj), version, strict=True)
    except kubernetes_validate.ValidationError as error:
        return [f"{'.'.join(str(part) for part in error.path) or 'the object'}: {error.message}"]
    except kubernetes_validate.SchemaNotFoundError as error:
        return [error.message]
    return []


def known_versions() -> list[str]:
    """The releases whose schemas are installed. For any other one `validate` would silently take an older one."""
    return [utils.major_minor(version) for version in utils.all_versions()]


def named(obj: Mapping[str, Any]) -> str:
    """An object's kind and name, for a message."""
    return f"{obj.get('kind')} {obj.get('metadata', {}).get('name')}"
