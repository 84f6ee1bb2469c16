"""`CLOUD=standin`: a stack made for GKE on the local cluster, with the GCE stand-in in Google's place.

The stack file is taken as it is. What this adds lies in `.localcloud/standin/`: a Pulumi home with the stand-in's
provider, a state and a kubeconfig of its own, and the stack file's copy with the stand-in's addresses and passwords.
The stack's name ends in `-standin`, so that nothing that Pulumi says of it is ever taken for Google's.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from localcloud import gce
from localcloud.gce import daemon
from localcloud.gce.provider.install import install
from localcloud.host import atomic
from localcloud.host.errors import LocalCloudError
from localcloud.host.layout import CONTEXT, State
from localcloud.host.progress import Progress
from localcloud.stacks import passwords, pulumi, remote

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
    def folder(self) -> Path:
        return self.root / "standin"

    @property
    def kubeconfig(self) -> Path:
        return self.folder / "kubeconfig"

    @property
    def pulumi_home(self) -> Path:
        return self.folder / "pulumi-home"

    @property
    def pulumi_state(self) -> Path:
        return self.folder / "pulumi-state"

    def stack_file(self, name: str) -> Path:
        """The copy of a stack's file that Pulumi is given."""
        return self.folder / f"Pulumi.{name}{SUFFIX}.yaml"


def refuse(name: str, where: str) -> None:
    """Raises for a stack that has no use for the stand-in, or that could not be told apart from a real one."""
    if not remote.is_remote(name):
        raise LocalCloudError(f"Pulumi.{name}.yaml is for the local cluster and needs no cloud; leave CLOUD away")
    if where != "local":
        raise LocalCloudError(f"CLOUD=standin goes with the local cluster only; leave CLUSTER={where} away")
    if not pulumi.described(pulumi.stack_file(name)).context:
        raise LocalCloudError(
            f"Pulumi.{name}.yaml: statefulsets:target has no context, and CLOUD=standin finds the cluster by it"
        )


def images(name: str) -> dict[str, str]:
    """The images of a stack that are built here instead, as whole name -> ours."""
    named = map(whole_name, pulumi.described(pulumi.stack_file(name)).images)
    return {whole: IMAGES[whole] for whole in sorted(named) if whole in IMAGES}


def server_images(name: str) -> list[str]:
    """The images of ours that the stand-in takes servers from for a stack: a mysqld for Cloud SQL's instances."""
    return [MYSQLD] if "sql" in pulumi.described(pulumi.stack_file(name)).google else []


def whole_name(image: str) -> str:
    """An image's name with everything that a container runtime adds to it (distribution/reference, normalize)."""
    host, _, rest = image.partition("/")
    if not rest:
        host, rest = "docker.io", f"library/{image}"
    elif "." not in host and ":" not in host and host != "localhost":
        host, rest = "docker.io", image
    return f"{host}/{rest}" if ":" in rest or "@" in rest else f"{host}/{rest}:latest"


def prepare(state: State, name: str, provider: Path, progress: Progress) -> Standin:
    """Everything that Pulumi needs for the stack; idempotent."""
    there = Standin(state.root, state.slot)
    there.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    install(there.pulumi_home, daemon.token(state))
    described = pulumi.described(pulumi.stack_file(name))
    _write_kubeconfig(state, there, described.context)
    pulumi.prepare(there, name + SUFFIX, provider, project=there.folder / "project")
    _write_stack_file(there, name, described.config)
    passwords.make(there, name + SUFFIX, progress, there.stack_file(name))
    progress.say(f"CLOUD=standin: GCE and Cloud SQL are stand-ins at {gce.url(state.slot)}; Google is never asked")
    return there


def _write_kubeconfig(state: State, there: Standin, context: str) -> None:
    """The local cluster under the name that the stack file has for Google's."""
    config = yaml.safe_load(state.kubeconfig.read_text())
    here = next(each for each in config["contexts"] if each["name"] == CONTEXT)
    contexts = [{**here, "name": context}]
    text = yaml.safe_dump({**config, "contexts": contexts, "current-context": context})
    atomic.write(there.kubeconfig, text, atomic.SECRET)


def _write_stack_file(there: Standin, name: str, config: Mapping[str, Any]) -> None:
    """The tracked file's config, the stand-in's addresses, and what is secret and was made here.

    Secrets in the tracked file are encrypted for the real stack and nobody can read them here: new ones are made.
    """
    file = there.stack_file(name)
    before = _document(file)
    made = before or _document(there.folder / "project" / file.name)
    ours = {key: value for key, value in (before.get("config") or {}).items() if _is_secret(value)}
    public = {key: value for key, value in config.items() if not _is_secret(value)}
    endpoints = {
        "gcp:computeCustomEndpoint": gce.compute_url(there.slot),
        "gcp:sqlCustomEndpoint": gce.sql_url(there.slot),
    }
    salt = {"encryptionsalt": made["encryptionsalt"]}
    text = yaml.safe_dump({**salt, "config": {**public, **endpoints, **ours}}, sort_keys=False)
    atomic.write(file, text, atomic.SECRET)


def _is_secret(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"secure"}


def _document(file: Path) -> dict[str, Any]:
    return (yaml.safe_load(file.read_text()) or {}) if file.exists() else {}
