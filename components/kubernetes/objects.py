"""Kubernetes objects as the API's own JSON.

Every object of this program is a plain mapping in the published shape of its API. So a test validates against
Kubernetes' OpenAPI schema just what the cluster is sent, byte for byte. The classes of pulumi-kubernetes register the
very same resources, but importing them costs each run 0.8 s and 85 MB, which is more than the rest of the program.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from typing import Any, Final

import pulumi

Manifest = Mapping[str, Any]

SKIP_AWAIT: Final = {"pulumi.com/skipAwait": "true"}
"""Annotation of an object that `up` does not wait for."""
OWNER: Final = "statefulsets/belongs-to-stack"
"""Annotation of every object, with its project and stack. Creating is a server-side apply, which takes over an object
that is there already, but fails where it would change what another field manager set. So no stack takes another's."""


class KubernetesObject(pulumi.CustomResource):
    """One object, registered with the type token of its class in pulumi-kubernetes, at that package's version."""

    def __init__(self, name: str, manifest: Manifest, opts: pulumi.ResourceOptions | None = None) -> None:
        """`name` is the resource's name in the stack. The object's own name is in its metadata."""
        pinned = pulumi.ResourceOptions(version=provider_version())
        super().__init__(
            type_token(manifest["apiVersion"], manifest["kind"]),
            name,
            owned(manifest),
            pulumi.ResourceOptions.merge(pinned, opts),
        )

    @property
    def uid(self) -> pulumi.Output[str]:
        """The UID by which the cluster knows this very object, and no later one of the same name."""
        # In a preview the provider may answer with what it was given: then the ID is not known, and so is nothing here.
        return pulumi.Output.all(self.__dict__["metadata"], self.id).apply(lambda known: str(known[0]["uid"]))

    @property
    def object_name(self) -> pulumi.Output[str]:
        """The object's own name, even where the provider ends it at random."""
        made: pulumi.Output[Any] = self.__dict__["metadata"]
        return made.apply(lambda metadata: str(metadata["name"]))


def owned(manifest: Manifest) -> dict[str, Any]:
    """The object with the annotation that names its stack."""
    before = manifest["metadata"]
    annotations = {**before.get("annotations", {}), OWNER: f"{pulumi.get_project()}/{pulumi.get_stack()}"}
    return {**manifest, "metadata": {**before, "annotations": annotations}}


@cache
def provider_version() -> str:
    """The version of pulumi-kubernetes. It is read from a file, so only once for what may be a thousand objects."""
    return version("pulumi-kubernetes")


def type_token(api_version: str, kind: str) -> str:
    """Pulumi's type token of an API type: for `v1` and `Service` it is `kubernetes:core/v1:Service`."""
    return f"kubernetes:{api_version if '/' in api_version else f'core/{api_version}'}:{kind}"


def metadata(
    name: pulumi.Input[str], namespace: pulumi.Input[str] | None, labels: Mapping[str, str], **more: Any
) -> dict[str, Any]:
    """The metadata of an object. Cluster-wide objects have no namespace."""
    place = {} if namespace is None else {"namespace": namespace}
    return {"name": name, **place, "labels": dict(labels), **more}


def labels(app: str) -> dict[str, str]:
    """The label `app`, which selectors use, and the recommended labels (Kubernetes docs, "Recommended Labels")."""
    return {"app": app, "app.kubernetes.io/name": app, "app.kubernetes.io/managed-by": "pulumi"}
