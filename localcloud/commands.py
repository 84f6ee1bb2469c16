"""What the commands do, step by step. Each step finds out for itself whether there is anything to do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import typer

from localcloud import preflight, report
from localcloud.cluster import lifecycle, nodes
from localcloud.host import daemons
from localcloud.host.atomic import write
from localcloud.host.errors import LocalCloudError
from localcloud.host.layout import MAX_NODES, ROOT, Node, State
from localcloud.host.progress import Progress
from localcloud.images import builder
from localcloud.node import files, node
from localcloud.stacks import passwords, pulumi, remote, standin
from localcloud.toolchain import install

PATIENCE = 180.0  # seconds for pods to come back: a database may replay its log
PROVIDER = "pulumi-resource-kubernetes"


def up(
    state: State,
    cache: Path,
    name: str,
    where: str,
    yes: bool,
    progress: Progress,
    count: int | None = None,
    cloud: str = "real",
) -> None:
    """The whole way from a bare machine to running pods.

    `where`: `local`, `kind` or `current`. `count`: nodes of the local cluster, None for as many as it has. `cloud`:
    `real`, or `standin` for a stack of Google's on the local cluster.
    """
    if count is not None and not 1 <= count <= MAX_NODES:
        raise LocalCloudError(f"a cluster of {count} nodes: it has 1 to {MAX_NODES}")
    if _stands_in(cloud, name, where):
        count = count or max(standin.FEWEST_NODES, len(state.nodes))
    elif count is not None and (where != "local" or remote.is_remote(name)):
        raise LocalCloudError("the number of nodes can be chosen of the local cluster only")
    elif remote.is_remote(name):
        remote.operate(cache, name, "up", yes, progress)
        return
    if where != "local":
        from localcloud.stacks import other_cluster

        other_cluster.up(state, cache, name, where, yes, progress)
        return
    preflight.refuse_unless_fit(state, cache)
    with lifecycle.alone(state):
        lifecycle.clear_orphans(state, progress)
        preflight.install_packages(progress.say)
        programs = install.programs(cache, progress)
        started = lifecycle.up(state, programs, progress, count)
        given = standin.images(name) if cloud == "standin" else {}
        import_images(state, cache, name, progress, check=bool(started), given=given)
        if cloud == "standin":
            _build_servers(cache, name, progress)
        pulumi.up(*_prepared(state, name, programs, progress, cloud))
        _wait_for_pods(state, progress, looked=not started)
        report.workloads(state)


def _build_servers(cache: Path, name: str, progress: Progress) -> None:
    """What the stand-in runs itself; without it Cloud SQL's instances are records, as their `standinServer` says."""
    for image in standin.server_images(name):
        try:
            builder.build(image, cache / "images", progress.say)
        except builder.ImageBuildError as error:
            progress.say(f"Cloud SQL's instances may have no MySQL behind them: {error}")


def _wait_for_pods(state: State, progress: Progress, *, looked: bool) -> None:
    """Pulumi waits for what it changed; after a repair it changed nothing, and pods may still be on their way.

    `looked`: no node was started, so that the API knows what runs there.
    """

    def settled() -> bool:
        return not lifecycle.unready_workloads(state) and (looked or nodes.pods_observed(state))

    if settled():
        return
    with progress.step("pods", "waiting for the pods"):
        daemons.wait_until(settled, PATIENCE, 0.2)
    unready = lifecycle.unready_workloads(state)
    if unready:
        report.workloads(state)
        raise LocalCloudError(*(f"{line} after {PATIENCE:.0f} s; `kubectl get events` says why" for line in unready))


def down(state: State, progress: Progress) -> None:
    """Stop the cluster, keep its state."""
    with lifecycle.alone(state), progress.step("down", "stopping the cluster"):
        lifecycle.down(state)
    progress.say(
        f"stopped; objects and data stay in {state.root}, `make up` brings them back, `make erase` deletes them"
    )


def preview(state: State, cache: Path, name: str, progress: Progress, cloud: str = "real") -> None:
    """What `pulumi up` of a stack would change."""
    if not _stands_in(cloud, name) and remote.is_remote(name):
        remote.operate(cache, name, "preview", False, progress)
        return
    if not nodes.ready(state):
        raise LocalCloudError("the cluster does not run and the preview asks it; `make up` first")
    programs = install.programs(cache, progress)
    pulumi.preview(*_prepared(state, name, programs, progress, cloud))


