"""Breaks the program in one place after the other and counts how often the unit tests notice.

    python -m tests.mutation                     every mutant (long: some thousand)
    python -m tests.mutation --sample 300        as many, drawn evenly from all files
    python -m tests.mutation --only config/      files whose path contains this

A mutant is one change: a comparison turned round, a condition negated, a constant off by one, an entry of an object
or an argument left out, a guard that no longer raises. Third-party packages are imported once; each mutant is a fork
that imports the program with its one change and runs the tests until the first fails. A mutant that no test notices
survives. Some survivors change nothing that can be observed; that is why the bar is at 85%, not at 100%.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import importlib.abc
import importlib.machinery
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest

from tests.mutants import Mutant, mutants_of

ROOT: Final = Path(__file__).parents[1]
BAR: Final = 0.85
TIMEOUT: Final = 180
PRELOADED: Final = (
    "hypothesis",
    "jsonschema",
    "kubernetes.utils",
    "kubernetes_validate",
    "pulumi_gcp.compute",
    "pulumi_gcp.sql",
    "pulumi_kubernetes",
    "pydantic",
    "tests.support.golden",
    "tests.support.kube_schema",
    "tests.support.recording",
    "yaml",
)
MANAGED: Final = ("test_cloud_sql_spec", "test_cloud_sql", "test_stack_files")
MYSQL: Final = ("test_mysql", "test_stack_files", "test_config_refusals", "test_schema")
TESTS: Final = (
    "test_quantities",
    "test_config_refusals",
    "test_config_errors",
    "test_storage_backends",
    "test_stateful_service",
    "test_nginx",
    "test_history",
    "test_stack_files",
    "test_schema",
)
"""In the order in which they are asked; a file's own tests come first, and databases have theirs."""
OWN_TESTS: Final = {
    "directories": "test_storage_backends",
    "disks": "test_storage_backends",
    "history": "test_history",
    "kubia": "test_stack_files",
    "naming": "test_stateful_service",
    "nginx": "test_nginx",
    "pod": "test_stack_files",
    "quantities": "test_quantities",
    "schema": "test_schema",
    "stack": "test_stack_files",
    "stateful_service": "test_stateful_service",
    "storage": "test_storage_backends",
    "volumes": "test_storage_backends",
}


class OneChange(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Imports one module from a changed tree."""

    def __init__(self, module: str, path: Path, tree: ast.Module) -> None:
        self.module, self.path, self.tree = module, path, tree

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Only the changed module is ours."""
        if fullname != self.module:
            return None
        package = self.path.name == "__init__.py"
        return importlib.machinery.ModuleSpec(fullname, self, origin=str(self.path), is_package=package)

    def exec_module(self, module: ModuleType) -> None:
        """Runs the changed tree under the file's own name."""
        module.__file__ = str(self.path)
        exec(compile(self.tree, str(self.path), "exec"), module.__dict__)  # noqa: S102  it is our own source

    def get_source(self, fullname: str) -> str:
        """The source as it is on disk, for tracebacks."""
        return self.path.read_text()


@dataclass
class Running:
    """A fork at work."""

    mutant: Mutant
    started: float


def tests_of(path: Path) -> list[str]:
    """The tests to ask, the file's own first."""
    if path.stem.startswith(("cloud_sql", "client")):
        ordered: Sequence[str] = MANAGED
    elif "mysql" in path.as_posix().removeprefix(ROOT.as_posix()):
        ordered = MYSQL
    else:
        own = OWN_TESTS.get(path.stem, "test_config_refusals")
        ordered = sorted(TESTS, key=lambda name: (name != own, TESTS.index(name)))
    return [f"tests/unit/{name}.py" for name in ordered]


def sound(mutant: Mutant) -> Mutant:
    """The mutant's file as it is: if the tests notice that, they notice nothing else."""
    return replace(mutant, what="no change", change=lambda _: None)


def ask(mutant: Mutant) -> int:
    """Forks a process that ends with 0 if some test notices the mutant, else with 1."""
    child = os.fork()
    if child:
        return child
    os.setpgrp()
    silence = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(silence, stream)
    try:
        sys.meta_path.insert(0, OneChange(mutant.module, mutant.path, mutant.tree()))
        noticed = (
            pytest.main(["-x", "-q", "--assert=plain", "-p", "no:cacheprovider", *tests_of(mutant.path)])
            != pytest.ExitCode.OK
        )
    except BaseException:  # a program that cannot even be imported is noticed
        noticed = True
    os._exit(0 if noticed else 1)


def survivors(mutants: Sequence[Mutant], jobs: int) -> Iterator[Mutant]:
    """Runs all mutants, so many at a time; yields those that nothing notices."""
    waiting, running, done = list(reversed(mutants)), dict[int, Running](), 0
    while waiting or running:
        while waiting and len(running) < jobs:
            mutant = waiting.pop()
            running[ask(mutant)] = Running(mutant, time.monotonic())
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            for late in [p for p, r in running.items() if time.monotonic() - r.started > TIMEOUT]:
                os.killpg(late, signal.SIGKILL)  # a program that hangs is noticed
            time.sleep(0.05)
            continue
        finished = running.pop(pid).mutant
        done += 1
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 1:
            print(f"survives: {finished}", flush=True)
            yield finished
        if done % 50 == 0:
            print(f"{done} of {len(mutants)}", flush=True)


def chosen(only: str, without: Sequence[str], sample: int | None) -> list[Mutant]:
    """The mutants to run; a sample takes every file's share, the same each time."""
    names = {path: path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "components").rglob("*.py"))}
    files = [path for path, name in names.items() if only in name and not any(part in name for part in without)]
    found = [mutant for path in files for mutant in mutants_of(path, ROOT)]
    if sample is None or sample >= len(found):
        return found
    return sorted(random.Random(0).sample(found, sample), key=found.index)  # noqa: S311


def main() -> int:
    """Prints survivors, the score of each file and of all; 1 if the score is below the bar."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sample", type=int)
    parser.add_argument("--only", default="components")
    parser.add_argument("--without", action="append", default=[], help="leave out files whose path contains this")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    os.chdir(ROOT)
    for name in PRELOADED:
        importlib.import_module(name)
    mutants = chosen(options.only, options.without, options.sample)
    print(f"{len(mutants)} mutants")
    if not list(survivors([sound(mutants[0])], 1)):
        print("the tests fail without any change: mend them first", file=sys.stderr)
        return 2
    lived = list(survivors(mutants, options.jobs))
    asked, alive = (Counter(m.path.relative_to(ROOT).as_posix() for m in which) for which in (mutants, lived))
    for path, count in asked.items():
        print(f"{path}: {count - alive[path]} of {count} noticed")
    score = 1 - len(lived) / len(mutants)
    print(f"{len(mutants) - len(lived)} of {len(mutants)} noticed: {score:.1%} (bar: {BAR:.0%})")
    return 0 if score >= BAR else 1


if __name__ == "__main__":
    sys.exit(main())
