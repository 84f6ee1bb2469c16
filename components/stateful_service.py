"""StatefulService: a StatefulSet and all that belongs around it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from components.config.workloads import StatefulWorkload
from components.naming import claim_name, pod_host, service_host
from components.objects import SKIP_AWAIT, KubernetesObject, labels, metadata
from components.pod import RESTRICTED_CONTAINER, data_owner
from components.volumes import PersistentVolumes


@dataclass(frozen=True, kw_only=True)
class Port:
    """A port that the pods listen on and the governing Service names."""

    name: str
    service: int
    """Number on the Service."""
    container: int
    """Number in the pod."""


@dataclass(frozen=True, kw_only=True)
class StatefulServiceArgs:
    """What StatefulService needs to know."""

    namespace: str
    workload: StatefulWorkload
    """Replicas, storage, roll-out: the part of the stack file that any StatefulSet understands."""
    ports: tuple[Port, ...]
    containers: Sequence[Mapping[str, Any]]
    """Containers in the API's shape; the restricted security context is added to each."""
    uid: int
    """User and group of the pods, and the group that owns their volumes."""
    volumes: PersistentVolumes | None = None
    """The volumes its claims are bound to; None where a provisioner makes them."""
    pod_volumes: Sequence[Mapping[str, Any]] = ()
    """The pods' volumes apart from the claim."""
    sysctls: Mapping[str, str] | None = None
    """Kernel settings of the pods; only Kubernetes' safe ones pass Pod Security."""


class StatefulService(pulumi.ComponentResource):
    """After `up`: replicas with a name, a claim and a DNS name each, behind a governing headless Service.

    Also a PodDisruptionBudget (one pod at a time), a NetworkPolicy (only the named ports), and a ServiceAccount whose
    token no pod gets. `name` is the name of the StatefulSet and of the Service.

    Replaces the set, and so restarts every pod: a changed claim template (claim size, class or access mode) and a
    changed podManagementPolicy. With durability keep the claims outlive that; with discard they go with the old set.
    """

    hosts: tuple[str, ...]
    """The pods' DNS names, by ordinal."""
    claims: tuple[str, ...]
    """The pods' claims, by ordinal."""
    host: str
    """The governing Service's DNS name, which lists all ready pods."""

    def __init__(self, name: str, args: StatefulServiceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        check_volumes(name, args)
        super().__init__("statefulsets:stateful_service:StatefulService", name, None, opts)
        template, ordinals = args.workload.claim_template, args.workload.ordinal_range
        self.hosts = tuple(pod_host(name, ordinal, args.namespace) for ordinal in ordinals)
        self.claims = tuple(claim_name(template, name, ordinal) for ordinal in ordinals)
        self.host = service_host(name, args.namespace)

        child = pulumi.ResourceOptions(parent=self)
        first: list[pulumi.Resource] = [
            KubernetesObject(f"{name}-governing", governing_service(name, args), child),
            KubernetesObject(f"{name}-account", service_account(name, args), child),
            KubernetesObject(f"{name}-network", network_policy(name, args), child),
        ]
        KubernetesObject(f"{name}-budget", disruption_budget(name, args), child)
        # On destroy the order turns around: the set first, then (discard) its claims, then the volumes.
        if args.volumes is not None:
            first.append(args.volumes)
        KubernetesObject(f"{name}-set", stateful_set(name, args), pulumi.ResourceOptions(parent=self, depends_on=first))
        self.register_outputs({"hosts": list(self.hosts), "claims": list(self.claims), "host": self.host})


def check_volumes(name: str, args: StatefulServiceArgs) -> None:
    """Volumes that were bound to other claims than this set will make would never be used: refused."""
    if args.volumes is None:
        return
    bound = args.volumes.args
    made = (args.namespace, args.workload.claim_template, name)
    if (bound.namespace, bound.claim_template, bound.workload) != made:
        theirs = f"{bound.namespace}/{claim_name(bound.claim_template, bound.workload, 0)}"
        raise pulumi.RunError(
            f"{name}: its volumes are bound to claims like {theirs}, but it makes claims like"
            f" {args.namespace}/{claim_name(args.workload.claim_template, name, 0)};"
            " give both the same workload, namespace and claim template"
        )


def governing_service(name: str, args: StatefulServiceArgs) -> dict[str, Any]:
    """The headless Service that gives each pod its DNS name. Pods that are not ready are not listed."""
    ports = [{"name": port.name, "port": port.service, "targetPort": port.name} for port in args.ports]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(name, args.namespace, labels(name)),
        "spec": {"clusterIP": "None", "selector": {"app": name}, "ports": ports},
    }


