"""Stacks on a cluster that their own file names, such as GKE: plain Pulumi, the user's login, backend and kubeconfig.

Only the programs come from here. What such a stack needs from Google is asked for before Pulumi starts, because the
engine would otherwise say it once per resource, minutes later.
"""

from __future__ import annotations

import os
from pathlib import Path

from localcloud.host.errors import LocalCloudError
from localcloud.host.paths import CONTEXT, Checkout
from localcloud.host.progress import Progress
from localcloud.stacks import files
from localcloud.stacks.pulumi import described, foreground
from localcloud.toolchain import TOOLS, install


def is_remote(checkout: Checkout, stack: str) -> bool:
    """Whether a stack's file names a cluster other than the local one."""
    return described(files.require(checkout, stack)).context != CONTEXT


def operate(checkout: Checkout, stack: str, operation: str, yes: bool, progress: Progress) -> None:
    """`pulumi up`, `preview` or `destroy` of a remote stack; Pulumi itself asks before it changes anything."""
    if needs_google(checkout, stack) and not has_google():
        raise LocalCloudError(
            f"Pulumi.{stack}.yaml needs Google Cloud and no credentials were found; run "
            "`gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS to a key file; "
            f"`make up STACK={stack} CLOUD=standin` tries it on this machine, without Google"
        )
    wanted = [tool for tool in TOOLS if tool.name in ("pulumi", "pulumi-language-python")]
    programs = install.programs(checkout.cache, progress, wanted)
    folders = dict.fromkeys(str(path.parent) for path in programs.values())
    variables = {"PATH": ":".join([*folders, os.environ.get("PATH", os.defpath)])}
    flags = ["--yes"] if yes and operation != "preview" else []
    code = foreground([str(programs["pulumi"]), operation, *flags, "--stack", stack], variables, checkout.root)
    if code != 0:
        raise LocalCloudError(f"`pulumi {operation}` of stack {stack} failed (exit {code}); the reason is above")


def needs_google(checkout: Checkout, stack: str) -> bool:
    """Whether any workload of the stack file lies on a Google service."""
    return bool(described(checkout.stack_file(stack)).google)


def has_google() -> bool:
    """Whether application default credentials can be found, in the order in which Google's libraries look."""
    if any(os.environ.get(name) for name in ("GOOGLE_CREDENTIALS", "GOOGLE_OAUTH_ACCESS_TOKEN")):
        return True
    key = os.environ.get("GOOGLE_APPLICATION_CREDENTIALS")
    if key:
        return Path(key).is_file()
    folder = os.environ.get("CLOUDSDK_CONFIG") or Path.home() / ".config" / "gcloud"
    return (Path(folder) / "application_default_credentials.json").is_file()
