"""The API objects of a StatefulService."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi

from ..kubernetes.naming import claim_name
from ..kubernetes.objects import SKIP_AWAIT, labels, metadata
from ..kubernetes.pod import container_security, data_owner
from ..storage.backends import DynamicStorage, GceBackend, SharedClaim
from ..storage.provide import ZONE_LABEL
from ..storage.volumes import HOSTNAME_LABEL
from .spec import StatefulSpec


@dataclass(frozen=True, kw_only=True)
class Port:
    """A port that the pods listen on and the governing Service names."""

    name: str
    service: int
    """The port's number on the Service."""
    container: int
    """The port's number in the pod."""


@dataclass(frozen=True, kw_only=True)
class Pods:
    """The pods of a StatefulSet, and all that the objects around them depend on."""

    namespace: pulumi.Input[str]
    spec: StatefulSpec
    """The fields that every workload made of a StatefulSet has: replicas, storage, roll-out and so on."""
    ports: tuple[Port, ...]
    containers: Sequence[Mapping[str, Any]]
    """Containers in the API's shape; the security context is added to each."""
    init_containers: Sequence[Mapping[str, Any]] = ()
    """Init containers in the same shape. They run one after the other before the containers start."""
    uid: int
    """User and group of the pods, and the group that owns their volumes."""
    annotations: Mapping[str, pulumi.Input[str]] | None = None
    """Annotations of the pods. A changed one rolls the pods."""
    volumes: Sequence[Mapping[str, Any]] = ()
    """The pods' volumes apart from the claim."""
    sysctls: Mapping[str, str] | None = None
    """Kernel settings of the pods. Pod Security admits only those that Kubernetes lists as safe."""
    publish_not_ready: bool = False
    """Whether DNS lists pods that are not ready, so that members of a cluster find each other before they serve."""
    ingress: Sequence[Mapping[str, Any]] | None = None
    """Ingress rules of the NetworkPolicy. Default: `spec.clients` may connect to the ports."""
    allowed: Mapping[str, str] = field(default_factory=dict)
    """What the pods may do beyond Pod Security `restricted` (see `AllowSpec`), each with its reason."""


def claim_names(name: str, workload: StatefulSpec) -> tuple[str, ...]:
    """Names of the replicas' claims, or of the one claim that they share."""
    if isinstance(workload.storage, SharedClaim):
        return (workload.storage.claim,)
    return tuple(claim_name(workload.template, name, ordinal) for ordinal in workload.ordinal_range)


def governing_service(name: str, pods: Pods) -> dict[str, Any]:
    """The headless Service that gives each pod its DNS name. It lists pods that are not ready only where asked to."""
    unready = {"publishNotReadyAddresses": True} if pods.publish_not_ready else {}
    ports = [{"name": port.name, "port": port.service, "targetPort": port.name} for port in pods.ports]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(name, pods.namespace, labels(name)),
        "spec": {"clusterIP": "None", "selector": {"app": name}, "ports": ports, **unready},
    }


def client_service(name: str, pods: Pods) -> dict[str, Any]:
    """The Service with one address in front of all ready pods. `up` waits for the set and so need not wait for it."""
    ports = [{"name": port.name, "port": port.service, "targetPort": port.name} for port in pods.ports]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(f"{name}-client", pods.namespace, labels(name), annotations=SKIP_AWAIT),
        "spec": {"selector": {"app": name}, "ports": ports},
    }


def service_account(name: str, namespace: pulumi.Input[str]) -> dict[str, Any]:
    """The pods' own ServiceAccount, so that what is granted to the namespace's `default` account is not theirs."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": metadata(name, namespace, labels(name)),
        "automountServiceAccountToken": False,
    }


def network_policy(name: str, pods: Pods) -> dict[str, Any]:
    """The NetworkPolicy, which admits the named clients to the named ports and nothing else."""
    ports = [{"port": port.container, "protocol": "TCP"} for port in pods.ports]
    ingress = [{"ports": ports, **peers(pods.spec)}] if pods.ingress is None else [dict(r) for r in pods.ingress]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": metadata(name, pods.namespace, labels(name)),
        "spec": {
            "podSelector": {"matchLabels": {"app": name}},
            "policyTypes": ["Ingress"],
            "ingress": ingress,
        },
    }


def peers(workload: StatefulSpec, pods: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The `from` of a rule for `clients`. `pods` narrows the namespace's or the cluster's pods to those labels."""
    labelled = {"podSelector": {"matchLabels": dict(pods)} if pods else {}}
    reach: dict[str, dict[str, Any]] = {
        "namespace": {"from": [labelled]},
        "cluster": {"from": [{"namespaceSelector": {}, **(labelled if pods else {})}]},
        "anywhere": {},
    }
    return reach[workload.clients]


