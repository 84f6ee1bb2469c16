"""XtrabackupMySql: the tutorial's StatefulSet, with what can be mended of it on MySQL 5.7."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import pulumi

from components.client import ClientSecretArgs, MySqlClient, mysql_client
from components.config.mysql_xtrabackup import XtrabackupWorkload
from components.mysql.objects import client_label, initialised, read_service
from components.mysql.xtrabackup import objects, pod
from components.naming import pod_name
from components.objects import KubernetesObject
from components.stateful_service import StatefulService, StatefulServiceArgs
from components.storage import provide

END_OF_LIFE: Final = (
    "engine xtrabackup is the tutorial's own design on MySQL 5.7, which has had no fixes since October 2023;"
    " see docs/mysql-xtrabackup.md for what remains wrong with it, and leave engine out for a current MySQL"
)
OLD_FORMAT: Final = (
    "gcr.io/google-samples/xtrabackup:1.0 is in an image format (Docker schema 1) that containerd 2.1 and later refuses"
    " to pull; name an image of your own in backupImage"
)


@dataclass(frozen=True, kw_only=True)
class XtrabackupMySqlArgs:
    """What XtrabackupMySql needs to know."""

    namespace: str
    workload: XtrabackupWorkload
    passwords: Mapping[str, pulumi.Input[str]]
    """By account: root, replication, backup, monitor, application. They are marked as secrets here too."""
    project: str | None = None
    """Google project of its disks, where it has any."""


class XtrabackupMySql(pulumi.ComponentResource):
    """After `up`: `<name>-0` takes writes, the others replicate from it, and every ready one may be read.

    Services: `<name>` (headless; writes go to `<name>-0.<name>`) and `<name>-read` (ready members); the Secret
    `<name>-client` holds what an application needs. Each member has a claim of its own; an empty one is filled by a
    backup of the previous member, over port 3307. The ConfigMap `<name>-initialised`, made once all members were up, is
    the memory that there are data: from then on an empty primary never starts as a new one.

    Every preview warns that MySQL 5.7 is end-of-life. Replaces data: nothing. A smaller `replicas` leaves the claims of
    the members that go.
    """

    service: StatefulService
    client: MySqlClient
    """Where to write, where to read, and the Secret to log in with."""
    outputs: dict[str, Any]
    """hosts, claims, volumes, endpoints, the client Secret's name, the label that lets a pod in."""

    def __init__(self, name: str, args: XtrabackupMySqlArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("statefulsets:mysql:XtrabackupMySql", name, None, opts)
        pulumi.log.warn(END_OF_LIFE, self)
        if args.workload.backup_image == XtrabackupWorkload.model_fields["backup_image"].default:
            pulumi.log.warn(OLD_FORMAT, self)
        child = pulumi.ResourceOptions(parent=self)
        namespace, workload = args.namespace, args.workload
        settings = KubernetesObject(f"{name}-settings", objects.settings(name, namespace), child)
        scripts = KubernetesObject(f"{name}-scripts", objects.scripts(name, namespace, workload), child)
        hidden = pulumi.ResourceOptions(parent=self, additional_secret_outputs=["data", "stringData"])
        accounts = KubernetesObject(f"{name}-accounts", objects.accounts(name, namespace, args.passwords), hidden)
        read = KubernetesObject(f"{name}-read", read_service(name, namespace), child)
        provided = provide(name, namespace, workload, args.project, child)
        self.service = StatefulService(
            name,
            StatefulServiceArgs(
                namespace=namespace,
                workload=workload,
                ports=(objects.MYSQL,),
                init_containers=pod.init_containers(name, workload),
                containers=pod.containers(name, workload),
                uid=pod.UID,
                storage=replace(provided, made_first=(*provided.made_first, settings, scripts, accounts)),
                pod_volumes=pod.volumes(name),
                pod_annotations={"checksum/configuration": objects.checksum()},
                publish_not_ready=True,
                ingress=objects.ingress(name, workload),
            ),
            child,
        )
        # Made when the members are up, kept as long as their data: see first.sh.
        KubernetesObject(
            f"{name}-initialised",
            initialised(name, namespace),
            pulumi.ResourceOptions(
                parent=self, depends_on=[self.service], retain_on_delete=workload.durability == "keep"
            ),
        )
        self.client = mysql_client(name, client(name, args), child, (self.service, read))
        self.outputs = {
            "hosts": list(self.service.hosts),
            "claims": list(self.service.claims),
            "volumes": list(self.service.volumes),
            "write": self.client.write_endpoint,
            "read": self.client.read_endpoint,
            "secret": self.client.secret_name,
            "clientLabel": client_label(name),
        }
        self.register_outputs(self.outputs)


def client(name: str, args: XtrabackupMySqlArgs) -> ClientSecretArgs:
    """Writes go to the first member by its own name, as in the seed."""
    return ClientSecretArgs(
        namespace=args.namespace,
        write_service=f"{pod_name(name, 0)}.{name}",
        read_service=f"{name}-read",
        user=args.workload.application,
        password=args.passwords["application"],
        database=args.workload.database,
    )
