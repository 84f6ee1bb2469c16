"""The parts of a program's resources that golden files hold.

A stack's golden has the identity and the safety of each resource. What the resources are made of is checked in once for
each kind and each storage backend, beside its tests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from tests.support.monitor import Resource
from tests.support.recording import Recorded

SAFETY = (
    "protect",
    "retain_on_delete",
    "delete_before_replace",
    "replace_on_changes",
    "ignore_changes",
    "import_id",
    "aliases",
    "depends_on",
    "deleted_with_urn",
    "replace_with_urns",
    "provider",
    "additional_secret_outputs",
    "custom_timeouts",
    "hooks",
)


def identity(resource: Resource) -> dict[str, Any]:
    """A resource's type token and parent, and the options by which the engine treats it, as far as they are set."""
    options = {field: value for field in SAFETY if (value := getattr(resource, field))}
    return {"type": resource.type, "parent": resource.parent, **options}


def rendering(resource: Resource) -> dict[str, Any]:
    """The resource's identity and its inputs."""
    return {**identity(resource), **({"inputs": files_by_name(resource.inputs)} if resource.inputs else {})}


def files_by_name(value: Any) -> Any:
    """Leaves out the contents and digests of this project's own scripts, which a review sees themselves."""
    if isinstance(value, dict):
        return {key: "a digest" if key.startswith("checksum/") else files_by_name(item) for key, item in value.items()}
    if isinstance(value, list):
        return [files_by_name(item) for item in value]
    return "a file" if isinstance(value, str) and value.startswith(("#!", "# shellcheck")) else value


def listed(resources: Iterable[Resource], told: Callable[[Resource], Any]) -> dict[str, Any]:
    """Maps each resource, by its name and class, to what `tell` says of it."""
    return {f"{r.name} ({r.type.rpartition(':')[2]})": told(r) for r in resources}


def of_stack(recorded: Recorded) -> dict[str, Any]:
    """The identity of every resource of a stack, with the options that keep it safe."""
    return listed(recorded.resources, identity)


def of_kind(recorded: Recorded) -> dict[str, Any]:
    """All that a single workload registers, with inputs, and what it exports."""
    return {"resources": listed(recorded.resources, rendering), "outputs": recorded.stack_outputs}


OF_THE_SET = ("persistentVolumeClaimRetentionPolicy", "volumeClaimTemplates")
OF_THE_POD = ("topologySpreadConstraints", "volumes")


def of_backend(recorded: Recorded) -> dict[str, Any]:
    """The resources and fields that depend on the storage backend: what makes storage, and the set's part of it."""
    spec = recorded.one("StatefulSet").inputs["spec"]
    pod = spec["template"]["spec"]
    parts = [(name, spec) for name in OF_THE_SET] + [(name, pod) for name in OF_THE_POD]
    makers = ("-claim", "-directories", "-disks", "-volumes")
    made = [r for r in recorded.resources if any(maker in r.name for maker in makers)]
    return {
        "resources": listed(made, rendering),
        "set": {name: owner[name] for name, owner in parts if name in owner},
        "setDependsOn": recorded.one("StatefulSet").depends_on,
    }
