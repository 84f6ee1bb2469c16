"""StatefulService: a StatefulSet and all that belongs around it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi

from components.config.storage import DynamicStorage, GceBackend, SharedClaim
from components.config.workloads import StatefulWorkload
from components.naming import claim_name, pod_host, service_host
from components.objects import SKIP_AWAIT, KubernetesObject, labels, metadata
from components.pod import RESTRICTED_CONTAINER, data_owner
from components.storage import ZONE_LABEL, Provided
from components.volumes import HOSTNAME_LABEL


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
    init_containers: Sequence[Mapping[str, Any]] = ()
    """Likewise, run in turn before the containers start."""
    uid: int
    """User and group of the pods, and the group that owns their volumes."""
    storage: Provided = field(default_factory=Provided)
    """The volumes its claims are bound to, and what else must exist before the pods."""
    pod_annotations: Mapping[str, str] | None = None
    """Annotations of the pods; a changed one rolls them."""
    pod_volumes: Sequence[Mapping[str, Any]] = ()
    """The pods' volumes apart from the claim."""
    sysctls: Mapping[str, str] | None = None
    """Kernel settings of the pods; only Kubernetes' safe ones pass Pod Security."""
    publish_not_ready: bool = False
    """Names of pods that are not ready resolve too: members of a cluster find each other before they serve."""
    ingress: Sequence[Mapping[str, Any]] | None = None
    """Rules of the NetworkPolicy. Default: the ports, from `workload.clients`."""


class StatefulService(pulumi.ComponentResource):
    """After `up`: replicas with a name, a claim and a DNS name each, behind a governing headless Service.

    Also a PodDisruptionBudget (one pod at a time), a NetworkPolicy (only the named ports), and a ServiceAccount whose
    token no pod gets. `name` is the name of the StatefulSet and of the Service.

    Replaces the set, and so stops every pod at once: a changed claim template (claim size, class or access mode) and a
    changed podManagementPolicy. With durability keep the claims outlive that; with discard they go with the old set. In
    a stack file such changes are refused (components/history.py).
    """

    hosts: tuple[str, ...]
    """The pods' DNS names, by ordinal."""
    claims: tuple[str, ...]
    """The pods' claims, by ordinal."""
    volumes: tuple[str, ...]
    """The volumes bound to claims, by ordinal, room to grow included; none where a provisioner makes them."""
    host: str
    """The governing Service's DNS name, which lists all ready pods."""

    def __init__(self, name: str, args: StatefulServiceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        check_volumes(name, args)
        super().__init__("statefulsets:stateful_service:StatefulService", name, None, opts)
        ordinals = args.workload.ordinal_range
        self.hosts = tuple(pod_host(name, ordinal, args.namespace) for ordinal in ordinals)
        self.claims = claim_names(name, args.workload)
        self.volumes = args.storage.volumes.names if args.storage.volumes else ()
        self.host = service_host(name, args.namespace)

        child = pulumi.ResourceOptions(parent=self)
        first: list[pulumi.Resource] = [
            KubernetesObject(f"{name}-governing", governing_service(name, args), child),
            KubernetesObject(f"{name}-account", service_account(name, args), child),
            KubernetesObject(f"{name}-network", network_policy(name, args), child),
        ]
        KubernetesObject(f"{name}-budget", disruption_budget(name, args), child)
        if args.workload.client_service:
            KubernetesObject(f"{name}-client", client_service(name, args), child)
        # On destroy the order turns around: the set first, then (discard) its claims, then the volumes.
        first += [*args.storage.made_first, *([args.storage.volumes] if args.storage.volumes else [])]
        KubernetesObject(f"{name}-set", stateful_set(name, args), pulumi.ResourceOptions(parent=self, depends_on=first))
        self.register_outputs({"hosts": list(self.hosts), "claims": list(self.claims), "host": self.host})


def claim_names(name: str, workload: StatefulWorkload) -> tuple[str, ...]:
    """The claims of the replicas, or the one they share."""
    if isinstance(workload.storage, SharedClaim):
        return (workload.storage.claim,)
    return tuple(claim_name(workload.claim_template, name, ordinal) for ordinal in workload.ordinal_range)


def check_volumes(name: str, args: StatefulServiceArgs) -> None:
    """Volumes that were bound to other claims than this set will make would never be used: refused."""
    if args.storage.volumes is None:
        return
    bound = args.storage.volumes.args
    made = (args.namespace, args.workload.claim_template, name)
    if (bound.namespace, bound.claim_template, bound.workload) != made:
        theirs = f"{bound.namespace}/{claim_name(bound.claim_template, bound.workload, 0)}"
        raise pulumi.RunError(
            f"{name}: its volumes are bound to claims like {theirs}, but it makes claims like"
            f" {args.namespace}/{claim_name(args.workload.claim_template, name, 0)};"
            " give both the same workload, namespace and claim template"
        )


def governing_service(name: str, args: StatefulServiceArgs) -> dict[str, Any]:
    """The headless Service that gives each pod its DNS name. Pods that are not ready are listed only where asked."""
    unready = {"publishNotReadyAddresses": True} if args.publish_not_ready else {}
    ports = [{"name": port.name, "port": port.service, "targetPort": port.name} for port in args.ports]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(name, args.namespace, labels(name)),
        "spec": {"clusterIP": "None", "selector": {"app": name}, "ports": ports, **unready},
    }


