"""Every module of `components` has tests that are named for it, and a mutant is one change that can be told."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

from tools.mutation import own_tests
from tools.mutation.__main__ import below_the_bar
from tools.mutation.mutants import mutants_of
from tools.mutation.own_tests import COMPONENTS, LEFT_OUT, OWN, ROOT, TESTS, own_of, part_of

MODULES = {path.relative_to(COMPONENTS).with_suffix("").as_posix(): path for path in COMPONENTS.rglob("*.py")}


def test_every_module_that_does_something_has_tests_of_its_own() -> None:
    assert [module for module, path in MODULES.items() if list(mutants_of(path, ROOT)) and not own_of(path)] == []


def test_the_table_names_no_module_and_no_tests_that_are_gone() -> None:
    assert {module for modules in OWN.values() for module in modules} <= MODULES.keys()
    assert [test for test in OWN if not (TESTS / f"{test}.py").exists()] == []


def test_the_tests_of_a_module_are_asked_of_its_mutants() -> None:
    assert [test for test in OWN if Path(test).name in LEFT_OUT] == []
    assert {path.stem for path in TESTS.rglob("test_*.py")} >= LEFT_OUT


@pytest.mark.parametrize(
    ("module", "first"),
    [
        ("package", "test_package"),
        ("kubernetes/objects", "stateful/test_members"),
        ("kinds/mysql/settings", "kinds/mysql/test_settings"),
        ("history/made", "history/test_edits"),
    ],
)
def test_a_modules_own_tests_are_asked_first_and_all_others_after_them(module: str, first: str) -> None:
    asked = own_tests.tests_of(MODULES[module])
    assert asked[0] == TESTS / f"{first}.py"
    assert len(asked) == len(set(asked)) == len(list(TESTS.rglob("test_*.py"))) - len(LEFT_OUT) + 1


@pytest.mark.parametrize(
    ("module", "part"),
    [("package", "package"), ("model/base", "model"), ("kinds/contract", "kinds"), ("kinds/nginx/spec", "kinds/nginx")],
)
def test_a_modules_score_counts_for_its_part(module: str, part: str) -> None:
    assert part_of(MODULES[module]) == part


SOURCE = '''
"""A docstring is no behaviour."""

def first(values: list[int], most: int = 3) -> dict[str, int]:
    """Another docstring."""
    if len(values) > most and values:
        raise ValueError(f"too many")
    return {"sum": sum(value for value in values if value)}
'''


def test_each_mutant_is_one_change_of_behaviour(tmp_path: Path) -> None:
    path = tmp_path / "part.py"
    path.write_text(SOURCE)
    mutants = list(mutants_of(path, tmp_path))
    changed = [ast.unparse(mutant.tree()) for mutant in mutants]
    assert len(set(changed)) == len(changed)
    assert ast.unparse(ast.parse(SOURCE)) not in changed
    assert all('"""A docstring is no behaviour."""' in text for text in changed)
    assert {str(mutant).partition(": ")[2] for mutant in mutants} == {
        "3 becomes 4",
        "turns len(values) > most",
        "swaps and/or in len(values) > most and values",
        "negates len(values) > most and values",
        "does without raise ValueError(f'too many')",
        "'too many' gets a letter more",
        "'sum' gets a letter more",
        "leaves out 'sum'",
        "drops the condition value",
    }


def test_a_part_with_few_mutants_is_not_held_to_the_bar_but_counts(capsys: pytest.CaptureFixture[str]) -> None:
    asked = Counter({"model": 100, "package": 2})
    assert below_the_bar(asked, Counter({"model": 15, "package": 0})) == []
    assert below_the_bar(asked, Counter({"model": 14, "package": 2})) == ["all"]
    assert below_the_bar(asked, Counter({"model": 16, "package": 0})) == ["model", "all"]
    assert "package: 0 of 2 noticed: 0.0%" in capsys.readouterr().out
