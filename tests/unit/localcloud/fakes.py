"""Stand-ins that the tests of localcloud share: small real programs, found on PATH as the real ones would be."""

from __future__ import annotations

import io
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from localcloud.host.paths import Checkout, State
from localcloud.host.progress import Progress
from localcloud.toolchain import Resolved, install, vendor
from localcloud.toolchain.catalog import Release, Tool
from tests.support.places import SLOT

NOWHERE = "http://127.0.0.1:1"  # nothing listens there: a connection is refused at once

# Does what a build asks of Go: its version, a binary that says who it is, two caches, and a file of another module.
GO = r"""
if [ "$1" = env ]; then printf 'go%s\n' "$(/bin/cat "$FAKE_GO/version")"; exit; fi
printf '%s\n' "$*" >>"$FAKE_GO/calls"
module=$2
shift 2
printf '%s|' "$GOMODCACHE" "$GOCACHE" "$CGO_ENABLED" "${GOWORK-}" "${GOTOOLCHAIN-}" "${GOROOT-}" >"$FAKE_GO/environment"
case "$1" in
mod)
  # Without a module it would want every one in the graph, and some are served nowhere.
  [ -n "${3-}" ] || { echo 'not found: module that no build needs' >&2; exit 1; }
  ;;
list)
  for wanted; do :; done
  case "$2" in
  -deps) printf '%s\n' fmt "example.org/${module%/source}" ;;
  *) printf '%s\n' "$FAKE_GO/modules/$wanted" ;;
  esac
  ;;
build)
  /bin/mkdir -p "$GOMODCACHE/module" "$GOCACHE"
  while [ "$1" != -o ]; do shift; done
  printf 'half' >"$2"
  echo fmt >&2
  if [ -e "$FAKE_GO/during" ]; then . "$FAKE_GO/during"; fi
  echo "example.org/${module%/source}" >&2
  if [ -e "$FAKE_GO/linking" ]; then . "$FAKE_GO/linking"; fi
  for embedded in "$module"/*.json; do
    if [ -e "$embedded" ]; then /bin/cp "$embedded" "$FAKE_GO/"; fi
  done
  printf 'built' >"$2"
  ;;
esac
"""


def script(directory: Path, name: str, body: str) -> Path:
    """An executable shell script; it should need nothing of PATH."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def calls(folder: Path) -> list[str]:
    """The command lines that a script noted in `calls`, a line each."""
    file = folder / "calls"
    return file.read_text().splitlines() if file.exists() else []


def with_pulumi(root: Path, body: str) -> Checkout:
    """A checkout with this script as its Pulumi."""
    state = State(root / ".localcloud", SLOT)
    script(state.bin, "pulumi", body)
    return Checkout(root, state, root / "cache")


def quiet() -> Progress:
    """A progress nobody sees; `said` reads it."""
    return Progress(Console(file=io.StringIO(), width=500, highlight=False))


def said(progress: Progress) -> str:
    """What a `quiet` progress was told so far."""
    assert isinstance(progress.console.file, io.StringIO)
    return progress.console.file.getvalue()


def tree(root: Path) -> dict[str, tuple[int, bytes]]:
    """Every path below `root` with its mode and content, to see that nothing was changed."""
    found = {}
    for path in sorted(root.rglob("*")):
        content = path.read_bytes() if path.is_file() else b""
        found[str(path.relative_to(root))] = (path.lstat().st_mode, content)
    return found


class Workbench:
    """A machine without any tool: an empty PATH and cache, modules to build from, and no vendor unless `online`."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch, online: bool = False) -> None:
        self.cache, self.path, self.go, self.modules = (root / name for name in ("cache", "path", "go", "modules"))
        self.state = root / "state"
        for directory in (self.path, self.go, self.modules):
            directory.mkdir()
        for variable in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy", "GOWORK"):
            monkeypatch.delenv(variable, raising=False)
        monkeypatch.setenv("PATH", str(self.path))
        monkeypatch.setenv("FAKE_GO", str(self.go))
        monkeypatch.setenv("LOCALCLOUD_STATE", str(self.state))
        self.fetch: install.Fetch = vendor.fetch if online else lambda tool, work, progress: False
        self.pip = script(root / "pip", "pip", "echo 'ERROR: no index answers' >&2; exit 1")

    def resolve(self, *tools: Tool, progress: Progress | None = None) -> list[Resolved]:
        """Have the tools made ready on this machine."""
        pip = (str(self.pip),)
        return install.resolve(self.cache, progress or quiet(), tools, fetch=self.fetch, pip=pip)

    def tool(self, name: str = "etcetera", **changes: Any) -> Tool:
        """A tool with a module of its own, whose release does not answer."""
        module = self.modules / name
        if not module.exists():
            module.mkdir()
            for file in ("go.sum", "main.go"):
                (module / file).write_text(f"{file} of {name}\n")
            (module / "go.mod").write_text(f"module {name}\n\ngo 1.26.0\n")
        gone = Release(f"{NOWHERE}/{name}.tar.gz", f"{NOWHERE}/sums.txt", {name: name})
        plain = Tool(name, "1.2.3", (name,), ".", seconds=60, megabytes=1, releases=(gone,), modules=self.modules)
        return replace(plain, **changes)

    def install_go(self, during: str = "", linking: str = "", version: str = "1.26.8") -> None:
        """Put a Go on PATH. It runs the shell of `during` while it compiles, that of `linking` afterwards."""
        script(self.path, "go", GO)
        (self.go / "version").write_text(version)
        for name, body in (("during", during), ("linking", linking)):
            if body:
                (self.go / name).write_text(body)

    def go_calls(self) -> list[str]:
        """The command lines that Go got of builds."""
        return [call for call in calls(self.go) if " build " in call]

    def install_pulumi(self, version: str = "v3.300.0", directory: Path | None = None) -> Path:
        """Put a Pulumi on PATH that says this of its version."""
        return script(directory or self.path, "pulumi", f"echo {version}")

    def finished(self) -> list[str]:
        """Names in the cache that a run would take for whole tools, and leftovers of unfinished ones."""
        directory = self.cache / "bin"
        return sorted(path.name for path in directory.iterdir()) if directory.exists() else []


def fake_vendor(files: Mapping[str, str]) -> install.Fetch:
    """A vendor whose release has these files, in place of `vendor.fetch`."""

    def fetch(tool: Tool, work: Path, progress: Progress) -> bool:
        for name, content in files.items():
            (work / name).write_text(content)
        return True

    return fetch


def need(program: str) -> str:
    """Where a program of every Unix lies; PATH may be replaced afterwards."""
    found = shutil.which(program)
    assert found, program
    return found
