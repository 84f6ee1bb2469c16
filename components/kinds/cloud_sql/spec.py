"""The fields of a `cloud-sql` workload in the stack file, with their forms, defaults and limits.

What the fields must agree on is in `rules.py`. Each limit has its source: "documentation" is Google's for Cloud SQL for
MySQL, and "Admin API" is the Cloud SQL Admin API v1.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from ...model.base import Durability, LabelKey, LabelValue, Model, Project, Region, Workload, Zone, form
from ...model.mysql_names import DatabaseName

RESERVED_USERS: Final = ("mysql.", "cloudsql")
"""Beginnings of accounts that are reserved (MySQL 8.4 Reference Manual, 8.2.9 "Reserved Accounts"; documentation,
"MySQL users")."""
WIDEST_PREFIX: Final = 8
"""Shortest prefix of a network that can be somebody's own: 0.0.0.0/1 and 128.0.0.0/1 together are the internet."""


def _not_reserved(name: str) -> str:
    if name.lower().startswith(RESERVED_USERS):
        raise ValueError("reserved (mysql.*, cloudsql*); write another name, such as app")
    return name


def _network(value: str) -> str:
    try:
        return str(ipaddress.ip_network(value))
    except ValueError:
        pass
    try:
        meant = ipaddress.ip_network(value, strict=False)
    except ValueError:
        raise ValueError("no network; write CIDR, such as 203.0.113.0/24") from None
    raise ValueError(f"an address within its network; write {meant}, or {value.partition('/')[0]} for it alone")


GoogleName = Annotated[
    str,
    *form(r"[a-z]([-a-z0-9]*[a-z0-9])?", "not a name; write lower-case letters, digits and hyphens, a letter first"),
]
"""Name of an instance (documentation, "About instance settings", Instance ID)."""
RangeName = Annotated[
    str,
    Field(max_length=63),
    *form(r"[a-z]([-a-z0-9]*[a-z0-9])?", "no range's name; write lower-case letters, digits and hyphens"),
]
"""Name of a range of addresses, which Compute Engine gives by RFC 1035."""
ReplicaName = Annotated[
    str,
    Field(max_length=20),
    *form(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", "not a name; write lower-case letters, digits and hyphens"),
]
UserName = Annotated[
    str,
    Field(max_length=32),
    *form(r"[A-Za-z_][-A-Za-z0-9_.]*", "not a name; write letters, digits, -, _ and ., a letter first"),
    AfterValidator(_not_reserved),
]
"""Name of an account: 32 characters (MySQL 8.4 Reference Manual, 8.2.3 "Specifying Account Names" and 8.2.1)."""
Tier = Annotated[str, *form(r"db-[A-Za-z0-9-]+", "no machine type; write one such as db-n1-standard-1")]


class CloudSqlDatabase(Model):
    """One database of the instance. `durability: keep` protects it on its own: dropping it loses its tables."""

    name: DatabaseName
    """Name of the database."""
    charset: Annotated[str, *form(r"[a-z0-9]+", "no character set; write one such as utf8mb4")] = "utf8mb4"
    """Character set of new tables."""
    collation: Annotated[str, *form(r"[a-z0-9_]+", "no collation; write one such as utf8mb4_0900_ai_ci")] = (
        "utf8mb4_0900_ai_ci"
    )
    """Collation of new tables, which must fit the charset. The default is MySQL 8's own."""


class CloudSqlUser(Model):
    """One MySQL account. Its password is yours: none is ever made up."""

    name: UserName
    """Name of the account."""
    host: Annotated[str, *form(r"[0-9A-Fa-f.:%/]+", "no host; write %, an address or 10.0.0.0/255.0.0.0")] = "%"
    """Where the account may connect from; % is anywhere that the networks allow. A change replaces the account."""
    password_key: Annotated[str, *form(r"[A-Za-z][A-Za-z0-9_.-]*", "no config key; write one such as appPassword")]
    """Key of the password in the stack's config: `pulumi config set --secret <key>`."""


class AuthorizedNetwork(Model):
    """Addresses that may open a connection to the instance."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    """Name for people, which says whose network this is."""
    value: Annotated[str, AfterValidator(_network)]
    """The addresses as CIDR, such as 203.0.113.0/24, or one address."""

    @property
    def is_open(self) -> bool:
        """Whether the network is a good part of the internet rather than somebody's own."""
        return ipaddress.ip_network(self.value).prefixlen < WIDEST_PREFIX


class CloudSqlBackups(Model):
    """Daily backups and the binary log between them. Both are always on: replicas, standby and recovery need them."""

    start_time: Annotated[
        str, *form(r"([01][0-9]|2[0-3]):[0-5][0-9]", "no time; write HH:MM in quotes, such as '03:00'")
    ] = "03:00"
    """Time in UTC, such as '03:00'. The backup starts within the four hours from then on."""
    location: Annotated[str, *form(r"us|eu|asia|[a-z]+-[a-z]+[0-9]+", "no location; write eu or europe-west1")] | (
        None
    ) = None
    """Region or multi-region of the backups. Default: the multi-region nearest to the instance."""
    retained: Annotated[int, Field(ge=1, le=365)] = 7
    """How many daily backups are kept (documentation, "About backups": 1 to 365)."""
    log_days: Annotated[int, Field(ge=1, le=35)] = 7
    """How many days back point-in-time recovery reaches: up to 7, with ENTERPRISE_PLUS up to 35."""
    final_days: Annotated[int, Field(ge=1, le=365)] = 30
    """With `durability: keep`, how long the backup taken when the instance is deleted after all is kept."""


class CloudSqlMaintenance(Model):
    """The hour of the week in which Google may restart the instance for updates."""

    day: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] = "sunday"
    """Day of the week."""
    hour: Annotated[int, Field(ge=0, le=23)] = 4
    """Hour of the day, in UTC."""
    track: Literal["canary", "stable", "week5"] = "stable"
    """canary, stable or week5: one, two or five weeks after an update is announced (Admin API,
    MaintenanceWindow.updateTrack)."""


