"""Disks that claims ask for, as on GKE: made, attached to one node, moved, grown, and gone or kept at the end."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator

import pytest
import yaml

from localcloud.cluster import nodes
from localcloud.node import node
from localcloud.node.files import CAP_SYS_RESOURCE, has_capability
from tests.cluster.support import csi_rig as rig
from tools.project import Project, eventually

HERE = {"topology.gke.io/zone": rig.ZONE}
# GKE's default is 300 s; the power cut is told to the cluster at once, and a test need not wait any longer.
IMPATIENT = [
    {"key": f"node.kubernetes.io/{taint}", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 2}
    for taint in ("unreachable", "not-ready")
]


@pytest.fixture(scope="module")
def four(project: Project) -> Iterator[Project]:
    """The cluster with four nodes: nodes 0 and 3 are in the same zone, so that a zonal disk can move."""
    try:
        project.must("make", "up", "NODES=4")
        rig.apply(project, rig.XFS, rig.RETAIN)
        yield project
    finally:
        project.kubectl("delete", "--ignore-not-found", "-f", "-", stdin=yaml.safe_dump_all([rig.XFS, rig.RETAIN]))
        project.must("make", "up", "NODES=1")


@pytest.fixture
def clean(four: Project) -> Iterator[Project]:
    """The cluster, without what a test made in it; the last disk is gone when it ends."""
    before, attached = set(volumes(four)), set(attachments(four))
    yield four
    four.kubectl("delete", "statefulset,replicationcontroller", "-l", "probe=csi", "--timeout=60s")
    four.kubectl("delete", "pods,pvc", "-l", "probe=csi", "--timeout=90s")
    eventually(lambda: set(volumes(four)) <= before, "the volumes are gone", 90)
    eventually(lambda: set(attachments(four)) <= attached, "nothing of it is attached any more", 90)


def attachments(project: Project) -> list[str]:
    return [item["metadata"]["name"] for item in project.get("volumeattachments")["items"]]


def volumes(project: Project) -> list[str]:
    return [item["metadata"]["name"] for item in project.get("pv")["items"]]


@pytest.mark.parametrize("class_name", ["standard", "standard-rwo", "premium-rwo"])
def test_a_claim_gets_a_disk_of_its_class_and_finds_its_data_in_the_next_pod(clean: Project, class_name: str) -> None:
    rig.apply(clean, rig.stateful("probe", class_name))
    rig.wait_ready(clean, "probe-0")
    clean.post("probe-0", f"on {class_name}")
    volume = rig.volume_of(clean, "data-probe-0")
    record = rig.disk(clean, volume["metadata"]["name"])
    kinds = {"standard": "pd-standard", "standard-rwo": "pd-balanced", "premium-rwo": "pd-ssd"}
    assert record is not None
    assert (record["type"].rpartition("/")[2], record["sizeGb"]) == (kinds[class_name], "1")
    clean.kubectl("delete", "pod", "probe-0")
    rig.wait_ready(clean, "probe-0")
    assert f"on {class_name}" in clean.read("probe-0")


def test_scaling_in_and_out_gives_each_ordinal_its_own_disk_again(clean: Project) -> None:
    rig.apply(clean, rig.stateful("probe", "standard-rwo", replicas=3))
    pods = [f"probe-{i}" for i in range(3)]
    rig.wait_ready(clean, *pods)
    for pod in pods:
        clean.post(pod, f"of {pod}")
    disks = {pod: rig.volume_of(clean, f"data-{pod}")["metadata"]["name"] for pod in pods}
    clean.kubectl("scale", "statefulset", "probe", "--replicas=1")
    eventually(lambda: len(clean.get("pods", "-l", "app=probe")["items"]) == 1, "two are gone", 60)
    clean.kubectl("scale", "statefulset", "probe", "--replicas=3")
    rig.wait_ready(clean, *pods)
    assert {pod: rig.volume_of(clean, f"data-{pod}")["metadata"]["name"] for pod in pods} == disks
    assert [f"of {pod}" in clean.read(pod) for pod in pods] == [True] * 3


def test_after_a_power_cut_the_pod_finds_its_disk_on_another_node_of_the_zone(clean: Project) -> None:
    rig.apply(clean, rig.stateful("probe", "standard-rwo", tolerations=IMPATIENT, nodeSelector=HERE))
    rig.wait_ready(clean, "probe-0")
    clean.post("probe-0", "written before the cut")
    was = rig.node_of(clean, "probe-0")
    try:
        clean.must(".tools/bin/python", "-m", "localcloud", "node", "stop", str(was))
        eventually(lambda: clean.ready("probe-0"), "the pod runs elsewhere", 180)
        assert {was, rig.node_of(clean, "probe-0")} == {0, 3}
        assert "written before the cut" in clean.read("probe-0")
    finally:
        clean.must(".tools/bin/python", "-m", "localcloud", "node", "start", str(was))


def test_a_node_that_was_given_up_writes_nothing_any_more_even_while_it_runs(clean: Project) -> None:
    rig.apply(clean, rig.stateful("probe", "xfs", command=rig.WRITER, tolerations=IMPATIENT, nodeSelector=HERE))
    eventually(lambda: clean.ready("probe-0"), "the writer runs", 60)
    file = rig.file_of(clean, rig.volume_of(clean, "data-probe-0")["metadata"]["name"])
    was = rig.node_of(clean, "probe-0")
    node_name = clean.state.slot.node(was).name
    try:
        clean.must(".tools/bin/python", "-m", "localcloud", "node", "partition", str(was))
        eventually(lambda: not nodes.is_ready(clean.get("node", node_name)), "the node is given up", 120)
        # What a person does who believes the node to be off; here it is not, and its writer still runs.
        clean.kubectl("taint", "node", node_name, "node.kubernetes.io/out-of-service=nodeshutdown:NoExecute")
        eventually(lambda: clean.ready("probe-0"), "the pod runs elsewhere", 180)
        now = rig.node_of(clean, "probe-0")
        assert {was, now} == {0, 3}
        # It begins at 1 again, and adds to the same file. A line of the first writer among them would be out of order.
        lines = clean.kubectl("exec", "probe-0", "--", "cat", "/var/data/lines").split()
        restart = len(lines) - 1 - lines[::-1].index("1")
        assert lines == [str(i + 1) for i in range(restart)] + [str(i + 1) for i in range(len(lines) - restart)]
        assert restart > 0
        old = inside(clean, was, "tail", "-n1", *written(clean, was))
        assert old.returncode != 0, f"the old node still reads {old.stdout}"
        assert "Input/output error" in old.stderr
    finally:
        clean.kubectl("taint", "node", node_name, "node.kubernetes.io/out-of-service-", "--overwrite=true")
        clean.must(".tools/bin/python", "-m", "localcloud", "node", "heal", str(was))
    assert file.exists()
    eventually(lambda: not written(clean, was), "the old node let go of it", 120)


def inside(project: Project, number: int, *command: str) -> subprocess.CompletedProcess[str]:
    """A command in a node's own mounts: its containers cannot be reached by the API while it is cut off."""
    pid = node.init_pid(project.state, project.state.slot.node(number))
    assert pid is not None
    return project.run("nsenter", f"--target={pid}", "--mount", "--", *command)


