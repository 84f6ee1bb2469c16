"""Describes what a stack file names, for tools that prepare a cluster: images, secrets, nodes, Google's services.

The file may be wrong, and the program will refuse it later and say why. Until then all of it counts that can be read,
with defaults for what cannot. Nothing here needs Pulumi.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from ..kinds.contract import Kind
from ..model.base import Workload
from ..model.errors import TARGET, WORKLOADS
from ..model.parse import parse
from ..stateful.spec import StatefulSpec
from ..storage.backends import LocalStorage
from .engines import found

PROJECT: Final = "statefulsets"
NOTHING: Final[frozenset[str]] = frozenset()


class NotYamlError(ValueError):
    """Raised for a stack file that is not YAML. The message is one line."""


@dataclass(frozen=True, kw_only=True)
class Description:
    """What a stack file names."""

    config: Mapping[str, Any] = field(default_factory=dict)
    """The file's `config`, as it is written."""
    context: str = ""
    """The kubeconfig's context that the target names; empty where it names none."""
    images: tuple[str, ...] = ()
    """The images that its pods run, defaults included, each once."""
    secrets: tuple[str, ...] = ()
    """Config keys of the secrets that its workloads need, each once and with the project's name before it."""
    nodes: tuple[str, ...] = ()
    """The nodes on which it has directories."""
    google: frozenset[str] = NOTHING
    """The services of Google that it needs, of `compute` and `sql`."""

    @property
    def missing_secrets(self) -> tuple[str, ...]:
        """The config keys of secrets that the file does not hold."""
        return tuple(key for key in self.secrets if key not in self.config)


def describe(file: Path) -> Description:
    """The description of a stack file, which is empty where the file is. Raises NotYamlError where it is no YAML."""
    try:
        document = yaml.load(file.read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  both are safe
    except yaml.YAMLError as error:
        where = str(getattr(error, "problem_mark", "")).strip()
        raise NotYamlError(f"{file.name} is not YAML: {getattr(error, 'problem', error)} {where}") from None
    config = document.get("config") if isinstance(document, dict) else None
    return of(config if isinstance(config, dict) else {})


def of(config: Mapping[str, Any]) -> Description:
    """The description of a stack file's `config`."""
    target = config.get(TARGET)
    # YAML has dates and more that a stack file's models do not have: they are texts here.
    plain = json.loads(json.dumps(config.get(WORKLOADS), default=str, skipkeys=True))
    workloads = list(readable(plain))
    return Description(
        config=config,
        context=str(target.get("context") or "") if isinstance(target, dict) else "",
        images=tuple(dict.fromkeys(image for kind, spec in workloads for image in kind.images(spec))),
        secrets=tuple(
            dict.fromkeys(f"{PROJECT}:{secret.key}" for kind, spec in workloads for secret in kind.secrets(spec))
        ),
        nodes=tuple(dict.fromkeys(node for _, spec in workloads for node in nodes_of(spec))),
        google=frozenset(service for kind, spec in workloads for service in kind.google(spec)),
    )


def readable(workloads: Any) -> Iterator[tuple[Kind[Any], Workload]]:
    """The workloads, as far as they can be read, each with its kind."""
    for name, fields in workloads.items() if isinstance(workloads, dict) else ():
        chosen = found(fields, (str(name),), [])
        if chosen is not None:
            kind, own = chosen
            spec: Workload | None = parse(kind.spec, own, (str(name),), [], lenient=True)
            if spec is not None:
                yield kind, spec


def nodes_of(spec: Workload) -> Iterator[str]:
    """The nodes that a workload's directories are on."""
    if isinstance(spec, StatefulSpec) and isinstance(spec.storage, LocalStorage):
        yield from (volume.node for volume in spec.storage.volumes)