def disruption_budget(name: str, pods: Pods) -> dict[str, Any]:
    """The PodDisruptionBudget, by which a drain takes one pod at a time."""
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": metadata(name, pods.namespace, labels(name)),
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app": name}}},
    }


def stateful_set(name: str, pods: Pods) -> dict[str, Any]:
    """The StatefulSet. Optional fields are left out at their defaults, so that old clusters know all that is sent."""
    workload = pods.spec
    optional: dict[str, Any] = {}
    if workload.ordinals.start:
        optional["ordinals"] = {"start": workload.ordinals.start}
    if workload.min_ready_seconds:
        optional["minReadySeconds"] = workload.min_ready_seconds
    # By default each creation has a field manager of its own, and a creation that was cut short could not be repeated:
    # the API fills in the claim templates, and the second manager would differ from what the first one owns.
    annotations = {"pulumi.com/patchFieldManager": f"pulumi-{pulumi.get_stack()}"}
    if workload.update_strategy.partition:
        # The provider waits until every pod runs the new revision, which a partition is there to prevent.
        annotations |= SKIP_AWAIT
    annotations |= {f"statefulsets/allows-{word}": reason for word, reason in sorted(pods.allowed.items())}
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": metadata(name, pods.namespace, labels(name), annotations=annotations),
        "spec": {
            "serviceName": name,
            "replicas": workload.replicas,
            "podManagementPolicy": workload.pod_management_policy,
            "selector": {"matchLabels": {"app": name}},
            "updateStrategy": update_strategy(workload),
            "template": {"metadata": pod_metadata(name, pods), "spec": pod_spec(name, pods)},
            **own_claims(workload),
            **optional,
        },
    }


def update_strategy(workload: StatefulSpec) -> dict[str, Any]:
    """The set's update strategy: RollingUpdate with its partition, or OnDelete."""
    strategy = workload.update_strategy
    if strategy.partition:
        return {"type": strategy.type, "rollingUpdate": {"partition": strategy.partition}}
    return {"type": strategy.type}


def pod_metadata(name: str, pods: Pods) -> dict[str, Any]:
    """The pods' labels, which the selectors look for, and their annotations."""
    annotations = {"annotations": dict(pods.annotations)} if pods.annotations else {}
    return {"labels": labels(name), **annotations}


def pod_spec(name: str, pods: Pods) -> dict[str, Any]:
    """The spec of the pods: containers, volumes, security and where they run."""
    context = data_owner(pods.uid)
    if pods.sysctls:
        context["sysctls"] = [{"name": key, "value": value} for key, value in sorted(pods.sysctls.items())]
    volumes = [dict(volume) for volume in pods.volumes]
    if isinstance(pods.spec.storage, SharedClaim):
        source = {"persistentVolumeClaim": {"claimName": pods.spec.storage.claim}}
        volumes.append({"name": pods.spec.template, **source})
    return {
        "serviceAccountName": name,
        "automountServiceAccountToken": "apiToken" in pods.allowed,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": pods.spec.termination_grace_period_seconds,
        "securityContext": context,
        "topologySpreadConstraints": spread(name, pods.spec),
        **({"initContainers": restricted(pods.init_containers, pods.allowed)} if pods.init_containers else {}),
        "containers": restricted(pods.containers, pods.allowed),
        **({"volumes": volumes} if volumes else {}),
    }


def restricted(containers: Sequence[Mapping[str, Any]], allowed: Mapping[str, str]) -> list[dict[str, Any]]:
    """The containers, each with a security context that leaves it only the privileges that are allowed."""
    return [{**container, "securityContext": container_security(allowed)} for container in containers]


def spread(name: str, workload: StatefulSpec) -> list[dict[str, Any]]:
    """Constraints that spread the pods over nodes, and over zones unless all disks are known to be in one zone.

    They are wishes: a pod must run where its disk is.
    """
    storage = workload.storage
    disks = {zone for place in storage.places for zone in place.zones} if isinstance(storage, GceBackend) else set()
    zonal = len(disks) > 1 or isinstance(storage, DynamicStorage | SharedClaim)
    return [
        {
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": {"app": name}},
        }
        for key in ([ZONE_LABEL] if zonal else []) + [HOSTNAME_LABEL]
    ]


def own_claims(workload: StatefulSpec) -> dict[str, Any]:
    """The claim template, where replicas do not share a claim.

    Claims always outlive a scale-down, so that an ordinal that comes back finds its disk, as in the tutorials.
    """
    storage = workload.storage
    if isinstance(storage, SharedClaim):
        return {}
    template = {
        "metadata": {"name": workload.template},
        "spec": {
            "accessModes": [storage.access_mode],
            "storageClassName": storage.class_name,
            "resources": {"requests": {"storage": workload.claim_size.text}},
        },
    }
    when_deleted = "Retain" if workload.durability == "keep" else "Delete"
    return {
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": when_deleted, "whenScaled": "Retain"},
        "volumeClaimTemplates": [template],
    }
