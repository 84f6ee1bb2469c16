"""Files that are whole at any time: written aside, and then put in their place."""

from __future__ import annotations

import os
from pathlib import Path

SECRET = 0o600


def write(file: Path, text: str, mode: int = 0o666) -> None:
    """Replace a file's content: whoever reads it, now or after a crash, finds what was there or all of `text`.

    `mode` is the file's from its first moment on, less what the umask takes, whatever was there before; `SECRET` is
    for its owner only. The folder must be there. Two writers of one file must take turns.
    """
    aside = file.with_name(f"{file.name}.new")
    aside.unlink(missing_ok=True)  # of a write that broke off: its mode may be another, and somebody may have it open
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as new:
        new.write(text)
        new.flush()
        os.fsync(new.fileno())  # otherwise a power cut may keep the new name and lose what it names
    aside.replace(file)
