"""The cluster's nodes together: started side by side, told apart by zone, taken away when fewer are wanted."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from localcloud.cluster import api
from localcloud.host import daemons
from localcloud.host.errors import LocalCloudError
from localcloud.host.paths import State
from localcloud.host.progress import Progress
from localcloud.host.slot import MAX_NODES, Node
from localcloud.node import network, node

# On a node that is known to be without power: its pods are then deleted and its volumes detached without waiting for
# it, which nobody may do to a node that only cannot be reached.
OUT_OF_SERVICE = {"key": "node.kubernetes.io/out-of-service", "value": "nodeshutdown", "effect": "NoExecute"}
HOSTNAME = "kubernetes.io/hostname"


def start(state: State) -> list[str]:
    """Start what of any node does not run; returns the daemons that were started."""
    with ThreadPoolExecutor(MAX_NODES) as pool:
        every = list(pool.map(lambda each: node.start(state, each), state.nodes))
    return [name for started in every for name in started]


def stop(state: State) -> None:
    """Stop every node in an orderly way, and whatever an interrupted `up` left of others."""
    with ThreadPoolExecutor(MAX_NODES) as pool:
        list(pool.map(lambda each: node.stop(state, each), state.slot.nodes()))


def objects(state: State) -> dict[str, dict[str, Any]]:
    """The API's Node objects by name; empty when it does not list them."""
    status, answer = api.request(state, "GET", "/api/v1/nodes")
    return {item["metadata"]["name"]: item for item in answer["items"]} if status == 200 else {}


def is_ready(item: dict[str, Any]) -> bool:
    """Whether the API believes a node to be Ready; after a power cut it does so for a while."""
    conditions = {c["type"]: c["status"] for c in item.get("status", {}).get("conditions", [])}
    return bool(conditions.get("Ready") == "True")


def heard(state: State, each: Node) -> dt.datetime:
    """When the API last heard of a node's kubelet, by the lease that it renews every 10 s."""
    path = f"/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{each.name}"
    status, lease = api.request(state, "GET", path)
    renewed = lease["spec"].get("renewTime") if status == 200 else None
    return dt.datetime.fromisoformat(renewed) if renewed else dt.datetime.min.replace(tzinfo=dt.UTC)


def ready(state: State) -> bool:
    """Whether every node of the cluster is Ready."""
    found = objects(state)
    return all(each.name in found and is_ready(found[each.name]) for each in state.nodes)


def in_order(state: State, is_cut: Callable[[Node], bool] = network.is_cut) -> bool:
    """Whether every node is Ready, where it should be, in its zone and in service: what `up` leaves."""
    found = objects(state)
    return all(
        each.name in found
        and is_ready(found[each.name])
        and not _amendment(each, found[each.name])
        and not is_cut(each)
        for each in state.nodes
    )


def amend(state: State) -> bool:
    """Give every node the labels of its zone and take it back into service; False when it has to be tried again."""
    found = objects(state)
    done = True
    for each in state.nodes:
        patch = _amendment(each, found.get(each.name, {}))
        if patch:
            done = _patch(state, each, found[each.name], patch) and done
    return done and bool(found)


def take_out_of_service(state: State, gone: Node) -> bool:
    """Tell the API that a node is without power; False when it has to be tried again."""
    item = objects(state).get(gone.name)
    if item is None:
        return False
    taints = item["spec"].get("taints", [])
    if any(taint["key"] == OUT_OF_SERVICE["key"] for taint in taints):
        return True
    return _patch(state, gone, item, {"spec": {"taints": [*taints, OUT_OF_SERVICE]}})


def shrink(state: State, count: int, progress: Progress, stop_node: Callable[[State, Node], None] = node.stop) -> None:
    """Take the nodes beyond the first `count` away, or refuse while one holds what would be lost."""
    leaving = state.nodes[count:]
    reasons = {each: holds(state, each) for each in leaving}
    if any(reasons.values()):
        raise LocalCloudError(
            *(
                f"{each.name} cannot go: {', '.join(why)}; scale in or delete these first, "
                f"or keep the node with NODES={each.index + 1}"
                for each, why in reasons.items()
                if why
            )
        )
    from localcloud.cluster import certificates  # slow to import, and seldom needed

    for each in reversed(leaving):
        stop_node(state, each)
        status, answer = api.request(state, "DELETE", f"/api/v1/nodes/{each.name}")
        if status not in (200, 404):
            raise LocalCloudError(f"the API server does not delete node {each.name}: {answer}")
        for pod in pods_on(state, each):  # their node is gone: nobody would ever confirm that they ended
            meta = pod["metadata"]
            path = f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}?gracePeriodSeconds=0"
            api.request(state, "DELETE", path)
        certificates.forget(state, each)
        state.keep_nodes(each.index)
        shutil.rmtree(state.node(each), ignore_errors=True)
        progress.say(f"node {each.name} is gone")


