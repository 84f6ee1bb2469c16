"""Kubernetes objects as the API's own JSON.

Every object of this program is a plain mapping in the published shape of its API, so that what a test validates
against Kubernetes' OpenAPI schema is what the cluster is sent, byte for byte. pulumi-kubernetes' classes register the
very same resources; importing them costs each run 0.8 s and 85 MB, which is more than the rest of the program.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from typing import Any, Final

import pulumi

Manifest = Mapping[str, Any]

SKIP_AWAIT: Final = {"pulumi.com/skipAwait": "true"}
"""Annotation of an object whose readiness nothing waits for."""
OWNER: Final = "statefulsets/belongs-to-stack"
"""Annotation of every object: its project and stack. Creating is a server-side apply, which takes over what is there
already; that fails where it would change what another field manager set, and so no stack takes another's objects."""


class KubernetesObject(pulumi.CustomResource):
    """One object, registered with the token pulumi-kubernetes' class for it has, at that package's version."""

    def __init__(self, name: str, manifest: Manifest, opts: pulumi.ResourceOptions | None = None) -> None:
        """`name` is the resource's name in the stack; the object's own is in its metadata."""
        pinned = pulumi.ResourceOptions(version=provider_version())
        super().__init__(
            type_token(manifest["apiVersion"], manifest["kind"]),
            name,
            owned(manifest),
            pulumi.ResourceOptions.merge(pinned, opts),
        )

    @property
    def object_name(self) -> pulumi.Output[str]:
        """The object's own name, also where the provider ends it at random."""
        made: pulumi.Output[Any] = self.__dict__["metadata"]
        return made.apply(lambda metadata: str(metadata["name"]))


def owned(manifest: Manifest) -> dict[str, Any]:
    """The object with its stack's name."""
    before = manifest["metadata"]
    annotations = {**before.get("annotations", {}), OWNER: f"{pulumi.get_project()}/{pulumi.get_stack()}"}
    return {**manifest, "metadata": {**before, "annotations": annotations}}


@cache
def provider_version() -> str:
    """Looked up once: it reads a file, and there may be a thousand objects."""
    return version("pulumi-kubernetes")


def type_token(api_version: str, kind: str) -> str:
    """`v1`, `Service` -> `kubernetes:core/v1:Service`."""
    return f"kubernetes:{api_version if '/' in api_version else f'core/{api_version}'}:{kind}"


def metadata(
    name: pulumi.Input[str], namespace: pulumi.Input[str] | None, labels: Mapping[str, str], **more: Any
) -> dict[str, Any]:
    """An object's metadata; cluster-wide objects have no namespace."""
    place = {} if namespace is None else {"namespace": namespace}
    return {"name": name, **place, "labels": dict(labels), **more}


def labels(app: str) -> dict[str, str]:
    """The seeds' `app` label, which selectors use, and the recommended ones (Kubernetes docs, "Recommended Labels")."""
    return {"app": app, "app.kubernetes.io/name": app, "app.kubernetes.io/managed-by": "pulumi"}
