"""CloudSqlMySql: a managed MySQL, and the names under which the cluster's applications find it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pulumi
from pulumi_gcp.sql import Database, DatabaseInstance, SslCert, User
from pulumi_gcp.sql.outputs import DatabaseInstanceServerCaCert

from components import cloud_sql_settings
from components.client import MYSQL_PORT, ClientSecretArgs, MySqlClient, mysql_client
from components.config.cloud_sql import CloudSqlReplica, CloudSqlSpec
from components.config.cloud_sql_rules import problems, replica_name
from components.config.errors import dotted
from components.objects import KubernetesObject, labels, metadata

MANAGED_BY: Final = {"endpointslice.kubernetes.io/managed-by": "pulumi"}


@dataclass(frozen=True, kw_only=True)
class CloudSqlMySqlArgs:
    """What CloudSqlMySql needs to know."""

    namespace: str
    """Where applications find the Services and the Secret."""
    spec: CloudSqlSpec
    """The `cloud-sql` entry of the stack file."""
    passwords: Mapping[str, pulumi.Input[str]]
    """One for each of `spec.users`, by name. None is made up: an account without one is refused."""


class CloudSqlMySql(pulumi.ComponentResource):
    """After `up`: a Cloud SQL instance with its databases, accounts and replicas, and for the cluster the Services
    `<name>` (the primary) and `<name>-read` (the replicas, or the primary) and the Secret `<name>-client`.

    `opts.depends_on` holds back the instance: name the private services connection there if the program makes it.
    With durability keep, instance and databases are protected in the state, in the provider and (the instance) in
    Google's API. Replaces the instance, and so is refused then: another region, disk type, instance name or project,
    or an older version. To delete on purpose: durability discard, `pulumi up`, then take the workload away.

    Raises pulumi.RunError before anything is registered, with every field that Google would refuse.
    """

    client: MySqlClient
    """What applications take."""
    instance_name: pulumi.Output[str]
    connection_name: pulumi.Output[str]
    """`project:region:instance`, for the Cloud SQL Auth Proxy and the language connectors."""
    connect_command: pulumi.Output[str]
    """The seed's `gcloud sql connect`, ready to paste; it asks for the password."""
    outputs: dict[str, Any]

    def __init__(self, name: str, args: CloudSqlMySqlArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        refuse(name, args)
        super().__init__("statefulsets:cloud_sql:CloudSqlMySql", name, None, opts)
        spec, child = args.spec, pulumi.ResourceOptions(parent=self)
        primary = primary_instance(name, spec, after(child, opts))
        databases_and_users(name, args, primary, child)
        replicas = [
            replica_instance(name, key, replica, spec, primary, child) for key, replica in spec.read_replicas.items()
        ]
        services = (
            *service_for(name, args.namespace, [address(primary, spec)], child),
            *service_for(f"{name}-read", args.namespace, [address(i, spec) for i in replicas or [primary]], child),
        )
        self.client = mysql_client(
            name,
            ClientSecretArgs(
                namespace=args.namespace,
                write_service=name,
                read_service=f"{name}-read",
                user=spec.client_account,
                password=args.passwords[spec.client_account],
                database=spec.client_schema,
                files=tls_files(name, spec, primary, replicas, child),
            ),
            child,
            services,
        )
        self.instance_name, self.connection_name = primary.name, primary.connection_name
        self.connect_command = connect_command(primary, spec)
        self.outputs = {
            "connectCommand": self.connect_command,
            "connectionName": self.connection_name,
            "instanceName": self.instance_name,
            "readEndpoint": self.client.read_endpoint,
            "secretName": self.client.secret_name,
            "writeEndpoint": self.client.write_endpoint,
        }
        self.register_outputs(self.outputs)


def refuse(name: str, args: CloudSqlMySqlArgs) -> None:
    """Raises with all that is wrong, one line each."""
    wrong = [f"{dotted((name, *path))}: {message}" for path, message in problems(name, args.spec)]
    for index, user in enumerate(args.spec.users):
        if args.passwords.get(user.name) in (None, ""):
            key = user.password_key
            wrong.append(f"{name}.users[{index}]: {user.name} has no password; pulumi config set --secret {key}")
    if wrong:
        raise pulumi.RunError("\n".join(wrong))


def after(child: pulumi.ResourceOptions, opts: pulumi.ResourceOptions | None) -> pulumi.ResourceOptions:
    """A component's depends_on does not reach its children by itself (Pulumi documentation, "dependsOn")."""
    if opts is None or not opts.depends_on:
        return child
    return pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=opts.depends_on))


