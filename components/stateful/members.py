"""Components that register a StatefulSet and all that belongs around it, and those that have one within."""

# Annotations here are not deferred: Pulumi reads the outputs' types from them to make SDKs for other languages.
from collections.abc import Sequence
from typing import Any, Final

import pulumi

from ..kubernetes.inputs import is_late, lift
from ..kubernetes.naming import claim_name, pod_host, service_host
from ..kubernetes.objects import KubernetesObject
from ..model.args import refusal
from ..model.errors import placed
from ..storage.backends import GceBackend
from ..storage.provide import Provided, Wanted
from ..storage.volumes import PersistentVolumes
from .objects import (
    Pods,
    claim_names,
    client_service,
    disruption_budget,
    governing_service,
    network_policy,
    service_account,
    stateful_set,
)
from .spec import StatefulSpec

TYPE: Final = "statefulsets:stateful_service:StatefulService"


def wanted(
    name: str, spec: StatefulSpec, *, namespace: pulumi.Input[str], image: pulumi.Input[str], project: str | None
) -> Wanted:
    """The storage that a workload's replicas ask for."""
    if isinstance(spec.storage, GceBackend) and project is None:
        missing = (("project",), "missing; the disks and their volumes name it, so add it")
        raise refusal(placed((name,), [missing]))
    return Wanted(
        workload=name,
        namespace=namespace,
        storage=spec.storage,
        claim_template=spec.template,
        claim_size=spec.claim_size,
        volume_size=spec.volume_size,
        durability=spec.durability,
        image=image,
        project=project,
    )


class Replicas(pulumi.ComponentResource):
    """A StatefulSet with all that belongs around it. What its pods are, each subclass says."""

    hosts: pulumi.Output[Sequence[str]]
    """The pods' DNS names, by ordinal."""
    claims: pulumi.Output[Sequence[str]]
    """The pods' claims, by ordinal."""
    volumes: pulumi.Output[Sequence[str]]
    """Names of the volumes that are bound to claims, by ordinal, also of ordinals that do not run yet. None where a
    provisioner makes the volumes."""
    host: pulumi.Output[str]
    """The governing Service's DNS name, which lists all ready pods."""

    def _make(
        self,
        name: str,
        pods: Pods,
        provided: Provided,
        made_first: Sequence[pulumi.Resource],
        account: KubernetesObject | None = None,
    ) -> None:
        """Registers the set and all around it.

        `made_first` are resources that the pods need besides their volumes. `account` is their ServiceAccount, where it
        is made already.
        """
        child = pulumi.ResourceOptions(parent=self)
        spec = pods.spec
        hosts = lift(lambda space: [pod_host(name, ordinal, space) for ordinal in spec.ordinal_range], pods.namespace)
        claims = list(claim_names(name, spec))
        host = lift(service_host, name, pods.namespace)
        self.hosts = pulumi.Output.from_input(hosts)
        self.claims = pulumi.Output.from_input(claims)
        self.volumes = pulumi.Output.from_input(list(provided.volumes.by_ordinal) if provided.volumes else [])
        self.host = pulumi.Output.from_input(host)
        first: list[pulumi.Resource] = [
            KubernetesObject(f"{name}-governing", governing_service(name, pods), child),
            account or KubernetesObject(f"{name}-account", service_account(name, pods.namespace), child),
            KubernetesObject(f"{name}-network", network_policy(name, pods), child),
        ]
        KubernetesObject(f"{name}-budget", disruption_budget(name, pods), child)
        if spec.client_service:
            KubernetesObject(f"{name}-client", client_service(name, pods), child)
        # A destroy goes the other way around: first the set, with durability discard then its claims, then the volumes.
        first += [*provided.made_first, *made_first, *([provided.volumes] if provided.volumes else [])]
        KubernetesObject(f"{name}-set", stateful_set(name, pods), pulumi.ResourceOptions(parent=self, depends_on=first))
        self.register_outputs({"hosts": hosts, "claims": claims, "host": host})


class Members(Replicas):
    """The StatefulSet within a kind's own component, which makes its storage and says what its pods are.

    `name` is the name of the StatefulSet and of the governing Service. `StatefulService` is the same for any image, and
    has the same type token.
    """

    def __init__(
        self,
        name: str,
        pods: Pods,
        opts: pulumi.ResourceOptions,
        *,
        provided: Provided,
        made_first: Sequence[pulumi.Resource] = (),
    ) -> None:
        if provided.volumes:
            check_volumes(name, pods, provided.volumes)
        super().__init__(TYPE, name, None, opts)
        self._make(name, pods, provided, made_first)


class OfMembers(pulumi.ComponentResource):
    """A kind's own component, whose pods are those of its `Members`. A subclass calls `_export` at its end."""

    hosts: pulumi.Output[Sequence[str]]
    """The pods' DNS names, by ordinal."""
    claims: pulumi.Output[Sequence[str]]
    """The pods' claims, by ordinal."""
    volumes: pulumi.Output[Sequence[str]]
    """Names of the volumes that are bound to claims, by ordinal. None where a provisioner makes them."""

    def _export(self, members: Members, **more: pulumi.Output[Any]) -> None:
        """Registers the outputs of the members and those of the kind."""
        self.hosts, self.claims, self.volumes = members.hosts, members.claims, members.volumes
        self.outputs: dict[str, Any] = {"hosts": self.hosts, "claims": self.claims, "volumes": self.volumes, **more}
        self.register_outputs(self.outputs)


def check_volumes(name: str, pods: Pods, volumes: PersistentVolumes) -> None:
    """Refuses volumes that are bound to other claims than this set will make, because no pod would ever use them."""
    (their_namespace, their_template, theirs), namespace, template = (
        volumes.bound_to,
        pods.namespace,
        pods.spec.template,
    )
    known = not is_late(their_namespace) and not is_late(namespace)
    if (their_template, theirs) != (template, name) or (known and their_namespace != namespace):
        raise pulumi.RunError(
            f"{name}: its volumes are bound to claims like {their_namespace}/{claim_name(their_template, theirs, 0)},"
            f" but it makes claims like {namespace}/{claim_name(template, name, 0)};"
            " give both the same workload, namespace and claim template"
        )
