"""`CLOUD=standin`: a stack made for GKE on the local cluster, with the GCE stand-in in Google's place.

The stack file is taken as it is. What this adds lies in `.localcloud/standin/`: a Pulumi home with the stand-in's
provider, a state and a kubeconfig of its own, and the stack file's copy with the stand-in's addresses and passwords.
The stack's name ends in `-standin`, so that nothing that Pulumi says of it is ever taken for Google's.
"""

from __future__ import annotations

from pathlib import Path

import yaml

from localcloud import gce
from localcloud.gce import daemon
from localcloud.gce.provider.install import install
from localcloud.host import atomic
from localcloud.host.errors import LocalCloudError
from localcloud.host.paths import CONTEXT, Checkout, State
from localcloud.host.progress import Progress
from localcloud.stacks import passwords, pulumi, remote
from localcloud.stacks.pulumi import Stack

SUFFIX = "-standin"
FEWEST_NODES = 3  # as a regional cluster of GKE has
MYSQLD = "localhost/statefulsets/mysql:9.7"
IMAGES = {
    "docker.io/luksa/kubia-pet:latest": "localhost/statefulsets/kubia:1",
    "k8s.gcr.io/nginx-slim:0.8": "localhost/statefulsets/nginx:1",
    "docker.io/library/mysql:8.4": MYSQLD,
    "docker.io/library/postgres:17": "localhost/statefulsets/postgres:17",
    "docker.io/library/redis:8": "localhost/statefulsets/redis:8",
}
"""What is built here in place of an image of a registry, by that image's whole name."""


class Standin(State):
    """The same cluster, and Pulumi's side of the stand-in apart from the local stacks'."""

    @property
    def pulumi(self) -> Path:
        return self.root / "standin"


def refuse(checkout: Checkout, name: str, where: str) -> None:
    """Raises for a stack that has no use for the stand-in, or that could not be told apart from a real one."""
    if not remote.is_remote(checkout, name):
        raise LocalCloudError(f"Pulumi.{name}.yaml is for the local cluster and needs no cloud; leave CLOUD away")
    if where != "local":
        raise LocalCloudError(f"CLOUD=standin goes with the local cluster only; leave CLUSTER={where} away")
    if not pulumi.described(checkout.stack_file(name)).context:
        raise LocalCloudError(
            f"Pulumi.{name}.yaml: statefulsets:target has no context, and CLOUD=standin finds the cluster by it"
        )


def images(file: Path) -> dict[str, str]:
    """The images of a stack file that are built here instead, as whole name -> ours."""
    named = map(whole_name, pulumi.described(file).images)
    return {whole: IMAGES[whole] for whole in sorted(named) if whole in IMAGES}


def server_images(file: Path) -> list[str]:
    """The images of ours that the stand-in takes servers from for a stack: a mysqld for Cloud SQL's instances."""
    return [MYSQLD] if "sql" in pulumi.described(file).google else []


def whole_name(image: str) -> str:
    """An image's name with everything that a container runtime adds to it (distribution/reference, normalize)."""
    host, _, rest = image.partition("/")
    if not rest:
        host, rest = "docker.io", f"library/{image}"
    elif "." not in host and ":" not in host and host != "localhost":
        host, rest = "docker.io", image
    return f"{host}/{rest}" if ":" in rest or "@" in rest else f"{host}/{rest}:latest"


def stack(checkout: Checkout, name: str) -> Stack:
    """The stack of a tracked file as it is on the stand-in."""
    return Stack.of(checkout, name, Standin(checkout.state.root, checkout.state.slot), SUFFIX)


def prepare(checkout: Checkout, name: str, provider: Path, progress: Progress) -> Stack:
    """Everything that Pulumi needs for the stack; idempotent.

    Secrets in the tracked file are encrypted for the real stack and nobody can read them here: new ones are made.
    """
    made, state = stack(checkout, name), checkout.state
    made.state.pulumi.mkdir(parents=True, exist_ok=True, mode=0o700)
    install(made.state.pulumi_home, daemon.token(state))
    _write_kubeconfig(state, made.state, pulumi.described(made.tracked).context)
    compute, sql = gce.compute_url(state.slot), gce.sql_url(state.slot)
    endpoints = {"gcp:computeCustomEndpoint": compute, "gcp:sqlCustomEndpoint": sql}
    pulumi.prepare(made, provider, endpoints, own=False)
    passwords.make(made, progress)
    progress.say(f"CLOUD=standin: GCE and Cloud SQL are stand-ins at {gce.url(state.slot)}; Google is never asked")
    return made


def _write_kubeconfig(state: State, there: State, context: str) -> None:
    """The local cluster under the name that the stack file has for Google's."""
    config = yaml.safe_load(state.kubeconfig.read_text())
    here = next(each for each in config["contexts"] if each["name"] == CONTEXT)
    contexts = [{**here, "name": context}]
    text = yaml.safe_dump({**config, "contexts": contexts, "current-context": context})
    atomic.write(there.kubeconfig, text, atomic.SECRET)
