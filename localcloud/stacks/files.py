"""The stack file that Pulumi is given: the tracked one's copy, with the secrets that were made on this machine.

`make up` needs passwords, and Pulumi keeps them, encrypted, in the file of the stack, with the salt of the passphrase.
The tracked `Pulumi.<stack>.yaml` is only ever read, so that a checkout stays as it was committed. The copy lies with
the cluster's state and is written anew, from the tracked file as it is then, whenever Pulumi is run.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from localcloud.host import atomic
from localcloud.host.errors import LocalCloudError
from localcloud.host.paths import Checkout

SALT = "encryptionsalt"


def document(file: Path) -> dict[str, Any]:
    """A stack file's content; empty where there is no file, or nothing in it."""
    found = yaml.safe_load(file.read_text()) if file.exists() else None
    return found if isinstance(found, dict) else {}


def config(file: Path) -> dict[str, Any]:
    """The `config` of a stack file, in which a file that Pulumi never touched may have nothing."""
    found = document(file).get("config")
    return found if isinstance(found, dict) else {}


def is_secret(value: Any) -> bool:
    """Whether a value of a stack's config is encrypted as a whole."""
    return isinstance(value, dict) and set(value) == {"secure"}


def holds_secrets(value: Any) -> bool:
    """Whether anything in a part of a stack file, however deep, is encrypted."""
    if isinstance(value, dict):
        return is_secret(value) or any(map(holds_secrets, value.values()))
    return isinstance(value, list) and any(map(holds_secrets, value))


def salt_of_own_secrets(tracked: Path) -> str:
    """The salt that a tracked file's own secrets are encrypted with; empty where it holds none.

    A salt alone is not needed: it is left over from a stack whose secrets are gone.
    """
    return str(document(tracked).get(SALT, "")) if holds_secrets(config(tracked)) else ""


def write(tracked: Path, copy: Path, salt: str, changes: Mapping[str, Any], *, own: bool) -> None:
    """Write the copy of a tracked stack file.

    `salt`: that of the stack's passphrase. `changes`: config keys that the copy has besides, or with another value.
    `own`: whether the tracked file's secrets are this passphrase's; if not, nobody could read them here and they are
    left out. Secrets that the copy has of before, with the same salt, stay where the tracked file has none.
    """
    before = document(copy)
    made = {key: value for key, value in config(copy).items() if is_secret(value)} if before.get(SALT) == salt else {}
    taken = {key: value for key, value in config(tracked).items() if own or not holds_secrets(value)}
    text = yaml.safe_dump({SALT: salt, "config": {**made, **taken, **changes}}, sort_keys=False)
    if not copy.exists() or copy.read_text() != text:
        atomic.write(copy, text, atomic.SECRET)


def require(checkout: Checkout, name: str) -> Path:
    """The tracked file of a stack, or an error that names the stacks there are."""
    file = checkout.stack_file(name)
    if not file.exists():
        raise LocalCloudError(f"no {file.name} here; stacks: {', '.join(checkout.stacks())}")
    return file
