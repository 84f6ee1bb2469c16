"""Plain Pulumi against the local cluster: a file backend, a generated passphrase, plugins at hand."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import subprocess
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localcloud.host import atomic, daemons
from localcloud.host.errors import LocalCloudError
from localcloud.host.paths import Checkout, State
from localcloud.host.progress import Progress
from localcloud.stacks import files, handover
from localcloud.toolchain.catalog import PROVIDER_VERSION

if TYPE_CHECKING:
    from components.config.describe import Description

PROJECT = "statefulsets"


@dataclass(frozen=True)
class Stack:
    """A stack as this checkout runs it: what Pulumi calls it, the state it belongs to, and the program's folder."""

    name: str
    tracked: Path
    """The file that is committed; Pulumi is given a copy of it, `file`."""
    state: State
    root: Path

    @classmethod
    def of(cls, checkout: Checkout, name: str, state: State | None = None, suffix: str = "") -> Stack:
        """The stack of a tracked file. `state`: if not the checkout's own. `suffix`: of the name that Pulumi gets."""
        return cls(name + suffix, files.require(checkout, name), state or checkout.state, checkout.root)

    @property
    def file(self) -> Path:
        return self.state.stack_file(self.name)

    @property
    def where(self) -> tuple[str, ...]:
        """The flags by which a Pulumi command means this stack."""
        return ("--stack", self.name, "--config-file", str(self.file))

    @property
    def exists(self) -> bool:
        """Whether Pulumi has a state of it."""
        return (self.state.pulumi_state / ".pulumi" / "stacks" / PROJECT / f"{self.name}.json").exists()


def environment(state: State, root: Path) -> dict[str, str]:
    """What `make env` exports: plain `pulumi` and `kubectl` then mean this checkout's cluster and nothing else."""
    return {
        "PATH": f"{state.bin}:{root / '.tools' / 'bin'}:{os.environ.get('PATH', os.defpath)}",
        "KUBECONFIG": str(state.kubeconfig),
        "PULUMI_HOME": str(state.pulumi_home),
        "PULUMI_BACKEND_URL": f"file://{urllib.parse.quote(str(state.pulumi_state))}",
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(state.passphrase),
        # The local stacks need one provider, and it is installed. Otherwise the engine tries to download one for every
        # Python package in the venv, with retries, in every preview and every up.
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }


def prepare(stack: Stack, provider: Path, changes: Mapping[str, Any] | None = None, *, own: bool = True) -> None:
    """Backend, passphrase, plugin, stack and the copy of its file; idempotent, and quick when there is nothing to do.

    `changes`: config keys that the copy has besides the tracked file's. `own`: whether secrets in the tracked file are
    encrypted with this checkout's passphrase; those of others are left out.
    """
    state = stack.state
    for directory in (state.pulumi_home, state.pulumi_state):
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    make_passphrase(state)
    _link_plugin(state, provider)
    if own:
        handover.refuse_if_lost(state, stack.tracked, stack.file)
    salt = files.salt_of_own_secrets(stack.tracked) if own else ""
    made = state.pulumi_project / f"Pulumi.{stack.name}.yaml"
    if not stack.exists:
        _init(stack, made, salt)
        salt = files.document(made)[files.SALT]
    before = files.document(stack.file).get(files.SALT, "")
    if stack.file.exists() and not before:
        raise LocalCloudError(f"{stack.file} has no {files.SALT}: it is torn; put it back from a backup, or remove it")
    salt = salt or before or files.document(made).get(files.SALT, "")
    if before in ("", salt):
        secrets = files.made(stack.tracked, stack.file)
        files.write(stack.tracked, stack.file, salt, secrets, changes or {}, own=own)
    else:
        _write_with_other_salt(stack, salt, changes or {}, own=own)


def set_secret(stack: Stack, key: str, value: str, file: Path | None = None) -> None:
    """Encrypt a value into the stack file that Pulumi is given, or into `file`."""
    # On standard input: a command line is for everybody to read.
    where = ("--stack", stack.name, "--config-file", str(file or stack.file))
    output(stack.state, stack.root, "config", "set", *where, "--secret", key, stdin=value)


def make_passphrase(state: State) -> None:
    """Generate the passphrase of this checkout's secrets, once."""
    if not state.passphrase.exists():
        atomic.write(state.passphrase, secrets.token_urlsafe(32), atomic.SECRET)


def up(stack: Stack, progress: Progress) -> None:
    """`pulumi up`, its own output shown; Ctrl-C reaches it, and it ends the operation in an orderly way.

    It previews first, and changes nothing where that fails: a change that the API refuses, such as of a set that would
    be replaced, is found before the set is gone.
    """
    _operate(stack, progress, "up", "--yes")


def preview(stack: Stack, progress: Progress) -> None:
    """`pulumi preview`."""
    _operate(stack, progress, "preview")


