"""The container of a StatefulService, and the volumes and files around it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

import pulumi

from ..kubernetes.inputs import lift
from ..kubernetes.naming import digest
from ..kubernetes.objects import KubernetesObject, labels, metadata
from ..model.args import Checked, refusal
from ..model.errors import placed
from .any_image import CONFIG_FILES, MountSpec, ProbeSpec, StatefulServiceSpec, scratch_name
from .objects import Port

IDENTITY: Final = (("POD_NAME", "metadata.name"), ("POD_NAMESPACE", "metadata.namespace"))
PRIVILEGED_WORD: Final = "privilegedPorts"
PRIVILEGED_PORTS: Final = {"net.ipv4.ip_unprivileged_port_start": "0"}
"""The sysctl by which a pod listens on low ports without root. It is on Kubernetes' list of safe sysctls since 1.22, so
that Pod Security `restricted` allows it."""


def ports(spec: StatefulServiceSpec) -> tuple[Port, ...]:
    """The ports on the Services and in the pod."""
    return tuple(Port(name=p.name, service=p.port, container=p.container_port or p.port) for p in spec.ports)


def container(name: str, checked: Checked[StatefulServiceSpec], secret: pulumi.Input[str] | None) -> dict[str, Any]:
    """The pod's only container. `secret` is the name of the Secret with the secret variables."""
    spec = checked.spec
    probes = {"readinessProbe": spec.readiness, "livenessProbe": spec.liveness, "startupProbe": spec.startup}
    words = {
        "command": [checked.get("command", i) for i in range(len(spec.command or ()))],
        "args": [checked.get("args", i) for i in range(len(spec.args))],
    }
    return {
        "name": name,
        "image": checked.get("image"),
        **{key: value for key, value in words.items() if value},
        "env": [
            *({"name": key, "valueFrom": {"fieldRef": {"fieldPath": path}}} for key, path in IDENTITY),
            # Kubernetes puts $(NAME) in where NAME stands earlier: what is plain may refer to what is secret.
            *({"name": key, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}} for key in spec.secret_env),
            *({"name": key, "value": checked.get("env", key)} for key in spec.env),
        ],
        "ports": [{"name": port.name, "containerPort": port.container} for port in ports(spec)],
        "volumeMounts": volume_mounts(spec),
        **{key: probe(spec, asked) for key, asked in probes.items() if asked is not None},
        "resources": spec.resources.rendered(),
    }


def volume_mounts(spec: StatefulServiceSpec) -> list[dict[str, Any]]:
    """The mounts of the claim, of scratch directories and of files.

    Each file is a mount by itself, so that the image's own files in the same directory stay visible.
    """
    return [
        *(claim_mount(spec.template, mount) for mount in spec.mounts),
        *({"name": scratch_name(i), "mountPath": scratch.path} for i, scratch in enumerate(spec.scratch)),
        *(
            {"name": CONFIG_FILES, "mountPath": path, "subPath": key, "readOnly": True}
            for key, path in file_keys(spec).items()
        ),
    ]


def claim_mount(template: str, mount: MountSpec) -> dict[str, Any]:
    """The mount of one part of the claim."""
    optional = {"subPath": mount.sub_path, "readOnly": mount.read_only or None}
    return {"name": template, "mountPath": mount.path, **{key: v for key, v in optional.items() if v is not None}}


def probe(spec: StatefulServiceSpec, asked: ProbeSpec) -> dict[str, Any]:
    """A probe in the API's shape."""
    first = spec.ports[0].name
    question: dict[str, Any]
    if asked.http is not None:
        question = {"httpGet": {"path": asked.http.path, "port": asked.http.port or first}}
    elif asked.tcp is not None:
        question = {"tcpSocket": {"port": asked.tcp.port or first}}
    else:
        question = {"exec": {"command": list(asked.exec or ())}}
    return {
        **question,
        "periodSeconds": asked.period_seconds,
        "timeoutSeconds": asked.timeout_seconds,
        "failureThreshold": asked.failures,
    }


def file_keys(spec: StatefulServiceSpec) -> dict[str, str]:
    """Key in the ConfigMap -> path in the container. Files of the same name in two directories have different keys."""
    return {f"{i}-{digest(path)}": path for i, path in enumerate(sorted(spec.config_files))}


def config_map(name: str, checked: Checked[StatefulServiceSpec]) -> dict[str, Any]:
    """The ConfigMap with the files. Its name ends in their digest, so that pods of an older revision keep theirs."""
    data = {key: checked.get("config_files", path) for key, path in file_keys(checked.spec).items()}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(lift(named(name, tuple(data)), *data.values()), checked.namespace, labels(name)),
        "immutable": True,
        "data": data,
    }


def named(name: str, keys: tuple[str, ...]) -> Any:
    """A function that makes the ConfigMap's name of the contents, once they are known."""

    def of(*contents: str) -> str:
        return f"{name}-files-{digest(json.dumps([keys, contents]))}"

    return of


def secret(name: str, checked: Checked[StatefulServiceSpec], values: Mapping[str, Any]) -> dict[str, Any]:
    """The Secret with the secret variables.

    pulumi-kubernetes ends its name at random and makes a new Secret for new values. A name that is made of the values
    would tell whoever may list pods when a guess of them is right.
    """
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            key: value for key, value in metadata("", checked.namespace, labels(name)).items() if key != "name"
        },
        "immutable": True,
        "type": "Opaque",
        "stringData": {
            key: pulumi.Output.secret(value).apply(partial(text, name, key)) for key, value in values.items()
        },
    }


def text(name: str, variable: str, value: Any) -> str:
    """A secret variable's value, once it is known. A Secret without one would keep its pods from starting."""
    if not isinstance(value, str):
        raise refusal(placed((name,), [(("secretEnv", variable), "not a text; give it one")]))
    return value


def owned_by(manifest: dict[str, Any], name: str, account: KubernetesObject) -> dict[str, Any]:
    """The object as a dependent of the workload's ServiceAccount, with which Kubernetes deletes it.

    Source: Kubernetes documentation, "Owners and Dependents".
    """
    owner = {"apiVersion": "v1", "kind": "ServiceAccount", "name": name, "uid": account.uid}
    return {**manifest, "metadata": {**manifest["metadata"], "ownerReferences": [owner]}}


def volumes(spec: StatefulServiceSpec, files: pulumi.Input[str] | None) -> tuple[dict[str, Any], ...]:
    """The pods' volumes apart from the claim. `files` is the name of the ConfigMap with the files."""
    found: list[dict[str, Any]] = []
    for i, scratch in enumerate(spec.scratch):
        medium = {"medium": "Memory"} if scratch.memory else {}
        found.append({"name": scratch_name(i), "emptyDir": {**medium, "sizeLimit": scratch.size.text}})
    if files is not None:
        found.append({"name": CONFIG_FILES, "configMap": {"name": files}})
    return tuple(found)
