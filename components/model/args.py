"""Checks a component's arguments by the rules of the stack file.

A program gives plain values as arguments, and Outputs where a value comes from another resource. Plain values are
checked before anything is registered. An Output is checked as soon as its value is known, together with all the rest;
until then a value that is surely allowed stands in for it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Generic, TypeVar

import pulumi
from pydantic import Field

from ..kubernetes.inputs import is_late
from .base import Label, Model
from .errors import Finding, Path, Problem, as_in_a_file, dotted, placed, shown
from .parse import parse

S = TypeVar("S", bound=Model)
Rules = Callable[[str, S], Iterable[Finding]]
Late = Mapping[tuple[str, ...], Any]
"""Fields that may be Outputs, by their names in Python (`*` is any item), with the value that stands in for each."""
ANY: Final = "*"


class Place(Model):
    """Where the objects of a component go. A stack file says it once for all workloads, in its target."""

    namespace: Label = "default"
    """Namespace of every namespaced object. It must exist."""
    project: Annotated[str, Field(min_length=1)] | None = None
    """Google project of the disks. It is needed only where there are any."""


@dataclass(frozen=True, kw_only=True)
class Checked(Generic[S]):
    """Arguments that were found to be sound."""

    spec: S
    namespace: pulumi.Input[str]
    project: str | None
    late: Mapping[Path, pulumi.Output[Any]] = field(default_factory=dict)

    def get(self, *path: str | int) -> Any:
        """The value of a field that may be an Output: that Output, or else the model's plain value."""
        if path in self.late:
            return self.late[path]
        found: Any = self.spec
        for step in path:
            found = found[step] if isinstance(step, int) or isinstance(found, Mapping) else getattr(found, step)
        return found


def settle(
    name: str,
    model: type[S],
    args: Mapping[str, Any],
    *,
    rules: Rules[S] | None = None,
    late: Late | None = None,
    found: Iterable[Finding] = (),
) -> Checked[S]:
    """Checks the arguments of the component `name` and returns them as a model.

    Raises pulumi.RunError with a line for everything that is wrong. `rules` checks what the fields must agree on.
    `late` has the fields that may be Outputs besides the namespace. `found` is what the caller knows to be wrong.
    """
    walk = _Walk(name, model, {("namespace",): "default", **(late or {})})
    known = walk.plain(args, ())
    place, spec, problems = _checked(name, model, known, rules)
    problems += [*walk.problems, *placed((name,), found)]
    if problems or place is None or spec is None:
        raise refusal(problems)
    outputs = {
        path: pulumi.Output.from_input(value).apply(_once_known(name, model, known, rules, path))
        for path, value in walk.late.items()
    }
    namespace = outputs.pop(("namespace",), None)
    return Checked(spec=spec, namespace=namespace or place.namespace, project=place.project, late=outputs)


def refusal(problems: Iterable[Problem]) -> pulumi.RunError:
    """The error that tells all that is wrong, each thing once."""
    return pulumi.RunError("\n".join(map(str, sorted(set(problems)))))


class _Walk:
    """Goes through arguments: plain values come back, Outputs are set aside, and anything else is a problem."""

    def __init__(self, name: str, model: type[Model], allowed: Late) -> None:
        self.name, self.model, self.allowed = name, model, allowed
        self.late: dict[Path, Any] = {}
        self.problems: list[Problem] = []

    def plain(self, value: Any, path: Path) -> Any:
        """The plain values at `path` and below. None is left out, as if it had not been written."""
        if is_late(value):
            return self._stand_in(value, path)
        if isinstance(value, Mapping):
            inside = {str(key): self.plain(item, (*path, str(key))) for key, item in value.items() if item is not None}
            return {key: item for key, item in inside.items() if item is not None}
        if isinstance(value, Sequence) and not isinstance(value, str | bytes):
            return [self.plain(item, (*path, position)) for position, item in enumerate(value)]
        if isinstance(value, float) and value.is_integer():
            return int(value)  # Pulumi's engine has one kind of number
        if isinstance(value, str | int | float):
            return value
        self._wrong(
            path, f"of type {type(value).__name__}, which is none of text, number, list and map; write one of them"
        )
        return None

    def _stand_in(self, value: Any, path: Path) -> Any:
        for pattern, stand_in in self.allowed.items():
            if len(pattern) == len(path) and all(step in (ANY, part) for step, part in zip(pattern, path, strict=True)):
                self.late[path] = value
                return stand_in
        self._wrong(path, "an Output, and what it decides must be known before anything is made; write a plain value")
        return None

    def _wrong(self, path: Path, message: str) -> None:
        self.problems.append(Problem(dotted((self.name, *as_in_a_file(path, self.model))), message))


def _checked(
    name: str, model: type[S], fields: Mapping[str, Any], rules: Rules[S] | None
) -> tuple[Place | None, S | None, list[Problem]]:
    """The component's place, its model, and all that is wrong with either."""
    problems: list[Problem] = []
    own = Place.model_fields.keys() - model.model_fields.keys()
    of_place = {key: value for key, value in fields.items() if key in own}
    place = parse(Place, of_place, (name,), problems, by_name=True)
    rest = {key: value for key, value in fields.items() if key not in of_place}
    spec = parse(model, rest, (name,), problems, by_name=True)
    if spec is not None and rules is not None:
        problems += placed((name,), rules(name, spec))
    return place, spec, problems


def _once_known(
    name: str, model: type[S], known: Mapping[str, Any], rules: Rules[S] | None, path: Path
) -> Callable[[Any], Any]:
    """A function that checks the value of the Output at `path` as if it had been written there."""

    def check(value: Any) -> Any:
        fields: Any = copy.deepcopy(known)
        owner = fields
        for step in path[:-1]:
            owner = owner[step]
        owner[path[-1]] = value
        problems = _checked(name, model, fields, rules)[2]
        if value is None:
            problems.append(
                Problem(dotted((name, *as_in_a_file(path, model))), "an Output without a value; give it one")
            )
        if problems:
            # The value may be a secret.
            raise refusal(Problem(each.path, each.message.replace(shown(value), "its value")) for each in problems)
        return value

    return check
