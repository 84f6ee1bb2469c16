"""Plain Pulumi against the local cluster: a file backend, a generated passphrase, plugins at hand."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import socket
import subprocess
import urllib.parse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from localcloud.host import atomic, daemons
from localcloud.host.errors import LocalCloudError
from localcloud.host.layout import ROOT, State
from localcloud.host.progress import Progress
from localcloud.toolchain.catalog import PROVIDER_VERSION

if TYPE_CHECKING:
    from components.config.describe import Description

PROJECT = "statefulsets"


def environment(state: State) -> dict[str, str]:
    """What `make env` exports: plain `pulumi` and `kubectl` then mean this checkout's cluster and nothing else."""
    return {
        "PATH": f"{state.bin}:{ROOT / '.venv' / 'bin'}:{os.environ.get('PATH', os.defpath)}",
        "KUBECONFIG": str(state.kubeconfig),
        "PULUMI_HOME": str(state.pulumi_home),
        "PULUMI_BACKEND_URL": f"file://{urllib.parse.quote(str(state.pulumi_state))}",
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(state.passphrase),
        # The local stacks need one provider, and it is installed. Otherwise the engine tries to download one for every
        # Python package in the venv, with retries, in every preview and every up.
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }


def prepare(state: State, stack: str, provider: Path, project: Path | None = None) -> None:
    """Backend, passphrase, plugin and stack; idempotent, and quick when there is nothing to do.

    `project` is where the new stack's file goes, if not to this checkout: a folder that only has the project's name.
    """
    for directory in (state.pulumi_home, state.pulumi_state):
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    make_passphrase(state)
    _link_plugin(state, provider)
    if _file(state, stack).exists():
        return
    if project is None:
        _init(state, stack)
        return
    project.mkdir(exist_ok=True)
    (project / "Pulumi.yaml").write_text(f"name: {PROJECT}\nruntime: python\n")
    pulumi(state, "--cwd", str(project), "stack", "init", stack)


def make_passphrase(state: State) -> None:
    """Generate the passphrase of this checkout's secrets, once."""
    if not state.passphrase.exists():
        atomic.write(state.passphrase, secrets.token_urlsafe(32), atomic.SECRET)


def up(state: State, stack: str, progress: Progress, file: Path | None = None) -> None:
    """`pulumi up`, its own output shown; Ctrl-C reaches it, and it ends the operation in an orderly way.

    It previews first, and changes nothing where that fails: a change that the API refuses, such as of a set that would
    be replaced, is found before the set is gone.

    `file`, here and below: the stack's file when it is not `Pulumi.<stack>.yaml`.
    """
    _operate(state, stack, progress, file, "up", "--yes")


def preview(state: State, stack: str, progress: Progress, file: Path | None = None) -> None:
    """`pulumi preview`."""
    _operate(state, stack, progress, file, "preview")


def destroy(state: State, stack: str, progress: Progress, file: Path | None = None) -> None:
    """`pulumi destroy`; what durability `keep` protects stays, and Pulumi names it."""
    if _file(state, stack).exists():
        _operate(state, stack, progress, file, "destroy", "--yes", "--skip-preview")


def _operate(state: State, stack: str, progress: Progress, file: Path | None, operation: str, *flags: str) -> None:
    _clear_dead_lock(state, stack, progress)
    # The mark lets `make down` find the language hosts that an engine leaves behind when it is killed.
    variables = {**environment(state), state.slot.mark: f"{state.root}:pulumi"}
    where = ["--config-file", str(file)] if file else []
    code = foreground([str(state.bin / "pulumi"), operation, *flags, "--stack", stack, *where], variables)
    if code != 0:
        raise LocalCloudError(f"`pulumi {operation}` of stack {stack} failed (exit {code}); the reason is above")


