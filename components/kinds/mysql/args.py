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
    """It logs in on the socket inside the pods and nowhere else."""
    replication: pulumi.Input[str]
    """At most 32 bytes, because MySQL cuts a longer one and says nothing."""
    clone: pulumi.Input[str]
    """A new member takes its data from another member with it."""
    monitor: pulumi.Input[str]
    """The probes ask the server with it."""
    application: pulumi.Input[str]
    """The application's, which is also in the client Secret."""


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