class CloudSqlReplica(Model):
    """One read replica. It holds copies only and so is never protected: when its key is taken away, it goes."""

    zone: Zone
    """Zone of the replica. One of another region makes it a cross-region replica. A change of region replaces it."""
    tier: Tier | None = None
    """Machine type. Default: the primary's; a smaller one may fall behind."""

    @property
    def region(self) -> str:
        """Region of the replica's zone."""
        return self.zone.rpartition("-")[0]


class CloudSqlSpec(Workload):
    """A managed MySQL of Google's: a primary, its databases and accounts, read replicas, and who may reach them."""

    kind: Literal["cloud-sql"] = "cloud-sql"
    durability: Durability = "keep"
    """What becomes of the data when the stack goes. keep: instance and databases cannot be deleted until this says
    discard. discard: they go with the stack."""
    project: Project | None = None
    """Google project of the instance. Default: the provider's (`gcp:project`)."""
    instance_name: GoogleName | None = None
    """Name of the instance. Default: the workload's name with a random end, as a deleted name may stay taken for a
    week."""
    database_version: Annotated[
        str,
        *form(r"MYSQL_8_(0(_[0-9]{2})?|4)", "not supported; write MYSQL_8_4 or MYSQL_8_0 (5.x is end-of-life)"),
    ] = "MYSQL_8_4"
    """Version of MySQL. A newer one upgrades in place; an older one replaces the instance, which `durability: keep`
    refuses."""
    edition: Literal["ENTERPRISE", "ENTERPRISE_PLUS"] = "ENTERPRISE"
    """Edition of Cloud SQL, which decides the machine types and how far back recovery reaches."""
    tier: Tier = "db-n1-standard-1"
    """Machine type. The default is gcloud's. A change restarts the instance."""
    region: Region
    """Region of the instance. A change replaces the instance, which `durability: keep` refuses."""
    zone: Zone | None = None
    """Preferred zone of the instance. Default: Google's choice."""
    secondary_zone: Zone | None = None
    """Preferred zone of the standby. Default: Google's choice."""
    availability_type: Literal["ZONAL", "REGIONAL"] = "ZONAL"
    """REGIONAL keeps a standby in a second zone, with the same data and address, for about twice the price."""
    disk_type: Literal["PD_SSD", "PD_HDD"] = "PD_SSD"
    """Type of the disk. A change replaces the instance, which `durability: keep` refuses."""
    disk_size_gb: Annotated[int, Field(ge=10, le=65536)] = 10
    """Size of the disk in GB, at least 10 (Admin API, Settings.dataDiskSizeGb). Only the first size counts while the
    disk grows by itself."""
    disk_autoresize: bool = True
    """Whether Cloud SQL grows the disk before it is full."""
    disk_autoresize_limit_gb: Annotated[int, Field(ge=0, le=65536)] = 0
    """Largest size in GB to which the disk grows by itself; 0 is no limit."""
    database_flags: Mapping[
        Annotated[str, *form(r"[a-z][a-z0-9_]*", "no flag; write one such as max_connections")], str
    ] = Field(default_factory=dict)
    """MySQL settings by name, values in quotes: `max_connections: "200"`. Replicas get the same."""
    databases: tuple[CloudSqlDatabase, ...]
    """Databases of the instance, at least one."""
    users: tuple[CloudSqlUser, ...]
    """Accounts of the instance, at least one. There is no root account unless it is listed here."""
    client_user: UserName | None = None
    """Account in the applications' Secret. It must be said where there are several."""
    client_database: DatabaseName | None = None
    """Database in the applications' Secret. It must be said where there are several."""
    private_network: (
        Annotated[
            str, *form(r"projects/[^/\s]+/global/networks/[^/\s]+", "no network; write projects/P/global/networks/N")
        ]
        | None
    ) = None
    """Network that reaches the instance by a private address. Its private services connection must exist."""
    allocated_ip_range: RangeName | None = None
    """Range of that connection from which the address is taken. Default: any of its ranges."""
    public_ip: bool = False
    """Whether the instance has an address on the internet, as the tutorial's. Only authorised networks and gcloud get
    through to it."""
    authorized_networks: tuple[AuthorizedNetwork, ...] = ()
    """Networks that may open a connection to the public address."""
    allow_whole_internet: bool = False
    """Acknowledges authorised networks wider than a /8, such as 0.0.0.0/0."""
    ssl_mode: Literal["ENCRYPTED_ONLY", "TRUSTED_CLIENT_CERTIFICATE_REQUIRED"] = "ENCRYPTED_ONLY"
    """Either refuses connections without TLS. The second also asks each client for a certificate of the instance's."""
    backups: CloudSqlBackups = CloudSqlBackups()
    """Daily backups, and how far back recovery reaches."""
    maintenance: CloudSqlMaintenance = CloudSqlMaintenance()
    """When Google may restart the instance for updates."""
    read_replicas: Mapping[ReplicaName, CloudSqlReplica] = Field(default_factory=dict)
    """Read replicas by names that stay theirs. Without any, reads go to the primary."""
    labels: Annotated[Mapping[LabelKey, LabelValue], Field(max_length=64)] = Field(default_factory=dict)
    """Labels of the instances, for cost reports."""

    @property
    def keeps(self) -> bool:
        """Whether the data outlive the stack."""
        return self.durability == "keep"

    @property
    def client_account(self) -> str:
        """Account in the applications' Secret."""
        return self.client_user or self.users[0].name

    @property
    def client_schema(self) -> str:
        """Database in the applications' Secret."""
        return self.client_database or self.databases[0].name
