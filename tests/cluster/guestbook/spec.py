"""What the stack file says of a `guestbook` workload."""

from __future__ import annotations

from typing import ClassVar, Literal

from ...kubernetes.quantities import Quantity
from ...model.base import Image
from ...stateful.spec import SMALL, Replicas, Resources, StatefulSpec
from ...storage.backends import DynamicStorage, Storage


class GuestbookSpec(StatefulSpec):
    """Pods that show a text, which begins with a greeting."""

    default_claim_size: ClassVar[Quantity] = Quantity("1Gi")

    kind: Literal["guestbook"] = "guestbook"
    replicas: Replicas = 1
    image: Image = "localhost/statefulsets/kubia:1"
    writer_image: Image = "localhost/statefulsets/mysql:9.7"
    """The image that writes the greeting; it has bash."""
    greeting: str = "welcome"
    """The first text of each pod."""
    storage: Storage = DynamicStorage()
    resources: Resources = SMALL
