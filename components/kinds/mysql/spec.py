"""What the stack file says of a `mysql` workload: one primary, its replicas, and what an answered write is worth."""

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
"""What a server takes besides its buffer pool: performance schema, connections, replication."""
LARGEST_TIMEOUT_MS: Final = 2**32 - 1
"""MySQL 8.4 Reference Manual, rpl_semi_sync_source_timeout; 49 days, which is as good as for ever."""


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
    """Logs in on the socket inside the pods and nowhere else."""
    replication: ConfigKey = "mysqlReplicationPassword"
    clone: ConfigKey = "mysqlClonePassword"
    monitor: ConfigKey = "mysqlMonitorPassword"
    application: ConfigKey = "mysqlApplicationPassword"


class SemiSync(Model):
    """What it takes for a commit to be answered, which is what the loss of the primary's disk may cost."""

    replicas: Annotated[int, Field(ge=0, le=100)] | None = None
    """Replicas that must have a transaction before its commit is answered. Default: 1, or 0 where there is none."""
    on_timeout: Literal["wait", "asynchronous"] = "wait"
    """Too few replicas: `wait` answers no commit until they are back, so that none is ever lost (RPO 0);
    `asynchronous` goes on without them after `timeoutSeconds` and what is written then is on one disk only."""
    timeout_seconds: Annotated[int, Field(ge=1, le=86_400)] = 10


class BinaryLogs(Model):
    """How long binary logs are kept; a replica that needs older ones clones anew."""

    expire_seconds: Annotated[int, Field(ge=60, le=2**32 - 1)] = 3 * 86_400
    max_size: Quantity = Quantity("2Gi")
    """Of all binary logs of a member together; the oldest go first."""
    max_file_size: Quantity = Quantity("100Mi")


class MySqlSpec(StatefulSpec):
    """The seeds' replicated MySQL (002) without its defects: ordinal 0 takes writes, every ready member reads."""

    seed_claim_size: ClassVar[Quantity] = Quantity("10Gi")

    kind: Literal["mysql"] = "mysql"
    engine: Literal["clone"] = "clone"
    """How a member with an empty claim gets its data: by MySQL's own clone plugin. See MySql57Spec."""
    replicas: Replicas = 3
    """Members, the primary included."""
    image: Image = "mysql:8.4"
    """MySQL 8.4 or newer with bash; data that a newer series has opened never goes back to an older one."""
    storage: Storage = DynamicStorage()
    pod_management_policy: PodManagementPolicy = "Parallel"
    """Members start at once: they wait for each other by what they hold, and a primary whose claim is lost needs the
    others to start before it. Roll-outs go one by one either way. A change is refused: it replaces the set."""
    min_ready_seconds: Annotated[int, Field(ge=0, le=3600)] = 2
    termination_grace_period_seconds: Annotated[int, Field(ge=0, le=3600)] = 0
    """How long a member may take to stop. 0: derived, 60 s and 15 s for each GiB of memory."""
    resources: Resources = Resources(
        requests=Amounts(cpu=Quantity("500m"), memory=Quantity("1Gi")), limits=Amounts(memory=Quantity("1Gi"))
    )
    """The InnoDB buffer pool is three quarters of what the memory limit leaves above 512Mi."""
    database: DatabaseName = "app"
    """Made when the primary first starts; the application account may do anything in it and nothing elsewhere."""
    application: Application = "app"
    """Name of the applications' account."""
    password_keys: PasswordKeys = PasswordKeys()
    max_lag_seconds: Annotated[int, Field(ge=1, le=86_400)] = 10
    """A replica that shows anything older leaves `<name>-read`."""
    semi_sync: SemiSync = SemiSync()
    binary_logs: BinaryLogs = BinaryLogs()
    settings: Mapping[Setting, SettingValue] = Field(default_factory=dict)
    """Variables of mysqld by their exact names, values in quotes: `max_connections: "500"`. Those that can cost no
    answered write, and no others: docs/mysql.md, "Settings", lists them."""
    tls_secret: ObjectName | None = None
    """Secret with ca.crt, tls.crt and tls.key whose certificate names every member, such as cert-manager's: members
    then verify each other. Default: each member makes a self-signed certificate; traffic is encrypted all the same."""

    @property
    def semi_sync_replicas(self) -> int:
        """Replicas that must have a transaction before its commit is answered."""
        wanted = self.semi_sync.replicas
        return min(1, max(0, self.replicas - 1)) if wanted is None else wanted

    @property
    def semi_sync_timeout_ms(self) -> int:
        """MySQL knows no `for ever`; 49 days come close."""
        return LARGEST_TIMEOUT_MS if self.semi_sync.on_timeout == "wait" else self.semi_sync.timeout_seconds * 1000

    @property
    def memory(self) -> Quantity | None:
        """What a member may use: its limit, else its request."""
        return self.resources.limits.memory or self.resources.requests.memory

    @property
    def buffer_pool_bytes(self) -> int:
        """Three quarters of what is left above the server's own needs, at least MySQL's own default of 128 MiB."""
        free = 0 if self.memory is None else int(self.memory.value - BASE_MEMORY.value)
        return max(128 << 20, free * 3 // 4 >> 20 << 20)

    @property
    def grace_seconds(self) -> int:
        """How long a member may take to stop: its dirty pages grow with its memory."""
        if self.termination_grace_period_seconds:
            return self.termination_grace_period_seconds
        return 60 + 15 * (1 if self.memory is None else max(1, int(self.memory.value / GI)))
