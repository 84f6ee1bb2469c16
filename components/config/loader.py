"""Reads a stack's config, all of it or none: the only reader of pulumi.Config."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

import pulumi
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from components.config import cloud_sql_rules, mysql_rules, passwords
from components.config.checks import TARGET, WORKLOADS, check_name, check_stateful, check_target
from components.config.cloud_sql import CloudSqlSpec
from components.config.engines import of_engine
from components.config.errors import ConfigError, Path, Problem, dotted, no_such_kind, problem_of, shown, told_apart
from components.config.mysql import MySqlWorkload
from components.config.mysql_xtrabackup import XtrabackupWorkload
from components.config.overlaps import check_overlaps
from components.config.storage import GceBackend
from components.config.target import Target
from components.config.workloads import KINDS, StatefulWorkload, Workload

M = TypeVar("M", bound=BaseModel)
COMPARED: Final = {"replicas", "storage", "ordinals", "context", "kubeconfig", "kubernetesVersion", "zones"}
"""Fields that the checks across fields read."""


@dataclass(frozen=True, kw_only=True)
class StackConfig:
    """A stack file that holds together."""

    target: Target
    workloads: Mapping[str, Workload]
    project: str | None = None
    """Google project of the disks; there wherever a workload has any."""
    passwords: Mapping[str, pulumi.Output[str]] = field(default_factory=dict)
    """Config key -> the secret under it, for every key that a workload names."""


def load() -> StackConfig:
    """The running stack's config; pulumi.RunError lists all that is wrong with it, before anything is registered."""
    config = pulumi.Config("statefulsets")
    texts = {key: config.get(key) for key in ("target", "workloads")}
    secret = [key for key in texts if pulumi.runtime.is_config_secret(f"statefulsets:{key}")]
    try:
        if secret:
            raise ConfigError(_secret(key) for key in secret)
        stack = parse(texts["target"], texts["workloads"], pulumi.Config("gcp").get("project"))
        return replace(stack, passwords=_passwords(stack, config))
    except ConfigError as error:
        count = len(error.problems)
        head = "1 problem" if count == 1 else f"{count} problems"
        raise pulumi.RunError(f"{head} in this stack's config:\n{error}") from None


def _secret(key: str) -> Problem:
    return Problem(
        f"statefulsets:{key}",
        "holds a secret, which would end in the plain state; set it under a key of its own with --secret",
    )


def _passwords(stack: StackConfig, config: pulumi.Config) -> dict[str, pulumi.Output[str]]:
    """Secrets of the accounts in databases. Only their keys are in the stack file's readable part."""
    problems, found = [], {}
    for path, key, of_a_replica in _password_keys(stack):
        whole = config.full_key(key)
        value = pulumi.runtime.get_config(whole)
        if value is None:
            problems.append(Problem(path, f"no such key; pulumi config set --secret {key}"))
            continue
        if not pulumi.runtime.is_config_secret(whole):
            problems.append(Problem(path, f"the password is in plain text; pulumi config set --secret {key}"))
        problems += [Problem(path, said) for said in passwords.problems(value, key, of_a_replica=of_a_replica)]
        found[key] = pulumi.Output.secret(value)
    if problems:
        raise ConfigError(problems)
    return found


def _password_keys(stack: StackConfig) -> Iterator[tuple[str, str, bool]]:
    """Where a workload names a password, the name, and whether a replica gives it to its primary."""
    for name, workload in stack.workloads.items():
        if isinstance(workload, CloudSqlSpec):
            for i, user in enumerate(workload.users):
                yield dotted((WORKLOADS, name, "users", i, "passwordKey")), user.password_key, False
        elif isinstance(workload, MySqlWorkload | XtrabackupWorkload):
            for account, key in workload.password_keys:
                yield dotted((WORKLOADS, name, "passwordKeys", account)), key, account == "replication"


def parse(target_text: str | None, workloads_text: str | None, project: str | None = None) -> StackConfig:
    """The config from its two JSON texts; ConfigError carries every problem found."""
    problems: list[Problem] = []
    target = _parse_target(target_text, problems)
    workloads: dict[str, Workload] = {}
    for name, spec in _map_of(WORKLOADS, workloads_text, problems).items():
        problems += check_name(name)
        workload = _parse_workload(name, spec, problems)
        if workload is not None:
            workloads[name] = workload
            problems += _check(name, workload, target)
    problems += check_overlaps(workloads)
    if project is None and any(_has_disks(workload) for workload in workloads.values()):
        problems.append(Problem("gcp:project", "missing; the disks' volumes name their project, so add it"))
    if problems or target is None:
        raise ConfigError(problems)
    return StackConfig(target=target, workloads=workloads, project=project)


def _has_disks(workload: Workload) -> bool:
    return isinstance(workload, StatefulWorkload) and isinstance(workload.storage, GceBackend)


def _check(name: str, workload: Workload, target: Target | None) -> Iterator[Problem]:
    if isinstance(workload, StatefulWorkload):
        yield from check_stateful(name, workload, target)
        rules: Iterable[tuple[Path, str]] = (
            mysql_rules.problems(workload) if isinstance(workload, MySqlWorkload | XtrabackupWorkload) else ()
        )
    else:
        rules = cloud_sql_rules.problems(name, workload)
    for path, message in rules:
        yield Problem(dotted((WORKLOADS, name, *path)), message)


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
    target = _validated(Target, spec, (TARGET,), problems)
    if target is not None:
        problems += check_target(target)
    return target


def _parse_workload(name: str, spec: Any, problems: list[Problem]) -> Workload | None:
    path: Path = (WORKLOADS, name)
    if not isinstance(spec, dict):
        problems.append(Problem(dotted(path), f"{shown(spec)} is not a map; write its keys below it, indented"))
        return None
    if "kind" not in spec:
        problems.append(Problem(dotted((*path, "kind")), "missing; say which kind it is"))
        return None
    kind = spec["kind"]
    if not isinstance(kind, str) or kind not in KINDS:
        problems.append(Problem(dotted((*path, "kind")), no_such_kind(kind, list(KINDS))))
        return None
    model, own = of_engine(kind, spec, path, problems)
    return _validated(model, own, path, problems)


def _validated(model: type[M], spec: Any, root: Path, problems: list[Problem]) -> M | None:
    """Strict JSON mode: a list is a tuple there, and nothing is coerced."""
    try:
        return model.model_validate_json(json.dumps(spec), by_name=False)
    except ValidationError as error:
        details = told_apart(error.errors(include_url=False))
        problems += [problem_of(detail, root, model) for detail in details]
        return _without_wrong_fields(model, spec, details)


def _without_wrong_fields(model: type[M], spec: Any, details: Sequence[ErrorDetails]) -> M | None:
    """The model with the defaults of what is wrong, so that the checks across fields still find the rest.

    Where the wrong fields are ones that those checks compare, there is nothing sound to compare: None.
    """
    wrong = {str(detail["loc"][0]) for detail in details if detail["loc"]}
    if not issubclass(model, StatefulWorkload | Target) or wrong & COMPARED:
        return None
    try:
        return model.model_validate_json(json.dumps({k: v for k, v in spec.items() if k not in wrong}), by_name=False)
    except ValidationError:
        return None
