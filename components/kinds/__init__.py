"""The registry of the kinds of workload.

Each kind is a folder beside this file, with a `KIND` that meets the contract in `contract.py`. A new kind is such a
folder, and its name in `FOLDERS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final

from .contract import Kind

FOLDERS: Final = (
    "kubia",
    "nginx",
    "mysql",
    "mysql57",
    "cloud_sql",
    "stateful",
)

KINDS: Final[tuple[Kind[Any], ...]] = tuple(import_module(f"{__name__}.{folder}").KIND for folder in FOLDERS)


def by_word() -> Mapping[str, Mapping[str, Kind[Any]]]:
    """The kinds by the word that `kind` has in a stack file, and within a word by their `engine`.

    A workload that names no engine is of the word's first one.
    """
    words: dict[str, dict[str, Kind[Any]]] = {}
    for kind in KINDS:
        words.setdefault(kind.word, {})[kind.engine] = kind
    return words


WORDS: Final = by_word()


def kind_of(workload: Any) -> Kind[Any]:
    """The kind of a workload, found by the class of its model."""
    return next(kind for kind in KINDS if type(workload) is kind.spec)
