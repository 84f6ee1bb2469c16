"""What the commands do, step by step. Each step finds out for itself whether there is anything to do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import typer

from localcloud import preflight, report
from localcloud.cluster import lifecycle, nodes
from localcloud.host import daemons
from localcloud.host.atomic import write
from localcloud.host.errors import LocalCloudError
from localcloud.host.paths import Checkout, State
from localcloud.host.progress import Progress
from localcloud.host.slot import MAX_NODES, Node
from localcloud.images import builder
from localcloud.node import files, node
from localcloud.stacks import handover, passwords, pulumi, remote, standin
from localcloud.stacks.pulumi import Stack
from localcloud.toolchain import install

PATIENCE = 180.0  # seconds for pods to come back: a database may replay its log
PROVIDER = "pulumi-resource-kubernetes"


@dataclass(frozen=True)
class Request:
    """What was asked for on the command line."""

    stack: str = "local"
    """The stack file: Pulumi.<stack>.yaml."""
    cluster: str = "local"
    """The cluster that `up` brings it to: `local`, `kind` or `current`."""
    nodes: int | None = None
    """Nodes of the local cluster from now on; None for as many as it has."""
    cloud: str = "real"
    """`real`, or `standin` for a stack of Google's on the local cluster."""
    yes: bool = False
    """Whether nothing is asked before data or another cluster is touched."""

    def stands_in(self, checkout: Checkout) -> bool:
        """Whether the stand-in takes Google's place. Raises where that makes no sense."""
        if self.cloud not in ("real", "standin"):
            raise LocalCloudError(f"CLOUD={self.cloud}: allowed are real (default) and standin")
        if self.cloud == "standin":
            standin.refuse(checkout, self.stack, self.cluster)
        return self.cloud == "standin"


def up(checkout: Checkout, request: Request, progress: Progress) -> None:
    """The whole way from a bare machine to running pods."""
    count = request.nodes
    if count is not None and not 1 <= count <= MAX_NODES:
        raise LocalCloudError(f"a cluster of {count} nodes: it has 1 to {MAX_NODES}")
    state, stands_in = checkout.state, request.stands_in(checkout)
    if stands_in:
        count = count or max(standin.FEWEST_NODES, len(state.nodes))
    elif count is not None and (request.cluster != "local" or remote.is_remote(checkout, request.stack)):
        raise LocalCloudError("the number of nodes can be chosen of the local cluster only")
    elif remote.is_remote(checkout, request.stack):
        remote.operate(checkout, request.stack, "up", request.yes, progress)
        return
    if request.cluster != "local":
        from localcloud.stacks import other_cluster

        other_cluster.up(checkout, request.stack, request.cluster, request.yes, progress)
        return
    preflight.refuse_unless_fit(state, checkout.cache)
    with lifecycle.alone(state):
        lifecycle.clear_orphans(state, progress)
        preflight.install_packages(progress.say)
        programs = install.programs(checkout.cache, progress)
        started = lifecycle.up(state, programs, progress, count)
        tracked = checkout.stack_file(request.stack)
        given = standin.images(tracked) if stands_in else {}
        import_images(checkout, tracked, progress, check=bool(started), given=given)
        if stands_in:
            build_servers(checkout.cache, tracked, progress)
        pulumi.up(_prepared(checkout, request, programs, progress), progress)
        _wait_for_pods(state, progress, looked=not started)
        report.workloads(state)


def build_servers(cache: Path, tracked: Path, progress: Progress) -> None:
    """Build what the stand-in runs itself for a stack file; without it Cloud SQL's instances are records, as their
    `standinServer` says."""
    for image in standin.server_images(tracked):
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


def preview(checkout: Checkout, request: Request, progress: Progress) -> None:
    """What `pulumi up` of a stack would change."""
    if not request.stands_in(checkout) and remote.is_remote(checkout, request.stack):
        remote.operate(checkout, request.stack, "preview", False, progress)
        return
    if not nodes.ready(checkout.state):
        raise LocalCloudError("the cluster does not run and the preview asks it; `make up` first")
    programs = install.programs(checkout.cache, progress)
    with lifecycle.alone(checkout.state):  # it writes the copy of the stack file anew
        stack = _prepared(checkout, request, programs, progress)
    pulumi.preview(stack, progress)


def destroy(checkout: Checkout, request: Request, progress: Progress) -> None:
    """Destroy the stack's resources in the running cluster."""
    stands_in, name = request.stands_in(checkout), request.stack
    if not stands_in and remote.is_remote(checkout, name):
        remote.operate(checkout, name, "destroy", request.yes, progress)
        return
    if not nodes.ready(checkout.state):
        raise LocalCloudError(
            "the cluster does not run: its objects can only be deleted while it does; `make up` first"
        )
    if not request.yes:
        typer.confirm(
            f"Destroy every resource of stack {name} (what is kept: volumes and claims of durability keep)?", abort=True
        )
    with lifecycle.alone(checkout.state):
        programs = install.programs(checkout.cache, progress)
        stack = standin.stack(checkout, name) if stands_in else Stack.of(checkout, name)
        if stack.exists:
            pulumi.destroy(_prepared(checkout, request, programs, progress), progress)
        _wait_for_disks(checkout.state, progress)
        report.kept(checkout.state)


def _wait_for_disks(state: State, progress: Progress) -> None:
    """Pulumi saw the claims go; the disks of those whose class says Delete follow when their node is done with them."""
    if not lifecycle.leaving_volumes(state):
        return
    with progress.step("disks", "waiting for the disks of the claims to be deleted"):
        daemons.wait_until(lambda: not lifecycle.leaving_volumes(state), PATIENCE, 0.2)
    if left := lifecycle.leaving_volumes(state):
        raise LocalCloudError(*(f"{line} after {PATIENCE:.0f} s; `kubectl describe pv` says why" for line in left))


def _prepared(checkout: Checkout, request: Request, programs: dict[str, Path], progress: Progress) -> Stack:
    """The stack that was asked for, with everything in place that Pulumi needs."""
    if request.cloud == "standin":
        return standin.prepare(checkout, request.stack, programs[PROVIDER], progress)
    stack = Stack.of(checkout, request.stack)
    pulumi.prepare(stack, programs[PROVIDER])
    passwords.make(stack, progress)
    handover.complete(checkout.state, stack.tracked)
    return stack


def erase(checkout: Checkout, request: Request, progress: Progress) -> None:
    """Delete the stopped cluster and its data for ever."""
    state = checkout.state
    if not state.root.exists():
        progress.say("nothing to erase")
        return
    if not request.yes:
        typer.confirm(f"Delete {state.root} with ALL data of its volumes? This cannot be undone", abort=True)
    with lifecycle.alone(state):
        lifecycle.refuse_while_running(state)
        handover.complete_all(state)
        lifecycle.erase(state)
    progress.say(f"erased {state.root}")


def import_images(
    checkout: Checkout, tracked: Path, progress: Progress, check: bool, given: Mapping[str, str] | None = None
) -> None:
    """Build the images of ours that a stack file names, and hand them to each node's containerd.

    An image that is not ours is left to the kubelet, which pulls it as usual; but what `given` maps to one of ours is
    given out under its own name.
    """
    state, cache = checkout.state, checkout.cache
    named = sorted(pulumi.described(tracked).images)
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