def holds(state: State, each: Node) -> list[str]:
    """What would be lost or stuck if a node went for good, in words."""
    reasons = []
    for pod in pods_on(state, each):
        meta = pod["metadata"]
        if any(owner["kind"] == "StatefulSet" for owner in meta.get("ownerReferences", [])):
            reasons.append(f"pod {meta['namespace']}/{meta['name']} runs there")
    for volume in api.items(state, "/api/v1/persistentvolumes"):
        if each.name in _hostnames(volume):
            reasons.append(f"volume {volume['metadata']['name']} lies there")
    for attachment in api.items(state, "/apis/storage.k8s.io/v1/volumeattachments"):
        if attachment["spec"]["nodeName"] == each.name:
            reasons.append(f"{attachment['spec']['source'].get('persistentVolumeName', 'a volume')} is attached to it")
    data = state.node(each) / "statefulsets"
    if not reasons and data.exists() and any(path.is_file() for path in data.rglob("*")):
        reasons.append(f"{data} has files of volumes that are gone")
    return reasons


def pods_on(state: State, each: Node) -> list[dict[str, Any]]:
    """The pods that are bound to a node and have not ended."""
    every = api.items(state, f"/api/v1/pods?fieldSelector=spec.nodeName%3D{each.name}")
    return [pod for pod in every if pod["status"].get("phase") not in ("Succeeded", "Failed")]


def pods_observed(state: State, tasks: Callable[[State, Node], set[str]] = node.tasks) -> bool:
    """Whether every container that a Ready pod claims to run does run; `tasks` tells what runs on a node.

    After a node lost power the API goes on showing its pods as Ready until the kubelet has looked.
    """
    status, answer = api.request(state, "GET", "/api/v1/pods")
    if status != 200:
        return False
    real = {each.name: tasks(state, each) for each in state.nodes}
    for pod in answer["items"]:
        conditions = {c["type"]: c["status"] for c in pod["status"].get("conditions", [])}
        if conditions.get("Ready") == "True":
            claimed = {c.get("containerID", "").rpartition("/")[2] for c in pod["status"].get("containerStatuses", [])}
            if not claimed <= real.get(pod["spec"].get("nodeName", ""), set()):
                return False
    return True


def _hostnames(volume: dict[str, Any]) -> set[str]:
    terms = volume["spec"].get("nodeAffinity", {}).get("required", {}).get("nodeSelectorTerms", [])
    wanted = [e for term in terms for e in term.get("matchExpressions", []) if e["key"] == HOSTNAME]
    return {value for expression in wanted for value in expression.get("values", [])}


def _amendment(each: Node, item: dict[str, Any]) -> dict[str, Any]:
    """What to change of a Node object so that it is in service and in its zone; empty when nothing."""
    if not item:
        return {}
    patch: dict[str, Any] = {}
    labels = item["metadata"].get("labels", {})
    if any(labels.get(key) != value for key, value in each.labels.items()):
        patch["metadata"] = {"labels": each.labels}
    taints = item["spec"].get("taints", [])
    kept = [taint for taint in taints if taint["key"] != OUT_OF_SERVICE["key"]]
    if kept != taints:
        patch["spec"] = {"taints": kept}
    return patch


def _patch(state: State, each: Node, seen: dict[str, Any], patch: dict[str, Any]) -> bool:
    """Change a Node object as it was seen: taints are one list that the controllers write, too."""
    metadata = {**patch.get("metadata", {}), "resourceVersion": seen["metadata"]["resourceVersion"]}
    body = {**patch, "metadata": metadata}
    status, _ = api.request(state, "PATCH", f"/api/v1/nodes/{each.name}", body, "application/merge-patch+json")
    return status == 200


def wait_amended(state: State) -> None:
    """`amend`, again while the controllers write the same objects."""
    if not daemons.wait_until(lambda: amend(state), 10, 0.2):
        raise LocalCloudError(f"the API server does not take the nodes' labels; see {state.logs}/kube-apiserver.log")
