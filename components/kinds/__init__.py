"""The kinds of workload, one folder each. A new one is a folder with a `KIND` (see `contract`) and a line here."""

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
    """Word -> engine -> kind; the first engine of a word is meant where a workload names none."""
    words: dict[str, dict[str, Kind[Any]]] = {}
    for kind in KINDS:
        words.setdefault(kind.word, {})[kind.engine] = kind
    return words


WORDS: Final = by_word()


def kind_of(workload: Any) -> Kind[Any]:
    """The kind whose model a workload is."""
    return next(kind for kind in KINDS if type(workload) is kind.spec)
