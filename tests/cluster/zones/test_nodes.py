"""Three nodes: pods reach each other across them; what a node's power cut and a partition do, and that both heal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from localcloud.cluster import nodes
from localcloud.host.slot import Node
from localcloud.node import cgroups, network, node
from tools.project import Project, eventually

KUBIA = "localhost/statefulsets/kubia:1"
# GKE's default is 300 s from the moment in which a node is seen to be unreachable; a test need not wait for that.
IMPATIENT = [
    {"key": f"node.kubernetes.io/{taint}", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 2}
    for taint in ("unreachable", "not-ready")
]
SPREAD = {
    "maxSkew": 1,
    "topologyKey": "kubernetes.io/hostname",
    "whenUnsatisfiable": "DoNotSchedule",
    "nodeTaintsPolicy": "Honor",
    "labelSelector": {"matchLabels": {"app": "probe"}},
}


def probe() -> list[dict[str, Any]]:
    """A set of three pods, one a node, that need no volume; its Service; and one with an address of its own."""
    pod = {
        "terminationGracePeriodSeconds": 2,
        "tolerations": IMPATIENT,
        "topologySpreadConstraints": [SPREAD],
        "volumes": [{"name": "data", "emptyDir": {}}],
        "containers": [{"name": "kubia", "image": KUBIA, "volumeMounts": [{"name": "data", "mountPath": "/var/data"}]}],
    }
    labels = {"app": "probe"}
    services: list[dict[str, Any]] = [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name},
            "spec": {"selector": labels, "ports": [{"port": 80, "targetPort": 8080}], **more},
        }
        for name, more in (("probe", {"clusterIP": "None"}), ("probe-any", {}))
    ]
    the_set = {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "probe"},
        "spec": {
            "serviceName": "probe",
            "replicas": 3,
            "podManagementPolicy": "Parallel",
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }
    return [*services, the_set]


@pytest.fixture(scope="module")
def three(project: Project) -> Iterator[Project]:
    """The cluster with three nodes and a pod of `probe` on each; it has one again afterwards."""
    project.post("kubia-0", "written when there was one node")
    try:
        project.must("make", "up", "NODES=3")
        project.kubectl("apply", "-f", "-", stdin=yaml.safe_dump_all(probe()))
        ready(project)
        yield project
    finally:
        project.kubectl("delete", "--ignore-not-found", "-f", "-", stdin=yaml.safe_dump_all(probe()))
        eventually(lambda: not pods(project), "the probes are gone", 120)
        project.must("make", "up", "NODES=1")
    assert project.state.nodes == project.state.slot.nodes(1)
    assert [item["metadata"]["name"] for item in project.get("nodes")["items"]] == [project.state.slot.node(0).name]


def ready(project: Project) -> None:
    eventually(lambda: all(project.ready(f"probe-{i}") for i in range(3)), "the probes are ready")


def one_a_node(project: Project) -> None:
    """Place the probes anew: an outage may have left two on one node."""
    if len(pods(project)) < 3:
        project.kubectl("delete", "pod", "--selector=app=probe")
        ready(project)
    assert set(pods(project)) == {each.name for each in project.state.nodes}


def pods(project: Project) -> dict[str, dict[str, Any]]:
    """Node -> the probe that is bound to it."""
    items = project.get("pods", "--selector=app=probe")["items"]
    return {item["spec"].get("nodeName", "-"): item for item in items}


def ask(project: Project, pod: str, host: str, port: int) -> str:
    """Which pod answers at an address, seen from a pod; empty when none does within 3 s."""
    request = f"printf 'GET / HTTP/1.0\\r\\n\\r\\n' | timeout 3 nc {host} {port} | grep -o 'hit .*'"
    return project.run("kubectl", "exec", pod, "--", "sh", "-c", request).stdout.strip().removeprefix("hit ")


def everybody_talks(project: Project) -> bool:
    names = [f"probe-{i}" for i in range(3)]
    return all(ask(project, one, f"{other}.probe", 8080) == other for one in names for other in names)


def condition(project: Project, each: Node) -> str:
    conditions = project.get("node", each.name)["status"]["conditions"]
    return str(next(c["status"] for c in conditions if c["type"] == "Ready"))


def test_nodes_that_join_stand_in_zones_of_their_own_and_lose_nothing(three: Project) -> None:
    items = three.get("nodes")["items"]
    zones = {i["metadata"]["name"]: i["metadata"]["labels"] for i in items}
    for key in ("topology.gke.io/zone", "topology.kubernetes.io/zone"):
        assert {name: labels[key] for name, labels in zones.items()} == {
            "statefulsets-0": "europe-west1-b",
            "statefulsets-1": "europe-west1-c",
            "statefulsets-2": "europe-west1-d",
        }
    assert {labels["topology.kubernetes.io/region"] for labels in zones.values()} == {"europe-west1"}
    assert "written when there was one node" in three.read("kubia-0")
    assert set(pods(three)) == {each.name for each in three.state.nodes}


def test_pods_reach_each_other_by_name_and_by_service_across_nodes(three: Project) -> None:
    assert everybody_talks(three)
    answers = {ask(three, "probe-0", "probe-any", 80) for _ in range(30)}
    assert answers == {"probe-0", "probe-1", "probe-2"}
    for pod in ("probe-0", "probe-1", "probe-2"):
        assert "serves" in three.kubectl("logs", pod)
        assert three.kubectl("exec", pod, "--", "hostname").strip() == pod


def test_a_dead_nodes_pod_moves_and_a_cut_off_nodes_pod_is_never_started_twice(three: Project) -> None:
    one_a_node(three)
    cut, dead = three.state.slot.node(1), three.state.slot.node(2)
    kept, moved = (pods(three)[each.name]["metadata"] for each in (cut, dead))
    three.must("make", "node", "DO=partition", f"N={cut.index}")
    three.must("make", "node", "DO=stop", f"N={dead.index}")
    assert cgroups.processes(dead) == []
    assert not network.is_cut(dead)
    assert "statefulsets-2 europe-west1-d" in " ".join(three.must("make", "status").split())
    running = node.tasks(three.state, cut)
    assert running, "its containers do not notice"

    eventually(lambda: condition(three, cut) == condition(three, dead) == "Unknown", "the API notices", 90)
    eventually(lambda: three.ready(moved["name"]), "the dead node's pod runs elsewhere", 60)
    new = three.get("pod", moved["name"])
    assert new["metadata"]["uid"] != moved["uid"]
    assert new["spec"]["nodeName"] == three.state.slot.node(0).name

    def leaves() -> bool:
        return "deletionTimestamp" in three.get("pod", kept["name"])["metadata"]

    eventually(leaves, "the cut off node's pod is told to go", 60)
    same = three.get("pod", kept["name"])
    assert (same["metadata"]["uid"], same["spec"]["nodeName"]) == (kept["uid"], cut.name)
    assert node.tasks(three.state, cut) == running, "it runs: another one would be a second writer"
    assert ask(three, moved["name"], same["status"]["podIP"], 8080) == ""

    three.must("make", "node", "DO=heal", f"N={cut.index}")
    three.must("make", "node", "DO=start", f"N={dead.index}")
    assert condition(three, cut) == condition(three, dead) == "True"
    assert nodes.in_order(three.state)
    ready(three)
    assert three.get("pod", kept["name"])["metadata"]["uid"] != kept["uid"]
    eventually(lambda: everybody_talks(three), "everybody talks again", 30)


def test_up_ends_outages_and_says_so(three: Project) -> None:
    three.must("make", "node", "DO=stop", "N=2")
    three.must("make", "node", "DO=partition", "N=1")
    done = three.run("make", "up")
    assert done.returncode == 0, done.stderr
    assert "statefulsets-2 is off: powering it on" in done.stderr
    assert "statefulsets-1 is cut off: reconnecting it" in done.stderr
    assert nodes.in_order(three.state)
    assert "is off" not in three.run("make", "up").stderr
    ready(three)
    eventually(lambda: everybody_talks(three), "everybody talks again", 30)


def test_a_node_that_runs_a_sets_pod_is_not_taken_away(three: Project) -> None:
    one_a_node(three)
    done = three.run("make", "up", "NODES=1")
    assert done.returncode != 0
    refused = [line for line in done.stderr.splitlines() if "cannot go: pod default/probe-" in line]
    assert [line.removeprefix("localcloud: ").split()[0] for line in refused] == ["statefulsets-1", "statefulsets-2"]
    assert len(three.get("nodes")["items"]) == 3


def test_an_outage_of_a_node_that_is_not_there_is_refused_in_one_line(three: Project) -> None:
    done = three.run("make", "node", "DO=stop", "N=3")
    assert done.returncode != 0
    assert "localcloud: no node 3: this cluster has nodes 0 to 2; `make up NODES=4` adds it\n" in done.stderr
