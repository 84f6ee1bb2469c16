"""The fields that every workload made of a StatefulSet has in the stack file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field

from ..kubernetes.quantities import Quantity
from ..model.base import Durability, Image, Model, Workload
from ..storage.backends import StaticBackend, Storage

PodManagementPolicy = Literal["OrderedReady", "Parallel"]
Clients = Literal["namespace", "cluster", "anywhere"]

MOST_REPLICAS: Final = 1000
"""A bound against typing errors; Kubernetes itself allows 2^31-1."""

Replicas = Annotated[int, Field(ge=0, le=MOST_REPLICAS)]


class Amounts(Model):
    """CPU and memory of one container."""

    cpu: Quantity | None = None
    """CPUs, such as 500m or 2."""
    memory: Quantity | None = None
    """Bytes, such as 256Mi."""

    def rendered(self) -> dict[str, str]:
        """The amounts as the API has them, without those that were not named."""
        amounts = {"cpu": self.cpu, "memory": self.memory}
        return {name: amount.text for name, amount in amounts.items() if amount is not None}


class Resources(Model):
    """What is reserved for a container, and what it may not exceed."""

    requests: Amounts = Amounts()
    """What the scheduler reserves for the container."""
    limits: Amounts = Amounts()
    """What the container may not exceed."""

    def rendered(self) -> dict[str, dict[str, str]]:
        """The resources as the API has them."""
        return {"requests": self.requests.rendered(), "limits": self.limits.rendered()}


class UpdateStrategy(Model):
    """How a changed pod template reaches the pods."""

    type: Literal["RollingUpdate", "OnDelete"] = "RollingUpdate"
    """RollingUpdate replaces the pods from the highest ordinal down; OnDelete leaves each until somebody deletes it."""
    partition: Annotated[int, Field(ge=0, le=MOST_REPLICAS)] = 0
    """RollingUpdate leaves ordinals below this alone: a canary. `pulumi up` does not wait for such a roll-out."""


class Ordinals(Model):
    """Which ordinals the replicas get."""

    start: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """First ordinal (Kubernetes 1.27 and later). Disks are counted from ordinal 0 all the same."""


class StatefulSpec(Workload):
    """A workload made of a StatefulSet. Fields that are named as in the StatefulSet API mean the same as there."""

    compared: ClassVar[frozenset[str]] = frozenset({"replicas", "storage", "ordinals"})
    default_template: ClassVar[str] = "data"
    """Name of the claim template, where the kind decides it."""
    default_claim_size: ClassVar[Quantity]
    """Size of each replica's claim unless `storage.claimSize` says otherwise."""

    replicas: Replicas
    """How many pods there are, each with a claim of its own."""
    image: Image
    """The image that the pods run."""
    durability: Durability = "keep"
    """What becomes of the data when the stack goes. keep: disks, volumes and claims stay. discard: they go with it."""
    storage: Storage
    """Where the replicas keep their data: one of the storage backends."""
    pod_management_policy: PodManagementPolicy = "OrderedReady"
    """OrderedReady starts and stops pods one by one; Parallel all at once. A change is refused: it replaces the set."""
    update_strategy: UpdateStrategy = UpdateStrategy()
    """How a changed pod template reaches the pods."""
    min_ready_seconds: Annotated[int, Field(ge=0, le=3600)] = 0
    """Seconds for which a pod must have been ready before the next one is touched."""
    ordinals: Ordinals = Ordinals()
    """Which ordinals the replicas get."""
    termination_grace_period_seconds: Annotated[int, Field(ge=0, le=3600)] = 30
    """Seconds that a pod may take to stop after SIGTERM."""
    resources: Resources = Resources()
    """CPU and memory of each container."""
    clients: Clients = "cluster"
    """Who may open connections to the pods' ports: pods of the namespace, pods of the cluster, or anyone."""
    client_service: bool = False
    """Whether there is also the Service `<name>-client`, with one address in front of all ready pods."""

    @property
    def template(self) -> str:
        """Name of the claim template: claims are `<template>-<workload>-<ordinal>`."""
        return self.default_template

    @property
    def parts(self) -> Mapping[str, str] | None:
        """What of a claim the stack file mounts: directory of the claim, empty for the whole -> path in the container.

        It is None where the kind decides it.
        """
        return None

    @property
    def claim_size(self) -> Quantity:
        """Size of each replica's claim."""
        return self.storage.claim_size or self.default_claim_size

    @property
    def volume_size(self) -> Quantity:
        """Capacity of each PersistentVolume that is made before the pods; by default the claim's size."""
        own = self.storage.volume_size if isinstance(self.storage, StaticBackend) else None
        return own or self.claim_size

    @property
    def ordinal_range(self) -> range:
        """The ordinals that the replicas have."""
        return range(self.ordinals.start, self.ordinals.start + self.replicas)


SMALL: Final = Resources(
    requests=Amounts(cpu=Quantity("10m"), memory=Quantity("32Mi")), limits=Amounts(memory=Quantity("128Mi"))
)