def destroy(stack: Stack, progress: Progress) -> None:
    """`pulumi destroy`; what durability `keep` protects stays, and Pulumi names it."""
    if stack.exists:
        _operate(stack, progress, "destroy", "--yes", "--skip-preview")


def _operate(stack: Stack, progress: Progress, operation: str, *flags: str) -> None:
    state = stack.state
    _clear_dead_lock(stack, progress)
    # The mark lets `make down` find the language hosts that an engine leaves behind when it is killed.
    variables = {**environment(state, stack.root), state.slot.mark: f"{state.root}:pulumi"}
    code = foreground([str(state.bin / "pulumi"), operation, *flags, *stack.where], variables, stack.root)
    if code != 0:
        raise LocalCloudError(f"`pulumi {operation}` of stack {stack.name} failed (exit {code}); the reason is above")


def output(state: State, root: Path, *arguments: str, stdin: str | None = None) -> str:
    """What a quiet Pulumi command prints. What is secret goes to its standard input."""
    done = subprocess.run(
        [str(state.bin / "pulumi"), "--non-interactive", *arguments],
        cwd=root,
        env={**os.environ, **environment(state, root)},
        input=stdin,
        text=True,
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        raise LocalCloudError(f"`pulumi {' '.join(arguments)}`: {done.stderr.strip()}")
    return done.stdout


def foreground(command: list[str], variables: Mapping[str, str], root: Path) -> int:
    """Run Pulumi before the user's eyes; its exit code. After Ctrl-C it is waited for: killed, it would lose track."""
    process = subprocess.Popen(command, cwd=root, env={**os.environ, **variables})
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


def _write_with_other_salt(stack: Stack, salt: str, changes: Mapping[str, Any], *, own: bool) -> None:
    """Write the copy anew where the tracked file has got secrets of its own, and with them a salt: a file has only one.

    What was made here is encrypted anew into another file, which takes the copy's place when it is whole. Where the
    passphrase that it was encrypted with is gone, the copy of before is put aside, for whoever still has that.
    """
    aside = stack.file.with_suffix(".new.yaml")
    wanted = files.made(stack.tracked, stack.file)
    shown: dict[str, Any] = {}
    if wanted:
        try:
            shown = json.loads(output(stack.state, stack.root, "config", *stack.where, "--show-secrets", "--json"))
        except LocalCloudError as refusal:
            if "incorrect passphrase" not in str(refusal):
                raise
            stack.file.replace(stack.file.with_suffix(".old.yaml"))
    aside.unlink(missing_ok=True)
    files.write(stack.tracked, aside, salt, {}, changes, own=own)
    for key in sorted(wanted.keys() & shown.keys()):
        set_secret(stack, key, shown[key]["value"], aside)
    aside.replace(stack.file)


def _link_plugin(state: State, provider: Path) -> None:
    directory = state.pulumi_home / "plugins" / f"resource-kubernetes-v{PROVIDER_VERSION}"
    directory.mkdir(parents=True, exist_ok=True)
    link = directory / "pulumi-resource-kubernetes"
    if not link.is_symlink() or link.readlink() != provider:
        link.unlink(missing_ok=True)
        link.symlink_to(provider)


def _init(stack: Stack, made: Path, salt: str) -> None:
    """Make the stack beside our files, for Pulumi writes into the file of a new stack; `made` is that file.

    `salt`: of secrets in the tracked file, which this checkout's passphrase must open.
    """
    project = stack.state.pulumi_project
    project.mkdir(exist_ok=True, mode=0o700)
    (project / "Pulumi.yaml").write_text(f"name: {PROJECT}\nruntime: python\n")
    known = salt or files.document(stack.file).get(files.SALT, "")
    for tried in dict.fromkeys((known, "")):
        made.unlink(missing_ok=True)
        if tried:
            made.write_text(f"{files.SALT}: {tried}\n")
        try:
            output(stack.state, stack.root, "--cwd", str(project), "stack", "init", stack.name)
            return
        except LocalCloudError as refusal:
            if "incorrect passphrase" not in str(refusal):
                raise
            if salt:
                raise LocalCloudError(
                    f"{stack.tracked.name} holds secrets encrypted with a passphrase that is not in "
                    f"{stack.state.passphrase}; put that passphrase there, or remove the `secure:` entries: "
                    "`make up` makes passwords of its own"
                ) from None


def described(file: Path) -> Description:
    """What a stack file names."""
    # Slow to import: what asks nothing of a stack file does not wait for it.
    from components.config.describe import NotYamlError, describe

    try:
        return describe(file)
    except NotYamlError as error:
        raise LocalCloudError(str(error)) from None


def _clear_dead_lock(stack: Stack, progress: Progress) -> None:
    """Remove the lock of an engine that died on this machine; one that lives keeps it, and Pulumi says so."""
    locks = stack.state.pulumi_state / ".pulumi" / "locks" / "organization" / PROJECT / stack.name
    for lock in locks.glob("*.json"):
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