def written(project: Project, number: int) -> list[str]:
    """Where a node has the writer's file mounted."""
    found = inside(project, number, "sh", "-c", "grep -o '/var/lib/kubelet/plugins/[^ ]*globalmount' /proc/1/mounts")
    return [f"{point}/lines" for point in found.stdout.split()]


def test_a_disk_grows_under_its_pod_or_when_the_pod_starts_next_and_loses_nothing(clean: Project) -> None:
    """An XFS grows while its pod writes, an ext4 too where the kernel lets the driver; elsewhere its log says so.

    Both are asked to grow at once, for the kubelet looks once a minute.
    """
    rig.apply(clean, rig.stateful("xfs", "xfs", command=rig.WRITER), rig.stateful("ext4", "standard-rwo"))
    rig.wait_ready(clean, "xfs-0", "ext4-0")
    clean.post("ext4-0", "older than the growth")
    before = rig.unbroken(clean, "xfs-0")
    uid = clean.get("pod", "xfs-0")["metadata"]["uid"]
    assert all(0.9 < rig.size_gb(clean, pod) < 1 for pod in ("xfs-0", "ext4-0"))
    for claim in ("data-xfs-0", "data-ext4-0"):
        clean.kubectl("patch", "pvc", claim, "-p", '{"spec": {"resources": {"requests": {"storage": "2Gi"}}}}')

    eventually(lambda: rig.size_gb(clean, "xfs-0") > 1.8, "the XFS has grown", 180)
    eventually(lambda: capacity(clean, "data-xfs-0") == "2Gi", "its claim says so", 60)
    assert rig.unbroken(clean, "xfs-0") > before
    pod = clean.get("pod", "xfs-0")
    assert pod["metadata"]["uid"] == uid
    assert pod["status"]["containerStatuses"][0]["restartCount"] == 0

    if has_capability(CAP_SYS_RESOURCE):
        eventually(lambda: rig.size_gb(clean, "ext4-0") > 1.8, "the ext4 has grown", 180)
    else:
        reason = "the ext4 on it grows when its pod starts next: this machine lacks CAP_SYS_RESOURCE"
        eventually(lambda: any(reason in said for said in log(clean)), "the driver says which", 180)
        conditions = clean.get("pvc", "data-ext4-0")["status"]["conditions"]
        assert "FileSystemResizePending" in [condition["type"] for condition in conditions]
        assert rig.size_gb(clean, "ext4-0") < 1
        clean.kubectl("delete", "pod", "ext4-0")
        rig.wait_ready(clean, "ext4-0")
        assert rig.size_gb(clean, "ext4-0") > 1.8
    assert "older than the growth" in clean.read("ext4-0")
    eventually(lambda: capacity(clean, "data-ext4-0") == "2Gi", "its claim says so", 60)


