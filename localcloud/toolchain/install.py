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
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from localcloud.host.errors import LocalCloudError
from localcloud.host.paths import state
from localcloud.host.progress import Progress
from localcloud.host.shell import run
from localcloud.toolchain import vendor
from localcloud.toolchain.catalog import TOOLS, Tool

MANIFEST = "manifest.json"
SUFFIX_UNFINISHED = ".unfinished"


@dataclass(frozen=True)
class Resolved:
    """Where a tool's programs are, and where they came from: `PATH`, `cache`, `release` or `build`."""

    tool: Tool
    programs: dict[str, Path]
    source: str


def resolve(cache: Path, progress: Progress, tools: Sequence[Tool] = TOOLS) -> list[Resolved]:
    """Every tool, made ready. Safe to interrupt anywhere: finished tools stay, an unfinished one is never used."""
    found = {tool.name: present(tool, cache) for tool in tools}
    missing = [tool for tool in tools if found[tool.name] is None]
    if missing:
        with _alone(cache, progress):
            _clear_unfinished(cache)
            for tool in missing:  # another checkout may have made it while we waited for it
                found[tool.name] = present(tool, cache)
            missing = [tool for tool in missing if found[tool.name] is None]
            progress.expect({tool.name: tool.seconds for tool in missing})
            for tool in missing:
                found[tool.name] = _obtain(tool, cache, progress)
            shutil.rmtree(cache / "go", ignore_errors=True)
    elif (cache / "go").exists():
        _drop_go_caches(cache)
    return [resolved for resolved in found.values() if resolved is not None]


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


def _obtain(tool: Tool, cache: Path, progress: Progress) -> Resolved:
    target = cache / "bin" / tool.key
    target.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f"{tool.name}-", suffix=SUFFIX_UNFINISHED, dir=target.parent))
    try:
        source = "release"
        if not vendor.fetch(tool, work, progress):
            source = "build"
            _empty(work)  # a download that broke off may lie under a program's own name
            _build(tool, work, cache, progress)
        manifest = {}
        for name in tool.programs:
            (work / name).chmod(0o755)
            manifest[name] = {"size": (work / name).stat().st_size, "sha256": sha256(work / name)}
        (work / MANIFEST).write_text(json.dumps(manifest, indent=2))
        _sync(work)
        shutil.rmtree(target, ignore_errors=True)
        work.rename(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return Resolved(tool, {name: target / name for name in tool.programs}, source)


def _build(tool: Tool, work: Path, cache: Path, progress: Progress) -> None:
    go = shutil.which("go")
    if go is None:
        raise LocalCloudError(
            f"{tool.name} {tool.version}: the vendor's release does not answer and Go is not installed to build it; "
            "install Go 1.25 or newer (or Pulumi itself), then run `make up` again"
        )
    environment = {
        **os.environ,
        "CGO_ENABLED": "0",
        "GOMODCACHE": str(cache / "go" / "mod"),
        "GOCACHE": str(cache / "go" / "build"),
        "GOFLAGS": "-mod=readonly -modcacherw -buildvcs=false",
        "GOWORK": "off",  # a workspace above the cache directory is somebody else's
    }
    source = work / "source"
    shutil.copytree(tool.module, source, ignore=shutil.ignore_patterns("*.json"))
    command = [go, "-C", str(source)]

    def from_module(module: str, path: str) -> Path:
        # This module alone: a bare `go mod download` also wants modules that no build uses and no proxy may serve.
        run([*command, "mod", "download", module], env=environment, timeout=1800)
        return Path(run([*command, "list", "-m", "-f", "{{.Dir}}", module], env=environment).strip()) / path

    with progress.step(tool.name, f"building {tool.name} {tool.version} from source"):
        for name, (module, path) in tool.embeds.items():
            (source / name).write_text(_with_version(from_module(module, path).read_text(), tool.version, name))
        output = work / (tool.programs[0] if len(tool.programs) == 1 else tool.name)
        flags = ["-trimpath", f"-ldflags=-s -w {' '.join(tool.ldflags)}", "-o", str(output)]
        run([*command, "build", *flags, tool.package], env=environment, timeout=5400)
        for name, (module, path) in tool.copies.items():
            shutil.copyfile(from_module(module, path), work / name)
        for name in tool.programs:
            if not (work / name).exists():
                (work / name).hardlink_to(output)  # one binary under several names
    shutil.rmtree(source)


def _with_version(text: str, version: str, name: str) -> str:
    """The schema that upstream's build writes: its own, with the version added after the name."""
    if name != "schema.json":
        return text
    return text.replace('"name": "kubernetes",', f'"name": "kubernetes",\n    "version": "{version}",', 1)


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


def _empty(directory: Path) -> None:
    shutil.rmtree(directory)
    directory.mkdir(mode=0o700)


def _drop_go_caches(cache: Path) -> None:
    """Left by a run that was interrupted while it deleted them; whoever holds the lock still needs them."""
    with (cache / "lock").open("w") as lock, contextlib.suppress(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(cache / "go", ignore_errors=True)


def _clear_unfinished(cache: Path) -> None:
    """What an interrupted run left half-made. The lock is held: nobody else is making it."""
    for leftover in (cache / "bin").glob(f"*{SUFFIX_UNFINISHED}"):
        shutil.rmtree(leftover, ignore_errors=True)
