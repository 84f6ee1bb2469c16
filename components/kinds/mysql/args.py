"""The arguments of ReplicatedMySql."""

# Annotations here are not deferred: Pulumi reads the arguments' types from them to make SDKs for other languages.
from collections.abc import Mapping
from typing import Required, TypedDict

import pulumi

from ...stateful.args import StatefulArgs


class SemiSyncArgs(TypedDict, total=False):
    """What must have happened before a commit is answered."""

    replicas: int
    on_timeout: str
    timeout_seconds: int


class BinaryLogsArgs(TypedDict, total=False):
    """How long binary logs are kept, and how large they may be."""

    expire_seconds: int
    max_size: str
    max_file_size: str


class MySqlPasswordsArgs(TypedDict):
    """Passwords of the members' own accounts and of the application's. Each is marked as a secret here."""

    root: pulumi.Input[str]
    """Password of root, which logs in on the socket inside the pods and nowhere else."""
    replication: pulumi.Input[str]
    """Password by which replicas log in to the primary: at most 32 bytes, because MySQL silently cuts a longer one."""
    clone: pulumi.Input[str]
    """Password by which a new member copies the data of another one."""
    monitor: pulumi.Input[str]
    """Password by which the probes log in."""
    application: pulumi.Input[str]
    """Password of the application, which is also in the Secret `<name>-client`."""


class ReplicatedMySqlArgs(StatefulArgs, total=False):
    """The arguments of ReplicatedMySql. `MySqlSpec` says what each field may be, and what it is by default."""

    passwords: Required[pulumi.Input[MySqlPasswordsArgs]]
    database: str
    application: str
    max_lag_seconds: int
    semi_sync: SemiSyncArgs
    binary_logs: BinaryLogsArgs
    settings: Mapping[str, str]
    tls_secret: pulumi.Input[str]
