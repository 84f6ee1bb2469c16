"""`describe` finds what a stack file names, however wrong the rest of the file is, and without Pulumi."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.config.describe import Description, NotYamlError, describe
from tests.unit.components.programs import CLOUD_SQL, DISKS, LOCAL, ROOT


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "Pulumi.x.yaml"


def of(file: Path, workloads: Any, **config: Any) -> Description:
    file.write_text(yaml.safe_dump({"config": {"statefulsets:workloads": workloads, **config}}))
    return describe(file)


def test_a_stack_names_its_cluster_images_secrets_nodes_and_googles_services(file: Path) -> None:
    workloads = {
        "kubia": {"kind": "kubia", "image": "a/kubia:1", "storage": LOCAL},
        "mysql": {"kind": "mysql", "passwordKeys": {"root": "ordersRoot"}, "storage": DISKS},
        "old": {"kind": "mysql", "engine": "xtrabackup", "backupImage": "a/xb:1"},
        "sql": CLOUD_SQL,
    }
    found = of(
        file, workloads, **{"statefulsets:target": {"context": "here"}, "statefulsets:ordersRoot": {"secure": "x"}}
    )
    assert found.context == "here"
    assert found.images == ("a/kubia:1", "mysql:8.4", "mysql:5.7", "a/xb:1")
    assert found.nodes == ("node-0", "node-1", "node-2")
    assert found.google == {"compute", "sql"}
    accounts = ("Replication", "Clone", "Monitor", "Application")
    needed = ["ordersRoot", *(f"mysql{account}Password" for account in accounts)]
    needed += ["mysqlRootPassword", "mysqlBackupPassword", "appPassword"]
    assert found.secrets == tuple(f"statefulsets:{key}" for key in needed)
    assert found.missing_secrets == found.secrets[1:]


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "kubia", "image": "a/b:1", "replicas": "two", "stray": 1},
        {"kind": "kubia", "image": "a/b:1", "storage": {"kind": "nowhere"}},
        {"kind": "kubia", "image": "a/b:1", "storage": {"kind": "local", "volumes": [{"name": "only"}]}},
    ],
)
def test_what_is_wrong_with_a_workload_hides_nothing_else_of_it(fields: dict[str, Any], file: Path) -> None:
    assert of(file, {"kubia": fields}).images == ("a/b:1",)


@pytest.mark.parametrize(
    "workloads", [None, "x", [], {"a": None}, {"a": {"kind": "nope"}}, {"a": {}}, {1: {"kind": "kubia"}}]
)
def test_what_is_no_workload_is_passed_over(workloads: Any, file: Path) -> None:
    assert of(file, workloads).secrets == ()


def test_a_date_where_a_text_should_be_is_no_end_of_it(file: Path) -> None:
    file.write_text("config:\n  statefulsets:workloads:\n    a: {kind: kubia, image: a/b:1, replicas: 2024-01-01}\n")
    assert describe(file).images == ("a/b:1",)


@pytest.mark.parametrize("text", ["", "[]", "config: 3", "a: b"])
def test_a_file_that_says_nothing_names_nothing(text: str, file: Path) -> None:
    file.write_text(text)
    assert describe(file) == Description()


def test_a_file_that_is_no_yaml_is_refused_in_one_line(file: Path) -> None:
    file.write_text("config:\n  a: [1\n")
    with pytest.raises(NotYamlError, match=r"^Pulumi\.x\.yaml is not YAML: .* line 3"):
        describe(file)


def test_tools_describe_a_stack_without_pulumi() -> None:
    program = "import sys, components.config.describe; print([m for m in ('pulumi', 'pulumi_gcp') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
