"""Limits of the machine's kernel that several kubelets reach: raised when they are lower, never lowered."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

INOTIFY = Path("/proc/sys/fs/inotify")
# Every kubelet, containerd and database watches files; Debian lets root have 128 such watchers in all.
WANTED = {"max_user_instances": 512, "max_user_watches": 65536}


def found(inotify: Path = INOTIFY) -> dict[str, int]:
    """Each limit as it is now; `inotify` is the folder in which the kernel shows them."""
    return {name: int((inotify / name).read_text()) for name in WANTED}


def ensure(say: Callable[[str], None], inotify: Path = INOTIFY) -> None:
    """Raise what is too low, and say what was set; where that is not allowed, say how to do it on the host."""
    for name, have in found(inotify).items():
        if have < WANTED[name]:
            try:
                (inotify / name).write_text(str(WANTED[name]))
                say(f"fs.inotify.{name} raised from {have} to {WANTED[name]}, until this machine restarts")
            except OSError:
                say(
                    f"fs.inotify.{name} is {have} and cannot be raised from here; where several nodes run out of it, "
                    f"`sysctl -w fs.inotify.{name}={WANTED[name]}` on the host"
                )
