"""What an application needs to use a MySQL. Both a `mysql` and a `cloud-sql` workload give it the same.

An application takes a `MySqlClient` and need not know which of the two stands behind it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import pulumi

from ..kubernetes.inputs import lift
from ..kubernetes.naming import service_host
from ..kubernetes.objects import KubernetesObject, labels, metadata

MYSQL_PORT: Final = 3306


@dataclass(frozen=True, kw_only=True)
class MySqlClient:
    """Where an application writes, where it reads, and the Secret with which it logs in."""

    write_endpoint: pulumi.Output[str]
    """`host:port` of the Service that leads to the primary."""
    read_endpoint: pulumi.Output[str]
    """`host:port` of the Service that leads to the read replicas; to the primary where there are none."""
    secret_name: pulumi.Output[str]
    """Name of the Secret in the workload's namespace; `ClientSecretArgs` tells its keys."""


@dataclass(frozen=True, kw_only=True)
class ClientSecretArgs:
    """What goes into the Secret `<workload>-client`.

    Its keys are host, read-host, port, user, password and database, and those of `files`.
    """

    namespace: pulumi.Input[str]
    write_service: str
    """Service that leads to the primary; its DNS name becomes `host`."""
    read_service: str
    """Service that leads to the replicas; its DNS name becomes `read-host`."""
    user: str
    password: pulumi.Input[str]
    """The user's password. It is marked as a secret here, wherever it comes from."""
    database: str
    files: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """Further keys for TLS: ca.crt, and where clients need a certificate also tls.crt and tls.key."""


def mysql_client(
    workload: str, args: ClientSecretArgs, opts: pulumi.ResourceOptions, services: tuple[pulumi.Resource, ...]
) -> MySqlClient:
    """Registers the Secret. The outputs of the client that it returns wait for the Secret and the Services."""
    name = f"{workload}-client"
    secret = KubernetesObject(
        name,
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": metadata(name, args.namespace, labels(workload)),
            "type": "Opaque",
            # Each value is a secret by itself, so that a preview shows the keys and hides the values.
            "stringData": {key: pulumi.Output.secret(value) for key, value in contents(args).items()},
        },
        pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(additional_secret_outputs=["data", "stringData"])),
    )
    made = pulumi.Output.all(secret.urn, *(service.urn for service in services))
    write, read = endpoint(args.write_service, args.namespace), endpoint(args.read_service, args.namespace)
    return MySqlClient(
        write_endpoint=pulumi.Output.all(write, made).apply(lambda known: str(known[0])),
        read_endpoint=pulumi.Output.all(read, made).apply(lambda known: str(known[0])),
        secret_name=made.apply(lambda _: name),
    )


def contents(args: ClientSecretArgs) -> dict[str, pulumi.Input[str]]:
    """The keys and values of the Secret."""
    return {
        "host": lift(service_host, args.write_service, args.namespace),
        "read-host": lift(service_host, args.read_service, args.namespace),
        "port": str(MYSQL_PORT),
        "user": args.user,
        "password": args.password,
        "database": args.database,
        **args.files,
    }


def endpoint(service: str, namespace: pulumi.Input[str]) -> pulumi.Input[str]:
    """`host:port` of a MySQL behind a Service."""
    return lift(lambda space: f"{service_host(service, space)}:{MYSQL_PORT}", namespace)