def pulumi(state: State, *arguments: str, stdin: str | None = None) -> str:
    """A quiet Pulumi command; returns its output. What is secret goes to its standard input."""
    done = subprocess.run(
        [str(state.bin / "pulumi"), "--non-interactive", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment(state)},
        input=stdin,
        text=True,
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        raise LocalCloudError(f"`pulumi {' '.join(arguments)}`: {done.stderr.strip()}")
    return done.stdout


def foreground(command: list[str], variables: Mapping[str, str]) -> int:
    """Run Pulumi before the user's eyes; its exit code. After Ctrl-C it is waited for: killed, it would lose track."""
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **variables})
    interrupted = False
    while True:
        try:
            code = process.wait()
            break
        except KeyboardInterrupt:  # the terminal sent it to Pulumi as well: let it finish what it started
            interrupted = True
    if interrupted:
        raise KeyboardInterrupt
    return code


def _file(state: State, stack: str) -> Path:
    return state.pulumi_state / ".pulumi" / "stacks" / PROJECT / f"{stack}.json"


def _link_plugin(state: State, provider: Path) -> None:
    directory = state.pulumi_home / "plugins" / f"resource-kubernetes-v{PROVIDER_VERSION}"
    directory.mkdir(parents=True, exist_ok=True)
    link = directory / "pulumi-resource-kubernetes"
    if not link.is_symlink() or link.readlink() != provider:
        link.unlink(missing_ok=True)
        link.symlink_to(provider)


def _init(state: State, stack: str) -> None:
    if stack not in stacks():
        raise LocalCloudError(f"no Pulumi.{stack}.yaml; stacks here: {', '.join(stacks())}")
    try:
        pulumi(state, "stack", "init", stack)
    except LocalCloudError as refusal:
        if "incorrect passphrase" not in str(refusal):
            raise
        _forget_salt(stack)
        pulumi(state, "stack", "init", stack)


def _forget_salt(stack: str) -> None:
    """Drop the salt of a passphrase that is gone, unless a secret in the stack file still needs that passphrase."""
    file = stack_file(stack)
    text = file.read_text()
    if holds_secrets(text):
        raise LocalCloudError(
            f"{file.name} holds secrets encrypted with a passphrase that is not in .localcloud/passphrase; "
            "put that passphrase there, or remove the `secure:` entries and set them again"
        )
    atomic.write(file, without_salt(text))


def holds_secrets(text: str) -> bool:
    """Whether a stack file has values encrypted with a passphrase: in a map or a list, in block or flow style."""
    return re.search(r"""\bsecure["']?\s*:\s*["']?v1:""", text) is not None


def without_salt(text: str) -> str:
    """A stack file without what Pulumi noted of its passphrase."""
    return re.sub(r"^encryptionsalt:.*\n?", "", text, flags=re.MULTILINE)


def stacks() -> list[str]:
    """Names of the stack files of this project."""
    return sorted(path.stem.removeprefix("Pulumi.") for path in ROOT.glob("Pulumi.*.yaml"))


def stack_file(name: str) -> Path:
    """Where a stack's config is."""
    return ROOT / f"Pulumi.{name}.yaml"


def described(file: Path) -> Description:
    """What a stack file names."""
    # Slow to import: what asks nothing of a stack file does not wait for it.
    from components.config.describe import NotYamlError, describe

    try:
        return describe(file)
    except NotYamlError as error:
        raise LocalCloudError(str(error)) from None


def _clear_dead_lock(state: State, stack: str, progress: Progress) -> None:
    """Remove the lock of an engine that died on this machine; one that lives keeps it, and Pulumi says so."""
    for lock in (state.pulumi_state / ".pulumi" / "locks" / "organization" / PROJECT / stack).glob("*.json"):
        with contextlib.suppress(OSError, ValueError, KeyError):
            holder = json.loads(lock.read_text())
            if holder["hostname"] == socket.gethostname() and not _is_pulumi(int(holder["pid"])):
                progress.say(f"clearing the lock of a `pulumi` that died (pid {holder['pid']})")
                lock.unlink()


def _is_pulumi(pid: int) -> bool:
    """Whether a pid is a live engine; a zombie whose parent never looks is not."""
    with contextlib.suppress(OSError):
        return daemons.alive(pid) and "pulumi" in Path(f"/proc/{pid}/comm").read_text()
    return False
