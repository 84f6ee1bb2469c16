"""The pages' examples work as they stand, and every component has a page."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.kinds import WORDS
from components.kinds.mysql.settings import ABSENT, HARMLESS, WITHIN
from components.kinds.mysql.spec import PasswordKeys
from components.kinds.mysql57.spec import XtrabackupPasswordKeys
from components.model.passwords import problems as problems_of_password
from localcloud.stacks.standin import Standin
from tests.support.places import SLOT
from tests.support.recording import record
from tests.unit.components.programs import ROOT, TARGET, problems

DOCS = ROOT / "docs"
PAGES = ("cloud-sql", "gce-disks", "kubia", "nginx", "persistent-volumes", "stateful")


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


@pytest.mark.parametrize("page", ["kubia", "nginx", "stateful", "mysql-xtrabackup"])
def test_a_pages_stack_entry_is_accepted(page: str) -> None:
    (entry, *_) = blocks(DOCS / f"{page}.md", "yaml")
    assert problems(yaml.safe_load(entry)["statefulsets:workloads"]) == []


def test_every_stack_entry_of_the_page_on_any_image_is_accepted() -> None:
    entries = [yaml.safe_load(entry) for entry in blocks(DOCS / "stateful.md", "yaml")]
    whole = [entry["statefulsets:workloads"] for entry in entries if "statefulsets:workloads" in entry]
    assert [list(workloads) for workloads in whole] == [["redis"], ["postgres"]]
    assert [problems(workloads) for workloads in whole] == [[], []]


def test_the_glossary_is_in_the_order_of_the_alphabet() -> None:
    words = re.findall(r"^\*\*(.+?)\*\*:", (DOCS / "glossary.md").read_text(), re.MULTILINE)
    assert words == sorted(words, key=str.lower)


def test_the_page_on_disks_has_a_backend_that_is_accepted() -> None:
    (entry, *_) = blocks(DOCS / "gce-disks.md", "yaml")
    assert problems({"kubia": {"kind": "kubia", **yaml.safe_load(entry)}}) == []


def test_the_page_on_stack_files_has_a_whole_one_that_is_accepted() -> None:
    (entry, *_) = blocks(DOCS / "stack-files.md", "yaml")
    config = yaml.safe_load(entry)["config"]
    found = problems(config["statefulsets:workloads"], config["statefulsets:target"], config["gcp:project"])
    assert found == []
    assert TARGET.keys() <= config["statefulsets:target"].keys()


def test_the_page_on_mysql_lists_the_settings_that_the_program_takes_and_why_not_the_others() -> None:
    (section,) = re.findall(r"^## Settings\n(.*?)^## ", (DOCS / "mysql.md").read_text(), re.DOTALL | re.MULTILINE)
    (listed,) = re.findall(r"\n\n(- Connections: .*?)\n\n", section, re.DOTALL)
    assert sorted(re.findall(r"`(\w+)`", listed)) == list(HARMLESS)
    rows = {row for row in section.splitlines() if row.startswith("| `")}
    bounds = {f"| `{name}` | {b.least} | {b.most} | {b.because} |" for name, b in WITHIN.items()}
    absent = {f"| {', '.join(f'`{name}`' for name in names)} | {why} |" for names, why in ABSENT.items()}
    assert rows == bounds | absent
    (example,) = re.findall(r"```yaml\n(.*?)```", section, re.DOTALL)
    assert problems({"mysql": {"kind": "mysql", "storage": {"kind": "dynamic"}, **yaml.safe_load(example)}}) == []


@dataclass(frozen=True)
class Ran:
    """One call of `pulumi` that a recipe made."""

    arguments: tuple[str, ...]
    stdin: str


class Recipes:
    """Runs what a page tells people to type, with a `pulumi` that only notes what it is given."""

    STUB = """#!/bin/sh
    here=$(mktemp -d "$CALLS/XXXXXX")
    printf '%s\\0' "$@" >"$here/arguments"
    cat >"$here/stdin"
    """

    def __init__(self, root: Path) -> None:
        self.bin, self.calls = root / "bin", root / "calls"
        self.bin.mkdir()
        self.calls.mkdir()
        for name, text in {"pulumi": self.STUB, "make": "#!/bin/sh\necho 'export MADE=\"yes\"'\n"}.items():
            (self.bin / name).write_text(text)
            (self.bin / name).chmod(0o755)

    def run(self, script: str) -> list[Ran]:
        environment = {**os.environ, "PATH": f"{self.bin}:{os.environ['PATH']}", "CALLS": str(self.calls)}
        subprocess.run(["bash", "-euo", "pipefail", "-c", script], env=environment, check=True, timeout=60)
        found = []
        for call in self.calls.iterdir():
            arguments = tuple((call / "arguments").read_text().split("\0")[:-1])
            found.append(Ran(arguments, (call / "stdin").read_bytes().decode()))
        return found


@pytest.fixture
def recipes(tmp_path: Path) -> Recipes:
    if not shutil.which("openssl"):
        pytest.skip("the recipes need openssl")
    return Recipes(tmp_path)


def typed(page: str) -> list[str]:
    """The console blocks of a page as one types them: without prompts."""
    found = blocks(DOCS / f"{page}.md", "console")
    return ["\n".join(line.removeprefix("$ ") for line in text.splitlines()) for text in found]


def assert_sound(ran: list[Ran], keys: Any, *where: str) -> None:
    """Checks that every account got a password of its own, as a secret of that stack, which the program takes."""
    by_key = {call.arguments[-1].removeprefix("statefulsets:"): call for call in ran}
    assert sorted(by_key) == sorted(key for _, key in keys)
    assert len({call.stdin for call in ran}) == len(ran) == 5
    for account, key in keys:
        call = by_key[key]
        assert call.arguments[:-1] == ("config", "set", *where, "--secret")
        assert list(problems_of_password(call.stdin, key, of_a_replica=account == "replication")) == []


@pytest.mark.parametrize(
    ("page", "keys"), [("mysql", PasswordKeys()), ("mysql-xtrabackup", XtrabackupPasswordKeys())], ids=["8.4", "5.7"]
)
def test_the_recipe_of_a_page_gives_every_account_a_password_that_the_program_takes(
    page: str, keys: PasswordKeys | XtrabackupPasswordKeys, recipes: Recipes
) -> None:
    (recipe, *_) = typed(page)
    assert_sound(recipes.run(recipe), keys, "--stack", "dev")


def test_the_recipe_for_the_stand_in_writes_into_the_file_that_the_stand_in_reads(recipes: Recipes) -> None:
    (recipe, standin, *_) = typed("mysql")
    first, loop = recipe.split("\n", 1)
    assert first.startswith("where=(")
    ran = recipes.run(f'{first}\n{standin}\n[ "$MADE" = yes ]\n{loop}')
    file = Standin(ROOT / ".localcloud", SLOT).stack_file("dev-standin").relative_to(ROOT)
    assert_sound(ran, PasswordKeys(), "--stack", "dev-standin", "--config-file", str(file))


def test_the_recipe_of_the_page_on_cloud_sql_sets_a_password_that_the_program_takes(recipes: Recipes) -> None:
    (recipe,) = [line for text in typed("cloud-sql") for line in text.splitlines() if "config set" in line]
    (call,) = recipes.run(recipe)
    assert call.arguments == ("config", "set", "--stack", "prod", "--secret", "dbPassword")
    assert list(problems_of_password(call.stdin, "dbPassword")) == []


def test_every_kind_has_a_page_and_every_link_leads_somewhere() -> None:
    assert [kind for kind in WORDS if not (DOCS / f"{kind}.md").exists()] == []
    for page in DOCS.glob("*.md"):
        for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / link).exists(), f"{page.name} links to {link}"
