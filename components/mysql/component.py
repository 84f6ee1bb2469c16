"""ReplicatedMySql: the StatefulSet of a primary and its replicas, and all that belongs around it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pulumi

from components.config.mysql import MySqlWorkload
from components.mysql import objects, pod
from components.mysql.engine import Engine, EngineArgs
from components.objects import KubernetesObject
from components.stateful_service import StatefulService, StatefulServiceArgs
from components.storage import provide


@dataclass(frozen=True, kw_only=True)
class ReplicatedMySqlArgs(EngineArgs):
    """What ReplicatedMySql needs to know; the engine's own account is `clone`."""

    workload: MySqlWorkload


class ReplicatedMySql(Engine):
    """After `up`: `<name>-0` takes writes, every other member replicates from it, and every ready one may be read.

    Services: `<name>` (headless, a name for each member), `<name>-read` (ready members), `<name>-write` (the primary);
    the Secret `<name>-client` holds what an application needs. Each member has a claim of its own; an empty one is
    filled by a clone of another member. The ConfigMap `<name>-initialised`, made once all members were up, is the
    memory that there are data: from then on an empty primary never starts as a new one.

    Replaces data: nothing. A smaller `replicas` leaves the claims of the members that go.
    """

    def __init__(self, name: str, args: ReplicatedMySqlArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("statefulsets:mysql:ReplicatedMySql", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        namespace = args.namespace
        workload = args.workload.model_copy(update={"termination_grace_period_seconds": args.workload.grace_seconds})
        settings = KubernetesObject(f"{name}-settings", objects.settings(name, namespace, workload), child)
        scripts = KubernetesObject(f"{name}-scripts", objects.scripts(name, namespace), child)
        accounts = self._accounts(name, args, objects.ACCOUNTS)
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
        self._finish(name, args, write_service=f"{name}-write", services=(read, write))
