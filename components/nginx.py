"""Nginx: the seeds' web server with a directory of pages for each replica (004; 001's `web`)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import pulumi

from components.config.workloads import NginxWorkload
from components.naming import digest, pod_name
from components.objects import KubernetesObject, labels, metadata
from components.pod import http_probe
from components.stateful_service import Port, StatefulService, StatefulServiceArgs
from components.storage import provide

WEB: Final = Port(name="web", service=80, container=80)
PAGES: Final = "/usr/share/nginx/html"
CONF_DIRECTORY: Final = "/etc/statefulsets"
CONF: Final = Path(__file__).with_name("nginx.conf")
SCRATCH: Final = ("/tmp", "/var/cache/nginx", "/var/lib/nginx")  # noqa: S108  directories of the pod
"""Where images of different origin keep nginx's pid and temporary files."""
UID: Final = 65532
UNPRIVILEGED_PORTS: Final = {"net.ipv4.ip_unprivileged_port_start": "0"}
"""Port 80 without root; on Kubernetes' list of safe sysctls since 1.22, so Pod Security `restricted` allows it."""


@dataclass(frozen=True, kw_only=True)
class NginxArgs:
    """What Nginx needs to know."""

    namespace: str
    workload: NginxWorkload = field(default_factory=NginxWorkload)
    project: str | None = None
    """Google project of its disks, where it has any."""


class Nginx(pulumi.ComponentResource):
    """After `up`: pods that serve, on port 80, the pages on their own volume.

    Any nginx image does: the configuration is a ConfigMap of ours, pid and temporary files are in
    a directory of the pod's,
    nothing runs as root and the root file system is read-only. A changed configuration rolls the pods.
    """

    service: StatefulService
    outputs: dict[str, Any]
    """hosts, claims, volumes, and commands that write a page of the first pod's and read it."""

    def __init__(self, name: str, args: NginxArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("statefulsets:nginx:Nginx", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        conf = CONF.read_text()
        configuration = KubernetesObject(f"{name}-conf", config_map(name, args.namespace, conf), child)
        provided = provide(name, args.namespace, args.workload, args.project, child)
        self.service = StatefulService(
            name,
            StatefulServiceArgs(
                namespace=args.namespace,
                workload=args.workload,
                ports=(WEB,),
                containers=(container(args.workload),),
                uid=UID,
                storage=replace(provided, made_first=(*provided.made_first, configuration)),
                pod_volumes=pod_volumes(name),
                pod_annotations={"checksum/nginx.conf": digest(conf)},
                sysctls=UNPRIVILEGED_PORTS,
            ),
            child,
        )
        first = pod_name(name, args.workload.ordinals.start)
        self.outputs = {
            "hosts": list(self.service.hosts),
            "claims": list(self.service.claims),
            "volumes": list(self.service.volumes),
            "write": f"kubectl exec -n {args.namespace} {first} -- sh -c 'echo hello > {PAGES}/index.html'",
            "read": f"kubectl get --raw /api/v1/namespaces/{args.namespace}/pods/{first}:{WEB.container}/proxy/",
        }
        self.register_outputs(self.outputs)


def config_map(name: str, namespace: str, conf: str) -> dict[str, Any]:
    """nginx's whole configuration; what is in the image is not read."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(f"{name}-conf", namespace, labels(name)),
        "data": {CONF.name: conf},
    }


def container(workload: NginxWorkload) -> dict[str, Any]:
    """The seed's container, told where its configuration is."""
    scratch = [{"name": "scratch", "mountPath": path} for path in SCRATCH]
    return {
        "name": "nginx",
        "image": workload.image,
        "command": ["nginx", "-c", f"{CONF_DIRECTORY}/{CONF.name}", "-g", "daemon off;"],
        "ports": [{"name": WEB.name, "containerPort": WEB.container}],
        "volumeMounts": [
            {"name": workload.claim_template, "mountPath": PAGES},
            {"name": "conf", "mountPath": CONF_DIRECTORY, "readOnly": True},
            *scratch,
        ],
        "readinessProbe": http_probe("/healthz", WEB.name, period=2, failures=3),
        "livenessProbe": http_probe("/healthz", WEB.name, period=10, failures=6),
        "resources": workload.resources.rendered(),
    }


def pod_volumes(name: str) -> tuple[dict[str, Any], ...]:
    """The configuration, and room for what nginx writes as it runs."""
    return (
        {"name": "conf", "configMap": {"name": f"{name}-conf"}},
        {"name": "scratch", "emptyDir": {"sizeLimit": "64Mi"}},
    )
