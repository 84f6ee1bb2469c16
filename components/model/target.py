"""The target of a stack: the cluster and namespace that its objects go to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Final

from pydantic import Field

from .base import Label, MinorVersion, Model, Zone
from .errors import TARGET, Problem, shown

OLDEST_VERSION: Final = (1, 25)
"""Oldest Kubernetes the objects are valid on: Pod Security admission and minReadySeconds are stable since 1.25."""


class Target(Model):
    """The cluster and namespace of a stack (`statefulsets:target`)."""

    compared: ClassVar[frozenset[str]] = frozenset({"context", "kubeconfig", "kubernetesVersion", "zones"})

    context: Annotated[str, Field(min_length=1)] | None = None
    """Context of the kubeconfig. It is named so that a stack cannot land on whichever cluster is current."""
    kubeconfig: Annotated[str, Field(min_length=1)] | None = None
    """Path of a kubeconfig. Default: the usual places (KUBECONFIG, ~/.kube/config)."""
    namespace: Label = "default"
    """Namespace of every namespaced object. It must exist."""
    kubernetes_version: MinorVersion = "1.34"
    """Minor version of the cluster, quoted: '1.34'. Fields that are too new for it are refused."""
    zones: tuple[Zone, ...] | None = None
    """Zones that have nodes. If they are named, a disk in another zone is refused."""

    @property
    def version(self) -> tuple[int, int]:
        """The Kubernetes version as a pair of numbers, which can be compared."""
        major, minor = self.kubernetes_version.split(".")
        return int(major), int(minor)


def check_target(target: Target) -> Iterator[Problem]:
    """The target names its cluster, in a version on which the objects are valid."""
    if target.context is None and target.kubeconfig is None:
        yield Problem(
            TARGET, "neither context nor kubeconfig; name the cluster, so that the stack cannot land on another"
        )
    if target.version < OLDEST_VERSION:
        oldest = ".".join(map(str, OLDEST_VERSION))
        yield Problem(
            f"{TARGET}.kubernetesVersion",
            f"{shown(target.kubernetes_version)} is too old for what is made here; {oldest} is the oldest that works",
        )
