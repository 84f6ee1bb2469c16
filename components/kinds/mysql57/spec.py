"""What the stack file says of a `mysql` workload with `engine: xtrabackup`: the tutorial's own design, on MySQL 5.7."""

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
    """Logs in inside the pods and nowhere else."""
    replication: ConfigKey = "mysqlReplicationPassword"
    backup: ConfigKey = "mysqlBackupPassword"
    monitor: ConfigKey = "mysqlMonitorPassword"
    application: ConfigKey = "mysqlApplicationPassword"


class MySql57Spec(StatefulSpec):
    """The seeds' replicated MySQL (002) as it stands there, for those who run it today: 5.7, which is end-of-life."""

    seed_claim_size: ClassVar[Quantity] = Quantity("10Gi")

    kind: Literal["mysql"] = "mysql"
    engine: Literal["xtrabackup"]
    """How a member with an empty claim gets its data: by XtraBackup, from the previous member's port 3307."""
    replicas: Replicas = 3
    """Members, the primary included."""
    image: Image = "mysql:5.7"
    """MySQL 5.7 with bash."""
    backup_image: Image = "gcr.io/google-samples/xtrabackup:1.0"
    """XtraBackup 2.4, xbstream, ncat, MySQL's client and bash. The default is in an image format that containerd 2.1
    and later refuses (Docker schema 1): name one of your own there."""
    storage: Storage = DynamicStorage()
    resources: Resources = Resources(requests=Amounts(cpu=Quantity("500m"), memory=Quantity("1Gi")))
    """Of the server; the sidecar asks for the seed's 100m and 100Mi."""
    database: DatabaseName = "app"
    """Made on the primary; the application account may do anything in it and nothing elsewhere."""
    application: Application = "app"
    """Name of the applications' account."""
    password_keys: XtrabackupPasswordKeys = XtrabackupPasswordKeys()
