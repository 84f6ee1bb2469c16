"""`localcloud node`: a node loses its power or its network, and gets it back. Every step may be done again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from localcloud.cluster import api, lifecycle, nodes
from localcloud.host import daemons
from localcloud.host.errors import LocalCloudError
from localcloud.host.paths import State
from localcloud.host.progress import Progress
from localcloud.host.slot import MAX_NODES, Node
from localcloud.node import network, node


def _api_shows_ready(state: State, each: Node) -> bool:
    return nodes.is_ready(nodes.objects(state).get(each.name, {}))


@dataclass(frozen=True)
class Hands:
    """What an outage is made and undone with. `Hands()` works on this machine's cluster."""

    api_ready: Callable[[State], bool] = api.ready
    init_pid: Callable[[State, Node], int | None] = node.init_pid
    start: Callable[[State, Node], object] = node.start
    cut_power: Callable[[State, Node], None] = node.cut_power
    is_cut: Callable[[Node], bool] = network.is_cut
    cut: Callable[[Node], None] = network.cut
    mend: Callable[[Node], None] = network.mend
    take_out_of_service: Callable[[State, Node], bool] = nodes.take_out_of_service
    wait_amended: Callable[[State], None] = nodes.wait_amended
    heard: Callable[[State, Node], dt.datetime] = nodes.heard
    shown_ready: Callable[[State, Node], bool] = _api_shows_ready
    patience: float = 90.0
    """Seconds until a node is Ready again: a kubelet may wait 30 s before it dials anew."""


HANDS = Hands()


def of(state: State, each: Node, hands: Hands = HANDS) -> str:
    """What a person did to a node: `stopped`, `partitioned` or nothing."""
    if hands.init_pid(state, each) is None:
        return "stopped"
    return "partitioned" if hands.is_cut(each) else ""


def stop(state: State, number: int, progress: Progress, *, unnoticed: bool = False, hands: Hands = HANDS) -> None:
    """Cut a node's power: everything in it ends at once, nothing is told to.

    Then the API is told that the node is without power, as a cloud's controller tells it of a machine that was
    stopped; `unnoticed` leaves that out, and its pods wait for the node to come back.
    """
    with lifecycle.alone(state):
        each = _pick(state, number, hands)
        off = hands.init_pid(state, each) is None
        hands.cut_power(state, each)
        progress.say(f"{each.name} was off already" if off else f"{each.name} is without power")
        if not unnoticed:
            if not daemons.wait_until(lambda: hands.take_out_of_service(state, each), 10, 0.2):
                raise LocalCloudError(f"the API server does not take the taint of {each.name}; is the cluster up?")
            progress.say("the API knows that it is: its pods go elsewhere once it is not Ready, after about 50 s")


def start(state: State, number: int, progress: Progress, hands: Hands = HANDS) -> None:
    """Power a node on, with its cable plugged in, and wait until it is Ready."""
    with lifecycle.alone(state):
        each = _pick(state, number, hands)
        if of(state, each, hands) == "partitioned":
            raise LocalCloudError(f"{each.name} is on, but partitioned; `node heal {number}` reconnects it")
        # First: from here on nobody may act as if it were off.
        hands.wait_amended(state)
        with progress.step("node", f"starting {each.name}"):
            hands.start(state, each)
            _wait(state, each, hands)


def partition(state: State, number: int, progress: Progress, hands: Hands = HANDS) -> None:
    """Cut a node off from the others and from the API; what runs on it goes on running."""
    with lifecycle.alone(state):
        each = _pick(state, number, hands)
        if hands.init_pid(state, each) is None:
            raise LocalCloudError(f"{each.name} is off: it has no network to lose; `node start {number}` first")
        hands.cut(each)
        progress.say(
            f"{each.name} is cut off; its containers go on running, and the API sees it as not Ready after about 50 s"
        )


def heal(state: State, number: int, progress: Progress, hands: Hands = HANDS) -> None:
    """Undo `partition`, and wait until the node is Ready."""
    with lifecycle.alone(state):
        each = _pick(state, number, hands)
        if hands.init_pid(state, each) is None:
            raise LocalCloudError(f"{each.name} is off; `node start {number}` brings it back with its network")
        if not hands.is_cut(each):
            progress.say(f"{each.name} was not cut off")
            return
        hands.mend(each)
        with progress.step("node", f"reconnecting {each.name}"):
            _wait(state, each, hands)


def _pick(state: State, number: int, hands: Hands) -> Node:
    """A node by its number; the cluster must run."""
    if not 0 <= number < len(state.nodes):
        have = "node 0 only" if len(state.nodes) == 1 else f"nodes 0 to {len(state.nodes) - 1}"
        more = f"; `make up NODES={number + 1}` adds it" if 0 <= number < MAX_NODES else ""
        raise LocalCloudError(f"no node {number}: this cluster has {have}{more}")
    if not hands.api_ready(state):
        raise LocalCloudError("the cluster does not run; `make up` first")
    return state.nodes[number]


def _wait(state: State, each: Node, hands: Hands) -> None:
    """Until the node is Ready and has said so itself since now: what the API shows may be of before."""
    since = dt.datetime.now(dt.UTC)

    def back() -> bool:
        return hands.heard(state, each) > since and hands.shown_ready(state, each)

    if not daemons.wait_until(back, hands.patience, 0.2):
        log = state.logs / f"{each.name}-kubelet.log"
        raise LocalCloudError(f"{each.name} not Ready after {hands.patience:.0f} s; see {log}")
