"""Compares a structure with a file that is checked in, so that a change of what users get is seen in review.

`UPDATE_GOLDEN=1 pytest ...` writes the files; under CI nothing is ever written. A missing file is an error.
"""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import Any

import yaml

from tests.support.wire import masked


class _Dumper(yaml.SafeDumper):
    """Writes equal parts of a document out in full, because a YAML anchor says nothing to a reader of a diff."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _block(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _block)


def assert_golden(path: Path, actual: Any) -> None:
    """Fails with a diff, and the command that updates the file, unless it holds `actual` with its secrets masked."""
    text = as_yaml(actual)
    if os.environ.get("UPDATE_GOLDEN") and not os.environ.get("CI"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return
    before = path.read_text() if path.exists() else ""
    if before == text:
        return
    diff = difflib.unified_diff(
        before.splitlines(), text.splitlines(), f"{path.name} (checked in)", f"{path.name} (now)", lineterm=""
    )
    remedy = "If this is what users should get: UPDATE_GOLDEN=1 and commit the file."
    raise AssertionError("\n".join([f"{path} differs.", remedy, *diff]))


def as_yaml(value: Any) -> str:
    """The structure as YAML in the one form that golden files have: sorted keys, no anchors, one item a line."""
    return yaml.dump(masked(value), Dumper=_Dumper, sort_keys=True, width=110, allow_unicode=True)
