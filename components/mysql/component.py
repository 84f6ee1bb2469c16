"""ReplicatedMySql: the StatefulSet of a primary and its replicas, and all that belongs around it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pulumi

from components.client import ClientSecretArgs, MySqlClient, mysql_client
from components.config.mysql import MySqlWorkload
from components.mysql import objects, pod
from components.objects import KubernetesObject
from components.stateful_service import StatefulService, StatefulServiceArgs
from components.storage import provide


@dataclass(frozen=True, kw_only=True)
class ReplicatedMySqlArgs:
    """What ReplicatedMySql needs to know."""

    namespace: str
    workload: MySqlWorkload
    passwords: Mapping[str, pulumi.Input[str]]
    """By account: root, replication, clone, monitor, application. They are marked as secrets here too."""
    project: str | None = None
    """Google project of its disks, where it has any."""


class ReplicatedMySql(pulumi.ComponentResource):
    """After `up`: `<name>-0` takes writes, every other member replicates from it, and every ready one may be read.

    Services: `<name>` (headless, a name for each member), `<name>-read` (ready members), `<name>-write` (the primary);
    the Secret `<name>-client` holds what an application needs. Each member has a claim of its own; an empty one is
    filled by a clone of another member. The ConfigMap `<name>-initialised`, made once all members were up, is the
    memory that there are data: from then on an empty primary never starts as a new one.

    Replaces data: nothing. A smaller `replicas` leaves the claims of the members that go.
    """

    service: StatefulService
    client: MySqlClient
    """Where to write, where to read, and the Secret to log in with."""
    outputs: dict[str, Any]
    """hosts, claims, volumes, endpoints, the client Secret's name, the label that lets a pod in."""

    def __init__(self, name: str, args: ReplicatedMySqlArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("statefulsets:mysql:ReplicatedMySql", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        namespace = args.namespace
        workload = args.workload.model_copy(update={"termination_grace_period_seconds": args.workload.grace_seconds})
        settings = KubernetesObject(f"{name}-settings", objects.settings(name, namespace, workload), child)
        scripts = KubernetesObject(f"{name}-scripts", objects.scripts(name, namespace), child)
        hidden = pulumi.ResourceOptions(parent=self, additional_secret_outputs=["data", "stringData"])
        accounts = KubernetesObject(f"{name}-accounts", objects.accounts(name, namespace, args.passwords), hidden)
        read = KubernetesObject(f"{name}-read", objects.read_service(name, namespace), child)
        write = KubernetesObject(f"{name}-write", objects.write_service(name, namespace), child)
        provided = provide(name, namespace, workload, args.project, child)
        self.service = StatefulService(
            name,
            StatefulServiceArgs(
                namespace=namespace,
                workload=workload,
                ports=(objects.MYSQL,),
                init_containers=pod.init_containers(name, namespace, workload),
                containers=(pod.container(name, namespace, workload),),
                uid=pod.UID,
                storage=replace(provided, made_first=(*provided.made_first, settings, scripts, accounts)),
                pod_volumes=pod.volumes(name, workload),
                pod_annotations={"checksum/configuration": objects.checksum(workload)},
                publish_not_ready=True,
                ingress=objects.ingress(name, workload),
            ),
            child,
        )
        # Made when the members are up, kept as long as their data: see data.sh.
        KubernetesObject(
            f"{name}-initialised",
            objects.initialised(name, namespace),
            pulumi.ResourceOptions(
                parent=self, depends_on=[self.service], retain_on_delete=workload.durability == "keep"
            ),
        )
        self.client = mysql_client(name, self._client(name, args), child, (read, write))
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

    def _client(self, name: str, args: ReplicatedMySqlArgs) -> ClientSecretArgs:
        return ClientSecretArgs(
            namespace=args.namespace,
            write_service=f"{name}-write",
            read_service=f"{name}-read",
            user=args.workload.application,
            password=args.passwords["application"],
            database=args.workload.database,
        )
