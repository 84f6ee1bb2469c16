"""Names the tests of each module of `components`, which are asked first about a mutant of that module."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
COMPONENTS: Final = ROOT / "components"
TESTS: Final = ROOT / "tests" / "unit" / "components"
DOCS: Final = ROOT / "tests" / "unit" / "test_docs.py"
OWN: Final[dict[str, tuple[str, ...]]] = {
    "test_package": ("package",),
    "test_stack_files": ("stack",),
    "config/test_describe": ("config/describe",),
    "config/test_kubeconfig": ("config/kubeconfig",),
    "config/test_refusals": ("config/engines", "config/loader", "config/overlaps"),
    "config/test_schema": ("config/schema",),
    "history/test_edits": ("history/__init__", "history/made", "history/storage"),
    "kinds/test_registry": ("kinds/__init__", "kinds/contract"),
    "kinds/cloud_sql/test_component": (
        "kinds/client",
        "kinds/cloud_sql/__init__",
        "kinds/cloud_sql/args",
        "kinds/cloud_sql/component",
        "kinds/cloud_sql/settings",
    ),
    "kinds/cloud_sql/test_spec": ("kinds/cloud_sql/rules", "kinds/cloud_sql/spec"),
    "kinds/kubia/test_component": ("kinds/kubia/__init__", "kinds/kubia/component", "kinds/kubia/spec"),
    "kinds/mysql/test_component": (
        "kinds/mysql/__init__",
        "kinds/mysql/args",
        "kinds/mysql/component",
        "kinds/mysql/engine",
        "kinds/mysql/objects",
        "kinds/mysql/pod",
        "kinds/mysql/rules",
        "kinds/mysql/spec",
    ),
    "kinds/mysql/test_settings": ("kinds/mysql/settings",),
    "kinds/mysql57/test_component": (
        "kinds/mysql57/__init__",
        "kinds/mysql57/component",
        "kinds/mysql57/objects",
        "kinds/mysql57/pod",
        "kinds/mysql57/spec",
    ),
    "kinds/nginx/test_component": ("kinds/nginx/__init__", "kinds/nginx/component", "kinds/nginx/spec"),
    "kinds/stateful/test_component": ("kinds/stateful/__init__",),
    "kubernetes/test_quantities": ("kubernetes/quantities",),
    "model/test_args": ("__init__", "model/args", "kubernetes/inputs", "stateful/args", "storage/args"),
    "model/test_errors": ("model/base", "model/errors", "model/mysql_names", "model/parse", "model/target"),
    "model/test_passwords": ("model/passwords",),
    "stateful/test_members": (
        "kubernetes/naming",
        "kubernetes/objects",
        "kubernetes/pod",
        "stateful/members",
        "stateful/objects",
        "stateful/spec",
    ),
    "stateful/test_service": ("stateful/any_image", "stateful/checks", "stateful/container", "stateful/service"),
    "storage/test_provide": (
        "storage/backends",
        "storage/checks",
        "storage/directories",
        "storage/disks",
        "storage/provide",
        "storage/volumes",
    ),
}
"""A file of tests below `tests/unit/components` -> the modules of `components` that it is named for."""
LEFT_OUT: Final = frozenset(
    {"test_scripts", "test_roles", "test_watch", "test_clone", "test_sidecar", "test_properties"}
)
"""Tests that no mutant is asked of, for each takes minutes: the first five run shell scripts and see nothing of the
program, the last one is random."""
LAST: Final = ("history",)
"""Folders whose tests take longest."""


def own_of(path: Path) -> list[Path]:
    """The tests that the table names for a module."""
    module = path.relative_to(COMPONENTS).with_suffix("").as_posix()
    return [TESTS / f"{test}.py" for test, modules in OWN.items() if module in modules]


def tests_of(path: Path) -> list[Path]:
    """All tests that see the program, in the order to ask them: the module's own first, then the nearer the sooner."""
    named = own_of(path)
    own = TESTS / path.parent.relative_to(COMPONENTS)

    def remote(test: Path) -> tuple[bool | str, ...]:
        folder = test.parent
        near = (
            test in named,
            folder == own,
            folder.is_relative_to(own),
            test == DOCS,
            top(folder) == top(own),
            folder == TESTS,
            top(folder) not in LAST,
            path.stem in test.stem,
        )
        return *(not is_near for is_near in near), str(test)

    found = [test for test in TESTS.rglob("test_*.py") if test.stem not in LEFT_OUT]
    return sorted([*found, DOCS], key=remote)


def top(folder: Path) -> str:
    """The first folder below the tests of `components` on the way to `folder`."""
    return os.path.relpath(folder, TESTS).partition("/")[0]


def part_of(path: Path) -> str:
    """The part of the program that a file belongs to: its top folder, its kind, or itself."""
    folders = path.relative_to(COMPONENTS).parts[:-1]
    return "/".join(folders[: 2 if folders[:1] == ("kinds",) else 1]) or path.stem
