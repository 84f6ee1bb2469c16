"""ReplicatedMySql: the StatefulSet of a primary and its replicas, and all that belongs around it."""

# Annotations here are not deferred: Pulumi reads the arguments' types from them to make SDKs for other languages.
from dataclasses import replace
from typing import Final

import pulumi

from ...kubernetes.objects import KubernetesObject
from ...model.args import Late, settle
from ...stateful.members import Members, wanted
from ...stateful.objects import Pods
from ...storage.provide import provide
from . import KIND, objects, pod
from .args import ReplicatedMySqlArgs
from .engine import Engine, passwords_of, without_passwords
from .spec import MySqlSpec

LATE: Final[Late] = {("image",): "unknown", ("tls_secret",): "unknown"}


class ReplicatedMySql(Engine):
    """After `up` the member `<name>-0` takes writes, every other member replicates from it, and ready ones may be read.

    There are the Services `<name>` (headless, a DNS name for each member), `<name>-read` (the ready members) and
    `<name>-write` (the primary), and the Secret `<name>-client` with what an application needs. Each member has a claim
    of its own; an empty one is filled by a clone of another member. The ConfigMap `<name>-initialised`, which is made
    once all members were up, remembers that there are data: from then on an empty primary never starts as a new one.

    Raises pulumi.RunError before anything is registered, with a line for everything that is wrong.

    No argument replaces data when it changes. A smaller `replicas` leaves the claims of the members that go.
    """

    def __init__(self, name: str, args: ReplicatedMySqlArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        passwords = passwords_of(name, args, objects.ACCOUNTS)
        checked = settle(
            name, MySqlSpec, without_passwords(args), rules=KIND.problems, late=LATE, found=passwords.findings
        )
        space = wanted(
            name, checked.spec, namespace=checked.namespace, image=checked.get("image"), project=checked.project
        )
        super().__init__(KIND.component, name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        grace = {"termination_grace_period_seconds": checked.spec.grace_seconds}
        checked = replace(checked, spec=checked.spec.model_copy(update=grace))
        spec, namespace = checked.spec, checked.namespace
        settings = KubernetesObject(f"{name}-settings", objects.settings(name, namespace, spec), child)
        scripts = KubernetesObject(f"{name}-scripts", objects.scripts(name, namespace), child)
        accounts = self._accounts(name, namespace, passwords.outputs)
        read = KubernetesObject(f"{name}-read", objects.read_service(name, namespace), child)
        write = KubernetesObject(f"{name}-write", objects.write_service(name, namespace), child)
        members = Members(
            name,
            Pods(
                namespace=namespace,
                spec=spec,
                ports=(objects.MYSQL,),
                init_containers=pod.init_containers(name, checked),
                containers=(pod.container(name, checked),),
                uid=pod.UID,
                volumes=pod.volumes(name, checked),
                annotations={"checksum/configuration": objects.checksum(spec)},
                publish_not_ready=True,
                ingress=objects.ingress(name, spec),
            ),
            child,
            provided=provide(space, child),
            made_first=[settings, scripts, accounts],
        )
        self._finish(name, checked, members, passwords.outputs, write_service=f"{name}-write", services=(read, write))
