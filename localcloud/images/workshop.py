"""Where a recipe works: a scratch directory, a way to run commands, and somewhere to report progress."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from localcloud.images.errors import ImageBuildError
from localcloud.toolchain import golang

Progress = Callable[[str], None]
GO = "1.24"


@dataclass(frozen=True)
class Workshop:
    """One build's surroundings."""

    image: str
    scratch: Path
    progress: Progress
    lock: int
    """File descriptor of the build's lock. Commands inherit it: when this process is killed, the next build waits
    until the last of them has ended, instead of sharing the scratch directory with it."""
    go: Callable[[str], Path | None] = golang.on_path
    """Gets a Go of at least this version, if there is one to be had."""

    def run(self, command: Sequence[str | Path], *, env: Mapping[str, str] | None = None, seconds: float = 600) -> str:
        """Run a command; return what it printed, or raise with the last thing it complained about."""
        words = [str(word) for word in command]
        try:
            done = subprocess.run(
                words,
                env={**os.environ, "LC_ALL": "C", **(env or {})},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=seconds,
                check=False,
                pass_fds=(self.lock,),
            )
        except FileNotFoundError:
            raise ImageBuildError(f"{self.image}: `{words[0]}` is needed to build it and is not on PATH") from None
        except subprocess.TimeoutExpired:
            raise ImageBuildError(f"{self.image}: `{words[0]}` did not end within {seconds:.0f} s") from None
        if done.returncode != 0:
            raise ImageBuildError(f"{self.image}: `{words[0]}` failed: {_complaint(done)}")
        return done.stdout

    def go_build(self, module: Path, target: Path) -> None:
        """Build the static binary of a Go module that needs nothing but the standard library."""
        go = self.go(GO)
        if go is None:
            raise ImageBuildError(f"{self.image}: Go {GO} or newer is needed to build it and is not on PATH")
        env = {**golang.ENVIRONMENT, "GOFLAGS": "", "GOPROXY": "off"}
        # The caller's build cache if it names one; else one that goes with the scratch directory.
        env["GOCACHE"] = os.environ.get("GOCACHE", str(self.scratch / "go-cache"))
        flags = ["-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid="]
        self.run([go, "build", "-C", module, *flags, "-o", target, "."], env=env)


def _complaint(done: subprocess.CompletedProcess[str]) -> str:
    """The line that says most: apt's unmet dependency, else the last error, else the last line."""
    lines = [line.strip() for line in (done.stdout + "\n" + done.stderr).splitlines() if line.strip()]
    for telling in (" Depends: ", "Err:", "E: ", "error"):
        if found := [line for line in lines if telling in f" {line}"]:
            return found[-1][:500]
    return lines[-1][:500] if lines else f"exit {done.returncode}"
