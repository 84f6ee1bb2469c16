"""What the components of both engines of MySQL share: passwords, outputs, and the objects around the members."""

# Annotations here are not deferred: Pulumi reads the outputs' types from them to make SDKs for other languages.
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import pulumi

from ...kubernetes.objects import KubernetesObject
from ...model.args import Checked
from ...model.passwords import Given, given
from ...stateful.members import Members, OfMembers
from ..client import ClientSecretArgs, mysql_client
from . import objects

Passwords = Mapping[str, pulumi.Output[str]]
"""Account -> its password."""


class EngineSpec(Protocol):
    """The fields of the model that both engines have."""

    @property
    def application(self) -> str: ...
    @property
    def database(self) -> str: ...
    @property
    def durability(self) -> str: ...


def passwords_of(name: str, args: Mapping[str, Any], accounts: Sequence[str]) -> Given:
    """The passwords of these accounts from the arguments, checked."""
    return given(name, ("passwords",), args.get("passwords"), accounts, of_a_replica=("replication",))


def without_passwords(args: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments without the passwords, which the model does not know: a stack file has their keys only."""
    return {key: value for key, value in args.items() if key != "passwords"}


class Engine(OfMembers):
    """The component of an engine. A subclass makes the members, and calls `_finish` once they are registered."""

    write_endpoint: pulumi.Output[str]
    """`host:port` of the Service that leads to the primary."""
    read_endpoint: pulumi.Output[str]
    """`host:port` of the Service that leads to every ready member."""
    secret_name: pulumi.Output[str]
    """Name of the Secret in the namespace with all that an application needs to log in."""
    client_label: pulumi.Output[Mapping[str, str]]
    """The label that a pod needs to connect."""

    def _accounts(self, name: str, namespace: pulumi.Input[str], passwords: Passwords) -> KubernetesObject:
        hidden = pulumi.ResourceOptions(parent=self, additional_secret_outputs=["data", "stringData"])
        return KubernetesObject(f"{name}-accounts", objects.accounts(name, namespace, passwords), hidden)

    def _finish(
        self,
        name: str,
        checked: Checked[Any],
        members: Members,
        passwords: Passwords,
        *,
        write_service: str,
        services: tuple[pulumi.Resource, ...],
    ) -> None:
        """Registers what comes after the members, and the outputs. `write_service` leads to the primary, and the client
        waits for `services`."""
        spec: EngineSpec = checked.spec
        # The ConfigMap is made when the members are up, and kept as long as their data: see data.sh and first.sh.
        KubernetesObject(
            f"{name}-initialised",
            objects.initialised(name, checked.namespace),
            pulumi.ResourceOptions(parent=self, depends_on=[members], retain_on_delete=spec.durability == "keep"),
        )
        secret = ClientSecretArgs(
            namespace=checked.namespace,
            write_service=write_service,
            read_service=f"{name}-read",
            user=spec.application,
            password=passwords["application"],
            database=spec.database,
        )
        self.client = mysql_client(name, secret, pulumi.ResourceOptions(parent=self), services)
        self.write_endpoint, self.read_endpoint = self.client.write_endpoint, self.client.read_endpoint
        self.secret_name = self.client.secret_name
        self.client_label = pulumi.Output.from_input(objects.client_label(name))
        self._export(
            members,
            write=self.write_endpoint,
            read=self.read_endpoint,
            secret=self.secret_name,
            clientLabel=self.client_label,
        )
