"""The whole cluster: up, down and what it looks like. Every step may be interrupted and done again."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localcloud import controlplane, daemons, network, node
from localcloud.errors import LocalCloudError
from localcloud.layout import CLUSTER, NODES, SLOT, State
from localcloud.progress import Progress

# Outside of any checkout: it tells apart the one cluster that can run in a slot of the machine.
LOCK = Path(f"/run/{CLUSTER}-{SLOT}.lock")
ELSEWHERE = "elsewhere"  # where `elsewhere` keeps the state of stacks on other clusters


@dataclass(frozen=True)
class Part:
    """One process of the cluster and its pid; None when it does not run."""

    name: str
    pid: int | None


@contextmanager
def alone() -> Iterator[None]:
    """One `up` or `down` at a time on this machine, whichever checkout it comes from; a crash releases it."""
    with LOCK.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LocalCloudError(
                "another `make up` or `make down` is at work on this machine; wait for it to end"
            ) from None
        yield


def parts(state: State) -> list[Part]:
    """Every process that a cluster in order consists of."""
    programs = [(d.name, d.program) for d in controlplane.programs(state)]
    for each in NODES:
        programs.append((each.name, node.INIT))
        programs += [(f"{each.name}-{program}", program) for program in ("containerd", "kubelet", "kube-proxy")]
    now = daemons.running(state.root)
    return [Part(name, daemons.find(state.root, name, program, now)) for name, program in programs]


def other_owners(state: State) -> list[str]:
    """State directories of other checkouts whose cluster runs on this machine."""
    return sorted({p.owner for p in daemons.running() if not Path(p.owner).is_relative_to(state.root)})


def clear_orphans(state: State, progress: Progress) -> None:
    """End what is left of clusters whose checkout was deleted: nobody could ever run `make down` there."""
    for owner in other_owners(state):
        if not Path(owner).exists():
            progress.say(f"clearing what was left running by a deleted checkout ({owner})")
            daemons.stop([p.pid for p in daemons.running(Path(owner))], 2.0)


def up(state: State, programs: dict[str, Path], progress: Progress) -> list[str]:
    """Start what does not run and wait until the nodes are Ready; returns what was started (nothing: all was well)."""
    link_programs(state, programs)
    if all(part.pid for part in parts(state)) and nodes_ready(state) and not _certificates_old(state):
        return []
    from localcloud import pki  # slow to import, and not needed to see that all is well

    if pki.ensure(state) and any(part.pid for part in parts(state)):
        down(state)  # they hold certificates of the past
    network.up()
    started = controlplane.start(state)
    for each in NODES:
        started += node.start(state, each)
    with progress.step("cluster", "waiting for the cluster"):
        controlplane.wait_ready(state)
        started += controlplane.start_controllers(state)
        controlplane.apply_manifests(state)
        if not daemons.wait_until(lambda: _settled(state), 60, 0.2):
            waiting = [name for name, ready in node_readiness(state).items() if not ready] or [n.name for n in NODES]
            raise LocalCloudError(
                f"{', '.join(waiting)} not Ready after 60 s; see {state.logs}/{waiting[0]}-kubelet.log"
            )
    return started


def _settled(state: State) -> bool:
    """Whether every part runs and every node is Ready now; a part of a node that ended is started again.

    A kubelet ends when it is quicker than containerd's CRI service, which comes after its socket. And the API goes on
    showing a node as Ready for a while after it lost power: only a kubelet that listens has looked.
    """
    if all(part.pid for part in parts(state)):
        return nodes_ready(state) and all(node.kubelet_listens(each) for each in NODES)
    for each in NODES:
        node.start(state, each)
    return False


def _certificates_old(state: State) -> bool:
    """Whether some were issued so long ago that `pki` should look; it renews 30 days before the end of their year."""
    month_ten = time.time() - 300 * 24 * 3600
    return any(file.stat().st_mtime < month_ten for file in state.pki.glob("*.crt") if file.name != "ca.crt")


def down(state: State) -> None:
    """Stop everything and take away every trace on the host; the state directory keeps data, keys and etcd."""
    for each in NODES:
        node.stop(state, each)
    controlplane.stop(state)
    leftover = [p.pid for p in daemons.running(state.root)]
    if leftover:
        daemons.stop(leftover, 2.0)
    network.down()


def node_readiness(state: State) -> dict[str, bool]:
    """Node name -> whether its kubelet says Ready."""
    status, answer = controlplane.request(state, "GET", "/api/v1/nodes")
    if status != 200:
        return {}
    ready = {}
    for item in answer["items"]:
        conditions = {c["type"]: c["status"] for c in item["status"].get("conditions", [])}
        ready[item["metadata"]["name"]] = conditions.get("Ready") == "True"
    return ready


def nodes_ready(state: State) -> bool:
    """Whether every node of the cluster is Ready."""
    with contextlib.suppress(OSError):
        readiness = node_readiness(state)
        return all(readiness.get(each.name, False) for each in NODES)
    return False


def pods_observed(state: State) -> bool:
    """Whether every container that a Ready pod claims to run does run.

    After a node lost power the API goes on showing its pods as Ready until the kubelet has looked.
    """
    status, answer = controlplane.request(state, "GET", "/api/v1/pods")
    if status != 200:
        return False
    real = {each.name: node.tasks(state, each) for each in NODES}
    for pod in answer["items"]:
        conditions = {c["type"]: c["status"] for c in pod["status"].get("conditions", [])}
        if conditions.get("Ready") == "True":
            claimed = {c.get("containerID", "").rpartition("/")[2] for c in pod["status"].get("containerStatuses", [])}
            if not claimed <= real.get(pod["spec"].get("nodeName", ""), set()):
                return False
    return True


def unready_workloads(state: State) -> list[str]:
    """StatefulSets that lack ready pods or still roll, as `namespace/name: 1 of 2 pods ready`.

    Pulumi's Kubernetes provider up to 4.25 may take the status of before a change for the one after it
    (pulumi-kubernetes, pull request 4094), so its word that an update is done is not enough.
    """
    status, answer = controlplane.request(state, "GET", "/apis/apps/v1/statefulsets")
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
    return max(spec["replicas"] - max(partition - spec.get("ordinals", {}).get("start", 0), 0), 0)


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


def erase(state: State) -> None:
    """Delete the cluster's state with all data on its local volumes; it must be down."""
    if any(part.pid for part in parts(state)):
        raise LocalCloudError("the cluster runs; `make down` first")
    # Stacks on clusters of other people have their state here too, and that passphrase is theirs as well.
    kept = {ELSEWHERE, state.passphrase.name} if (state.root / ELSEWHERE).exists() else set()
    for path in state.root.iterdir():
        if path.name not in kept:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    if not kept:
        state.root.rmdir()
