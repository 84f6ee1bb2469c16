"""The fields of an `nginx` workload in the stack file."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ...kubernetes.quantities import Quantity
from ...model.base import Image
from ...stateful.spec import SMALL, Replicas, Resources, StatefulSpec
from ...storage.backends import DynamicStorage, Storage


class NginxSpec(StatefulSpec):
    """The tutorials' web server, whose pods serve a directory of pages each."""

    default_template: ClassVar[str] = "www"
    default_claim_size: ClassVar[Quantity] = Quantity("1Gi")

    kind: Literal["nginx"] = "nginx"
    replicas: Replicas = 3
    """Number of pods, each with a claim of its own."""
    image: Image = "k8s.gcr.io/nginx-slim:0.8"
    """Any image with nginx. Default: the tutorials' own."""
    storage: Storage = DynamicStorage()
    """Where the replicas' data lie. Default: volumes of the StorageClass `standard`."""
    termination_grace_period_seconds: Annotated[int, Field(ge=0, le=3600)] = 10
    """Seconds that a pod may take to stop after SIGTERM."""
    resources: Resources = SMALL
    """CPU and memory of each container."""
