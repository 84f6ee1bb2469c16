"""Workloads on disks that their claims ask for, and a look at the stand-in's records of those disks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from localcloud import gce
from localcloud.gce import daemon
from localcloud.gce.http import client, token_file
from localcloud.host.slot import REGION, ZONES
from localcloud.node.csi import PROJECT
from tools.project import Project, eventually

KUBIA = "localhost/statefulsets/kubia:1"
UID = 65532
ZONE = ZONES[0]
# A line a moment, each on the disk before the next: what is missing afterwards was lost.
WRITER = ["sh", "-c", "i=0; while i=$((i+1)); do echo $i >> /var/data/lines && sync /var/data/lines; sleep 0.05; done"]


def storage_class(name: str, **fields: Any) -> dict[str, Any]:
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": name},
        "provisioner": "pd.csi.storage.gke.io",
        "allowVolumeExpansion": True,
        "volumeBindingMode": "WaitForFirstConsumer",
        **fields,
    }


XFS = storage_class("xfs", parameters={"type": "pd-balanced", "csi.storage.k8s.io/fstype": "xfs"})
RETAIN = storage_class("retain", parameters={"type": "pd-balanced"}, reclaimPolicy="Retain")


def pod_template(
    labels: dict[str, str], claim: str | None = None, command: Sequence[str] | None = None, **spec: Any
) -> Any:
    """A kubia pod that answers with what lies on its volume `data`, or runs a command instead."""
    container: dict[str, Any] = {
        "name": "kubia",
        "image": KUBIA,
        "volumeMounts": [{"name": "data", "mountPath": "/var/data"}],
    }
    if command:
        container["command"] = list(command)
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": claim}}] if claim else []
    context = {"fsGroup": UID, "runAsUser": UID}
    rest = {"terminationGracePeriodSeconds": 1, "securityContext": context, "volumes": volumes}
    return {"metadata": {"labels": labels}, "spec": {**rest, **spec, "containers": [container]}}


def claim(name: str, class_name: str | None, size: str = "1Gi") -> dict[str, Any]:
    spec: dict[str, Any] = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}}
    if class_name is not None:
        spec["storageClassName"] = class_name
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": spec}


def stateful(
    name: str, class_name: str, replicas: int = 1, command: Sequence[str] | None = None, **spec: Any
) -> dict[str, Any]:
    """A StatefulSet whose pods have a claim `data` each."""
    labels = {"app": name, "probe": "csi"}
    template = claim("data", class_name)
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "serviceName": name,
            "replicas": replicas,
            "podManagementPolicy": "Parallel",
            "selector": {"matchLabels": labels},
            "template": pod_template(labels, command=command, **spec),
            "volumeClaimTemplates": [{"metadata": {"name": "data", "labels": labels}, "spec": template["spec"]}],
        },
    }


def apply(project: Project, *documents: dict[str, Any]) -> None:
    project.kubectl("apply", "-f", "-", stdin=yaml.safe_dump_all(documents))


def wait_ready(project: Project, *pods: str, seconds: float = 90) -> None:
    for pod in pods:
        eventually(lambda pod=pod: project.ready(pod), f"{pod} is ready", seconds)  # type: ignore[misc]


def volume_of(project: Project, claim: str) -> dict[str, Any]:
    """The PersistentVolume that a claim is bound to."""
    name = project.get("pvc", claim)["spec"]["volumeName"]
    volume: dict[str, Any] = project.get("pv", name)
    return volume


def compute(project: Project, method: str, path: str) -> Any:
    """A call to the stand-in as the cluster's owner; `path` from `projects/` on."""
    return client.request(
        gce.compute_url(project.state.slot), method, path, token=token_file.read(daemon.token(project.state))
    )


def disk(project: Project, name: str) -> dict[str, Any] | None:
    """The stand-in's record of a disk, in whichever zone of the region."""
    for zone in ZONES:
        try:
            found: dict[str, Any] = compute(project, "GET", f"projects/{PROJECT}/zones/{zone}/disks/{name}")
        except client.RefusedError as refusal:
            if refusal.code != 404:
                raise
            continue
        assert REGION in found["zone"]
        return found
    return None


def file_of(project: Project, name: str) -> Path:
    found = disk(project, name)
    assert found is not None, f"no disk {name}"
    return Path(found["standinFile"])


def delete_disk(project: Project, name: str) -> None:
    found = disk(project, name)
    if found is not None:
        zone = found["zone"].rpartition("/")[2]
        compute(project, "DELETE", f"projects/{PROJECT}/zones/{zone}/disks/{name}")


def node_of(project: Project, pod: str) -> int:
    """The number of the node that a pod runs on."""
    return int(str(project.get("pod", pod)["spec"]["nodeName"]).rpartition("-")[2])


def events(project: Project, reason: str) -> list[str]:
    """Messages of the events with a reason."""
    found = project.get("events", f"--field-selector=reason={reason}")["items"]
    return [item["message"] for item in found]


def size_gb(project: Project, pod: str) -> float:
    """How large the file system on a pod's volume is."""
    line = project.kubectl("exec", pod, "--", "df", "-k", "/var/data").splitlines()[-1]
    return int(line.split()[1]) / (1 << 20)


def unbroken(project: Project, pod: str) -> int:
    """The writer's last line, after making sure that every one before it is there."""
    lines = project.kubectl("exec", pod, "--", "cat", "/var/data/lines").splitlines()
    assert lines == [str(i + 1) for i in range(len(lines))]
    return len(lines)
