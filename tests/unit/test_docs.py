"""The pages' examples work as they stand, and every component has a page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.config import KINDS
from tests.support.recording import record
from tests.unit.programs import ROOT, TARGET, problems

DOCS = ROOT / "docs"
PAGES = ("cloud-sql", "gce-disks", "kubia", "nginx", "persistent-volumes", "stateful-service")


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(), re.DOTALL)


@pytest.mark.parametrize("page", PAGES)
def test_the_example_of_a_page_is_short_and_runs(page: str) -> None:
    (example, *_) = blocks(DOCS / f"{page}.md", "python")
    assert len([line for line in example.splitlines() if line.strip()]) <= 14
    names: dict[str, Any] = {}
    secrets = {"dbPassword": "hunter2"}
    recorded = record(
        lambda: exec(f"import pulumi\n{example}", names),  # noqa: S102  the page's own text
        config=secrets,
        secret_keys=tuple(secrets),
    )
    assert recorded.resources


@pytest.mark.parametrize("page", ["kubia", "nginx", "mysql-xtrabackup"])
def test_a_pages_stack_entry_is_accepted(page: str) -> None:
    (entry, *_) = blocks(DOCS / f"{page}.md", "yaml")
    assert problems(yaml.safe_load(entry)["statefulsets:workloads"]) == []


def test_the_page_on_disks_has_a_backend_that_is_accepted() -> None:
    (entry, *_) = blocks(DOCS / "gce-disks.md", "yaml")
    assert problems({"kubia": {"kind": "kubia", **yaml.safe_load(entry)}}) == []


def test_the_page_on_stack_files_has_a_whole_one_that_is_accepted() -> None:
    (entry, *_) = blocks(DOCS / "stack-files.md", "yaml")
    config = yaml.safe_load(entry)["config"]
    found = problems(config["statefulsets:workloads"], config["statefulsets:target"], config["gcp:project"])
    assert found == []
    assert TARGET.keys() <= config["statefulsets:target"].keys()


def test_every_kind_has_a_page_and_every_link_leads_somewhere() -> None:
    assert [kind for kind in KINDS if not (DOCS / f"{kind}.md").exists()] == []
    for page in DOCS.glob("*.md"):
        for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / link).exists(), f"{page.name} links to {link}"
