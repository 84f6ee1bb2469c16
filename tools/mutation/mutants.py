"""The changes that `tools.mutation` makes, one at a time, to a module's syntax tree."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

TURNED: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
Change = Callable[[ast.AST], None]
DECLARATIVE: Final = frozenset({"Annotated", "Field", "form"})
"""Names in annotations that pydantic reads at run time, so that a change of them is a change of behaviour."""


@dataclass(frozen=True)
class Mutant:
    """One change of one file. The change is made when `tree` is called."""

    path: Path
    module: str
    line: int
    what: str
    position: int
    """Position of the changed node in the order of `ast.walk`."""
    change: Change

    def tree(self) -> ast.Module:
        """The changed module."""
        tree = ast.parse(self.path.read_text())
        for position, node in enumerate(ast.walk(tree)):
            if position == self.position:
                self.change(node)
                break
        return ast.fix_missing_locations(tree)

    def __str__(self) -> str:
        return f"{self.path.name}:{self.line}: {self.what}"


def mutants_of(path: Path, root: Path) -> Iterator[Mutant]:
    """Every mutant of a file. Docstrings, annotations that nobody reads at run time and imports stay as they are."""
    tree = ast.parse(path.read_text())
    module = ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
    kept = untouched(tree)
    for position, node in enumerate(ast.walk(tree)):
        if id(node) in kept:
            continue
        for what, change in changes_of(node):
            yield Mutant(path, module, getattr(node, "lineno", 0), what, position, change)


def untouched(tree: ast.Module) -> set[int]:
    """The IDs of the nodes that a change would not make behave differently."""
    kept: set[int] = set()
    for node in ast.walk(tree):
        for part in silent_parts(node):
            kept |= {id(inner) for inner in ast.walk(part)}
    return kept


def silent_parts(node: ast.AST) -> Iterator[ast.AST]:
    """The parts of a node that no change would make behave differently: docstrings, functions' annotations, annotations
    that pydantic does not read, `__all__`, type aliases, and the call of `main` at a script's end."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        yield node
    if isinstance(node, ast.FunctionDef):
        yield from (a.annotation for a in [*node.args.args, *node.args.kwonlyargs] if a.annotation)
        if node.returns:
            yield node.returns
    if isinstance(node, ast.AnnAssign) and not any(
        isinstance(n, ast.Name) and n.id in DECLARATIVE for n in ast.walk(node.annotation)
    ):
        yield node.annotation
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "__all__":
        yield node
    if isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'":
        yield node
    if isinstance(node, ast.Call) and ast.unparse(node.func) in ("TypeVar", "dataclass", "ConfigDict"):
        yield node


def changes_of(node: ast.AST) -> Iterator[tuple[str, Change]]:
    """Each way to break a node, with a description."""
    for kind, changes in CHANGES.items():
        if isinstance(node, kind):
            yield from changes(node)


def compare_changes(node: ast.Compare) -> Iterator[tuple[str, Change]]:
    """Turns each comparison round, or moves its bound by one."""
    for i, operator in enumerate(node.ops):
        if type(operator) in TURNED:
            yield f"turns {ast.unparse(node)}", turn(i)


def condition_changes(node: ast.comprehension) -> Iterator[tuple[str, Change]]:
    """Leaves out one condition of a comprehension."""
    for i, condition in enumerate(node.ifs):
        yield f"drops the condition {ast.unparse(condition)}", drop_condition(i)


def entry_changes(node: ast.Dict) -> Iterator[tuple[str, Change]]:
    """Leaves out one entry of a dictionary."""
    for i, key in enumerate(node.keys):
        yield f"leaves out {ast.unparse(key) if key else ast.unparse(node.values[i])}", drop_entry(i)


def keyword_changes(node: ast.Call) -> Iterator[tuple[str, Change]]:
    """Leaves out one named argument of a call."""
    for i, keyword in enumerate(node.keywords):
        yield f"leaves out {keyword.arg} of {ast.unparse(node.func)}()", drop_keyword(i)


def constant_changes(node: ast.Constant) -> Iterator[tuple[str, Change]]:
    """Negates a truth value, adds one to a number, and adds a letter to a text."""
    value = node.value
    if isinstance(value, bool):
        yield f"{value} becomes {not value}", put(not value)
    elif isinstance(value, int):
        yield f"{value} becomes {value + 1}", put(value + 1)
    elif isinstance(value, str) and value:
        yield f"{value[:40]!r} gets a letter more", put(value + "X")


def put(value: object) -> Change:
    """A change of a constant's value."""

    def change(node: ast.AST) -> None:
        node.value = value  # type: ignore[attr-defined]

    return change


def turn(i: int) -> Change:
    """A change of the operator of a comparison."""

    def change(node: ast.AST) -> None:
        assert isinstance(node, ast.Compare)
        node.ops[i] = TURNED[type(node.ops[i])]()

    return change


def swap(node: ast.AST) -> None:
    """Makes `or` of `and`, and the other way round."""
    assert isinstance(node, ast.BoolOp)
    node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()


def negate(node: ast.AST) -> None:
    """Negates the condition of a statement or an expression."""
    assert isinstance(node, ast.If | ast.IfExp | ast.While)
    node.test = ast.UnaryOp(ast.Not(), copy.deepcopy(node.test))


def drop_condition(i: int) -> Change:
    """A change that takes a condition out of a comprehension."""

    def change(node: ast.AST) -> None:
        assert isinstance(node, ast.comprehension)
        del node.ifs[i]

    return change


def drop_entry(i: int) -> Change:
    """A change that takes an entry out of a dictionary."""

    def change(node: ast.AST) -> None:
        assert isinstance(node, ast.Dict)
        del node.keys[i], node.values[i]

    return change


def drop_keyword(i: int) -> Change:
    """A change that takes a named argument out of a call."""

    def change(node: ast.AST) -> None:
        assert isinstance(node, ast.Call)
        del node.keywords[i]

    return change


def nothing(node: ast.AST) -> None:
    """Replaces a statement by one that does nothing. Statements that are a call or a `yield` are among them."""
    if isinstance(node, ast.Expr):
        node.value = ast.Constant(None)
    else:
        node.__class__ = ast.Pass


CHANGES: Final[dict[Any, Callable[[Any], Iterable[tuple[str, Change]]]]] = {
    ast.Compare: compare_changes,
    ast.comprehension: condition_changes,
    ast.Constant: constant_changes,
    ast.Dict: entry_changes,
    ast.Call: keyword_changes,
    ast.BoolOp: lambda node: [(f"swaps and/or in {ast.unparse(node)}", swap)],
    (ast.If, ast.IfExp, ast.While): lambda node: [(f"negates {ast.unparse(node.test)}", negate)],
    (ast.Raise, ast.Expr): lambda node: [(f"does without {ast.unparse(node)[:60]}", nothing)],
}
