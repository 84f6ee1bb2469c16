"""The stack on a cluster that is not ours: the user's current context, or kind in Docker.

Such a cluster gets a Pulumi state of its own, so that it is never mistaken for another one.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from typing import Any

import typer

from localcloud.cluster import lifecycle
from localcloud.cluster.lifecycle import ELSEWHERE
from localcloud.host import atomic
from localcloud.host.errors import LocalCloudError
from localcloud.host.paths import CONTEXT, KUBERNETES_VERSION, Checkout, State
from localcloud.host.progress import Progress
from localcloud.host.shell import run
from localcloud.host.slot import CLUSTER
from localcloud.stacks import passwords, pulumi
from localcloud.stacks.pulumi import Stack
from localcloud.toolchain import install
from localcloud.toolchain.catalog import TOOLS

KIND_CONTEXT = f"kind-{CLUSTER}"
KUBIA = "localhost/statefulsets/kubia:1"
NEEDED = [tool for tool in TOOLS if tool.name.startswith("pulumi")]


def up(checkout: Checkout, name: str, where: str, yes: bool, progress: Progress) -> None:
    """`pulumi up` of a stack on `kind` (made when absent) or on the `current` context (asks first)."""
    state = checkout.state
    if where not in ("kind", "current"):
        raise LocalCloudError(f"CLUSTER={where}: allowed are local (a cluster of our own), kind and current")
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        raise LocalCloudError(f"CLUSTER={where} needs kubectl on PATH; install it, or use CLUSTER=local")
    if where == "kind":
        _make_kind(checkout, progress)
    config = _context(kubectl, KIND_CONTEXT if where == "kind" else None)
    server = config["clusters"][0]["cluster"]["server"]
    if where == "current" and not yes:
        typer.confirm(f"Bring stack {name} up on {server} (context {config['current-context']})?", abort=True)
    there = State(state.root / ELSEWHERE / hashlib.sha256(server.encode()).hexdigest()[:12], state.slot)
    there.root.mkdir(parents=True, exist_ok=True, mode=0o700)
    _write_kubeconfig(there, config)
    stack = Stack.of(checkout, name, there)
    _refuse_unknown_nodes(stack, kubectl)
    programs = install.programs(checkout.cache, progress, NEEDED)
    lifecycle.link_programs(there, programs)
    # One passphrase a checkout: secrets that the tracked file holds have the salt of one.
    pulumi.make_passphrase(state)
    if not there.passphrase.exists():
        there.passphrase.unlink(missing_ok=True)
        there.passphrase.symlink_to(os.path.relpath(state.passphrase, there.root))
    pulumi.prepare(stack, programs["pulumi-resource-kubernetes"])
    passwords.make(stack, progress)
    pulumi.up(stack, progress)
    print(
        run(
            [
                kubectl,
                f"--kubeconfig={there.kubeconfig}",
                "get",
                "pods,pvc",
                "-A",
                "-l",
                "app.kubernetes.io/managed-by=pulumi",
            ]
        ),
        end="",
    )


def _context(kubectl: str, context: str | None) -> dict[str, Any]:
    """One context of the user's kubeconfig, on its own; the file itself is only read."""
    command = [kubectl, "config", "view", "--minify", "--flatten", "--raw", "-o", "json"]
    config: dict[str, Any] = json.loads(run([*command, f"--context={context}"] if context else command))
    if not config.get("clusters"):
        raise LocalCloudError("kubectl has no current context; `kubectl config use-context NAME` sets one")
    return config


def _write_kubeconfig(there: State, config: dict[str, Any]) -> None:
    """The same cluster under the one context name that the local stack deploys to."""
    config = {**config, "current-context": CONTEXT, "contexts": [{**config["contexts"][0], "name": CONTEXT}]}
    atomic.write(there.kubeconfig, json.dumps(config), atomic.SECRET)


def _refuse_unknown_nodes(stack: Stack, kubectl: str) -> None:
    """A volume on a node that is not there would leave its pod Pending for ever."""
    answer = json.loads(run([kubectl, f"--kubeconfig={stack.state.kubeconfig}", "get", "nodes", "-o", "json"]))
    have = {item["metadata"]["labels"].get("kubernetes.io/hostname", "") for item in answer["items"]}
    wanted = set(pulumi.described(stack.tracked).nodes)
    unknown = sorted(wanted - have)
    if unknown:
        raise LocalCloudError(
            f"{stack.tracked.name} puts volumes on {', '.join(unknown)}, and this cluster's nodes are "
            f"{', '.join(sorted(have))}; name one of these as `node:` of each volume"
        )


def _make_kind(checkout: Checkout, progress: Progress) -> None:
    for program in ("docker", "kind"):
        if shutil.which(program) is None:
            raise LocalCloudError(f"CLUSTER=kind needs {program} on PATH; install it, or use CLUSTER=local")
    if CLUSTER not in run(["kind", "get", "clusters"]).split():
        # The label that local volumes are pinned by gets the name that the stack file uses.
        labels = f'node-labels: "kubernetes.io/hostname={checkout.state.slot.node(0).name}"'
        patch = f"kind: InitConfiguration\nnodeRegistration:\n  kubeletExtraArgs:\n    {labels}\n"
        config = {
            "kind": "Cluster",
            "apiVersion": "kind.x-k8s.io/v1alpha4",
            "nodes": [{"role": "control-plane", "kubeadmConfigPatches": [patch]}],
        }
        with progress.step("kind", "making a kind cluster"):
            image = f"--image=kindest/node:v{KUBERNETES_VERSION}"
            run(
                ["kind", "create", "cluster", f"--name={CLUSTER}", image, "--config=-"],
                stdin=json.dumps(config),
                timeout=900,
            )
    with progress.step("kind image", f"building {KUBIA} with Docker"):
        run(["docker", "build", f"--tag={KUBIA}", str(checkout.root / "localcloud" / "images" / "kubia")], timeout=900)
        run(["kind", "load", "docker-image", KUBIA, f"--name={CLUSTER}"], timeout=300)
