"""The fields of a `mysql` workload in the stack file: its members, and what an answered write is worth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Final, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from ...kubernetes.quantities import GI, Quantity
from ...model.base import ConfigKey, Image, Model, ObjectName, form
from ...model.errors import REFUSED
from ...model.mysql_names import DatabaseName
from ...stateful.spec import Amounts, PodManagementPolicy, Replicas, Resources, StatefulSpec
from ...storage.backends import DynamicStorage, Storage
from .settings import HARMLESS, refusal

BASE_MEMORY: Final = Quantity("512Mi")
"""Memory that a server takes besides its buffer pool: performance schema, connections, replication."""
LARGEST_TIMEOUT_MS: Final = 2**32 - 1
"""The longest timeout, 49 days, which is as good as for ever (MySQL 8.4 Reference Manual,
rpl_semi_sync_source_timeout)."""


def _harmless(name: str) -> str:
    said = refusal(name)
    if said is not None:
        raise PydanticCustomError(REFUSED, "{said}", {"said": said})
    return name


Setting = Annotated[str, AfterValidator(_harmless), Field(json_schema_extra={"enum": list(HARMLESS)})]
SettingValue = Annotated[str, *form(r"[^\n\r]{0,500}", "more than one line; write the value on one")]
Application = Annotated[str, *form(r"[a-z][a-z0-9_]{0,31}", "no account; write up to 32 of a-z 0-9 _")]


class PasswordKeys(Model):
    """Keys of the passwords in the stack's config: `pulumi config set --secret <key>`."""

    root: ConfigKey = "mysqlRootPassword"
    """Key for root, which logs in on the socket inside the pods and nowhere else."""
    replication: ConfigKey = "mysqlReplicationPassword"
    """Key for the account by which replicas fetch transactions. Its password has at most 32 bytes."""
    clone: ConfigKey = "mysqlClonePassword"
    """Key for the account by which a member with an empty claim copies another's data."""
    monitor: ConfigKey = "mysqlMonitorPassword"
    """Key for the account of probes, and of members that ask each other what they hold."""
    application: ConfigKey = "mysqlApplicationPassword"
    """Key for the applications' account."""


class SemiSync(Model):
    """What must have happened before a commit is answered. It decides what the loss of the primary's disk may cost."""

    replicas: Annotated[int, Field(ge=0, le=100)] | None = None
    """Replicas that must have a transaction before its commit is answered. Default: 1, or 0 where there is none."""
    on_timeout: Literal["wait", "asynchronous"] = "wait"
    """What happens when there are too few replicas. wait: no commit is answered until they are back, so that none is
    ever lost (RPO 0). asynchronous: commits are answered without them after `timeoutSeconds`, and what is written then
    is on one disk only."""
    timeout_seconds: Annotated[int, Field(ge=1, le=86_400)] = 10
    """Seconds that a commit waits for replicas with `onTimeout: asynchronous`."""


class BinaryLogs(Model):
    """How long binary logs are kept. A replica that needs older ones clones anew."""

    expire_seconds: Annotated[int, Field(ge=60, le=2**32 - 1)] = 3 * 86_400
    """Seconds for which a binary log is kept. Default: three days."""
    max_size: Quantity = Quantity("2Gi")
    """Size of all binary logs of a member together. The oldest go first."""
    max_file_size: Quantity = Quantity("100Mi")
    """Size at which a new binary log is begun: 4Ki to 1Gi."""


