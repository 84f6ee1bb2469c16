"""What the components of both engines share: arguments, outputs, and what stands around the members of either."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from components.client import ClientSecretArgs, MySqlClient, mysql_client
from components.config.mysql import MySqlWorkload
from components.config.mysql_xtrabackup import XtrabackupWorkload
from components.mysql import objects
from components.objects import KubernetesObject
from components.stateful_service import StatefulService


@dataclass(frozen=True, kw_only=True)
class EngineArgs:
    """What an engine's component needs to know."""

    namespace: str
    workload: MySqlWorkload | XtrabackupWorkload
    passwords: Mapping[str, pulumi.Input[str]]
    """By account: root, replication, monitor, application, and the engine's own. Marked as secrets here too."""
    project: str | None = None
    """Google project of its disks, where it has any."""


class Engine(pulumi.ComponentResource):
    """An engine makes its members as `service` and calls `_finish` once they are registered."""

    service: StatefulService
    client: MySqlClient
    """Where to write, where to read, and the Secret to log in with."""
    outputs: dict[str, Any]
    """hosts, claims, volumes, endpoints, the client Secret's name, the label that lets a pod in."""

    def _accounts(self, name: str, args: EngineArgs, accounts: tuple[str, ...]) -> KubernetesObject:
        hidden = pulumi.ResourceOptions(parent=self, additional_secret_outputs=["data", "stringData"])
        secret = objects.accounts(name, args.namespace, args.passwords, accounts)
        return KubernetesObject(f"{name}-accounts", secret, hidden)

    def _finish(self, name: str, args: EngineArgs, write_service: str, services: tuple[pulumi.Resource, ...]) -> None:
        """`write_service` leads to the primary; whoever uses the client waits for `services`."""
        # Made when the members are up, kept as long as their data: see data.sh and first.sh.
        KubernetesObject(
            f"{name}-initialised",
            objects.initialised(name, args.namespace),
            pulumi.ResourceOptions(
                parent=self, depends_on=[self.service], retain_on_delete=args.workload.durability == "keep"
            ),
        )
        secret = ClientSecretArgs(
            namespace=args.namespace,
            write_service=write_service,
            read_service=f"{name}-read",
            user=args.workload.application,
            password=args.passwords["application"],
            database=args.workload.database,
        )
        self.client = mysql_client(name, secret, pulumi.ResourceOptions(parent=self), services)
        self.outputs = {
            "hosts": list(self.service.hosts),
            "claims": list(self.service.claims),
            "volumes": list(self.service.volumes),
            "write": self.client.write_endpoint,
            "read": self.client.read_endpoint,
            "secret": self.client.secret_name,
            "clientLabel": objects.client_label(name),
        }
        self.register_outputs(self.outputs)
