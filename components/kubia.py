"""Kubia: the seeds' web application that keeps one text per pod (000, 003)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import pulumi

from components.config.workloads import KubiaWorkload
from components.naming import pod_name
from components.pod import http_probe
from components.stateful_service import Port, StatefulService, StatefulServiceArgs
from components.storage import provide

HTTP: Final = Port(name="http", service=80, container=8080)
DATA_DIRECTORY: Final = "/var/data"
UID: Final = 65532


@dataclass(frozen=True, kw_only=True)
class KubiaArgs:
    """What Kubia needs to know."""

    namespace: str
    workload: KubiaWorkload = field(default_factory=KubiaWorkload)
    project: str | None = None
    """Google project of its disks, where it has any."""


class Kubia(pulumi.ComponentResource):
    """After `up`: pods that answer GET / with their name and what POST / stored, each on its own volume."""

    service: StatefulService
    outputs: dict[str, Any]
    """hosts, claims, volumes, and commands that post and read through the API server."""

    def __init__(self, name: str, args: KubiaArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("statefulsets:kubia:Kubia", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.service = StatefulService(
            name,
            StatefulServiceArgs(
                namespace=args.namespace,
                workload=args.workload,
                ports=(HTTP,),
                containers=(container(args.workload),),
                uid=UID,
                storage=provide(name, args.namespace, args.workload, args.project, child),
            ),
            child,
        )
        first = pod_name(name, args.workload.ordinals.start)
        proxy = f"/api/v1/namespaces/{args.namespace}/pods/{first}:{HTTP.container}/proxy/"
        self.outputs = {
            "hosts": list(self.service.hosts),
            "claims": list(self.service.claims),
            "volumes": list(self.service.volumes),
            "write": f"echo -n hello | kubectl create --raw {proxy} -f -",
            "read": f"kubectl get --raw {proxy}",
        }
        self.register_outputs(self.outputs)


def container(workload: KubiaWorkload) -> dict[str, Any]:
    """The seed's container. GET / is the one thing every kubia image answers, so both probes ask for it."""
    return {
        "name": "kubia",
        "image": workload.image,
        "ports": [{"name": HTTP.name, "containerPort": HTTP.container}],
        "volumeMounts": [{"name": workload.claim_template, "mountPath": DATA_DIRECTORY}],
        "readinessProbe": http_probe("/", HTTP.name, period=2, failures=3),
        "livenessProbe": http_probe("/", HTTP.name, period=10, failures=6),
        "resources": workload.resources.rendered(),
    }
