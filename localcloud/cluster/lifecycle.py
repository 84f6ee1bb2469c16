"""The whole cluster: up, down and what it looks like. Every step may be interrupted and done again."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localcloud.cluster import api, controlplane, nodes
from localcloud.gce import daemon as gce
from localcloud.gce.http import token_file
from localcloud.host import atomic, daemons, limits
from localcloud.host.daemons import Running
from localcloud.host.errors import LocalCloudError
from localcloud.host.paths import State
from localcloud.host.progress import Progress
from localcloud.host.slot import SLOTS
from localcloud.node import csi, network, node

ELSEWHERE = "elsewhere"  # the folder with the state of stacks on clusters of other people


@dataclass(frozen=True)
class Part:
    """One process of the cluster and its pid; None when it does not run."""

    name: str
    pid: int | None


@contextmanager
def alone(state: State) -> Iterator[None]:
    """One `up` or `down` at a time on this machine, whichever checkout it comes from; a crash releases it."""
    if problem := wrong_slot(state):
        raise LocalCloudError(problem)
    with state.slot.lock.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LocalCloudError(
                "another `make up` or `make down` is at work on this machine; wait for it to end"
            ) from None
        yield


def wrong_slot(state: State) -> str:
    """Why this cluster must not be touched from this slot: what of it runs in its own would not be seen from here."""
    if not state.slot.valid:
        return f"LOCALCLOUD_SLOT is {state.slot.name!r}; it is one of {', '.join(SLOTS)} (default: 0)"
    made_in = state.made_in.read_text() if state.made_in.exists() else state.slot.name
    if made_in != state.slot.name:
        return f"LOCALCLOUD_SLOT is {state.slot.name!r}, but this cluster was made in slot {made_in}; unset it"
    return ""


def parts(state: State, now: list[Running] | None = None) -> list[Part]:
    """Every process that a cluster in order consists of; `now`: what `daemons.running` answered a moment ago."""
    programs = [(d.name, d.program) for d in controlplane.programs(state)]
    for each in state.nodes:
        programs.append((each.name, node.INIT))
        programs += [(f"{each.name}-{program}", program) for program in node.PROGRAMS]
    among = daemons.running(state.slot, state.root) if now is None else now
    return [Part(name, daemons.find(state, name, program, among)) for name, program in programs]


def other_owners(state: State, now: list[Running] | None = None) -> list[str]:
    """State directories of other checkouts whose cluster runs in this slot; `now`: what `daemons.running` answered."""
    every = daemons.running(state.slot) if now is None else now
    return sorted({p.owner for p in every if not Path(p.owner).is_relative_to(state.root)})


def clear_orphans(state: State, progress: Progress) -> None:
    """End what is left of clusters whose checkout was deleted: nobody could ever run `make down` there."""
    for owner in other_owners(state):
        if not Path(owner).exists():
            progress.say(f"clearing what was left running by a deleted checkout ({owner})")
            daemons.stop([p.pid for p in daemons.running(state.slot, Path(owner))], 2.0)


def up(state: State, programs: dict[str, Path], progress: Progress, count: int | None = None) -> list[str]:
    """Start what does not run and wait until the nodes are Ready; returns what was started (nothing: all was well).

    `count`: how many nodes it shall have from now on; None leaves it as it is.
    """
    wanted = count or len(state.nodes)
    if wanted > len(state.nodes):
        state.keep_nodes(wanted)
    link_programs(state, programs)
    started = []
    if not _in_order(state):
        started = _start(state, progress)
    if wanted < len(state.nodes):
        nodes.shrink(state, wanted, progress)
        controlplane.start_storage(state)
    return started


def _in_order(state: State) -> bool:
    now = daemons.running(state.slot, state.root)
    runs = all(part.pid for part in parts(state, now)) and not _outdated(state, now)
    return runs and nodes.in_order(state) and not _certificates_old(state)


def _outdated(state: State, now: list[Running]) -> bool:
    """Whether some process is still as an older version of this program started it, or cannot be called any more."""
    renewed = [*controlplane.programs(state), *(csi.node(each, state, None) for each in state.nodes)]
    old = any(daemons.outdated(state, daemon, now) for daemon in renewed)
    return old or not token_file.sound(gce.token(state))


def _start(state: State, progress: Progress) -> list[str]:
    from localcloud.cluster import certificates  # slow to import, and not needed to see that all is well

    running = {part.name for part in parts(state) if part.pid}
    new = certificates.ensure(state) - {f"kubelet-{each.name}" for each in state.nodes if each.name not in running}
    if new and running:
        down(state)  # they hold certificates of the past
    atomic.write(state.made_in, state.slot.name)
    limits.ensure(progress.say)
    network.up(state.slot)
    started = controlplane.start(state)
    if running:
        _end_outages(state, running, progress)
    started += nodes.start(state)
    with progress.step("cluster", "waiting for the cluster"):
        controlplane.wait_ready(state)
        started += controlplane.start_controllers(state)
        controlplane.apply_manifests(state)
        started += controlplane.start_storage(state)
        if not daemons.wait_until(lambda: _settled(state), 60, 0.2):
            found = nodes.objects(state)
            waiting = [n.name for n in state.nodes if n.name not in found or not nodes.is_ready(found[n.name])]
            names = waiting or [each.name for each in state.nodes]
            raise LocalCloudError(f"{', '.join(names)} not Ready after 60 s; see {state.logs}/{names[0]}-kubelet.log")
        nodes.wait_amended(state)
    return started


def _end_outages(state: State, running: set[str], progress: Progress) -> None:
    """Say which nodes of a cluster that runs are without power or cut off; they are started like any other part."""
    for each in state.nodes:
        if each.name not in running:
            progress.say(f"{each.name} is off: powering it on")
        elif network.is_cut(each):
            progress.say(f"{each.name} is cut off: reconnecting it")
    if api.ready(state):
        nodes.amend(state)  # before they start: from then on nobody may act as if they were off


def _settled(state: State) -> bool:
    """Whether every part runs and every node is Ready now; a part of a node that ended is started again.

    A kubelet ends when it is quicker than containerd's CRI service, which comes after its socket. And the API goes on
    showing a node as Ready for a while after it lost power: only a kubelet that listens has looked.
    """
    if all(part.pid for part in parts(state)):
        return nodes.ready(state) and all(node.kubelet_listens(each) for each in state.nodes)
    nodes.start(state)
    controlplane.start_storage(state)
    return False


def _certificates_old(state: State) -> bool:
    """Whether some were issued so long ago that `certificates` should look: it renews them in the year's last month."""
    month_ten = time.time() - 300 * 24 * 3600
    return any(file.stat().st_mtime < month_ten for file in state.pki.glob("*.crt") if file.name != "ca.crt")


