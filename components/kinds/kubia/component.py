"""Kubia: the web application of the tutorials that keeps one text per pod."""

# Annotations here are not deferred: Pulumi reads the arguments' types from them to make SDKs for other languages.
from typing import Any, Final

import pulumi

from ...kubernetes.inputs import lift
from ...kubernetes.naming import pod_name
from ...kubernetes.pod import http_probe
from ...model.args import settle
from ...stateful.args import StatefulArgs
from ...stateful.members import Members, OfMembers, wanted
from ...stateful.objects import Pods, Port
from ...storage.provide import provide
from . import KIND
from .spec import KubiaSpec

HTTP: Final = Port(name="http", service=80, container=8080)
DATA_DIRECTORY: Final = "/var/data"
UID: Final = 65532


class KubiaArgs(StatefulArgs):
    """The arguments of Kubia. `KubiaSpec` says what each field may be, and what it is by default."""


class Kubia(OfMembers):
    """After `up` there are pods that answer GET / with their name and the text that POST / stored on their own volume.

    Raises pulumi.RunError before anything is registered, with a line for everything that is wrong.
    """

    write: pulumi.Output[str]
    """A command that posts a text to the first pod through the API server, so that it works from anywhere."""
    read: pulumi.Output[str]
    """A command that reads that text back in the same way."""

    def __init__(self, name: str, args: KubiaArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        checked = settle(name, KubiaSpec, args, rules=KIND.problems, late={("image",): "unknown"})
        space = wanted(
            name, checked.spec, namespace=checked.namespace, image=checked.get("image"), project=checked.project
        )
        super().__init__(KIND.component, name, None, opts)
        spec, namespace, image = checked.spec, checked.namespace, checked.get("image")
        child = pulumi.ResourceOptions(parent=self)
        pods = Pods(namespace=namespace, spec=spec, ports=(HTTP,), containers=(container(spec, image),), uid=UID)
        members = Members(name, pods, child, provided=provide(space, child))
        proxy = lift(proxy_path, namespace, pod_name(name, spec.ordinals.start))
        self.write = pulumi.Output.format("echo -n hello | kubectl create --raw {0} -f -", proxy)
        self.read = pulumi.Output.format("kubectl get --raw {0}", proxy)
        self._export(members, write=self.write, read=self.read)


def proxy_path(namespace: str, pod: str) -> str:
    """The path under which the API server passes requests on to a pod."""
    return f"/api/v1/namespaces/{namespace}/pods/{pod}:{HTTP.container}/proxy/"


def container(spec: KubiaSpec, image: pulumi.Input[str]) -> dict[str, Any]:
    """The tutorials' container. GET / is the one thing every kubia image answers, so both probes ask for it."""
    return {
        "name": "kubia",
        "image": image,
        "ports": [{"name": HTTP.name, "containerPort": HTTP.container}],
        "volumeMounts": [{"name": spec.template, "mountPath": DATA_DIRECTORY}],
        "readinessProbe": http_probe("/", HTTP.name, period=2, failures=3),
        "livenessProbe": http_probe("/", HTTP.name, period=10, failures=6),
        "resources": spec.resources.rendered(),
    }
