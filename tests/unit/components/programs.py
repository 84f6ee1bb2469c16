"""Runs stack files through the program, and has configs for tests to start from."""

from __future__ import annotations

import copy
import json
import runpy
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pulumi
import yaml

from components.config.loader import StackConfig, parse
from components.history.made import READ_RESOURCES
from components.kinds import WORDS
from components.kinds.contract import Site
from components.model.errors import ConfigError
from components.stack import deploy
from tests.support.recording import Recorded, record

ROOT = Path(__file__).parents[3]
STACKS = ("dev", "local", "prod")
NO_HISTORY = {READ_RESOURCES: {"name": "test", "outputs": {}}}
PROJECT = "acme-test"
PASSWORD = "correct horse battery staple"

TARGET: dict[str, Any] = {"context": "test", "namespace": "shop", "kubernetesVersion": "1.34"}
LOCAL: dict[str, Any] = {
    "kind": "local",
    "volumes": [{"name": f"v-{i}", "node": f"node-{i}", "path": f"/srv/volumes/{i}"} for i in range(3)],
}
DISKS: dict[str, Any] = {"kind": "gce-disks", "disks": [{"name": name} for name in ("pv-a", "pv-b", "pv-c")]}
REGIONAL: dict[str, Any] = {
    "kind": "regional-disks",
    "type": "pd-ssd",
    "size": "10Gi",
    "region": "europe-west1",
    "replicaZones": ["europe-west1-b", "europe-west1-c"],
    "disks": [{"name": "r-a"}, {"name": "r-b"}],
}
SHARED: dict[str, Any] = {"kind": "shared-claim", "claim": "helloweb-disk", "claimSize": "30Gi"}
CLOUD_SQL: dict[str, Any] = {
    "kind": "cloud-sql",
    "region": "europe-west1",
    "publicIp": True,
    "databases": [{"name": "app"}],
    "users": [{"name": "app", "passwordKey": "appPassword"}],
}


def kubia(**changes: Any) -> dict[str, Any]:
    """A kubia on local directories with these changes. A change to None takes the key away."""
    return changed({"kind": "kubia", "replicas": 2, "storage": copy.deepcopy(LOCAL)}, changes)


def nginx(**changes: Any) -> dict[str, Any]:
    """An nginx on a provisioner's volumes with these changes. A change to None takes the key away."""
    return changed({"kind": "nginx", "storage": {"kind": "dynamic"}}, changes)


def changed(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of `base` with other values. A value of None takes the key away."""
    return {key: value for key, value in {**base, **changes}.items() if value is not None}


def parsed(workloads: Any, target: Any = TARGET, project: str | None = PROJECT) -> StackConfig:
    """The config that the loader makes of these values, which it gets as JSON."""
    return parse(json.dumps(target), json.dumps(workloads), project)


def problems(workloads: Any, target: Any = TARGET, project: str | None = PROJECT) -> list[str]:
    """The lines with which the config is refused. There are none if it is accepted."""
    try:
        parsed(workloads, target, project)
    except ConfigError as error:
        return [str(problem) for problem in error.problems]
    return []


def run(workloads: Mapping[str, Any], target: Any = TARGET, **options: Any) -> Recorded:
    """Deploys the workloads under the recording monitor."""
    return record(lambda: export(parsed(workloads, target)), **{"calls": NO_HISTORY, **options})


def export(stack: StackConfig) -> None:
    """Deploys a stack and exports its outputs, as the last lines of the program do."""
    for name, outputs in deploy(stack).items():
        pulumi.export(name, outputs)


def deployed(
    name: str,
    fields: Mapping[str, Any],
    opts: pulumi.ResourceOptions | None = None,
    google: str | None = None,
    **options: Any,
) -> Recorded:
    """Deploys one workload of a stack file by itself, exports its outputs, and makes the secrets that it needs.

    Each secret begins with PASSWORD. `google` is the project of the workload's disks.
    """
    kind = WORDS[fields["kind"]][fields.get("engine", next(iter(WORDS[fields["kind"]])))]
    spec = kind.spec.model_validate_json(json.dumps(fields))

    def program() -> None:
        keys = [secret.key for secret in kind.secrets(spec)]
        secrets = {key: pulumi.Output.secret(f"{PASSWORD} {position}") for position, key in enumerate(keys)}
        site = Site(namespace="shop", project=google, secrets=secrets, opts=opts or pulumi.ResourceOptions())
        for key, value in kind.deploy(name, spec, site).items():
            pulumi.export(key, value)

    return record(program, **options)


def pod_of(recorded: Recorded) -> Mapping[str, Any]:
    """The spec of the pods of the only StatefulSet."""
    spec: Mapping[str, Any] = recorded.one("StatefulSet").inputs["spec"]["template"]["spec"]
    return spec


def plain(value: Any) -> Any:
    """The value without all that is marked as a secret."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value if isinstance(value, str | int | float | bool | None) else None


@cache
def config_of(stack: str) -> dict[str, Any]:
    """The `config` of a stack file of this project."""
    loaded: dict[str, Any] = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]
    return loaded


@cache
def run_stack(stack: str) -> Recorded:
    """Runs a stack file of this project through `__main__.py`, once for all tests."""
    accounts = ("Root", "Replication", "Clone", "Monitor", "Application")
    passwords = dict.fromkeys(["ordersPassword", *(f"mysql{account}Password" for account in accounts)], "hunter2")
    return record(
        lambda: runpy.run_path(str(ROOT / "__main__.py")),
        config={**config_of(stack), **passwords},
        secret_keys=list(passwords),
        calls=NO_HISTORY,
        stack=stack,
    )


def only_kubia(**changes: Any) -> dict[str, Any]:
    """A map of workloads with a single kubia, which has these changes."""
    return {"kubia": kubia(**changes)}


def stored(storage: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """A map of workloads with a single kubia, on this storage with these changes."""
    return only_kubia(storage=changed(storage, changes))


def volume(position: int, **changes: Any) -> dict[str, Any]:
    """The storage LOCAL with changes to the volume at this position."""
    storage = copy.deepcopy(LOCAL)
    storage["volumes"][position] = changed(storage["volumes"][position], changes)
    return storage


def target(**changes: Any) -> dict[str, Any]:
    """The target TARGET with these changes."""
    return changed(TARGET, changes)
