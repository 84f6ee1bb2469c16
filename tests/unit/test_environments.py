"""The environments: Pulumi looks through the program's in every preview, so it holds the program's packages alone."""

from __future__ import annotations

import re
import shutil
import subprocess
from itertools import combinations
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM, LOCAL, DEVELOPERS = "requirements", "localcloud/requirements", "requirements-dev"
PIP = "tools/requirements"


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def asked_for(file: str) -> set[str]:
    """The packages that a person wrote down."""
    lines = (ROOT / f"{file}.in").read_text().splitlines()
    return {canonical(re.split(r"[=<>~! ]", line)[0]) for line in lines if line and line[0] not in "#-"}


def pinned(file: str) -> dict[str, str]:
    """Package -> version of all that is installed for them."""
    text = (ROOT / f"{file}.txt").read_text()
    return {canonical(name): version for name, version in re.findall(r"^([\w.-]+)==([^ ;\\]+)", text, re.MULTILINE)}


def test_the_program_asks_for_four_packages() -> None:
    assert asked_for(PROGRAM) == {"pulumi", "pulumi-kubernetes", "pulumi-gcp", "pydantic"}


@pytest.mark.parametrize("others", [LOCAL, DEVELOPERS])
def test_nothing_that_the_local_cluster_or_the_developers_ask_for_is_in_the_programs_environment(others: str) -> None:
    brought_by_pulumi = {"pyyaml"}
    assert asked_for(others)
    assert not (asked_for(others) - brought_by_pulumi) & set(pinned(PROGRAM))


@pytest.mark.parametrize(("one", "other"), list(combinations((PROGRAM, LOCAL, DEVELOPERS), 2)))
def test_a_package_of_two_environments_has_one_version(one: str, other: str) -> None:
    """The local cluster's environment sees the program's packages; with two versions of one it would be luck which."""
    both = pinned(one).keys() & pinned(other).keys()
    assert {name: pinned(one)[name] for name in both} == {name: pinned(other)[name] for name in both}


@pytest.mark.parametrize("file", [PROGRAM, LOCAL, DEVELOPERS, PIP])
def test_every_package_is_pinned_with_its_hashes(file: str) -> None:
    assert asked_for(file) <= set(pinned(file))
    entries = re.split(r"^(?=[\w.-]+==)", (ROOT / f"{file}.txt").read_text(), flags=re.MULTILINE)[1:]
    assert all("--hash=sha256:" in entry for entry in entries)


@pytest.mark.parametrize("name", [".venv", ".tools"])
def test_an_environment_of_another_checkout_is_left_to_that_checkout(name: str, tmp_path: Path) -> None:
    """What `make` installs through a link, or writes there, names a checkout that may be gone tomorrow."""
    here, other = tmp_path / "here", tmp_path / "other"
    for file in ("Makefile", *(f"{each}.txt" for each in (PROGRAM, LOCAL, PIP))):
        (here / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / file, here / file)
    (other / name).mkdir(parents=True)
    (here / name).symlink_to(other / name)
    if name == ".tools":
        (here / ".venv").mkdir()
        (here / ".venv/up").touch()
    done = subprocess.run(["make", f"{name}/up"], cwd=here, text=True, capture_output=True)
    assert done.returncode != 0
    assert f"{name} is another checkout's, and not up to date; run `make .tools/dev` in {other}" in done.stderr
    assert list((other / name).iterdir()) == []