def client_service(name: str, args: StatefulServiceArgs) -> dict[str, Any]:
    """One address in front of all ready pods. The set is waited for already, and its pods are what is behind this."""
    ports = [{"name": port.name, "port": port.service, "targetPort": port.name} for port in args.ports]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(f"{name}-client", args.namespace, labels(name), annotations=SKIP_AWAIT),
        "spec": {"selector": {"app": name}, "ports": ports},
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
    ports = [{"port": port.container, "protocol": "TCP"} for port in args.ports]
    ingress = [{"ports": ports, **peers(args.workload)}] if args.ingress is None else [dict(r) for r in args.ingress]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": metadata(name, args.namespace, labels(name)),
        "spec": {
            "podSelector": {"matchLabels": {"app": name}},
            "policyTypes": ["Ingress"],
            "ingress": ingress,
        },
    }


def peers(workload: StatefulWorkload, pods: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Who `clients` lets in; of the namespace's or the cluster's pods, only those with these labels."""
    labelled = {"podSelector": {"matchLabels": dict(pods)} if pods else {}}
    reach: dict[str, dict[str, Any]] = {
        "namespace": {"from": [labelled]},
        "cluster": {"from": [{"namespaceSelector": {}, **(labelled if pods else {})}]},
        "anywhere": {},
    }
    return reach[workload.clients]


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
    # By default each creation has a field manager of its own: one that was cut short could never be done again, for
    # the API fills in the claim templates and the next manager would differ from what the first one owns.
    annotations = {"pulumi.com/patchFieldManager": f"pulumi-{pulumi.get_stack()}"}
    if workload.update_strategy.partition:
        # The provider waits until every pod runs the new revision, which a partition is there to prevent.
        annotations |= SKIP_AWAIT
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": metadata(name, args.namespace, labels(name), annotations=annotations),
        "spec": {
            "serviceName": name,
            "replicas": workload.replicas,
            "podManagementPolicy": workload.pod_management_policy,
            "selector": {"matchLabels": {"app": name}},
            "updateStrategy": update_strategy(workload),
            "template": {"metadata": pod_metadata(name, args), "spec": pod_spec(name, args)},
            **own_claims(workload),
            **optional,
        },
    }


def update_strategy(workload: StatefulWorkload) -> dict[str, Any]:
    """RollingUpdate with its partition, or OnDelete."""
    strategy = workload.update_strategy
    if strategy.partition:
        return {"type": strategy.type, "rollingUpdate": {"partition": strategy.partition}}
    return {"type": strategy.type}


def pod_metadata(name: str, args: StatefulServiceArgs) -> dict[str, Any]:
    """Labels that the selectors find, and annotations."""
    annotations = {"annotations": dict(args.pod_annotations)} if args.pod_annotations else {}
    return {"labels": labels(name), **annotations}


def pod_spec(name: str, args: StatefulServiceArgs) -> dict[str, Any]:
    """The pods."""
    context = data_owner(args.uid)
    if args.sysctls:
        context["sysctls"] = [{"name": key, "value": value} for key, value in sorted(args.sysctls.items())]
    volumes = [dict(volume) for volume in args.pod_volumes]
    if isinstance(args.workload.storage, SharedClaim):
        source = {"persistentVolumeClaim": {"claimName": args.workload.storage.claim}}
        volumes.append({"name": args.workload.claim_template, **source})
    return {
        "serviceAccountName": name,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": args.workload.termination_grace_period_seconds,
        "securityContext": context,
        "topologySpreadConstraints": spread(name, args.workload),
        **({"initContainers": restricted(args.init_containers)} if args.init_containers else {}),
        "containers": restricted(args.containers),
        **({"volumes": volumes} if volumes else {}),
    }


def restricted(containers: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The containers without privileges."""
    return [{**container, "securityContext": RESTRICTED_CONTAINER} for container in containers]


def spread(name: str, workload: StatefulWorkload) -> list[dict[str, Any]]:
    """Over nodes, and over zones unless the disks are known to be in one. Where a disk is, its pod must be: a wish."""
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


def own_claims(workload: StatefulWorkload) -> dict[str, Any]:
    """One claim per replica, which always outlives a scale-down: the seeds' disk comes back with its ordinal."""
    storage = workload.storage
    if isinstance(storage, SharedClaim):
        return {}
    template = {
        "metadata": {"name": workload.claim_template},
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
