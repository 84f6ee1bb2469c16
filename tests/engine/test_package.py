"""The components as a package for every language: its schema, and SDKs of Go and TypeScript that compile."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from localcloud.gce.provider.install import install
from localcloud.host.paths import State, cache
from localcloud.host.progress import Progress
from localcloud.toolchain import SDKGEN, TOOLS, resolve
from tools.project import Project, copy_project

pytestmark = pytest.mark.engine

SDK_MODULE = """\
module example.com/statefulsets/sdk/go/statefulsets

go 1.25

require github.com/pulumi/pulumi/sdk/v3 v3.259.0
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    copy = copy_project(tmp_path_factory.mktemp("package") / "statefulsets")
    state: State = copy.state
    for folder in (state.bin, state.pulumi_home, state.pulumi_state):
        folder.mkdir(parents=True)
    wanted = [tool for tool in TOOLS if tool.name.startswith("pulumi")]
    for tool in resolve(cache(), Progress(), wanted):
        for name, path in tool.programs.items():
            if name.startswith("pulumi-resource-"):
                plugin = state.pulumi_home / "plugins" / f"resource-kubernetes-v{tool.tool.version}"
                plugin.mkdir(parents=True)
                (plugin / name).symlink_to(path)
            else:
                (state.bin / name).symlink_to(path)
    # Pulumi fetches the plugins of all Python packages that it installs. Google's is stood in for, and never called.
    install(state.pulumi_home, state.root / "no-token")
    state.passphrase.write_text("engine tests only")
    return copy


@pytest.fixture(scope="module")
def schema(project: Project) -> dict[str, Any]:
    """What Pulumi reads from the folder, with the checkout installed into an environment of the package's own."""
    found: dict[str, Any] = json.loads(project.must("pulumi", "package", "get-schema", "./package"))
    return found


@pytest.fixture(scope="module")
def sdks(project: Project, schema: dict[str, Any]) -> Path:
    (project.root / "schema.json").write_text(json.dumps(schema))
    (sdkgen,) = (path for tool in resolve(cache(), Progress(), [SDKGEN]) for path in tool.programs.values())
    project.must(str(sdkgen), "schema.json", "sdks")
    return project.root / "sdks"


def test_the_schema_has_every_component_and_says_what_everything_is(schema: dict[str, Any]) -> None:
    names = {name.rpartition(":")[2] for name in schema["resources"]}
    assert names == {
        "CloudSqlMySql",
        "GcePersistentDisks",
        "Kubia",
        "Nginx",
        "PersistentVolumes",
        "ReplicatedMySql",
        "StatefulService",
    }
    service = schema["resources"]["statefulsets:index:StatefulService"]
    assert service["requiredInputs"] == ["mounts", "ports"]
    assert "plain" not in service["inputProperties"]["image"], "another resource may tell the image"
    assert service["inputProperties"]["replicas"]["plain"] is True
    for name, found in {**schema["resources"], **schema["types"]}.items():
        for field, property_ in (found.get("inputProperties") or found["properties"]).items():
            assert property_.get("description"), f"{name}.{field}"
        for field, property_ in found["properties"].items():
            assert property_.get("description"), f"{name}.{field}"


def run(folder: Path, *command: str) -> None:
    done = subprocess.run(command, cwd=folder, text=True, capture_output=True, timeout=600)
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"


@pytest.mark.skipif(shutil.which("go") is None, reason="Go compiles the SDK and the example")
def test_a_program_in_go_compiles_with_its_sdk(sdks: Path, tmp_path: Path) -> None:
    program = tmp_path / "program"
    shutil.copytree(sdks.parent / "examples/go", program)
    shutil.copytree(sdks / "go/statefulsets", program / "sdks/statefulsets")
    (program / "sdks/statefulsets/go.mod").write_text(SDK_MODULE)
    run(program, "go", "mod", "tidy")
    run(program, "go", "build", "-o", "program", ".")
    run(program, "go", "vet", ".")


@pytest.mark.skipif(shutil.which("npm") is None, reason="npm installs TypeScript and the SDK")
def test_a_program_in_typescript_compiles_with_its_sdk(sdks: Path, tmp_path: Path) -> None:
    program = tmp_path / "program"
    shutil.copytree(sdks.parent / "examples/typescript", program)
    shutil.copytree(sdks / "nodejs", program / "sdks/statefulsets")
    run(program, "npm", "install", "--no-audit", "--no-fund", "--loglevel=error")
    run(program, "npx", "tsc")
