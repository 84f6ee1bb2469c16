"""Passwords of the stacks that come up here: whoever tries a stack has none yet, so each missing one is made."""

from __future__ import annotations

import secrets

from localcloud.host.progress import Progress
from localcloud.stacks import pulumi
from localcloud.stacks.pulumi import Stack


def make(stack: Stack, progress: Progress) -> None:
    """Give every workload of a stack the passwords that its file has not, in the copy that Pulumi is given.

    The stack must be prepared: its passphrase encrypts them.
    """
    missing = pulumi.described(stack.file).missing_secrets
    for key in missing:
        pulumi.set_secret(stack, key, new())
    if missing:
        progress.say(f"made {len(missing)} passwords; they are in {stack.file}, encrypted")


def new() -> str:
    """A password: 24 random bytes in 32 characters, the most that MySQL takes of a replica."""
    return secrets.token_urlsafe(24)
