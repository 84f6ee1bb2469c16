"""CloudSqlMySql: a managed MySQL, and the names under which the cluster's applications find it."""

# Annotations here are not deferred: Pulumi reads the outputs' types from them to make SDKs for other languages.
import shlex
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pulumi
from pulumi_gcp.sql import Database, DatabaseInstance, SslCert, User
from pulumi_gcp.sql.outputs import DatabaseInstanceServerCaCert

from ...kubernetes.inputs import is_late
from ...kubernetes.objects import KubernetesObject, labels, metadata
from ...model.args import ANY, Checked, Late, settle
from ...model.passwords import given
from ..client import MYSQL_PORT, ClientSecretArgs, mysql_client
from . import KIND, settings
from .args import CloudSqlMySqlArgs
from .rules import replica_name
from .spec import CloudSqlReplica, CloudSqlSpec

MANAGED_BY: Final = {"endpointslice.kubernetes.io/managed-by": "pulumi"}
LATE: Final[Late] = {
    ("private_network",): "projects/unknown/global/networks/unknown",
    ("allocated_ip_range",): "unknown",
    ("authorized_networks", ANY, "value"): "192.0.2.0/24",
}


class CloudSqlMySql(pulumi.ComponentResource):
    """After `up` there is a Cloud SQL instance with its databases, accounts and replicas.

    The cluster has the Services `<name>` (the primary) and `<name>-read` (the replicas, or the primary where there are
    none) and the Secret `<name>-client`. `opts.depends_on` holds back the instance: name the private services
    connection there if the program makes it.

    With durability keep, instance and databases are protected in the state, in the provider and (the instance) in
    Google's API. Another region, disk type, instance name or project, or an older version, would replace the instance
    and so is refused then. To delete on purpose, write durability discard, run `pulumi up`, and take the workload away.

    Raises pulumi.RunError before anything is registered, with every field that Google would refuse.
    """

    instance_name: pulumi.Output[str]
    """Name of the primary instance, as Google has it."""
    connection_name: pulumi.Output[str]
    """`project:region:instance`, for the Cloud SQL Auth Proxy and the language connectors."""
    connect_command: pulumi.Output[str]
    """`gcloud sql connect`, ready to paste; it asks for the password."""
    write_endpoint: pulumi.Output[str]
    """`host:port` of the Service that leads to the primary."""
    read_endpoint: pulumi.Output[str]
    """`host:port` of the Service that leads to the read replicas; to the primary where there are none."""
    secret_name: pulumi.Output[str]
    """Name of the Secret in the namespace with all that an application needs to log in."""

    def __init__(self, name: str, args: CloudSqlMySqlArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        users = args.get("users") or ()
        users = () if is_late(users) else users
        secrets = [
            given(name, ("users", position), {"password": user.get("password")}, ("password",))
            for position, user in enumerate(users)
        ]
        found = [finding for one in secrets for finding in one.findings]
        checked = settle(name, CloudSqlSpec, without_passwords(args), rules=KIND.problems, late=LATE, found=found)
        passwords = {user["name"]: one.outputs["password"] for user, one in zip(users, secrets, strict=True)}
        super().__init__(KIND.component, name, None, opts)
        spec, child = checked.spec, pulumi.ResourceOptions(parent=self)
        primary = primary_instance(name, checked, after(child, opts))
        databases_and_users(name, spec, passwords, primary, child)
        replicas = [
            replica_instance(name, key, replica, checked, primary, child) for key, replica in spec.read_replicas.items()
        ]
        services = (
            *service_for(name, checked.namespace, [address(primary, spec)], child),
            *service_for(f"{name}-read", checked.namespace, [address(i, spec) for i in replicas or [primary]], child),
        )
        self.client = mysql_client(
            name,
            ClientSecretArgs(
                namespace=checked.namespace,
                write_service=name,
                read_service=f"{name}-read",
                user=spec.client_account,
                password=passwords[spec.client_account],
                database=spec.client_schema,
                files=tls_files(name, spec, primary, replicas, child),
            ),
            child,
            services,
        )
        self.instance_name, self.connection_name = primary.name, primary.connection_name
        self.connect_command = connect_command(primary, spec)
        self.write_endpoint, self.read_endpoint = self.client.write_endpoint, self.client.read_endpoint
        self.secret_name = self.client.secret_name
        self.outputs: dict[str, Any] = {
            "connectCommand": self.connect_command,
            "connectionName": self.connection_name,
            "instanceName": self.instance_name,
            "readEndpoint": self.read_endpoint,
            "secretName": self.secret_name,
            "writeEndpoint": self.write_endpoint,
        }
        self.register_outputs(self.outputs)


def without_passwords(args: CloudSqlMySqlArgs) -> dict[str, Any]:
    """The arguments in the form of a stack file, which has a config key in place of each password."""
    if is_late(args.get("users")):
        return dict(args)
    users = [
        {**{k: v for k, v in user.items() if k != "password"}, "password_key": "given"}
        for user in args.get("users") or ()
    ]
    return {**args, "users": users}


def after(child: pulumi.ResourceOptions, opts: pulumi.ResourceOptions | None) -> pulumi.ResourceOptions:
    """The children's options with the component's depends_on, which does not reach them by itself (Pulumi
    documentation, "dependsOn")."""
    if opts is None or not opts.depends_on:
        return child
    return pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=opts.depends_on))


