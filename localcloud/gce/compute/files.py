"""The bytes of disks and snapshots: sparse files."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from localcloud.gce.http.errors import ApiError, not_implemented


def make(path: Path, size_gb: int) -> None:
    """An empty file of that size which takes no room yet."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        _stretch(descriptor, size_gb)
        os.fsync(descriptor)
    except ApiError:
        path.unlink()
        raise
    finally:
        os.close(descriptor)


def copy(source: Path, target: Path) -> None:
    """A copy that shares blocks where the file system can, and has the same holes where it cannot."""
    done = subprocess.run(
        ["cp", "--reflink=auto", "--sparse=always", "--", str(source), str(target)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        target.unlink(missing_ok=True)
        raise ApiError("invalid", f"cannot copy {source.name}: {done.stderr.strip()}")


def grow(path: Path, size_gb: int) -> None:
    """More room at the end."""
    _stretch(path, size_gb)


def _stretch(file: Path | int, size_gb: int) -> None:
    try:
        os.truncate(file, size_gb << 30)
    except OSError as error:  # ext4 ends at 16 TiB
        raise not_implemented(f"files of {size_gb} GB on this machine ({error.strerror})") from None


def used(path: Path) -> int:
    """Bytes that it takes on this machine's disk."""
    return path.stat().st_blocks * 512