def down(state: State) -> None:
    """Stop everything and take away every trace on the host; the state directory keeps data, keys and etcd."""
    nodes.stop(state)
    controlplane.stop(state)
    leftover = [p.pid for p in daemons.running(state.slot, state.root)]
    if leftover:
        daemons.stop(leftover, 2.0)
    network.down(state.slot)


def unready_workloads(state: State) -> list[str]:
    """StatefulSets that lack ready pods or still roll, as `namespace/name: 1 of 2 pods ready`.

    Pulumi's Kubernetes provider up to 4.25 may take the status of before a change for the one after it
    (pulumi-kubernetes, pull request 4094), so its word that an update is done is not enough.
    """
    status, answer = api.request(state, "GET", "/apis/apps/v1/statefulsets")
    if status != 200:
        return ["the API server does not list the StatefulSets"]
    lines = []
    for item in answer["items"]:
        meta, wanted, have = item["metadata"], item["spec"]["replicas"], item["status"]
        seen = have.get("observedGeneration", 0) >= meta["generation"]
        ready = have.get("readyReplicas", 0)
        if not seen or ready != wanted or have.get("replicas", 0) != wanted:
            lines.append(f"{meta['namespace']}/{meta['name']}: {ready} of {wanted} pods ready")
        elif (new := have.get("updatedReplicas", 0)) < _to_update(item["spec"]):
            lines.append(f"{meta['namespace']}/{meta['name']}: {new} of {_to_update(item['spec'])} pods updated")
    return lines


def _to_update(spec: dict[str, Any]) -> int:
    """How many pods a StatefulSet's controller brings to the newest revision by itself."""
    strategy = spec.get("updateStrategy", {})
    if strategy.get("type") == "OnDelete":
        return 0
    partition: int = (strategy.get("rollingUpdate") or {}).get("partition", 0)
    wanted: int = spec["replicas"]
    start: int = spec.get("ordinals", {}).get("start", 0)
    return max(wanted - max(partition - start, 0), 0)


def leaving_volumes(state: State) -> list[str]:
    """Volumes of reclaim policy Delete that lost their claim, a line each: their disks go once their node lets go."""
    status, answer = api.request(state, "GET", "/api/v1/persistentvolumes")
    if status != 200:
        return ["the API server does not list the volumes"]
    return [
        f"volume {item['metadata']['name']} is not deleted"
        for item in answer["items"]
        if item["spec"].get("persistentVolumeReclaimPolicy") == "Delete"
        and item["status"].get("phase") in ("Released", "Failed")
    ]


def link_programs(state: State, programs: dict[str, Path]) -> None:
    """`.localcloud/bin`: each program under its own name, wherever it came from; not the plugins, which Pulumi finds
    in its home (on PATH it would warn of them in every run)."""
    state.bin.mkdir(parents=True, exist_ok=True)
    for name, target in programs.items():
        link = state.bin / name
        if name.startswith("pulumi-resource-") or (link.exists() and _same(link, target)):
            continue
        aside = state.bin / f".{name}.new"
        aside.unlink(missing_ok=True)
        try:
            # The engine looks for its language host beside its own executable, so a symbolic link would not do.
            aside.hardlink_to(target.resolve())
        except OSError:
            shutil.copy2(target, aside)  # another file system
        aside.replace(link)


def _same(link: Path, target: Path) -> bool:
    """Whether a link is the program already, or the copy that another file system needs: a copy keeps the time."""
    one, other = link.stat(), target.stat()
    return os.path.samestat(one, other) or (one.st_size, one.st_mtime_ns) == (other.st_size, other.st_mtime_ns)


def refuse_while_running(state: State) -> None:
    """Raise while anything of the cluster runs."""
    if any(part.pid for part in parts(state)):
        raise LocalCloudError("the cluster runs; `make down` first")


def erase(state: State) -> None:
    """Delete the cluster's state with all data on its local volumes; it must be down."""
    refuse_while_running(state)
    # Stacks on clusters of other people have their state here too, and that passphrase is theirs as well.
    kept = {ELSEWHERE, state.passphrase.name} if (state.root / ELSEWHERE).exists() else set()
    for path in state.root.iterdir():
        if path.name not in kept:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    if not kept:
        state.root.rmdir()