class MySqlSpec(StatefulSpec):
    """A replicated MySQL: ordinal 0 takes the writes, and every ready member may be read.

    It is the system of the Kubernetes documentation, "Run a Replicated Stateful Application", without its defects.
    """

    default_claim_size: ClassVar[Quantity] = Quantity("10Gi")

    kind: Literal["mysql"] = "mysql"
    engine: Literal["clone"] = "clone"
    """How a member with an empty claim gets its data: by MySQL's own clone plugin. The other engine is xtrabackup."""
    replicas: Replicas = 3
    """Number of members, the primary included."""
    image: Image = "mysql:8.4"
    """An image with MySQL 8.4 or newer and bash. Data that a newer series has opened never go back to an older one."""
    storage: Storage = DynamicStorage()
    """Where the members' data lie. Default: volumes of the StorageClass `standard`."""
    pod_management_policy: PodManagementPolicy = "Parallel"
    """Members start at once: they wait for each other by what they hold, and a primary whose claim is lost needs the
    others to start before it. Roll-outs go one by one either way. A change is refused: it replaces the set."""
    min_ready_seconds: Annotated[int, Field(ge=0, le=3600)] = 2
    """Seconds for which a member must have been ready before the next one is touched."""
    termination_grace_period_seconds: Annotated[int, Field(ge=0, le=3600)] = 0
    """Seconds that a member may take to stop. 0: it is derived, 60 s and 15 s for each GiB of memory."""
    resources: Resources = Resources(
        requests=Amounts(cpu=Quantity("500m"), memory=Quantity("1Gi")), limits=Amounts(memory=Quantity("1Gi"))
    )
    """CPU and memory of a member. The InnoDB buffer pool is three quarters of the memory limit less 512Mi."""
    database: DatabaseName = "app"
    """Database that is made when the primary first starts. The applications' account may do anything in it, and
    nothing elsewhere."""
    application: Application = "app"
    """Name of the applications' account."""
    password_keys: PasswordKeys = PasswordKeys()
    """Keys of the accounts' passwords in the stack's config."""
    max_lag_seconds: Annotated[int, Field(ge=1, le=86_400)] = 10
    """Seconds that a replica may lag behind the primary. With more it leaves the Service `<name>-read`."""
    semi_sync: SemiSync = SemiSync()
    """What must have happened before a commit is answered."""
    binary_logs: BinaryLogs = BinaryLogs()
    """How long binary logs are kept."""
    settings: Mapping[Setting, SettingValue] = Field(default_factory=dict)
    """Variables of mysqld by their exact names, values in quotes: `max_connections: "500"`. Only those are allowed that
    can cost no answered write; docs/mysql.md, "Settings", lists them."""
    tls_secret: ObjectName | None = None
    """Name of a Secret with ca.crt, tls.crt and tls.key, such as cert-manager makes, whose certificate names every
    member. Members then verify each other. Default: each member makes a certificate of its own; traffic is encrypted
    all the same."""

    @property
    def semi_sync_replicas(self) -> int:
        """Replicas that must have a transaction before its commit is answered."""
        wanted = self.semi_sync.replicas
        return min(1, max(0, self.replicas - 1)) if wanted is None else wanted

    @property
    def semi_sync_timeout_ms(self) -> int:
        """Milliseconds that a commit waits for replicas. MySQL knows no `for ever`, but 49 days come close."""
        return LARGEST_TIMEOUT_MS if self.semi_sync.on_timeout == "wait" else self.semi_sync.timeout_seconds * 1000

    @property
    def memory(self) -> Quantity | None:
        """Memory that a member may use: its limit, or else its request."""
        return self.resources.limits.memory or self.resources.requests.memory

    @property
    def buffer_pool_bytes(self) -> int:
        """Bytes of the InnoDB buffer pool: three quarters of what BASE_MEMORY leaves, and at least 128 MiB."""
        free = 0 if self.memory is None else int(self.memory.value - BASE_MEMORY.value)
        return max(128 << 20, free * 3 // 4 >> 20 << 20)

    @property
    def grace_seconds(self) -> int:
        """Seconds that a member may take to stop. By default they grow with its memory, as its dirty pages do."""
        if self.termination_grace_period_seconds:
            return self.termination_grace_period_seconds
        return 60 + 15 * (1 if self.memory is None else max(1, int(self.memory.value / GI)))
