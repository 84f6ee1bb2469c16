"""The stack files run through the program, and configs for tests to start from."""

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
    """A kubia on local directories; a change of None takes the key away."""
    return changed({"kind": "kubia", "replicas": 2, "storage": copy.deepcopy(LOCAL)}, changes)


def nginx(**changes: Any) -> dict[str, Any]:
    """An nginx on a provisioner's volumes."""
    return changed({"kind": "nginx", "storage": {"kind": "dynamic"}}, changes)


def changed(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A copy with other values."""
    return {key: value for key, value in {**base, **changes}.items() if value is not None}


def parsed(workloads: Any, target: Any = TARGET, project: str | None = PROJECT) -> StackConfig:
    """The config from values, as the loader gets it from JSON."""
    return parse(json.dumps(target), json.dumps(workloads), project)


def problems(workloads: Any, target: Any = TARGET, project: str | None = PROJECT) -> list[str]:
    """What is said of the config, line by line; nothing if it is accepted."""
    try:
        parsed(workloads, target, project)
    except ConfigError as error:
        return [str(problem) for problem in error.problems]
    return []


def run(workloads: Mapping[str, Any], target: Any = TARGET, **options: Any) -> Recorded:
    """The workloads deployed under the recording monitor."""
    return record(lambda: export(parsed(workloads, target)), **{"calls": NO_HISTORY, **options})


def export(stack: StackConfig) -> None:
    """What the program's last lines do."""
    for name, outputs in deploy(stack).items():
        pulumi.export(name, outputs)


def deployed(
    name: str,
    fields: Mapping[str, Any],
    opts: pulumi.ResourceOptions | None = None,
    google: str | None = None,
    **options: Any,
) -> Recorded:
    """One workload of a stack file by itself, its secrets made: each begins with PASSWORD. Its outputs are exported.

    `google`: the project of its disks.
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
    """The spec of the only set's pods."""
    spec: Mapping[str, Any] = recorded.one("StatefulSet").inputs["spec"]["template"]["spec"]
    return spec


def plain(value: Any) -> Any:
    """What is not marked as a secret."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value if isinstance(value, str | int | float | bool | None) else None


@cache
def config_of(stack: str) -> dict[str, Any]:
    """A stack file's config."""
    loaded: dict[str, Any] = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]
    return loaded


@cache
def run_stack(stack: str) -> Recorded:
    """A stack file run through `__main__.py` itself, once for all tests."""
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
    """Workloads that are one kubia."""
    return {"kubia": kubia(**changes)}


def stored(storage: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """Workloads that are one kubia on this storage."""
    return only_kubia(storage=changed(storage, changes))


def volume(position: int, **changes: Any) -> dict[str, Any]:
    """The local storage with one volume changed."""
    storage = copy.deepcopy(LOCAL)
    storage["volumes"][position] = changed(storage["volumes"][position], changes)
    return storage


def target(**changes: Any) -> dict[str, Any]:
    """The target with other values."""
    return changed(TARGET, changes)
