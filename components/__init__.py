"""Components for workloads whose replicas each keep their own disk, name and history.

    from statefulsets import StatefulService, StatefulServiceArgs

A component is imported when a program first asks for it, so that a program without disks does not load Google's
provider.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .kinds.cloud_sql.args import CloudSqlMySqlArgs
    from .kinds.cloud_sql.component import CloudSqlMySql
    from .kinds.kubia.component import Kubia, KubiaArgs
    from .kinds.mysql.args import ReplicatedMySqlArgs
    from .kinds.mysql.component import ReplicatedMySql
    from .kinds.mysql57.component import XtrabackupMySql, XtrabackupMySqlArgs
    from .kinds.nginx.component import Nginx, NginxArgs
    from .stateful.args import StatefulServiceArgs
    from .stateful.service import StatefulService
    from .storage.disks import GcePersistentDisks, GcePersistentDisksArgs
    from .storage.volumes import PersistentVolumes, PersistentVolumesArgs

__all__ = [
    "CloudSqlMySql",
    "CloudSqlMySqlArgs",
    "GcePersistentDisks",
    "GcePersistentDisksArgs",
    "Kubia",
    "KubiaArgs",
    "Nginx",
    "NginxArgs",
    "PersistentVolumes",
    "PersistentVolumesArgs",
    "ReplicatedMySql",
    "ReplicatedMySqlArgs",
    "StatefulService",
    "StatefulServiceArgs",
    "XtrabackupMySql",
    "XtrabackupMySqlArgs",
]

_MODULES = {
    "CloudSqlMySql": "kinds.cloud_sql.component",
    "CloudSqlMySqlArgs": "kinds.cloud_sql.args",
    "GcePersistentDisks": "storage.disks",
    "GcePersistentDisksArgs": "storage.disks",
    "Kubia": "kinds.kubia.component",
    "KubiaArgs": "kinds.kubia.component",
    "Nginx": "kinds.nginx.component",
    "NginxArgs": "kinds.nginx.component",
    "PersistentVolumes": "storage.volumes",
    "PersistentVolumesArgs": "storage.volumes",
    "ReplicatedMySql": "kinds.mysql.component",
    "ReplicatedMySqlArgs": "kinds.mysql.args",
    "StatefulService": "stateful.service",
    "StatefulServiceArgs": "stateful.args",
    "XtrabackupMySql": "kinds.mysql57.component",
    "XtrabackupMySqlArgs": "kinds.mysql57.component",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return __all__
