"""What the stack file says of a `kubia` workload."""

from __future__ import annotations

from typing import ClassVar, Literal

from ...kubernetes.quantities import Quantity
from ...model.base import Image
from ...stateful.spec import SMALL, Replicas, Resources, StatefulSpec
from ...storage.backends import GceDisks, Storage


class KubiaSpec(StatefulSpec):
    """The small web application of the tutorials, which keeps one text per pod."""

    seed_claim_size: ClassVar[Quantity] = Quantity("1Mi")

    kind: Literal["kubia"] = "kubia"
    replicas: Replicas = 2
    image: Image = "luksa/kubia-pet"
    storage: Storage = GceDisks()
    resources: Resources = SMALL
