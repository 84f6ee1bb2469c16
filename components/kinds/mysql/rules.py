"""Checks that compare the fields of a `mysql` workload with each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Protocol

from ...kubernetes.quantities import Quantity
from ...model.errors import Finding
from ...stateful.spec import Ordinals
from ...storage.backends import SharedClaim, Storage
from .settings import out_of_bounds
from .spec import MySqlSpec

INTERNAL_ACCOUNTS: Final = ("root", "replication", "clone", "backup", "monitor", "mysql")
LEAST_MEMORY: Final = Quantity("640Mi")


class PrimaryWithReplicas(Protocol):
    """The fields of the model that both engines have."""

    @property
    def storage(self) -> Storage: ...
    @property
    def ordinals(self) -> Ordinals: ...
    @property
    def application(self) -> str: ...


def of_any_engine(workload: PrimaryWithReplicas) -> Iterator[Finding]:
    """The checks of both engines: each member has a claim of its own, and ordinal 0 is the primary."""
    if isinstance(workload.storage, SharedClaim):
        yield ("storage",), "every member needs a claim of its own; write kind: dynamic, gce-disks or local"
    if workload.ordinals.start:
        yield ("ordinals", "start"), "the primary is ordinal 0; leave it out"
    if workload.application in INTERNAL_ACCOUNTS:
        yield ("application",), f"{workload.application} is an account of the members' own; write another, such as app"


def of_clone(workload: MySqlSpec) -> Iterator[Finding]:
    """The checks of the fields that only the default engine has."""
    if workload.semi_sync_replicas > max(0, workload.replicas - 1):
        yield (
            ("semiSync", "replicas"),
            f"{workload.semi_sync_replicas} of {max(0, workload.replicas - 1)} replicas: no commit would ever be"
            " answered; lower it or raise replicas",
        )
    if workload.memory is not None and workload.memory < LEAST_MEMORY:
        yield (
            ("resources", "limits", "memory"),
            f"{workload.memory} is too little for MySQL; write {LEAST_MEMORY} or more",
        )
    if workload.binary_logs.max_size < workload.binary_logs.max_file_size:
        yield ("binaryLogs", "maxSize"), "less than maxFileSize; raise it"
    if not Quantity("4Ki") <= workload.binary_logs.max_file_size <= Quantity("1Gi"):
        yield ("binaryLogs", "maxFileSize"), "MySQL takes 4Ki to 1Gi; write one within"
    for setting, value in workload.settings.items():
        said = out_of_bounds(setting, value, workload.claim_size)
        if said is not None:
            yield ("settings", setting), said
