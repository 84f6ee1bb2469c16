"""XtrabackupMySql: the tutorial's StatefulSet, with what can be mended of it on MySQL 5.7."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import pulumi

from components.config.mysql_xtrabackup import XtrabackupWorkload
from components.mysql.engine import Engine, EngineArgs
from components.mysql.objects import read_service
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
class XtrabackupMySqlArgs(EngineArgs):
    """What XtrabackupMySql needs to know; the engine's own account is `backup`."""

    workload: XtrabackupWorkload


class XtrabackupMySql(Engine):
    """After `up`: `<name>-0` takes writes, the others replicate from it, and every ready one may be read.

    Services: `<name>` (headless; writes go to `<name>-0.<name>`) and `<name>-read` (ready members); the Secret
    `<name>-client` holds what an application needs. Each member has a claim of its own; an empty one is filled by a
    backup of the previous member, over port 3307. The ConfigMap `<name>-initialised`, made once all members were up, is
    the memory that there are data: from then on an empty primary never starts as a new one.

    Every preview warns that MySQL 5.7 is end-of-life. Replaces data: nothing. A smaller `replicas` leaves the claims of
    the members that go.
    """

    def __init__(self, name: str, args: XtrabackupMySqlArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("statefulsets:mysql:XtrabackupMySql", name, None, opts)
        pulumi.log.warn(END_OF_LIFE, self)
        if args.workload.backup_image == XtrabackupWorkload.model_fields["backup_image"].default:
            pulumi.log.warn(OLD_FORMAT, self)
        child = pulumi.ResourceOptions(parent=self)
        namespace, workload = args.namespace, args.workload
        settings = KubernetesObject(f"{name}-settings", objects.settings(name, namespace), child)
        scripts = KubernetesObject(f"{name}-scripts", objects.scripts(name, namespace, workload), child)
        accounts = self._accounts(name, args, objects.ACCOUNTS)
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
        # Writes go to the first member by its own name, as in the seed.
        self._finish(name, args, write_service=f"{pod_name(name, 0)}.{name}", services=(self.service, read))
