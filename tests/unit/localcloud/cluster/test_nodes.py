"""Several nodes: each in its zone and in service, and none taken away with somebody's data on it."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from localcloud.cluster import api as api_server
from localcloud.cluster import certificates, nodes
from localcloud.host.errors import LocalCloudError
from localcloud.host.paths import State
from localcloud.host.progress import Progress
from localcloud.host.slot import Node
from tests.support.places import SLOT
from tests.unit.localcloud.cluster.api_server import OnLoopback, serving
from tests.unit.localcloud.fakes import quiet, said


class Api:
    """An API server that holds objects by path, and takes merge patches of Node objects as the real one does."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, Any]] = {}
        self.nodes: dict[str, dict[str, Any]] = {}
        self.deleted: list[str] = []
        self.before_patch: Callable[[dict[str, Any]], None] = lambda item: None
        """What somebody else does to an object between our look at it and our change."""

    def add(self, each: Node, ready: str = "True", **changes: Any) -> dict[str, Any]:
        self.nodes[each.name] = {
            "metadata": {"name": each.name, "resourceVersion": "1", "labels": dict(each.labels)},
            "spec": {},
            "status": {"conditions": [{"type": "Ready", "status": ready}]},
            **changes,
        }
        return self.nodes[each.name]

    def answer(self, method: str, path: str, body: Any, kind: str) -> tuple[int, Any]:
        name = path.rpartition("/")[2]
        if method == "DELETE":
            self.deleted.append(path)
            return 200, {}
        if method == "PATCH":
            item = self.nodes[name]
            self.before_patch(item)
            assert kind == "application/merge-patch+json"
            if body["metadata"]["resourceVersion"] != item["metadata"]["resourceVersion"]:
                return 409, "conflict"
            item["metadata"]["labels"].update(body["metadata"].get("labels", {}))
            item["spec"].update(body.get("spec", {}))
            item["metadata"]["resourceVersion"] += "+"
            return 200, item
        if path == "/api/v1/nodes" and path not in self.answers:
            return 200, {"items": list(self.nodes.values())}
        return self.answers.get(path, (200, {"items": []}))


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def state(tmp_path: Path, api: Api) -> Iterator[State]:
    """That of a cluster of three nodes which has this API server."""
    with serving(tmp_path / "state", api.answer) as state:
        state.keep_nodes(3)
        yield state


def taints(api: Api, each: Node) -> list[str]:
    return [taint["key"] for taint in api.nodes[each.name]["spec"].get("taints", [])]


def test_a_cluster_has_one_node_until_it_was_asked_for_more_and_keeps_the_number(tmp_path: Path) -> None:
    state = State(tmp_path / "new", SLOT)
    assert state.nodes == (SLOT.node(0),)
    state.keep_nodes(3)
    assert State(tmp_path / "new", SLOT).nodes == (SLOT.node(0), SLOT.node(1), SLOT.node(2))
    (state.root / "node-count").write_text("")  # what a full disk leaves
    assert state.nodes == (SLOT.node(0),)


def test_three_nodes_stand_in_the_three_zones_of_the_stack_files_region() -> None:
    assert [SLOT.node(index).zone for index in range(4)] == [
        "europe-west1-b",
        "europe-west1-c",
        "europe-west1-d",
        "europe-west1-b",
    ]
    assert SLOT.node(1).labels == {
        "topology.kubernetes.io/region": "europe-west1",
        "topology.kubernetes.io/zone": "europe-west1-c",
        "topology.gke.io/zone": "europe-west1-c",
    }


def test_nodes_are_ready_when_every_one_of_them_says_so(state: State, api: Api) -> None:
    for each in state.nodes:
        api.add(each)
    api.add(SLOT.node(5), "False")  # of another time: not the cluster's
    assert nodes.ready(state)
    assert nodes.in_order(state)
    api.add(SLOT.node(2), "Unknown")
    assert not nodes.ready(state)
    api.nodes.pop(SLOT.node(2).name)
    assert not nodes.ready(state)
    api.add(SLOT.node(2), status={})
    assert not nodes.ready(state)
    api.answers["/api/v1/nodes"] = (503, "not yet")
    assert not nodes.ready(state)


def test_an_api_server_that_does_not_answer_is_not_ready(state: State) -> None:
    assert isinstance(state.slot, OnLoopback)
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    gone = replace(state, slot=replace(state.slot, api_port=port))
    assert api_server.request(gone, "GET", "/readyz")[0] == 0
    assert not api_server.ready(gone)
    assert not nodes.ready(gone)


def test_a_node_without_its_zone_or_cut_off_or_out_of_service_is_not_in_order(state: State, api: Api) -> None:
    for each in state.nodes:
        api.add(each)
    api.nodes[SLOT.node(1).name]["metadata"]["labels"].pop("topology.gke.io/zone")
    assert not nodes.in_order(state)
    assert nodes.amend(state)
    assert nodes.in_order(state)
    assert nodes.take_out_of_service(state, SLOT.node(1))
    assert nodes.ready(state)
    assert not nodes.in_order(state)
    assert nodes.amend(state)
    assert nodes.in_order(state)
    assert not nodes.in_order(state, lambda each: each.index == 2)


def test_a_node_is_taken_out_of_service_once_and_other_taints_stay(state: State, api: Api) -> None:
    api.add(SLOT.node(1), spec={"taints": [{"key": "node.kubernetes.io/unreachable", "effect": "NoExecute"}]})
    for _ in range(2):
        assert nodes.take_out_of_service(state, SLOT.node(1))
        assert taints(api, SLOT.node(1)) == ["node.kubernetes.io/unreachable", "node.kubernetes.io/out-of-service"]
    assert nodes.amend(state)
    assert taints(api, SLOT.node(1)) == ["node.kubernetes.io/unreachable"]
    assert not nodes.take_out_of_service(state, SLOT.node(2)), "the API does not know it"


