"""The token that every call to the stand-in carries: made on this machine, in a file that its owner alone reads."""

from __future__ import annotations

import os
import re
from pathlib import Path

from localcloud.host import atomic

TOKEN = re.compile(r"[A-Za-z0-9_-]{32,}")
"""What a token looks like; a shorter text is the rest of something that broke off."""


class TokenError(Exception):
    """The reason, in one line, why there is no token that can be relied on."""


def read(file: Path) -> str:
    """The token in a file; raises TokenError, also when others could have read it, for then it keeps nobody out."""
    try:
        with file.open() as opened:
            status = os.fstat(opened.fileno())
            text = opened.read().strip()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise TokenError(f"the stand-in's token in {file} cannot be read: {reason}; `make up` makes it") from None
    if status.st_mode & 0o077 or status.st_uid not in (0, os.geteuid()):
        raise TokenError(f"the stand-in's token in {file} is open to others than its owner; `make up` makes another")
    if not TOKEN.fullmatch(text):
        raise TokenError(f"the stand-in's token in {file} is empty or no token; `make up` makes another")
    return text


def sound(file: Path) -> bool:
    """Whether a file has a token that can be relied on."""
    try:
        read(file)
    except TokenError:
        return False
    return True


def ensure(file: Path) -> bool:
    """Make a token unless the file has one that can be relied on; returns whether one was made."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    file.parent.chmod(0o700)
    if sound(file):
        return False
    import secrets  # this is slow, and seldom needed

    atomic.write(file, secrets.token_urlsafe(32) + "\n", atomic.SECRET)
    return True
