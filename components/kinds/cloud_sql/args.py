"""The arguments of CloudSqlMySql."""

# Annotations here are not deferred: Pulumi reads the arguments' types from them to make SDKs for other languages.
from collections.abc import Mapping, Sequence
from typing import Required, TypedDict

import pulumi


class DatabaseArgs(TypedDict, total=False):
    """One database of the instance."""

    name: Required[str]
    charset: str
    collation: str


class UserArgs(TypedDict, total=False):
    """One MySQL account."""

    name: Required[str]
    host: str
    password: Required[pulumi.Input[str]]
    """The account's password. It is marked as a secret here, wherever it comes from."""


class AuthorizedNetworkArgs(TypedDict):
    """Addresses that may open a connection to the instance."""

    name: str
    value: pulumi.Input[str]


class BackupsArgs(TypedDict, total=False):
    """Daily backups and the binary log between them."""

    start_time: str
    location: str
    retained: int
    log_days: int
    final_days: int


class MaintenanceArgs(TypedDict, total=False):
    """The hour of the week in which Google may restart the instance."""

    day: str
    hour: int
    track: str


class ReadReplicaArgs(TypedDict, total=False):
    """One read replica."""

    zone: Required[str]
    tier: str


class CloudSqlMySqlArgs(TypedDict, total=False):
    """The arguments of CloudSqlMySql. `CloudSqlSpec` says what each field may be, and what it is by default."""

    namespace: pulumi.Input[str]
    durability: str
    project: str
    instance_name: str
    database_version: str
    edition: str
    tier: str
    region: Required[str]
    zone: str
    secondary_zone: str
    availability_type: str
    disk_type: str
    disk_size_gb: int
    disk_autoresize: bool
    disk_autoresize_limit_gb: int
    database_flags: Mapping[str, str]
    databases: Required[Sequence[DatabaseArgs]]
    users: Required[Sequence[UserArgs]]
    client_user: str
    client_database: str
    private_network: pulumi.Input[str]
    allocated_ip_range: pulumi.Input[str]
    public_ip: bool
    authorized_networks: Sequence[AuthorizedNetworkArgs]
    allow_whole_internet: bool
    ssl_mode: str
    backups: BackupsArgs
    maintenance: MaintenanceArgs
    read_replicas: Mapping[str, ReadReplicaArgs]
    labels: Mapping[str, str]
