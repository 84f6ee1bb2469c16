"""Workflows run with the repository's identity, so it is held here what they may do, whose code they run, and that
dependabot forgets no pin."""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PINNED = re.compile(r"^[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")


def load(path: Path) -> dict[str, Any]:
    """Reads a workflow. YAML takes its key `on` for a truth value."""
    content: dict[str, Any] = yaml.safe_load(path.read_text())
    return content


def steps(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every step with the name of its job."""
    for name, job in load(path)["jobs"].items():
        for step in job["steps"]:
            yield name, step


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_is_pinned_to_a_commit_with_its_version_beside_it(path: Path) -> None:
    used = [line.strip().removeprefix("- ").removeprefix("uses: ") for line in path.read_text().splitlines()]
    actions = [line for line in used if re.match(r"^[\w.-]+/[\w./-]+@", line)]
    assert actions
    assert [action for action in actions if not PINNED.match(action)] == []


def test_an_action_has_the_same_version_everywhere() -> None:
    commits: dict[str, set[str]] = {}
    for path in WORKFLOWS:
        for _, step in steps(path):
            action, _, commit = step.get("uses", "").partition("@")
            commits.setdefault(action.removesuffix("/restore"), set()).add(commit)
    assert {action: pins for action, pins in commits.items() if action and len(pins) > 1} == {}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_no_secret_is_within_reach_of_a_pull_request(path: Path) -> None:
    text = path.read_text()
    assert "secrets." not in text
    assert "pull_request_target" not in text


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_checked_out_code_finds_no_token(path: Path) -> None:
    for _, step in steps(path):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_only_the_job_that_runs_none_of_the_pull_requests_code_may_write(path: Path) -> None:
    workflow = load(path)
    assert set(workflow["permissions"].values()) <= {"read"}
    for name, job in workflow["jobs"].items():
        may_write = {scope for scope, level in job.get("permissions", {}).items() if level == "write"}
        if may_write - {"id-token"}:
            assert (name, may_write) == ("comment", {"pull-requests"})
            assert not [s for s in job["steps"] if "run" in s or s.get("uses", "").startswith("actions/checkout@")]


def test_googles_identity_is_only_for_branches_of_this_repository() -> None:
    jobs = load(ROOT / ".github" / "workflows" / "preview.yml")["jobs"]
    own = "github.event.pull_request.head.repo.full_name == github.repository"
    identified = [job for job in jobs.values() if "id-token" in job["permissions"]]
    assert identified
    assert all(job["if"] == own for job in identified)


def test_every_stack_file_is_previewed() -> None:
    jobs = load(ROOT / ".github" / "workflows" / "preview.yml")["jobs"]
    # The stack of databases is an example: it is brought up whole, by tests/cluster/test_any_image.py.
    previewed = {"local", "databases", *jobs["google"]["strategy"]["matrix"]["stack"]}
    assert {path.name.split(".")[1] for path in ROOT.glob("Pulumi.*.yaml")} <= previewed


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_no_job_can_hang_for_hours(path: Path) -> None:
    assert all(job["timeout-minutes"] <= 120 for job in load(path)["jobs"].values())


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_nothing_a_contributor_writes_is_pasted_into_a_script(path: Path) -> None:
    for _, step in steps(path):
        assert "${{" not in step.get("run", "")
        assert "${{" not in str(step.get("with", {}).get("script", ""))


def folders_with(name: str) -> set[str]:
    """The folders that hold such a file, as dependabot writes them."""
    listed = subprocess.run(["git", "ls-files", "-z", name, f"**/{name}"], cwd=ROOT, capture_output=True, check=True)
    paths = [Path(path) for path in listed.stdout.decode().split("\0") if path]
    return {f"/{path.parent.as_posix()}".replace("/.", "/") for path in paths}


@pytest.mark.parametrize(("ecosystem", "name"), [("gomod", "go.mod"), ("pip", "requirements*.txt")])
def test_dependabot_looks_into_every_folder_with_pins(ecosystem: str, name: str) -> None:
    updates = load(ROOT / ".github" / "dependabot.yml")["updates"]
    (named,) = [update["directories"] for update in updates if update["package-ecosystem"] == ecosystem]
    assert folders_with(name) == set(named)
    assert len(named) == len(set(named))


def test_dependabot_leaves_the_kubernetes_provider_below_the_version_that_takes_nothing_over() -> None:
    updates = load(ROOT / ".github" / "dependabot.yml")["updates"]
    (ignored,) = [update["ignore"] for update in updates if update["package-ecosystem"] == "pip"]
    allowed = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert ignored == [{"dependency-name": "pulumi-kubernetes", "versions": [">=4.29"]}]
    assert [each for each in allowed if each.startswith("pulumi-kubernetes")] == ["pulumi-kubernetes>=4.25,<4.29"]
