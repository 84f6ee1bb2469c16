"""What any program gives to the components of a replicated MySQL."""

# Annotations here are not deferred: Pulumi reads the arguments' types from them to make SDKs for other languages.
from collections.abc import Mapping
from typing import Required, TypedDict

import pulumi

from ...stateful.args import StatefulArgs


class SemiSyncArgs(TypedDict, total=False):
    """What it takes for a commit to be answered."""

    replicas: int
    on_timeout: str
    timeout_seconds: int


class BinaryLogsArgs(TypedDict, total=False):
    """How long binary logs are kept."""

    expire_seconds: int
    max_size: str
    max_file_size: str


class MySqlPasswordsArgs(TypedDict):
    """The passwords of the members' accounts and of the application's; each is marked as a secret here too."""

    root: pulumi.Input[str]
    replication: pulumi.Input[str]
    """At most 32 bytes: MySQL cuts what is longer, and says nothing."""
    clone: pulumi.Input[str]
    monitor: pulumi.Input[str]
    application: pulumi.Input[str]


class ReplicatedMySqlArgs(StatefulArgs, total=False):
    """What ReplicatedMySql needs to know; `MySqlSpec` says what each field may be, and is by default."""

    passwords: Required[pulumi.Input[MySqlPasswordsArgs]]
    database: str
    application: str
    max_lag_seconds: int
    semi_sync: SemiSyncArgs
    binary_logs: BinaryLogsArgs
    settings: Mapping[str, str]
    tls_secret: pulumi.Input[str]
