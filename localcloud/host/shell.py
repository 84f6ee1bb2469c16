"""Short-lived commands: run, or fail with the command and what it said."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence

from localcloud.host.errors import LocalCloudError


def run(
    command: Sequence[str],
    *,
    stdin: str | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float = 120,
) -> str:
    """Run a command and return its standard output; `LocalCloudError` when it fails or takes over `timeout` seconds."""
    try:
        done = subprocess.run(
            list(command), input=stdin, env=env, text=True, capture_output=True, timeout=timeout, check=False
        )
    except FileNotFoundError:
        raise LocalCloudError(f"`{command[0]}` is not on this machine") from None
    except subprocess.TimeoutExpired:
        raise LocalCloudError(f"`{' '.join(command)}` did not end within {timeout:.0f} s") from None
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise LocalCloudError(f"`{' '.join(command)}` failed: {said[-1] if said else f'exit {done.returncode}'}")
    return done.stdout


def succeeds(command: Sequence[str]) -> bool:
    """Whether a command is on this machine and exits with 0."""
    try:
        return subprocess.run(list(command), capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False