def primary_instance(name: str, checked: Checked[CloudSqlSpec], opts: pulumi.ResourceOptions) -> DatabaseInstance:
    """Registers the instance that takes the writes."""
    spec = checked.spec
    safety = pulumi.ResourceOptions(
        protect=True if spec.keeps else None,
        # The disk may have grown beyond the file's size, and to write the smaller size would mean a new instance.
        ignore_changes=["settings.diskSize"] if spec.disk_autoresize else [],
    )
    return DatabaseInstance(
        f"{name}-primary",
        name=spec.instance_name,
        project=spec.project,
        region=spec.region,
        database_version=spec.database_version,
        deletion_protection=spec.keeps,
        settings=settings.of_primary(checked),
        opts=pulumi.ResourceOptions.merge(opts, safety),
    )


def replica_instance(
    name: str,
    key: str,
    replica: CloudSqlReplica,
    checked: Checked[CloudSqlSpec],
    primary: DatabaseInstance,
    opts: pulumi.ResourceOptions,
) -> DatabaseInstance:
    """Registers a read replica. It is never protected, because it holds copies only."""
    spec = checked.spec
    return DatabaseInstance(
        f"{name}-replica-{key}",
        name=replica_name(name, key, spec) if spec.instance_name else None,
        project=spec.project,
        region=replica.region,
        database_version=spec.database_version,
        master_instance_name=primary.name,
        deletion_protection=False,
        settings=settings.of_replica(checked, replica),
        opts=opts,
    )


def databases_and_users(
    name: str,
    spec: CloudSqlSpec,
    passwords: Mapping[str, pulumi.Output[str]],
    primary: DatabaseInstance,
    opts: pulumi.ResourceOptions,
) -> None:
    """Registers databases and accounts. Databases have their own protection: an instance's lets them be dropped."""
    keeps = spec.keeps
    for database in spec.databases:
        Database(
            f"{name}-database-{database.name}",
            name=database.name,
            project=spec.project,
            instance=primary.name,
            charset=database.charset,
            collation=database.collation,
            deletion_policy="PREVENT" if keeps else "DELETE",
            opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(protect=True if keeps else None)),
        )
    for user in spec.users:
        User(
            f"{name}-user-{user.name}",
            name=user.name,
            host=user.host,
            project=spec.project,
            instance=primary.name,
            password=passwords[user.name],
            opts=opts,
        )


def address(instance: DatabaseInstance, spec: CloudSqlSpec) -> pulumi.Output[str]:
    """Address of an instance: the private one if it has one, which takes no detour and no authorised network."""
    return instance.private_ip_address if spec.private_network else instance.public_ip_address


def service_for(
    name: str, namespace: pulumi.Input[str], addresses: Sequence[pulumi.Input[str]], opts: pulumi.ResourceOptions
) -> tuple[pulumi.Resource, ...]:
    """Registers a Service in front of addresses outside the cluster, among which new connections take turns."""
    port: dict[str, Any] = {"name": "mysql", "port": MYSQL_PORT, "protocol": "TCP"}
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        # There are no pods whose readiness could be awaited.
        "metadata": metadata(name, namespace, labels(name), annotations={"pulumi.com/skipAwait": "true"}),
        "spec": {"ports": [port]},
    }
    slice_labels = {**labels(name), **MANAGED_BY, "kubernetes.io/service-name": name}
    endpoints = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": metadata(name, namespace, slice_labels),
        "addressType": "IPv4",
        "ports": [port],
        "endpoints": [{"addresses": [one], "conditions": {"ready": True}} for one in addresses],
    }
    return KubernetesObject(name, service, opts), KubernetesObject(f"{name}-endpoints", endpoints, opts)


def tls_files(
    name: str,
    spec: CloudSqlSpec,
    primary: DatabaseInstance,
    replicas: Sequence[DatabaseInstance],
    opts: pulumi.ResourceOptions,
) -> dict[str, pulumi.Input[str]]:
    """The TLS files of the Secret: each instance's authority, and the client's certificate where it needs one."""
    bundles = [instance.server_ca_certs.apply(authorities) for instance in (primary, *replicas)]
    files: dict[str, pulumi.Input[str]] = {"ca.crt": pulumi.Output.all(*bundles).apply("\n".join)}
    if spec.ssl_mode == "TRUSTED_CLIENT_CERTIFICATE_REQUIRED":
        own = SslCert(f"{name}-certificate", common_name=name, project=spec.project, instance=primary.name, opts=opts)
        files |= {"tls.crt": own.cert, "tls.key": own.private_key}
    return files


def authorities(certificates: Sequence[DatabaseInstanceServerCaCert] | None) -> str:
    """The authorities of one instance in PEM: the present one and, during a rotation, the next."""
    return "\n".join(str(authority.cert) for authority in certificates or ())


def connect_command(primary: DatabaseInstance, spec: CloudSqlSpec) -> pulumi.Output[str]:
    """The command that connects. Without a public address it must run in the network (gcloud, sql connect)."""
    rest = f"--user={shlex.quote(spec.client_account)}" + ("" if spec.public_ip else " --private-ip")
    return pulumi.Output.format("gcloud sql connect {0} --project={1} {2}", primary.name, primary.project, rest)
