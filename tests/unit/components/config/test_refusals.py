"""Stack files with mistakes are refused with exactly the lines that the tables have, and never with a traceback."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pytest

from components.config.loader import load, parse
from components.model.errors import ConfigError
from tests.support.recording import record
from tests.unit.components.config import (
    refusals_across,
    refusals_disks,
    refusals_fields,
    refusals_local,
    refusals_whole,
)
from tests.unit.components.programs import CLOUD_SQL, DISKS, PROJECT, TARGET, kubia, problems

PARTS = [m.REFUSED for m in (refusals_whole, refusals_fields, refusals_local, refusals_disks, refusals_across)]
REFUSED = {case.name: case for part in PARTS for case in part}


def test_there_are_many_ways_to_be_wrong() -> None:
    assert len(REFUSED) == sum(map(len, PARTS)) >= 100


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused(name: str) -> None:
    case = REFUSED[name]
    assert problems(case.workloads, case.target) == case.said


@pytest.mark.parametrize("name", REFUSED)
def test_what_to_write_instead_is_said(name: str) -> None:
    for line in problems(REFUSED[name].workloads, REFUSED[name].target):
        path, _, message = line.partition(": ")
        assert path.startswith("statefulsets:")
        assert message.partition("; ")[2]


@pytest.mark.parametrize(
    ("target", "workloads", "said"),
    [
        (None, None, ["statefulsets:target: missing; add it", "statefulsets:workloads: missing; add it"]),
        (json.dumps(TARGET), "{", ["statefulsets:workloads: not a map; write its keys below it, indented"]),
        (json.dumps(TARGET), "[" * 100_000, ["statefulsets:workloads: not a map; write its keys below it, indented"]),
        (
            json.dumps(TARGET),
            '{"kubia": {"kind": "kubia", "replicas": NaN}}',
            ["statefulsets:workloads.kubia.replicas: NaN is not a whole number; write one without quotes"],
        ),
    ],
)
def test_text_that_is_no_config_is_refused(target: str | None, workloads: str | None, said: list[str]) -> None:
    with pytest.raises(ConfigError) as refused:
        parse(target, workloads, PROJECT)
    assert str(refused.value).splitlines() == said


def test_disks_without_a_project_are_refused() -> None:
    said = ["gcp:project: missing; the disks' volumes name their project, so add it"]
    assert problems({"kubia": kubia(storage=DISKS)}, project=None) == said
    assert problems({"kubia": kubia()}, project=None) == []


def refusal(config: dict[str, Any], secret_keys: tuple[str, ...] = ()) -> str:
    """The lines with which the program refuses a config. Fails if it has registered anything by then."""
    recorded = record(load, config=config, secret_keys=secret_keys, raises=pulumi.RunError)
    assert recorded.resources == ()
    return str(recorded.error)


def test_the_program_lists_every_problem_and_registers_nothing() -> None:
    config = {"target": TARGET, "workloads": {"kubia": kubia(replicas=9), "nginx": {"kind": "ngnix"}}}
    assert refusal(config).splitlines() == [
        "2 problems in this stack's config:",
        "statefulsets:workloads.kubia.replicas: 9 replicas but 3 disks (v-0, v-1, v-2); add 6 disks or lower replicas",
        'statefulsets:workloads.nginx.kind: "ngnix" is no kind there is; write kubia, nginx, mysql, cloud-sql or'
        " stateful; did you mean nginx?",
    ]


def test_one_problem_is_one() -> None:
    config = {"target": TARGET, "workloads": {"kubia": kubia(replicas=4)}}
    assert refusal(config).startswith("1 problem in this stack's config:\n")


def test_a_secret_among_the_readable_config_is_refused_without_a_look_at_it() -> None:
    config = {"target": TARGET, "workloads": {"kubia": {**kubia(), "password": "hunter2"}}}
    said = refusal(config, secret_keys=("workloads",))
    assert said.splitlines()[1] == (
        "statefulsets:workloads: holds a secret, which would end in the plain state;"
        " set it under a key of its own with --secret"
    )
    assert "hunter2" not in said


def test_a_password_in_the_wrong_place_is_not_repeated() -> None:
    config = {"target": TARGET, "workloads": {"kubia": {**kubia(), "password": "hunter2"}}}
    said = refusal(config)
    assert "statefulsets:workloads.kubia.password: unknown key" in said
    assert "hunter2" not in said


def test_an_account_without_a_password_is_refused() -> None:
    config = {"target": TARGET, "workloads": {"db": CLOUD_SQL}}
    assert refusal(config).splitlines()[1] == (
        "statefulsets:workloads.db.users[0].passwordKey: no such key; pulumi config set --secret appPassword"
    )


def test_a_password_in_plain_text_is_refused_and_not_repeated() -> None:
    config = {"target": TARGET, "workloads": {"db": CLOUD_SQL}, "appPassword": "hunter2"}
    said = refusal(config)
    assert said.splitlines()[1] == (
        "statefulsets:workloads.db.users[0].passwordKey: the password is in plain text;"
        " pulumi config set --secret appPassword"
    )
    assert "hunter2" not in said
