"""Passwords that an earlier version wrote into tracked stack files: taken over into the copies, and out of the files.

It noted the config keys in `made-passwords.json`, by file. Once they are in a copy, or what they opened is erased, the
tracked file becomes again what it was before, and the note goes.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from localcloud.cluster.lifecycle import ELSEWHERE
from localcloud.host import atomic
from localcloud.host.errors import LocalCloudError
from localcloud.host.paths import State
from localcloud.stacks import files

NOTE = "made-passwords.json"


def noted(state: State, tracked: Path) -> list[str]:
    """The config keys of passwords that were made for a tracked file."""
    return _read(state).get(str(tracked), [])


def refuse_if_lost(state: State, tracked: Path, copy: Path) -> None:
    """Raise where passwords were made and are neither in the tracked file nor in its copy: new ones would lock out
    whatever takes a password at its first start only."""
    keys = noted(state, tracked)
    lost = [key for key in keys if key not in files.config(tracked) and key not in files.config(copy)]
    if lost:
        raise LocalCloudError(
            f"{tracked.name} held passwords that `make up` made ({', '.join(lost)}), and they are gone; put"
            f" them back (`git stash pop`, or your backup) and run `make up` once: it keeps them in {copy} then."
            f" To have new ones made, remove {state.root / NOTE}"
        )


def complete(state: State, tracked: Path) -> None:
    """Take the noted passwords out of a tracked file, now that the copy has them or what they opened is gone.

    They stay while this checkout has stacks on clusters of other people, which were given the same passwords.
    """
    note = _read(state)
    keys = note.pop(str(tracked), [])
    if not keys or (state.root / ELSEWHERE).exists():
        return
    if tracked.exists():
        text = tracked.read_text()
        for key in keys:
            text = re.sub(rf"""^( +)["']?{re.escape(key)}["']?: *\n\1 +secure: .*\n""", "", text, flags=re.MULTILINE)
        if not re.search(r"""\bsecure["']?\s*:\s*["']?v1:""", text):
            text = re.sub(rf"^{files.SALT}:.*\n?", "", text, flags=re.MULTILINE)
        atomic.write(tracked, text)
    if note:
        atomic.write(state.root / NOTE, json.dumps(note, indent=2))
    else:
        (state.root / NOTE).unlink()


def complete_all(state: State) -> None:
    """The same with every noted file: what the passwords opened is about to be erased."""
    for tracked in list(_read(state)):
        complete(state, Path(tracked))


def _read(state: State) -> dict[str, list[str]]:
    place = state.root / NOTE
    found: dict[str, list[str]] = json.loads(place.read_text()) if place.exists() else {}
    return found