def destroy(state: State, cache: Path, name: str, yes: bool, progress: Progress, cloud: str = "real") -> None:
    """Destroy the stack's resources in the running cluster."""
    if not _stands_in(cloud, name) and remote.is_remote(name):
        remote.operate(cache, name, "destroy", yes, progress)
        return
    if not nodes.ready(state):
        raise LocalCloudError(
            "the cluster does not run: its objects can only be deleted while it does; `make up` first"
        )
    if not yes:
        typer.confirm(
            f"Destroy every resource of stack {name} (what is kept: volumes and claims of durability keep)?", abort=True
        )
    with lifecycle.alone(state):
        if cloud == "standin":
            pulumi.destroy(*_prepared(state, name, install.programs(cache, progress), progress, cloud))
        else:
            pulumi.destroy(state, name, progress)
        _wait_for_disks(state, progress)
        report.kept(state)


def _wait_for_disks(state: State, progress: Progress) -> None:
    """Pulumi saw the claims go; the disks of those whose class says Delete follow when their node is done with them."""
    if not lifecycle.leaving_volumes(state):
        return
    with progress.step("disks", "waiting for the disks of the claims to be deleted"):
        daemons.wait_until(lambda: not lifecycle.leaving_volumes(state), PATIENCE, 0.2)
    if left := lifecycle.leaving_volumes(state):
        raise LocalCloudError(*(f"{line} after {PATIENCE:.0f} s; `kubectl describe pv` says why" for line in left))


def _stands_in(cloud: str, name: str, where: str = "local") -> bool:
    if cloud not in ("real", "standin"):
        raise LocalCloudError(f"CLOUD={cloud}: allowed are real (default) and standin")
    if cloud == "standin":
        standin.refuse(name, where)
    return cloud == "standin"


def _prepared(
    state: State, name: str, programs: dict[str, Path], progress: Progress, cloud: str
) -> tuple[State, str, Progress, Path | None]:
    """What the operations of `stack` take, with everything in place."""
    if cloud == "standin":
        there = standin.prepare(state, name, programs[PROVIDER], progress)
        return there, name + standin.SUFFIX, progress, there.stack_file(name)
    pulumi.prepare(state, name, programs[PROVIDER])
    passwords.make(state, name, progress)
    return state, name, progress, None


def erase(state: State, yes: bool, progress: Progress) -> None:
    """Delete the stopped cluster and its data for ever."""
    if not state.root.exists():
        progress.say("nothing to erase")
        return
    if not yes:
        typer.confirm(f"Delete {state.root} with ALL data of its volumes? This cannot be undone", abort=True)
    with lifecycle.alone(state):
        made = passwords.made(state)
        lifecycle.erase(state)
        if not state.passphrase.exists():
            passwords.forget(made)
    progress.say(f"erased {state.root}")


def import_images(
    state: State, cache: Path, name: str, progress: Progress, check: bool, given: Mapping[str, str] | None = None
) -> None:
    """Build the images of ours that the stack file names, and hand them to each node's containerd.

    An image that is not ours is left to the kubelet, which pulls it as usual; but what `given` maps to one of ours is
    given out under its own name.
    """
    named = sorted(pulumi.described(ROOT / f"Pulumi.{name}.yaml").images)
    wanted = {image: image for image in (files.PAUSE_IMAGE, *named) if image in builder.IMAGES} | dict(given or {})
    go = partial(install.go, cache, progress)
    archives = {ours: builder.build(ours, cache / "images", progress.say, go) for ours in sorted(set(wanted.values()))}
    held = {each: node.images(state, each) for each in state.nodes} if check else {}
    for image, ours in wanted.items():
        lacking = [
            each
            for each in state.nodes
            if _noted(state, each).get(image) != archives[ours].name or image not in held.get(each, {image})
        ]
        if lacking:
            names = ", ".join(each.name for each in lacking)
            made = "" if image == ours else f", which is ours: {ours}"
            with progress.step("image", f"importing {image} into {names}{made}"), ThreadPoolExecutor(MAX_NODES) as pool:
                list(pool.map(partial(_import, state, image, ours, archives[ours]), lacking))


def _import(state: State, image: str, ours: str, archive: Path, each: Node) -> None:
    node.ctr(state, each, "images", "import", str(archive))
    if image != ours:
        node.ctr(state, each, "images", "tag", "--force", ours, image)
    noted = {**_noted(state, each), image: archive.name}
    write(state.node(each) / "images.json", json.dumps(noted, indent=2))


def _noted(state: State, each: Node) -> dict[str, str]:
    """Image -> archive that was imported into a node."""
    file = state.node(each) / "images.json"
    noted: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    return noted