def service_account(name: str, args: StatefulServiceArgs) -> dict[str, Any]:
    """An identity of its own, so that nobody can grant the pods anything by granting it to `default`."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": metadata(name, args.namespace, labels(name)),
        "automountServiceAccountToken": False,
    }


def network_policy(name: str, args: StatefulServiceArgs) -> dict[str, Any]:
    """Connections to the named ports, from the named clients; nothing else comes in."""
    peers: dict[str, dict[str, Any]] = {
        "namespace": {"from": [{"podSelector": {}}]},
        "cluster": {"from": [{"namespaceSelector": {}}]},
        "anywhere": {},
    }
    ports = [{"port": port.container, "protocol": "TCP"} for port in args.ports]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": metadata(name, args.namespace, labels(name)),
        "spec": {
            "podSelector": {"matchLabels": {"app": name}},
            "policyTypes": ["Ingress"],
            "ingress": [{"ports": ports, **peers[args.workload.clients]}],
        },
    }


def disruption_budget(name: str, args: StatefulServiceArgs) -> dict[str, Any]:
    """A drain takes one pod at a time."""
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": metadata(name, args.namespace, labels(name)),
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app": name}}},
    }


def stateful_set(name: str, args: StatefulServiceArgs) -> dict[str, Any]:
    """The API object. Optional fields are left out at their defaults, so that old clusters know all that is sent."""
    workload = args.workload
    optional: dict[str, Any] = {}
    if workload.ordinals.start:
        optional["ordinals"] = {"start": workload.ordinals.start}
    if workload.min_ready_seconds:
        optional["minReadySeconds"] = workload.min_ready_seconds
    # The provider waits until every pod runs the new revision, which a partition is there to prevent.
    annotations = {"annotations": SKIP_AWAIT} if workload.update_strategy.partition else {}
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": metadata(name, args.namespace, labels(name), **annotations),
        "spec": {
            "serviceName": name,
            "replicas": workload.replicas,
            "podManagementPolicy": workload.pod_management_policy,
            "selector": {"matchLabels": {"app": name}},
            "updateStrategy": update_strategy(workload),
            # Claims always outlive a scale-down: the seeds' disk comes back with its ordinal.
            "persistentVolumeClaimRetentionPolicy": {
                "whenDeleted": "Retain" if workload.durability == "keep" else "Delete",
                "whenScaled": "Retain",
            },
            "template": {"metadata": {"labels": labels(name)}, "spec": pod_spec(name, args)},
            "volumeClaimTemplates": [claim_template(workload)],
            **optional,
        },
    }


def update_strategy(workload: StatefulWorkload) -> dict[str, Any]:
    """RollingUpdate with its partition, or OnDelete."""
    strategy = workload.update_strategy
    if strategy.partition:
        return {"type": strategy.type, "rollingUpdate": {"partition": strategy.partition}}
    return {"type": strategy.type}


def pod_spec(name: str, args: StatefulServiceArgs) -> dict[str, Any]:
    """The pods, spread over nodes as far as their disks allow."""
    context = data_owner(args.uid)
    if args.sysctls:
        context["sysctls"] = [{"name": key, "value": value} for key, value in sorted(args.sysctls.items())]
    spread = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": {"app": name}},
    }
    volumes = {"volumes": [dict(volume) for volume in args.pod_volumes]} if args.pod_volumes else {}
    return {
        "serviceAccountName": name,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": args.workload.termination_grace_period_seconds,
        "securityContext": context,
        "topologySpreadConstraints": [spread],
        "containers": [{**container, "securityContext": RESTRICTED_CONTAINER} for container in args.containers],
        **volumes,
    }


def claim_template(workload: StatefulWorkload) -> dict[str, Any]:
    """One claim per replica."""
    storage = workload.storage
    return {
        "metadata": {"name": workload.claim_template},
        "spec": {
            "accessModes": [storage.access_mode],
            "storageClassName": storage.class_name,
            "resources": {"requests": {"storage": workload.claim_size.text}},
        },
    }
