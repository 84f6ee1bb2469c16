"""LocalDirectories: makes the directories that `local` volumes lie in."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import pulumi

from ..kubernetes.inputs import lift
from ..kubernetes.naming import bounded, digest
from ..kubernetes.objects import SKIP_AWAIT, KubernetesObject, labels, metadata
from ..kubernetes.pod import container_security, restricted_pod
from .backends import LocalVolume

NAMESPACE: Final = "kube-system"
"""Namespace of the Jobs. They mount hostPaths, which Pod Security `restricted` forbids in a workload's namespace."""
DEADLINE_SECONDS: Final = 300
ANYBODY: Final = 65532


@dataclass(frozen=True, kw_only=True)
class LocalDirectoriesArgs:
    """The arguments of LocalDirectories."""

    workload: str
    volumes: tuple[LocalVolume, ...]
    image: pulumi.Input[str]
    """Any image with a `true` command. The workload's own is best, for the node has it anyway."""


class LocalDirectories(pulumi.ComponentResource):
    """After `up` each directory exists on its node. The directories and what they hold stay when the stack goes.

    A `local` volume must exist before it is mounted. A `hostPath` volume, which the kubelet can make, ignores fsGroup,
    so that a non-root pod could not write to it. Therefore one Job runs on each node: the kubelet makes the directories
    as it mounts them (DirectoryOrCreate), before the Job's container, which does nothing, can start. `up` does not wait
    for the Jobs, which saves it 3 of 7 s: the kubelet retries a pod's mount until the directory is there.
    """

    jobs: Mapping[str, pulumi.Resource]
    """Node -> the Job that makes its directories."""

    def __init__(self, name: str, args: LocalDirectoriesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("statefulsets:directories:LocalDirectories", name, None, opts)
        paths: dict[str, list[str]] = defaultdict(list)
        for volume in args.volumes:
            paths[volume.node].append(volume.path)
        self.jobs = {
            node: KubernetesObject(f"{name}-{node}", job(args, node, there), pulumi.ResourceOptions(parent=self))
            for node, there in paths.items()
        }
        self.register_outputs({"directories": {node: sorted(there) for node, there in paths.items()}})


def job(args: LocalDirectoriesArgs, node: str, paths: list[str]) -> dict[str, Any]:
    """The Job of one node. A Job's template cannot change, so the Job's name ends in a digest of it."""
    pod = directories_pod(args, node, sorted(paths))

    def named(image: str) -> str:
        known = directories_pod(replace(args, image=image), node, sorted(paths))
        return bounded(f"{args.workload}-directories-{node}-{digest(json.dumps(known, sort_keys=True))}")

    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": metadata(lift(named, args.image), NAMESPACE, labels(args.workload), annotations=SKIP_AWAIT),
        "spec": {
            "backoffLimit": 3,
            "activeDeadlineSeconds": DEADLINE_SECONDS,
            "template": {"spec": pod},
        },
    }


def directories_pod(args: LocalDirectoriesArgs, node: str, paths: list[str]) -> dict[str, Any]:
    """The spec of the Job's pod, which mounts every directory and ends. By nodeName it runs on a cordoned node, too."""
    mounts = [{"name": f"directory-{i}", "mountPath": f"/directories/{i}", "readOnly": True} for i in range(len(paths))]
    volumes = [
        {"name": f"directory-{i}", "hostPath": {"path": path, "type": "DirectoryOrCreate"}}
        for i, path in enumerate(paths)
    ]
    container = {
        "name": "directories",
        "image": args.image,
        "command": ["true"],
        "securityContext": container_security(),
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}},
        "volumeMounts": mounts,
    }
    return {
        "nodeName": node,
        "restartPolicy": "OnFailure",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": restricted_pod(ANYBODY),
        "containers": [container],
        "volumes": volumes,
    }
