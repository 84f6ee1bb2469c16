"""Breaks the program in one place after the other and counts how often the unit tests notice.

    python -m tools.mutation                        every mutant (long: some thousand)
    python -m tools.mutation --sample 300           as many, drawn evenly from all files
    python -m tools.mutation --only kinds/mysql/    files whose path contains this

A mutant is one change: a comparison turned round, a condition negated, a constant off by one, an entry of an object
or an argument left out, a guard that no longer raises. Third-party packages are imported once; each mutant is a fork
that imports the program with its one change and runs the tests until the first fails, those that are named for the
file first (`own_tests`). A mutant that no test notices survives. Some survivors change nothing that can be observed;
that is why the bar, of each part of the program and of all, is at 85%, not at 100%.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import importlib.abc
import importlib.machinery
import os
import random
import resource
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest

from tools.mutation.mutants import Mutant, mutants_of
from tools.mutation.own_tests import COMPONENTS, ROOT, part_of, tests_of

BAR: Final = 0.85
ENOUGH: Final = 10
"""A part with fewer mutants than this is not held to the bar."""
CPU_SECONDS: Final = 900
"""Seconds of a processor after which a mutant counts as noticed, which is ten times what all tests take. They are not
seconds of the clock, so that a mutant is not noticed only because the machine is busy."""
PRELOADED: Final = (
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


class OneChange(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Imports one module from a changed tree."""

    def __init__(self, module: str, path: Path, tree: ast.Module) -> None:
        self.module, self.path, self.tree = module, path, tree

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Says that the changed module comes from here, and no other."""
        if fullname != self.module:
            return None
        package = self.path.name == "__init__.py"
        spec = importlib.machinery.ModuleSpec(fullname, self, origin=str(self.path), is_package=package)
        if package:
            spec.submodule_search_locations = [str(self.path.parent)]
        return spec

    def exec_module(self, module: ModuleType) -> None:
        """Runs the changed tree under the file's own name."""
        module.__file__ = str(self.path)
        exec(compile(self.tree, str(self.path), "exec"), module.__dict__)  # noqa: S102  it is our own source

    def get_source(self, fullname: str) -> str:
        """The source as it is on disk, for tracebacks."""
        return self.path.read_text()


def sound(mutant: Mutant) -> Mutant:
    """A mutant of the same file without a change. If the tests fail for it, they say nothing about mutants."""
    return replace(mutant, what="no change", change=lambda _: None)


def ask(mutant: Mutant) -> int:
    """Forks a process that ends with 0 if some test notices the mutant, else with 1."""
    child = os.fork()
    if child:
        return child
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    silence = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(silence, stream)
    try:
        sys.meta_path.insert(0, OneChange(mutant.module, mutant.path, mutant.tree()))
        asked = [str(test) for test in tests_of(mutant.path)]
        options = ["-x", "-q", "--assert=plain", "-p", "no:cacheprovider"]
        noticed = pytest.main([*options, *asked]) != pytest.ExitCode.OK
    except BaseException:  # a program that cannot even be imported is noticed
        noticed = True
    os._exit(0 if noticed else 1)


def survivors(mutants: Sequence[Mutant], jobs: int) -> Iterator[Mutant]:
    """Runs all mutants, `jobs` at a time, and yields those that no test notices."""
    waiting, running, done = list(reversed(mutants)), dict[int, Mutant](), 0
    while waiting or running:
        while waiting and len(running) < jobs:
            mutant = waiting.pop()
            running[ask(mutant)] = mutant
        pid, status = os.wait()
        finished = running.pop(pid)
        done += 1
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 1:
            print(f"survives: {finished}", flush=True)
            yield finished
        if done % 50 == 0:
            print(f"{done} of {len(mutants)}", flush=True)


def chosen(only: str, without: Sequence[str], sample: int | None) -> list[Mutant]:
    """The mutants to run; a sample takes every file's share, the same each time."""
    names = {path: path.relative_to(ROOT).as_posix() for path in sorted(COMPONENTS.rglob("*.py"))}
    files = [path for path, name in names.items() if only in name and not any(part in name for part in without)]
    found = [mutant for path in files for mutant in mutants_of(path, ROOT)]
    if sample is None or sample >= len(found):
        return found
    return sorted(random.Random(0).sample(found, sample), key=found.index)  # noqa: S311


def below_the_bar(asked: Counter[str], alive: Counter[str]) -> list[str]:
    """Prints the score of each part and of all, and returns the names of the parts that miss the bar."""
    below = []
    for part, count in [*sorted(asked.items()), ("all", asked.total())]:
        lived = alive.total() if part == "all" else alive[part]
        score = 1 - lived / count
        print(f"{part}: {count - lived} of {count} noticed: {score:.1%}")
        if score < BAR and (count >= ENOUGH or part == "all"):
            below.append(part)
    return below


def main() -> int:
    """Prints survivors and scores. Returns 1 if a part is below the bar, and 2 if the tests fail without a change."""
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
    print(f"{len(mutants)} mutants", flush=True)
    with tempfile.TemporaryDirectory(prefix="mutation-") as tempfile.tempdir:  # what the forks leave behind
        if not list(survivors([sound(mutants[0])], 1)):
            print("the tests fail without any change: mend them first", file=sys.stderr)
            return 2
        lived = list(survivors(mutants, options.jobs))
    below = below_the_bar(*(Counter(part_of(mutant.path) for mutant in which) for which in (mutants, lived)))
    print(f"below the bar of {BAR:.0%}: {', '.join(below) or 'none'}")
    return 1 if below else 0


if __name__ == "__main__":
    sys.exit(main())
