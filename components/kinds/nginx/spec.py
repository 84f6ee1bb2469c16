"""What the stack file says of an `nginx` workload."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ...kubernetes.quantities import Quantity
from ...model.base import Image
from ...stateful.spec import SMALL, Replicas, Resources, StatefulSpec
from ...storage.backends import DynamicStorage, Storage


class NginxSpec(StatefulSpec):
    """The tutorials' web server with a directory of pages per pod."""

    seed_template: ClassVar[str] = "www"
    seed_claim_size: ClassVar[Quantity] = Quantity("1Gi")

    kind: Literal["nginx"] = "nginx"
    replicas: Replicas = 3
    image: Image = "k8s.gcr.io/nginx-slim:0.8"
    storage: Storage = DynamicStorage()
    termination_grace_period_seconds: Annotated[int, Field(ge=0, le=3600)] = 10
    resources: Resources = SMALL
