"""Nginx: the tutorials' web server with a directory of pages for each replica."""

# Annotations here are not deferred: Pulumi reads the arguments' types from them to make SDKs for other languages.
from pathlib import Path
from typing import Any, Final

import pulumi

from ...kubernetes.naming import digest, pod_name
from ...kubernetes.objects import KubernetesObject, labels, metadata
from ...kubernetes.pod import http_probe
from ...model.args import settle
from ...stateful.args import StatefulArgs
from ...stateful.container import PRIVILEGED_PORTS
from ...stateful.members import Members, OfMembers, wanted
from ...stateful.objects import Pods, Port
from ...storage.provide import provide
from . import KIND
from .spec import NginxSpec

WEB: Final = Port(name="web", service=80, container=80)
PAGES: Final = "/usr/share/nginx/html"
CONF_DIRECTORY: Final = "/etc/statefulsets"
CONF: Final = Path(__file__).with_name("nginx.conf")
SCRATCH: Final = ("/tmp", "/var/cache/nginx", "/var/lib/nginx")  # noqa: S108  directories of the pod
"""Directories in which the usual nginx images keep the pid file and temporary files."""
UID: Final = 65532


class NginxArgs(StatefulArgs):
    """The arguments of Nginx. `NginxSpec` says what each field may be, and what it is by default."""


class Nginx(OfMembers):
    """After `up` there are pods that serve, on port 80, the pages on their own volume.

    Any nginx image will do. The configuration is a ConfigMap that this component makes, pid and temporary files are in
    a directory of the pod, nothing runs as root and the root file system is read-only. A changed configuration rolls
    the pods.

    Raises pulumi.RunError before anything is registered, with a line for everything that is wrong.
    """

    write: pulumi.Output[str]
    """A command that writes a page onto the first pod's volume."""
    read: pulumi.Output[str]
    """A command that reads that page through the API server."""

    def __init__(self, name: str, args: NginxArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        checked = settle(name, NginxSpec, args, rules=KIND.problems, late={("image",): "unknown"})
        space = wanted(
            name, checked.spec, namespace=checked.namespace, image=checked.get("image"), project=checked.project
        )
        super().__init__(KIND.component, name, None, opts)
        spec, namespace, image = checked.spec, checked.namespace, checked.get("image")
        child = pulumi.ResourceOptions(parent=self)
        conf = CONF.read_text()
        configuration = KubernetesObject(f"{name}-conf", config_map(name, namespace, conf), child)
        pods = Pods(
            namespace=namespace,
            spec=spec,
            ports=(WEB,),
            containers=(container(spec, image),),
            uid=UID,
            volumes=pod_volumes(name),
            annotations={"checksum/nginx.conf": digest(conf)},
            sysctls=PRIVILEGED_PORTS,
        )
        members = Members(name, pods, child, provided=provide(space, child), made_first=[configuration])
        first = pod_name(name, spec.ordinals.start)
        page = f"{PAGES}/index.html"
        self.write = pulumi.Output.format("kubectl exec -n {0} {1} -- sh -c 'echo hello > {2}'", namespace, first, page)
        self.read = pulumi.Output.format(
            "kubectl get --raw /api/v1/namespaces/{0}/pods/{1}:{2}/proxy/", namespace, first, WEB.container
        )
        self._export(members, write=self.write, read=self.read)


def config_map(name: str, namespace: pulumi.Input[str], conf: str) -> dict[str, Any]:
    """The ConfigMap with nginx's whole configuration. nginx does not read the one in its image."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(f"{name}-conf", namespace, labels(name)),
        "data": {CONF.name: conf},
    }


def container(spec: NginxSpec, image: pulumi.Input[str]) -> dict[str, Any]:
    """The tutorials' container, told where its configuration is."""
    scratch = [{"name": "scratch", "mountPath": path} for path in SCRATCH]
    return {
        "name": "nginx",
        "image": image,
        "command": ["nginx", "-c", f"{CONF_DIRECTORY}/{CONF.name}", "-g", "daemon off;"],
        "ports": [{"name": WEB.name, "containerPort": WEB.container}],
        "volumeMounts": [
            {"name": spec.template, "mountPath": PAGES},
            {"name": "conf", "mountPath": CONF_DIRECTORY, "readOnly": True},
            *scratch,
        ],
        "readinessProbe": http_probe("/healthz", WEB.name, period=2, failures=3),
        "livenessProbe": http_probe("/healthz", WEB.name, period=10, failures=6),
        "resources": spec.resources.rendered(),
    }


def pod_volumes(name: str) -> tuple[dict[str, Any], ...]:
    """The pods' volumes: the configuration, and a directory for what nginx writes as it runs."""
    return (
        {"name": "conf", "configMap": {"name": f"{name}-conf"}},
        {"name": "scratch", "emptyDir": {"sizeLimit": "64Mi"}},
    )
