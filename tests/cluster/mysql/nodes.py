"""The dev stack as it is on nodes of this machine, and what may happen to the nodes under its MySQL, as data."""

from __future__ import annotations

import time
from dataclasses import dataclass

from drills.faults.fault import Fault, whose
from localcloud.host.slot import Node
from localcloud.stacks.standin import Standin
from tests.cluster.mysql.passes import MySqlScene
from tests.cluster.mysql.rig import CLIENT_POD, MySql
from tools.project import Project

UNSEEN = 40
"""Seconds until the API takes a node for lost that says nothing (kube-controller-manager's default), at least."""


@dataclass(frozen=True)
class Dev(Project):
    """A copy of the project whose commands go to its dev stack, with the stand-in in Google's place."""

    @property
    def environment(self) -> dict[str, str]:
        there = Standin(self.state.root, self.state.slot)
        return {**super().environment, "KUBECONFIG": str(there.kubeconfig)}

    def up(self, nodes: int = 4) -> str:
        """With four nodes, two are in one zone: a disk can move to another node there, and nowhere else."""
        return self.must("make", "up", "STACK=dev", "CLOUD=standin", f"NODES={nodes}")


def node_of(project: Project, pod: str) -> Node:
    """The node on which a pod is."""
    name = project.get("pod", pod)["spec"]["nodeName"]
    return next(node for node in project.state.nodes if node.name == name)


def client_away_from(mysql: MySql, node: Node | None = None) -> bool:
    """Places the client on a node without a member, when it is on `node` or nowhere; whether it had to move."""
    project = mysql.project
    pods = {item["metadata"]["name"]: item["spec"].get("nodeName") for item in project.get("pods")["items"]}
    if CLIENT_POD in pods and (node is None or pods[CLIENT_POD] != node.name):
        return False
    project.kubectl("delete", "pod", CLIENT_POD, "--ignore-not-found", "--grace-period=1")
    taken = {where for name, where in pods.items() if name.startswith("mysql-") and name != CLIENT_POD}
    free = [one.name for one in project.state.nodes if one != node]
    mysql.start_client(node=next((name for name in free if name not in taken), free[0]))
    return True


def outage(ordinal: int, what: str, does: str, undoes: str) -> Fault[MySqlScene]:
    """Of the member's node: until Kubernetes has noticed and a while longer, then the node comes back."""

    def strike(scene: MySqlScene) -> None:
        mysql, watch = scene.mysql, scene.watch
        node = node_of(mysql.project, f"mysql-{ordinal}")
        if client_away_from(mysql, node):
            watch.reconnect()
            scene.wait("rows are written from another node", lambda: watch.writing, 60)
        scene.note, scene.node = f"{node.name} in {node.zone}", node
        mysql.project.must("make", "node", f"DO={does}", f"N={node.index}")

    def meanwhile(scene: MySqlScene) -> None:
        watch = scene.watch
        watch.reconnect()  # a connection to a node that is gone waits for an answer that never comes
        scene.not_ready(ordinal, UNSEEN + 60)
        before = scene.rows_so_far()
        time.sleep(10)
        went_on = scene.rows_so_far() > before
        moved = scene.pod_replaced(ordinal) and watch.ready(ordinal)
        assert went_on or ordinal == 0, "no row was answered while a replica was away"
        assert moved or ordinal or not went_on, "rows were answered while the primary was away"
        if does == "partition":
            assert not scene.pod_replaced(ordinal), "a second pod took the place of one that may still run"

    def heal(scene: MySqlScene) -> None:
        if scene.node is not None:
            scene.mysql.project.must("make", "node", f"DO={undoes}", f"N={scene.node.index}")
            scene.watch.reconnect()

    return Fault(f"node of {whose(ordinal)} {what}", strike, meanwhile, heal, seconds=300)


NODE_FAULTS: tuple[Fault[MySqlScene], ...] = (
    outage(1, "stopped", "stop", "start"),
    outage(0, "stopped", "stop", "start"),
    outage(2, "cut off", "partition", "heal"),
    outage(0, "cut off", "partition", "heal"),
)
