"""The lines that say what is wrong with a stack file: the path, the value, the allowed form and the fix."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

Path = tuple[str | int, ...]
Finding = tuple[Path, str]
"""Something that is wrong: its path below a workload, and the message."""
WORKLOADS: Final = "statefulsets:workloads"
TARGET: Final = "statefulsets:target"
REFUSED: Final = "refused"
"""Type of a model's own error whose message is complete, so that the value is not put before it."""


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong, and how to mend it."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


class ConfigError(Exception):
    """The refusal of a stack file, with all that is wrong with it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


def placed(root: Path, findings: Iterable[Finding]) -> Iterator[Problem]:
    """Findings below a workload as problems with their whole path."""
    for path, message in findings:
        yield Problem(dotted((*root, *path)), message)


def dotted(path: Sequence[str | int]) -> str:
    """A path as text: `statefulsets:workloads.kubia.volumes[0]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif part and all(c.isascii() and (c.isalnum() or c in "-_:") for c in part):
            text += f".{part}" if text else part
        else:
            text += f"[{shown(part)}]"
    return text


def shown(value: Any) -> str:
    """The value as JSON, cut where it is long."""
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def choices(words: Iterable[str]) -> str:
    """The words as a list such as `a, b or c`."""
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last


def nearest(word: str, known: Iterable[str]) -> str:
    """The hint `; did you mean x?` where a known word is close, and otherwise nothing."""
    by_fold = {candidate.lower().replace("-", "").replace("_", ""): candidate for candidate in known}
    folded = word.lower().replace("-", "").replace("_", "")
    close = difflib.get_close_matches(folded, by_fold, n=1, cutoff=0.6)
    return f"; did you mean {by_fold[close[0]]}?" if close else ""


KUBERNETES_KEYS: Final = {
    "reclaimPolicy": "durability: keep (Retain) or durability: discard",
    "persistentVolumeReclaimPolicy": "durability: keep (Retain) or durability: discard",
    "persistentVolumeClaimRetentionPolicy": "durability: keep (Retain) or durability: discard (Delete)",
    "volumeClaimTemplates": "storage.claimSize; the claim template's name belongs to the kind",
    "serviceName": "nothing: the governing Service is named as the workload",
    "gracePeriod": "terminationGracePeriodSeconds",
    "namespace": "namespace in statefulsets:target; claims and volumes follow it",
    "storageClassName": "storage: {kind: dynamic, className: ...}",
}
"""Keys that people know from manifests -> what to write here instead."""


def unknown_key(path: Path, model: type[BaseModel], *, by_name: bool = False) -> str:
    """The message for an unknown key, with the nearest known one; never with the value, which may be a password."""
    key = str(path[-1])
    if key in KUBERNETES_KEYS:
        return f"unknown key; write {KUBERNETES_KEYS[key]}"
    fields = owners_of(model, path[:-1])[0].model_fields
    known = [name if by_name else field.alias or name for name, field in fields.items()]
    hint = nearest(key, known)
    return f"unknown key{hint}" if hint else f"unknown key; the known ones are {', '.join(sorted(known))}"


def owners_of(model: type[BaseModel], path: Path) -> list[type[BaseModel]]:
    """The models that a path leads to: several where a union's members are not told apart.

    The path has the tags of unions where pydantic puts them.
    """
    here: list[type[BaseModel]] = [model]
    for part in path:
        tagged = [m for m in here if _tag(m) == part]
        if tagged:
            here = tagged
        elif isinstance(part, str):
            fields = [f for m in here for n, f in m.model_fields.items() if part in (f.alias, n)]
            here = [m for field in fields for m in _models_in(field.annotation)] or here
    return here


def as_in_a_file(path: Path, model: type[BaseModel]) -> Path:
    """A path with the stack file's names in place of Python's."""
    return tuple(_in_a_file(part, owners_of(model, path[:depth])) for depth, part in enumerate(path))


def _in_a_file(part: str | int, owners: Sequence[type[BaseModel]]) -> str | int:
    fields = (owner.model_fields.get(str(part)) for owner in owners)
    return next((field.alias or part for field in fields if field is not None), part)


def _tag(model: type[BaseModel]) -> str | None:
    kind = model.model_fields.get("kind")
    return None if kind is None else str(kind.default)


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in _models_in(argument)]


Words = Callable[[Mapping[str, Any]], str]

SAYINGS: Final[Mapping[str, Words]] = {
    "value_error": lambda c: str(c["error"]),
    "literal_error": lambda c: f"not allowed; write {str(c['expected']).replace(chr(39), '')}",
    "int_type": lambda _: "not a whole number; write one without quotes",
    "bool_type": lambda _: "neither true nor false; write one of them without quotes",
    "string_type": lambda _: "not a text; write it in quotes",
    "string_too_short": lambda c: (
        "empty; write a text or leave the key out"
        if c["min_length"] == 1
        else f"too short; write at least {c['min_length']} characters"
    ),
    "string_too_long": lambda c: f"too long; write at most {c['max_length']} characters",
    "tuple_type": lambda _: "not a list; write one item a line, each after a dash",
    "dict_type": lambda _: "not a map; write its keys below it, indented",
    "too_short": lambda c: f"too few items; list at least {c['min_length']}",
    "too_long": lambda c: f"too many items; list at most {c['max_length']}",
    "model_type": lambda _: "not a map; write its keys below it, indented",
    "greater_than_equal": lambda c: f"too small; write {c['ge']} or more",
    "less_than_equal": lambda c: f"too large; write {c['le']} or less",
}
"""pydantic's type of error -> what is said after the value and "is"."""


def problem_of(error: ErrorDetails, root: Path, model: type[BaseModel], *, by_name: bool = False) -> Problem:
    """A pydantic error as a problem in this program's words. `by_name`: the model was given Python's names."""
    path, kind, context = error["loc"], error["type"], error.get("ctx", {})
    where = dotted((*root, *without_tags(as_in_a_file(path, model) if by_name else path)))
    if kind == "extra_forbidden":
        return Problem(where, unknown_key(path, model, by_name=by_name))
    if kind == "missing":
        return Problem(where, "missing; add it")
    if kind == "union_tag_not_found":
        return Problem(f"{where}.kind", "missing; say which kind it is")
    if kind == "union_tag_invalid":
        known = [tag.strip("'") for tag in str(context["expected_tags"]).split(", ")]
        return Problem(f"{where}.kind", no_such_kind(context["tag"], known))
    if kind == REFUSED:
        return Problem(where, error["msg"])
    value = error.get("input")
    if kind == "too_long" and isinstance(value, str):
        kind = "string_too_long"
    scalar = value is None or isinstance(value, str | int | float)
    said = SAYINGS[kind](context) if kind in SAYINGS else error["msg"].lower()
    return Problem(where, f"{shown(value)} is {said}" if scalar else said)


def no_such_kind(kind: Any, known: Sequence[str]) -> str:
    """The message for an unknown kind, with all kinds and the nearest one."""
    return f"{shown(kind)} is no kind there is; write {choices(known)}{nearest(str(kind), known)}"


def without_tags(path: Path) -> Path:
    """The path as a stack file has it: pydantic puts a union's tag after `storage`, and `[key]` after a key."""
    return tuple(part for i, part in enumerate(path) if part != "[key]" and (i == 0 or path[i - 1] != "storage"))


def told_apart(errors: Sequence[ErrorDetails]) -> list[ErrorDetails]:
    """The errors without "too few items" for lists with wrong items: pydantic counts the right ones only."""
    inside = {error["loc"][:depth] for error in errors for depth in range(len(error["loc"]))}
    return [error for error in errors if error["type"] != "too_short" or error["loc"] not in inside]
