"""Guestbook: the component of the kind that a test adds."""

from typing import Any

import pulumi

from ...model.args import settle
from ...stateful.args import StatefulArgs
from ...stateful.members import Members, wanted
from ...stateful.objects import Pods, Port
from ...storage.provide import provide
from . import KIND
from .spec import GuestbookSpec


class GuestbookArgs(StatefulArgs, total=False):
    """What Guestbook needs to know."""

    writer_image: str
    greeting: str


class Guestbook(pulumi.ComponentResource):
    """After `up`: pods that answer GET / with their name and a text, which begins with the greeting."""

    def __init__(self, name: str, args: GuestbookArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        checked = settle(name, GuestbookSpec, args, rules=KIND.problems)
        super().__init__(KIND.component, name, None, opts)
        spec, child = checked.spec, pulumi.ResourceOptions(parent=self)
        mount = {"name": spec.template, "mountPath": "/var/data"}
        write = f"[ -e /var/data/kubia.txt ] || printf %s '{spec.greeting}' >/var/data/kubia.txt"
        writer = {
            "name": "writer",
            "image": spec.writer_image,
            "command": ["bash", "-c", write],
            "volumeMounts": [mount],
        }
        ports = [{"name": "http", "containerPort": 8080}]
        server = {"name": "guestbook", "image": spec.image, "ports": ports, "volumeMounts": [mount]}
        pods = Pods(
            namespace=checked.namespace,
            spec=spec,
            ports=(Port(name="http", service=80, container=8080),),
            init_containers=(writer,),
            containers=(server,),
            uid=65532,
        )
        space = wanted(name, spec, namespace=checked.namespace, image=spec.image, project=checked.project)
        members = Members(name, pods, child, provided=provide(space, child))
        self.outputs: dict[str, Any] = {"hosts": members.hosts, "greeting": spec.greeting}
        self.register_outputs(self.outputs)
