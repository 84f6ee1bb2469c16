"""Disks of their own size under a member's claim: so that one can be full without the machine's being full."""

from __future__ import annotations

import errno
import os
import subprocess
from contextlib import suppress
from pathlib import Path

from localcloud.node import node
from tools.project import Project

SIZE = 2 << 30
VOLUMES = "/var/lib/statefulsets/volumes"


def inside(project: Project, *command: str, stdin: str = "") -> str:
    """A command in the node: its mounts, its network, its processes."""
    pid = node.init_pid(project.state, project.state.slot.node(0))
    target = ["nsenter", f"--target={pid}", "--mount", "--net", "--pid", "--"]
    done = subprocess.run([*target, *command], input=stdin, capture_output=True, text=True)
    assert done.returncode == 0, f"{command} on the node: {done.stderr}"
    return done.stdout


def seen_from_here(project: Project, volume: str) -> Path:
    """A volume's directory as the node has it, mounts included."""
    return Path(f"/proc/{node.init_pid(project.state, project.state.slot.node(0))}/root{VOLUMES}/{volume}")


def small(project: Project, volume: str) -> None:
    """An empty file system of 2 GiB in the place of an unused volume. It is gone with the node's power."""
    image = project.state.root / f"{volume}.ext4"
    with image.open("wb") as file:
        file.truncate(SIZE)
    subprocess.run(["mkfs.ext4", "-q", "-F", "-m", "0", "-E", "lazy_itable_init=1", str(image)], check=True)
    inside(project, "mount", "-o", "loop", str(image), f"{VOLUMES}/{volume}")


def plain(project: Project, volume: str) -> None:
    """Puts back the directory that was there before."""
    inside(project, "umount", f"{VOLUMES}/{volume}")
    (project.state.root / f"{volume}.ext4").unlink()


def fill(project: Project, volume: str) -> None:
    """Takes the volume's last block."""
    size = 64 << 20
    with (seen_from_here(project, volume) / "filler").open("wb") as file:
        while size >= 4096:
            try:
                os.posix_fallocate(file.fileno(), file.tell(), size)
                file.seek(size, os.SEEK_CUR)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
                size //= 2


def free(project: Project, volume: str) -> None:
    """Gives the volume its room back."""
    with suppress(FileNotFoundError):
        (seen_from_here(project, volume) / "filler").unlink()
