"""Passwords of the stacks that come up here: whoever tries a stack has none yet, so each missing one is made."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path

from localcloud.host import atomic
from localcloud.host.layout import State
from localcloud.host.progress import Progress
from localcloud.stacks import pulumi

LIST = "made-passwords.json"


def make(state: State, name: str, progress: Progress, file: Path | None = None) -> None:
    """Give every workload of a stack the passwords that its file has not.

    `file` is the stack's file when it is not `Pulumi.<name>.yaml`. The stack must exist: its passphrase encrypts them.
    """
    place = file or pulumi.stack_file(name)
    missing = pulumi.described(place).missing_secrets
    if not missing:
        return
    _note(state, place, missing)
    where = ["--config-file", str(file)] if file else []
    for key in missing:
        # On standard input: a command line is for everybody to read.
        pulumi.pulumi(state, "config", "set", "--stack", name, *where, "--secret", key, stdin=new())
    progress.say(f"made {len(missing)} passwords; they are in {place.name}, encrypted")


def new() -> str:
    """A password: 24 random bytes in 32 characters, the most that MySQL takes of a replica."""
    return secrets.token_urlsafe(24)


def made(state: State) -> dict[str, list[str]]:
    """The config keys of the passwords that were made here, by the file they are in."""
    place = state.root / LIST
    found: dict[str, list[str]] = json.loads(place.read_text()) if place.exists() else {}
    return found


def forget(keys_of: Mapping[str, list[str]]) -> None:
    """Take passwords out of their files: what they opened is gone, and the passphrase that encrypts them."""
    for place, keys in keys_of.items():
        file = Path(place)
        if file.exists():
            text = file.read_text()
            for key in keys:
                entry = rf"""^( +)["']?{re.escape(key)}["']?: *\n\1 +secure: .*\n"""
                text = re.sub(entry, "", text, flags=re.MULTILINE)
            atomic.write(file, text if pulumi.holds_secrets(text) else pulumi.without_salt(text))


def _note(state: State, file: Path, keys: Sequence[str]) -> None:
    noted = made(state)
    noted[str(file)] = sorted({*noted.get(str(file), []), *keys})
    atomic.write(state.root / LIST, json.dumps(noted, indent=2))
