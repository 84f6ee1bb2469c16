"""`localcloud node`: a node loses its power or its network, and gets it back. Every step may be done again."""

from __future__ import annotations

import datetime as dt

from localcloud.cluster import controlplane, lifecycle, nodes
from localcloud.host import daemons
from localcloud.host.errors import LocalCloudError
from localcloud.host.layout import MAX_NODES, Node, State
from localcloud.host.progress import Progress
from localcloud.node import network, node

PATIENCE = 90.0  # seconds until a node is Ready again: a kubelet may wait 30 s before it dials anew


def of(state: State, each: Node) -> str:
    """What a person did to a node: `stopped`, `partitioned` or nothing."""
    if node.init_pid(state, each) is None:
        return "stopped"
    return "partitioned" if network.is_cut(each) else ""


def stop(state: State, number: int, progress: Progress, *, unnoticed: bool = False) -> None:
    """Cut a node's power: everything in it ends at once, nothing is told to.

    Then the API is told that the node is without power, as a cloud's controller tells it of a machine that was
    stopped; `unnoticed` leaves that out, and its pods wait for the node to come back.
    """
    with lifecycle.alone(state):
        each = _pick(state, number)
        off = node.init_pid(state, each) is None
        node.cut_power(state, each)
        progress.say(f"{each.name} was off already" if off else f"{each.name} is without power")
        if not unnoticed:
            if not daemons.wait_until(lambda: nodes.take_out_of_service(state, each), 10, 0.2):
                raise LocalCloudError(f"the API server does not take the taint of {each.name}; is the cluster up?")
            progress.say("the API knows that it is: its pods go elsewhere once it is not Ready, after about 50 s")


def start(state: State, number: int, progress: Progress) -> None:
    """Power a node on, with its cable plugged in, and wait until it is Ready."""
    with lifecycle.alone(state):
        each = _pick(state, number)
        if of(state, each) == "partitioned":
            raise LocalCloudError(f"{each.name} is on, but partitioned; `node heal {number}` reconnects it")
        # First: from here on nobody may act as if it were off.
        nodes.wait_amended(state)
        with progress.step("node", f"starting {each.name}"):
            node.start(state, each)
            _wait(state, each)


def partition(state: State, number: int, progress: Progress) -> None:
    """Cut a node off from the others and from the API; what runs on it goes on running."""
    with lifecycle.alone(state):
        each = _pick(state, number)
        if node.init_pid(state, each) is None:
            raise LocalCloudError(f"{each.name} is off: it has no network to lose; `node start {number}` first")
        network.cut(each)
        progress.say(
            f"{each.name} is cut off; its containers go on running, and the API sees it as not Ready after about 50 s"
        )


def heal(state: State, number: int, progress: Progress) -> None:
    """Undo `partition`, and wait until the node is Ready."""
    with lifecycle.alone(state):
        each = _pick(state, number)
        if node.init_pid(state, each) is None:
            raise LocalCloudError(f"{each.name} is off; `node start {number}` brings it back with its network")
        if not network.is_cut(each):
            progress.say(f"{each.name} was not cut off")
            return
        network.mend(each)
        with progress.step("node", f"reconnecting {each.name}"):
            _wait(state, each)


def _pick(state: State, number: int) -> Node:
    """A node by its number; the cluster must run."""
    if not 0 <= number < len(state.nodes):
        have = "node 0 only" if len(state.nodes) == 1 else f"nodes 0 to {len(state.nodes) - 1}"
        more = f"; `make up NODES={number + 1}` adds it" if 0 <= number < MAX_NODES else ""
        raise LocalCloudError(f"no node {number}: this cluster has {have}{more}")
    if not controlplane.ready(state):
        raise LocalCloudError("the cluster does not run; `make up` first")
    return state.nodes[number]


def _wait(state: State, each: Node) -> None:
    """Until the node is Ready and has said so itself since now: what the API shows may be of before."""
    since = dt.datetime.now(dt.UTC)

    def back() -> bool:
        return nodes.heard(state, each) > since and nodes.is_ready(nodes.objects(state).get(each.name, {}))

    if not daemons.wait_until(back, PATIENCE, 0.2):
        log = state.logs / f"{each.name}-kubelet.log"
        raise LocalCloudError(f"{each.name} not Ready after {PATIENCE:.0f} s; see {log}")
