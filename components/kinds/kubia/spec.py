"""The fields of a `kubia` workload in the stack file."""

from __future__ import annotations

from typing import ClassVar, Literal

from ...kubernetes.quantities import Quantity
from ...model.base import Image
from ...stateful.spec import SMALL, Replicas, Resources, StatefulSpec
from ...storage.backends import GceDisks, Storage


class KubiaSpec(StatefulSpec):
    """The small web application of the tutorials, whose pods keep one text each."""

    default_claim_size: ClassVar[Quantity] = Quantity("1Mi")

    kind: Literal["kubia"] = "kubia"
    replicas: Replicas = 2
    """Number of pods, each with a claim of its own."""
    image: Image = "luksa/kubia-pet"
    """Image of the application. Default: the tutorials' own."""
    storage: Storage = GceDisks()
    """Where the replicas' data lie. Default: the three disks of the tutorial on GCE persistent disks."""
    resources: Resources = SMALL
    """CPU and memory of each container."""
