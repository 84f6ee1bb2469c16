"""Passwords of the stacks that come up here: whoever tries a stack has none yet, so each missing one is made."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from localcloud import atomic, stack
from localcloud.layout import State
from localcloud.progress import Progress

KINDS = ("mysql", "cloud-sql")
ACCOUNTS = ("root", "replication", "clone", "monitor", "application")
LIST = "made-passwords.json"


def make(state: State, name: str, progress: Progress, file: Path | None = None) -> None:
    """Give every MySQL of a stack the passwords that its file has not; quick when there is none to make.

    `file` is the stack's file when it is not `Pulumi.<name>.yaml`. The stack must exist: its passphrase encrypts them.
    """
    place = file or stack.stack_file(name)
    if not any(kind in place.read_text() for kind in KINDS):
        return
    config = stack.config(place)
    missing = [key for key in wanted(config) if key not in config]
    if not missing:
        return
    _note(state, place, missing)
    where = ["--config-file", str(file)] if file else []
    for key in missing:
        # On standard input: a command line is for everybody to read.
        stack.pulumi(state, "config", "set", "--stack", name, *where, "--secret", key, stdin=new())
    progress.say(f"made {len(missing)} passwords for MySQL; they are in {place.name}, encrypted")


def new() -> str:
    """A password: 24 random bytes in 32 characters, the most that MySQL takes of a replica."""
    return secrets.token_urlsafe(24)


def wanted(config: Mapping[str, Any]) -> Iterator[str]:
    """The config keys of the passwords that a stack's `mysql` and `cloud-sql` workloads name."""
    workloads = config.get(f"{stack.PROJECT}:workloads")
    for workload in workloads.values() if isinstance(workloads, dict) else ():
        if isinstance(workload, dict) and workload.get("kind") == "mysql":
            named = workload.get("passwordKeys")
            keys = named if isinstance(named, dict) else {}
            of_engine = {"clone": "backup"} if workload.get("engine") == "xtrabackup" else {}
            for account in (of_engine.get(each, each) for each in ACCOUNTS):
                yield f"{stack.PROJECT}:{keys.get(account, f'mysql{account.capitalize()}Password')}"
        elif isinstance(workload, dict) and workload.get("kind") == "cloud-sql":
            yield from (f"{stack.PROJECT}:{user['passwordKey']}" for user in workload.get("users") or ())


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
            atomic.write(file, text if stack.holds_secrets(text) else stack.without_salt(text))


def _note(state: State, file: Path, keys: list[str]) -> None:
    noted = made(state)
    noted[str(file)] = sorted({*noted.get(str(file), []), *keys})
    atomic.write(state.root / LIST, json.dumps(noted, indent=2))
