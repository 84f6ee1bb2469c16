"""Reads a stack's config as a whole. No other module reads pulumi.Config."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pulumi

from ..kinds import kind_of
from ..kinds.contract import Secret
from ..model import passwords
from ..model.base import Workload, check_name
from ..model.errors import TARGET, WORKLOADS, ConfigError, Problem, dotted, placed, shown
from ..model.parse import parse as parse_model
from ..model.target import Target, check_target
from .engines import found
from .overlaps import check_overlaps


@dataclass(frozen=True, kw_only=True)
class StackConfig:
    """A stack file that was found to be sound."""

    target: Target
    workloads: Mapping[str, Workload]
    project: str | None = None
    """Google project of the disks. It is there wherever a workload has disks."""
    secrets: Mapping[str, pulumi.Output[str]] = field(default_factory=dict)
    """Config key -> the secret under that key, for every key that a workload names."""


def load() -> StackConfig:
    """The config of the stack that runs. Raises pulumi.RunError with a line for everything that is wrong with it."""
    config = pulumi.Config("statefulsets")
    texts = {key: config.get(key) for key in ("target", "workloads")}
    secret = [key for key in texts if pulumi.runtime.is_config_secret(f"statefulsets:{key}")]
    try:
        if secret:
            raise ConfigError(_secret(key) for key in secret)
        stack = parse(texts["target"], texts["workloads"], pulumi.Config("gcp").get("project"))
        return replace(stack, secrets=_secrets(stack, config))
    except ConfigError as error:
        count = len(error.problems)
        head = "1 problem" if count == 1 else f"{count} problems"
        raise pulumi.RunError(f"{head} in this stack's config:\n{error}") from None


def _secret(key: str) -> Problem:
    return Problem(
        f"statefulsets:{key}",
        "holds a secret, which would end in the plain state; set it under a key of its own with --secret",
    )


def _secrets(stack: StackConfig, config: pulumi.Config) -> dict[str, pulumi.Output[str]]:
    """The workloads' secrets by their config keys. Only the keys are in the stack file's readable part."""
    problems, secrets = [], {}
    for path, secret in _wanted(stack):
        key = secret.key
        whole = config.full_key(key)
        value = pulumi.runtime.get_config(whole)
        if value is None:
            problems.append(Problem(path, f"no such key; pulumi config set --secret {key}"))
            continue
        if not pulumi.runtime.is_config_secret(whole):
            what = "password" if secret.is_password else "secret"
            problems.append(Problem(path, f"the {what} is in plain text; pulumi config set --secret {key}"))
        if secret.is_password:
            said = passwords.problems(value, key, of_a_replica=secret.of_a_replica)
            problems += [Problem(path, line) for line in said]
        secrets[key] = pulumi.Output.secret(value)
    if problems:
        raise ConfigError(problems)
    return secrets


def _wanted(stack: StackConfig) -> Iterator[tuple[str, Secret]]:
    """Each secret that a workload names, with the path at which it does."""
    for name, workload in stack.workloads.items():
        for secret in kind_of(workload).secrets(workload):
            yield dotted((WORKLOADS, name, *secret.path)), secret


def parse(target_text: str | None, workloads_text: str | None, project: str | None = None) -> StackConfig:
    """The config of its two JSON texts. Raises ConfigError with every problem that is found."""
    problems: list[Problem] = []
    target = _parse_target(target_text, problems)
    workloads: dict[str, Workload] = {}
    for name, spec in _map_of(WORKLOADS, workloads_text, problems).items():
        problems += placed((WORKLOADS, name), check_name(name))
        workload = _parse_workload(name, spec, problems)
        if workload is not None:
            workloads[name] = workload
            problems += placed((WORKLOADS, name), kind_of(workload).problems(name, workload, target))
    problems += check_overlaps(workloads)
    if project is None and any("compute" in kind_of(workload).google(workload) for workload in workloads.values()):
        problems.append(Problem("gcp:project", "missing; the disks' volumes name their project, so add it"))
    if problems or target is None:
        raise ConfigError(problems)
    return StackConfig(target=target, workloads=workloads, project=project)


def _map_of(root: str, text: str | None, problems: list[Problem]) -> dict[str, Any]:
    if text is None:
        problems.append(Problem(root, "missing; add it"))
        return {}
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        problems.append(Problem(root, "not a map; write its keys below it, indented"))
        return {}
    if not isinstance(value, dict) or not value:
        problems.append(
            Problem(root, f"{shown(value)} is not a map with at least one key; write its keys below it, indented")
        )
        return {}
    return value


def _parse_target(text: str | None, problems: list[Problem]) -> Target | None:
    before = len(problems)
    spec = _map_of(TARGET, text, problems)
    if len(problems) > before:
        return None
    target = parse_model(Target, spec, (TARGET,), problems)
    if target is not None:
        problems += check_target(target)
    return target


def _parse_workload(name: str, spec: Any, problems: list[Problem]) -> Workload | None:
    chosen = found(spec, (WORKLOADS, name), problems)
    if chosen is None:
        return None
    kind, own = chosen
    model: Workload | None = parse_model(kind.spec, own, (WORKLOADS, name), problems)
    return model
