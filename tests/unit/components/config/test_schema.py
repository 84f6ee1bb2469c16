"""The JSON Schema that editors use is made from the models, and agrees with the program."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml

from components.config import schema
from components.kinds.mysql.settings import HARMLESS
from tests.unit.components.config.test_refusals import REFUSED
from tests.unit.components.programs import ROOT, STACKS, TARGET, problems

FULL = schema.stack_schema()
ACROSS_FIELDS = 38
"""The number of refusals that no schema can express must not be above this."""


def complaints(workloads: Any, target: Any = TARGET) -> list[str]:
    stack = {"config": {"statefulsets:target": target, "statefulsets:workloads": workloads}}
    return [error.message for error in jsonschema.Draft7Validator(FULL).iter_errors(stack)]


def test_the_schema_that_is_checked_in_is_current() -> None:
    assert schema.main(["--check"]) == 0


def test_an_outdated_schema_is_told_and_rewritten(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(schema, "FILE", tmp_path / "schema" / "stack.schema.json")
    assert schema.main(["--check"]) == 1
    assert "run: make schema" in capsys.readouterr().err
    assert schema.main([]) == 0
    assert schema.main(["--check"]) == 0
    (tmp_path / "schema" / "stack.schema.json").write_text("{}")
    assert schema.main(["--check"]) == 1


def test_the_schema_is_itself_valid() -> None:
    jsonschema.Draft7Validator.check_schema(FULL)
    assert json.loads(json.dumps(FULL)) == FULL


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_file_satisfies_it(stack: str) -> None:
    loaded = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())
    assert [e.message for e in jsonschema.Draft7Validator(FULL).iter_errors(loaded)] == []


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_file_without_workloads_does_not(stack: str) -> None:
    loaded = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())
    del loaded["config"]["statefulsets:workloads"]
    assert list(jsonschema.Draft7Validator(FULL).iter_errors(loaded)) != []


def test_an_editor_already_sees_most_of_what_the_program_refuses() -> None:
    unseen = [case.name for case in REFUSED.values() if not complaints(case.workloads, case.target)]
    assert len(unseen) <= ACROSS_FIELDS, unseen


def test_what_the_program_accepts_the_schema_accepts() -> None:
    accepted = {"kubia": {"kind": "kubia"}, "nginx": {"kind": "nginx", "replicas": 1, "storage": {"kind": "dynamic"}}}
    assert problems(accepted) == []
    assert complaints(accepted) == []


def test_an_editor_offers_the_settings_of_mysql_that_the_program_takes_and_no_others() -> None:
    def settings(**values: str) -> list[str]:
        return complaints({"db": {"kind": "mysql", "settings": values}})

    assert FULL["definitions"]["MySqlSpec"]["properties"]["settings"]["propertyNames"]["enum"] == list(HARMLESS)
    assert settings(**dict.fromkeys(HARMLESS, "1")) == []
    for name in ("sql_mode", "max_connection", "max-connections", "loose_max_connections", "MAX_CONNECTIONS"):
        assert settings(**{name: "1"}) != []


def test_an_editor_tells_the_engines_apart() -> None:
    def mysql(**fields: Any) -> list[str]:
        return complaints({"db": {"kind": "mysql", **fields}})

    assert mysql() == mysql(engine="clone", maxLagSeconds=5) == mysql(engine="xtrabackup", backupImage="a") == []
    assert mysql(engine="xtrabackup", maxLagSeconds=5) != []
    assert mysql(backupImage="a") != []
    assert mysql(engine="copy") != []


def test_the_kind_must_be_written_and_every_key_is_explained() -> None:
    kubia = FULL["definitions"]["KubiaSpec"]
    assert "kind" in kubia["required"]
    assert kubia["additionalProperties"] is False
    assert kubia["properties"]["durability"]["description"].startswith("What becomes of the data")
