"""The kinds of workload a stack may hold: one model each, found by `kind` in KINDS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field

from components.config.base import Image
from components.config.cloud_sql import CloudSqlSpec
from components.config.mysql import MySqlWorkload
from components.config.mysql_xtrabackup import XtrabackupWorkload
from components.config.stateful import (
    MOST_REPLICAS,
    SMALL,
    Amounts,
    Clients,
    Ordinals,
    PodManagementPolicy,
    Replicas,
    Resources,
    StatefulWorkload,
    UpdateStrategy,
)
from components.config.storage import DynamicStorage, GceDisks, Storage
from components.quantities import Quantity

__all__ = [
    "ENGINES",
    "KINDS",
    "MOST_REPLICAS",
    "SMALL",
    "Amounts",
    "Clients",
    "KubiaWorkload",
    "MySqlWorkload",
    "NginxWorkload",
    "Ordinals",
    "PodManagementPolicy",
    "Replicas",
    "Resources",
    "StatefulWorkload",
    "UpdateStrategy",
    "Workload",
    "XtrabackupWorkload",
]


class KubiaWorkload(StatefulWorkload):
    """The seeds' small web application that keeps one text per pod (000, 003)."""

    claim_template: ClassVar[str] = "data"
    seed_claim_size: ClassVar[Quantity] = Quantity("1Mi")

    kind: Literal["kubia"] = "kubia"
    replicas: Replicas = 2
    image: Image = "luksa/kubia-pet"
    storage: Storage = GceDisks()
    resources: Resources = SMALL


class NginxWorkload(StatefulWorkload):
    """The seeds' web server with a directory of pages per pod (004; 001's `web` with two replicas)."""

    claim_template: ClassVar[str] = "www"
    seed_claim_size: ClassVar[Quantity] = Quantity("1Gi")

    kind: Literal["nginx"] = "nginx"
    replicas: Replicas = 3
    image: Image = "k8s.gcr.io/nginx-slim:0.8"
    storage: Storage = DynamicStorage()
    termination_grace_period_seconds: Annotated[int, Field(ge=0, le=3600)] = 10
    resources: Resources = SMALL


Workload = KubiaWorkload | NginxWorkload | MySqlWorkload | XtrabackupWorkload | CloudSqlSpec
KINDS: Final[Mapping[str, type[Workload]]] = {
    "kubia": KubiaWorkload,
    "nginx": NginxWorkload,
    "mysql": MySqlWorkload,
    "cloud-sql": CloudSqlSpec,
}
ENGINES: Final[Mapping[str, Mapping[str, type[Workload]]]] = {
    "mysql": {"clone": MySqlWorkload, "xtrabackup": XtrabackupWorkload},
}
"""Kinds of more than one make: their models by `engine`. The one in KINDS is meant where none is named."""
