"""Files that hold the bytes of disks and snapshots, and take room only where something was written."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from localcloud.gce.http.errors import ApiError, not_implemented


def make(path: Path, size_gb: int) -> None:
    """Make an empty file of that size, which takes no room yet; raises ApiError where files cannot be so large."""
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
    """Copy a file: blocks are shared where the file system can, and holes stay holes where it cannot.

    Raises ApiError where there is no room, and leaves nothing then.
    """
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
    """Give a file more room at its end; raises ApiError where files cannot be so large."""
    _stretch(path, size_gb)


def _stretch(file: Path | int, size_gb: int) -> None:
    try:
        os.truncate(file, size_gb << 30)
    except OSError as error:  # files of ext4 end at 16 TiB
        raise not_implemented(f"files of {size_gb} GB on this machine ({error.strerror})") from None


def used(path: Path) -> int:
    """The number of bytes that a file takes on this machine's disk."""
    return path.stat().st_blocks * 512