def primary_instance(name: str, spec: CloudSqlSpec, opts: pulumi.ResourceOptions) -> DatabaseInstance:
    """The instance that takes the writes."""
    safety = pulumi.ResourceOptions(
        protect=True if spec.keeps else None,
        # The size of a disk that has grown differs from the file's, and a smaller one would mean a new instance.
        ignore_changes=["settings.diskSize"] if spec.disk_autoresize else [],
    )
    return DatabaseInstance(
        f"{name}-primary",
        name=spec.instance_name,
        project=spec.project,
        region=spec.region,
        database_version=spec.database_version,
        deletion_protection=spec.keeps,
        settings=cloud_sql_settings.of_primary(spec),
        opts=pulumi.ResourceOptions.merge(opts, safety),
    )


def replica_instance(
    name: str,
    key: str,
    replica: CloudSqlReplica,
    spec: CloudSqlSpec,
    primary: DatabaseInstance,
    opts: pulumi.ResourceOptions,
) -> DatabaseInstance:
    """A copy to read from. Nothing is lost with it, so nothing keeps it."""
    return DatabaseInstance(
        f"{name}-replica-{key}",
        name=replica_name(name, key, spec) if spec.instance_name else None,
        project=spec.project,
        region=replica.region,
        database_version=spec.database_version,
        master_instance_name=primary.name,
        deletion_protection=False,
        settings=cloud_sql_settings.of_replica(spec, replica),
        opts=opts,
    )


def databases_and_users(
    name: str, args: CloudSqlMySqlArgs, primary: DatabaseInstance, opts: pulumi.ResourceOptions
) -> None:
    """Databases are protected on their own: Google's protection of an instance lets them be dropped."""
    keeps = args.spec.keeps
    for database in args.spec.databases:
        Database(
            f"{name}-database-{database.name}",
            name=database.name,
            project=args.spec.project,
            instance=primary.name,
            charset=database.charset,
            collation=database.collation,
            deletion_policy="PREVENT" if keeps else "DELETE",
            opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(protect=True if keeps else None)),
        )
    for user in args.spec.users:
        User(
            f"{name}-user-{user.name}",
            name=user.name,
            host=user.host,
            project=args.spec.project,
            instance=primary.name,
            password=pulumi.Output.secret(args.passwords[user.name]),
            opts=opts,
        )


def address(instance: DatabaseInstance, spec: CloudSqlSpec) -> pulumi.Output[str]:
    """The private address where there is one: it costs no detour and no authorised network."""
    return instance.private_ip_address if spec.private_network else instance.public_ip_address


def service_for(
    name: str, namespace: str, addresses: Sequence[pulumi.Input[str]], opts: pulumi.ResourceOptions
) -> tuple[pulumi.Resource, ...]:
    """A Service in front of addresses outside the cluster: new connections take turns among them."""
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
    """Each instance's own authority, to check servers against, and the client's certificate where it needs one."""
    bundles = [instance.server_ca_certs.apply(authorities) for instance in (primary, *replicas)]
    files: dict[str, pulumi.Input[str]] = {"ca.crt": pulumi.Output.all(*bundles).apply("\n".join)}
    if spec.ssl_mode == "TRUSTED_CLIENT_CERTIFICATE_REQUIRED":
        own = SslCert(f"{name}-certificate", common_name=name, project=spec.project, instance=primary.name, opts=opts)
        files |= {"tls.crt": own.cert, "tls.key": own.private_key}
    return files


def authorities(certificates: Sequence[DatabaseInstanceServerCaCert] | None) -> str:
    """One instance's authorities in PEM: the present one and, during a rotation, the next."""
    return "\n".join(str(authority.cert) for authority in certificates or ())


def connect_command(primary: DatabaseInstance, spec: CloudSqlSpec) -> pulumi.Output[str]:
    """Without a public address gcloud has to be told, and to run inside the network (gcloud reference, sql connect)."""
    rest = f"--user={shlex.quote(spec.client_account)}" + ("" if spec.public_ip else " --private-ip")
    return pulumi.Output.format("gcloud sql connect {0} --project={1} {2}", primary.name, primary.project, rest)