def capacity(project: Project, claim: str) -> str:
    return str(project.get("pvc", claim)["status"]["capacity"]["storage"])


def log(project: Project) -> list[str]:
    files = project.state.logs.glob("*-csi-node.log")
    return [line for file in files for line in file.read_text(errors="replace").splitlines()]


def test_one_claim_under_three_replicas_gives_one_running_pod_and_a_multi_attach_error(clean: Project) -> None:
    labels = {"app": "helloweb", "probe": "csi"}
    apart = {
        "podAntiAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": [
                {"labelSelector": {"matchLabels": labels}, "topologyKey": "kubernetes.io/hostname"}
            ]
        }
    }
    controller = {
        "apiVersion": "v1",
        "kind": "ReplicationController",
        "metadata": {"name": "helloweb", "labels": labels},
        "spec": {
            "replicas": 3,
            "selector": labels,
            "template": rig.pod_template(labels, "helloweb-disk", affinity=apart, nodeSelector=HERE),
        },
    }
    disk = rig.claim("helloweb-disk", None, "30Gi")
    rig.apply(clean, {**disk, "metadata": {**disk["metadata"], "labels": labels}}, controller)
    wanted = 'Multi-Attach error for volume "pvc-'
    eventually(lambda: any(wanted in m for m in rig.events(clean, "FailedAttachVolume")), "Multi-Attach", 120)

    def phases() -> list[str]:
        return sorted(pod["status"]["phase"] for pod in clean.get("pods", "-l", "app=helloweb")["items"])

    eventually(lambda: "Running" in phases(), "one pod runs", 60)
    time.sleep(10)  # long enough for another one to start, if it could
    assert phases() == ["Pending", "Pending", "Running"]
    assert clean.get("pvc", "helloweb-disk")["spec"]["storageClassName"] == "standard-rwo", "GKE's default class"


def test_the_disk_goes_with_its_claim_unless_its_class_retains_it(clean: Project) -> None:
    rig.apply(clean, rig.stateful("probe", "standard-rwo"), rig.stateful("kept", "retain"))
    rig.wait_ready(clean, "probe-0", "kept-0")
    goes, stays = (rig.volume_of(clean, f"data-{name}-0")["metadata"]["name"] for name in ("probe", "kept"))
    gone, kept = rig.file_of(clean, goes), rig.file_of(clean, stays)
    clean.kubectl("delete", "statefulset", "probe", "kept")
    clean.kubectl("delete", "pvc", "data-probe-0", "data-kept-0", "--timeout=90s")
    eventually(lambda: rig.disk(clean, goes) is None and not gone.exists(), "the disk is gone with its bytes", 60)
    eventually(lambda: clean.get("pv", stays)["status"]["phase"] == "Released", "the other is kept", 60)
    assert kept.exists()
    clean.kubectl("delete", "pv", stays, "--timeout=60s")
    assert kept.exists(), "and even without its volume"
    eventually(lambda: "users" not in (rig.disk(clean, stays) or {}), "it is detached", 60)
    rig.delete_disk(clean, stays)
