"""The fields of a `mysql` workload with `engine: xtrabackup`, which is the tutorial's own design on MySQL 5.7."""

from __future__ import annotations

from typing import ClassVar, Literal

from ...kubernetes.quantities import Quantity
from ...model.base import ConfigKey, Image, Model
from ...model.mysql_names import DatabaseName
from ...stateful.spec import Amounts, Replicas, Resources, StatefulSpec
from ...storage.backends import DynamicStorage, Storage
from ..mysql.spec import Application


class XtrabackupPasswordKeys(Model):
    """Keys of the passwords in the stack's config: `pulumi config set --secret <key>`."""

    root: ConfigKey = "mysqlRootPassword"
    """Key for root, which logs in inside the pods and nowhere else."""
    replication: ConfigKey = "mysqlReplicationPassword"
    """Key for the account by which replicas fetch transactions. Its password has at most 32 bytes."""
    backup: ConfigKey = "mysqlBackupPassword"
    """Key for the account by which the sidecar makes backups."""
    monitor: ConfigKey = "mysqlMonitorPassword"
    """Key for the account of probes, and of members that ask each other what they hold."""
    application: ConfigKey = "mysqlApplicationPassword"
    """Key for the applications' account."""


class MySql57Spec(StatefulSpec):
    """The replicated MySQL of the Kubernetes documentation, "Run a Replicated Stateful Application", on MySQL 5.7.

    It is for those who run it today: 5.7 is end-of-life.
    """

    default_claim_size: ClassVar[Quantity] = Quantity("10Gi")

    kind: Literal["mysql"] = "mysql"
    engine: Literal["xtrabackup"]
    """How a member with an empty claim gets its data: by XtraBackup, from the previous member's port 3307."""
    replicas: Replicas = 3
    """Number of members, the primary included."""
    image: Image = "mysql:5.7"
    """An image with MySQL 5.7 and bash."""
    backup_image: Image = "gcr.io/google-samples/xtrabackup:1.0"
    """An image with XtraBackup 2.4, xbstream, ncat, MySQL's client and bash. The default is in an image format that
    containerd 2.1 and later refuses (Docker schema 1): name one of your own there."""
    storage: Storage = DynamicStorage()
    """Where the members' data lie. Default: volumes of the StorageClass `standard`."""
    resources: Resources = Resources(requests=Amounts(cpu=Quantity("500m"), memory=Quantity("1Gi")))
    """CPU and memory of the server. The sidecar has the tutorial's requests, 100m and 100Mi."""
    database: DatabaseName = "app"
    """Database that is made on the primary. The applications' account may do anything in it, and nothing elsewhere."""
    application: Application = "app"
    """Name of the applications' account."""
    password_keys: XtrabackupPasswordKeys = XtrabackupPasswordKeys()
    """Keys of the accounts' passwords in the stack's config."""
