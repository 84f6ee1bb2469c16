"""XtrabackupMySql: the tutorial's replicated MySQL 5.7, with those of its defects mended that can be mended there."""

# Annotations here are not deferred: Pulumi reads the arguments' types from them to make SDKs for other languages.
from typing import Final, Required, TypedDict

import pulumi

from ...kubernetes.naming import pod_name
from ...kubernetes.objects import KubernetesObject
from ...model.args import Late, settle
from ...stateful.args import StatefulArgs
from ...stateful.members import Members, wanted
from ...stateful.objects import Pods
from ...storage.provide import provide
from ..mysql.engine import Engine, passwords_of, without_passwords
from ..mysql.objects import read_service
from . import KIND, objects, pod
from .spec import MySql57Spec

LATE: Final[Late] = {("image",): "unknown", ("backup_image",): "unknown"}
END_OF_LIFE: Final = (
    "engine xtrabackup is the tutorial's own design on MySQL 5.7, which has had no fixes since October 2023;"
    " see docs/mysql-xtrabackup.md for what remains wrong with it, and leave engine out for a current MySQL"
)
OLD_FORMAT: Final = (
    "gcr.io/google-samples/xtrabackup:1.0 is in an image format (Docker schema 1) that containerd 2.1 and later refuses"
    " to pull; name an image of your own in backupImage"
)


class XtrabackupPasswordsArgs(TypedDict):
    """Passwords of the members' own accounts and of the application's. Each is marked as a secret here."""

    root: pulumi.Input[str]
    replication: pulumi.Input[str]
    """Password by which replicas log in to the primary: at most 32 bytes, because MySQL silently cuts a longer one."""
    backup: pulumi.Input[str]
    monitor: pulumi.Input[str]
    application: pulumi.Input[str]


class XtrabackupMySqlArgs(StatefulArgs, total=False):
    """The arguments of XtrabackupMySql. `MySql57Spec` says what each field may be, and what it is by default."""

    passwords: Required[pulumi.Input[XtrabackupPasswordsArgs]]
    backup_image: pulumi.Input[str]
    database: str
    application: str


class XtrabackupMySql(Engine):
    """After `up` the member `<name>-0` takes writes, the others replicate from it, and every ready one may be read.

    There are the Services `<name>` (headless; writes go to `<name>-0.<name>`) and `<name>-read` (the ready members),
    and the Secret `<name>-client` with what an application needs. Each member has a claim of its own; an empty one is
    filled by a backup of the previous member, over port 3307. The ConfigMap `<name>-initialised`, which is made once
    all members were up, remembers that there are data: from then on an empty primary never starts as a new one.

    Every preview warns that MySQL 5.7 is end-of-life. No argument replaces data when it changes. A smaller `replicas`
    leaves the claims of the members that go.
    """

    def __init__(self, name: str, args: XtrabackupMySqlArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        fields = {**without_passwords(args), "engine": KIND.engine}
        passwords = passwords_of(name, args, objects.ACCOUNTS)
        checked = settle(name, MySql57Spec, fields, rules=KIND.problems, late=LATE, found=passwords.findings)
        space = wanted(
            name, checked.spec, namespace=checked.namespace, image=checked.get("image"), project=checked.project
        )
        super().__init__(KIND.component, name, None, opts)
        spec, namespace = checked.spec, checked.namespace
        pulumi.log.warn(END_OF_LIFE, self)
        if checked.get("backup_image") == MySql57Spec.model_fields["backup_image"].default:
            pulumi.log.warn(OLD_FORMAT, self)
        child = pulumi.ResourceOptions(parent=self)
        settings = KubernetesObject(f"{name}-settings", objects.settings(name, namespace), child)
        scripts = KubernetesObject(f"{name}-scripts", objects.scripts(name, namespace, spec), child)
        accounts = self._accounts(name, namespace, passwords.outputs)
        read = KubernetesObject(f"{name}-read", read_service(name, namespace), child)
        members = Members(
            name,
            Pods(
                namespace=namespace,
                spec=spec,
                ports=(objects.MYSQL,),
                init_containers=pod.init_containers(name, checked),
                containers=pod.containers(name, checked),
                uid=pod.UID,
                volumes=pod.volumes(name),
                annotations={"checksum/configuration": objects.checksum()},
                publish_not_ready=True,
                ingress=objects.ingress(name, spec),
            ),
            child,
            provided=provide(space, child),
            made_first=[settings, scripts, accounts],
        )
        # Writes go to the first member by its own name, as in the tutorial.
        primary = f"{pod_name(name, 0)}.{name}"
        self._finish(name, checked, members, passwords.outputs, write_service=primary, services=(members, read))