def test_what_a_controller_writes_at_the_same_time_is_not_overwritten(state: State, api: Api) -> None:
    api.add(SLOT.node(1))
    api.before_patch = lambda item: item["metadata"].update(resourceVersion="2")
    assert not nodes.take_out_of_service(state, SLOT.node(1)), "to be tried again with what is there now"


def volume(name: str, *hosts: str) -> dict[str, Any]:
    expression = {"key": "kubernetes.io/hostname", "operator": "In", "values": list(hosts)}
    terms = {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}
    return {"metadata": {"name": name}, "spec": {"nodeAffinity": {"required": terms}} if hosts else {}}


def pod(name: str, owner: str = "StatefulSet", phase: str = "Running") -> dict[str, Any]:
    meta = {"namespace": "default", "name": name, "ownerReferences": [{"kind": owner}]}
    return {"metadata": meta, "status": {"phase": phase}}


@dataclass
class Leaving:
    """Takes nodes away, with names of those that were stopped so far."""

    state: State
    stopped: list[str] = field(default_factory=list)

    def shrink(self, count: int, progress: Progress | None = None) -> None:
        nodes.shrink(self.state, count, progress or quiet(), lambda state, each: self.stopped.append(each.name))


@pytest.fixture
def leaving(state: State, api: Api) -> Leaving:
    """All that the nodes have on disk is there."""
    certificates.ensure(state)
    for each in state.nodes:
        api.add(each)
        (state.node(each) / "statefulsets" / "volumes").mkdir(parents=True)
    return Leaving(state)


@pytest.mark.parametrize(
    ("path", "items", "reason"),
    [
        (
            "/api/v1/pods?fieldSelector=spec.nodeName%3Dstatefulsets-2",
            [pod("kubia-1")],
            "pod default/kubia-1 runs there",
        ),
        ("/api/v1/persistentvolumes", [volume("pv-b", "statefulsets-2")], "volume pv-b lies there"),
        (
            "/apis/storage.k8s.io/v1/volumeattachments",
            [{"spec": {"nodeName": "statefulsets-2", "source": {"persistentVolumeName": "pv-c"}}}],
            "pv-c is attached to it",
        ),
    ],
)
def test_a_node_that_somebody_still_needs_stays(
    path: str, items: list[Any], reason: str, state: State, api: Api, leaving: Leaving
) -> None:
    api.answers[path] = (200, {"items": items})
    with pytest.raises(LocalCloudError) as refusal:
        leaving.shrink(1)
    assert str(refusal.value).startswith(f"statefulsets-2 cannot go: {reason}; ")
    assert "keep the node with NODES=3" in str(refusal.value)
    assert leaving.stopped == []
    assert len(state.nodes) == 3
    assert api.deleted == []


def test_files_that_a_deleted_volume_left_are_not_deleted_with_the_node(state: State, leaving: Leaving) -> None:
    (state.node(SLOT.node(1)) / "statefulsets/volumes/kubia.txt").write_text("kept")
    with pytest.raises(LocalCloudError, match=r"^statefulsets-1 cannot go: \S+/statefulsets has files of volumes"):
        leaving.shrink(1)
    assert (state.node(SLOT.node(1)) / "statefulsets/volumes/kubia.txt").exists()


def test_a_node_that_nobody_needs_goes_with_its_object_its_pods_its_keys_and_its_disk(
    state: State, api: Api, leaving: Leaving
) -> None:
    mine = "/api/v1/pods?fieldSelector=spec.nodeName%3Dstatefulsets-2"
    api.answers[mine] = (200, {"items": [pod("web-x", "ReplicaSet"), pod("job", "Job", "Succeeded")]})
    api.answers["/api/v1/persistentvolumes"] = (200, {"items": [volume("pv-a", "statefulsets-0"), volume("disk")]})
    progress = quiet()
    leaving.shrink(2, progress)
    assert leaving.stopped == ["statefulsets-2"]
    assert api.deleted == [
        "/api/v1/nodes/statefulsets-2",
        "/api/v1/namespaces/default/pods/web-x?gracePeriodSeconds=0",
    ]
    assert [each.index for each in state.nodes] == [0, 1]
    assert not state.node(SLOT.node(2)).exists()
    assert not list(state.pki.glob("*statefulsets-2*"))
    assert list(state.pki.glob("*statefulsets-1*"))
    assert said(progress) == "node statefulsets-2 is gone\n"


def test_a_pod_is_believed_to_run_only_when_its_container_does(state: State, api: Api) -> None:
    """After a node lost power the API shows its pods as Ready until the kubelet has looked."""
    claiming: dict[str, Any] = {
        "spec": {"nodeName": SLOT.node(0).name},
        "status": {
            "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [{"containerID": "containerd://abc"}],
        },
    }
    api.answers["/api/v1/pods"] = (200, {"items": [claiming]})
    runs: set[str] = {"abc", "pause"}

    def observed() -> bool:
        return nodes.pods_observed(state, lambda state, each: runs)

    assert observed()
    runs.remove("abc")
    assert not observed()
    claiming["status"]["conditions"] = [{"type": "Ready", "status": "False"}]
    assert observed(), "it does not claim to run"
    api.answers["/api/v1/pods"] = (500, "")
    assert not observed()
