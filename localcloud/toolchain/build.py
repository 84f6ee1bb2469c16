"""Builds tools from their pinned Go modules, each step of one beside the next step of another.

While a tool is linked, which keeps one core busy at most, the next one is compiled, and while that goes on the modules
of the one after it are fetched. Never are two compiled at a time: they share most of their packages, and each would
compile what the other is about to find in the cache.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from localcloud.host.errors import LocalCloudError
from localcloud.host.progress import Progress
from localcloud.toolchain import drafts, golang
from localcloud.toolchain.catalog import BUILD_FLAGS, Tool

MIB = 1 << 20
FETCH_SECONDS, BUILD_SECONDS = 1800, 5400
LEAST_SHARE = 768 * MIB  # with less, a compiler of large packages would collect garbage all the time

Made = TypeVar("Made")


class StoppedError(Exception):
    """This job was ended, or not begun, because another one failed."""


class Jobs:
    """Commands that are ended together, each with every process that it started."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[str]] = set()
        self._over = False

    def run(
        self,
        command: Sequence[str],
        env: Mapping[str, str],
        seconds: float,
        heard: Callable[[str], bool] = lambda line: False,
    ) -> str:
        """Run a command and return its standard output; `LocalCloudError` with the last line that it complained in.

        `heard` gets each line of standard error while the command runs, and says whether it is no complaint.
        """
        with tempfile.TemporaryFile("w+") as output:
            with self._lock:
                self.check()
                process = subprocess.Popen(
                    command,
                    env=env,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.PIPE,
                    text=True,
                    errors="replace",
                    process_group=0,
                )
                self._running.add(process)
            late = threading.Timer(seconds, _end, [process])
            late.start()
            try:
                assert process.stderr is not None  # noqa: S101 - it is a pipe
                with process.stderr as lines:
                    complaints = deque((line for line in map(str.strip, lines) if line and not heard(line)), maxlen=1)
                code = process.wait()
            finally:
                timely = late.is_alive()
                late.cancel()
                with self._lock:
                    self._running.discard(process)
            if code != 0:
                self.check()
                if not timely:
                    raise LocalCloudError(f"`{' '.join(command)}` did not end within {seconds:.0f} s")
                why = complaints[0] if complaints else f"exit {code}"
                raise LocalCloudError(f"`{' '.join(command)}` failed: {why}")
            output.seek(0)
            return output.read()

    def check(self) -> None:
        """Raise `StoppedError` if the others have been ended."""
        if self._over:
            raise StoppedError

    def stop(self) -> None:
        """End what runs, and let nothing begin any more."""
        with self._lock:
            self._over = True
            for process in self._running:
                _end(process)


@dataclass(frozen=True)
class Site:
    """Where a tool is built: the directory that becomes the tool, and the import path of its main package."""

    work: Path
    main: str
    packages: frozenset[str]


def build(
    tools: Sequence[Tool],
    cache: Path,
    go: Path,
    progress: Progress,
    finish: Callable[[Tool, Path], Made],
) -> list[Made]:
    """Build the tools, in this order, and have `finish` take over the directory of each as soon as it is built.

    When one fails, or on Ctrl-C, the others end too. What they leave behind has the suffix of the unfinished.
    """
    jobs = Jobs()
    environment = go_environment(cache)
    turns = [threading.Event() for _ in tools]  # the one before it has been compiled

    def make(index: int, prepared: Future[Site]) -> Made:
        tool, following = tools[index], turns[index + 1 : index + 2]

        def pass_on() -> None:
            for event in following:
                event.set()

        turns[index].wait()
        jobs.check()
        with progress.step(tool.name, f"building {tool.name} {tool.version} from source"):
            site = prepared.result()
            _compile(tool, site, go, environment, jobs, pass_on)
            pass_on()
            return finish(tool, site.work)

    turns[0].set()
    with ThreadPoolExecutor(1) as fetching, ThreadPoolExecutor(2) as building:
        prepared = [fetching.submit(prepare, tool, cache, go, environment, jobs) for tool in tools]
        made = [building.submit(make, index, site) for index, site in enumerate(prepared)]
        try:
            for each in as_completed(made):
                each.result()
        except BaseException:
            jobs.stop()
            for turn in turns:
                turn.set()
            fetching.shutdown(wait=False, cancel_futures=True)
            building.shutdown(wait=False, cancel_futures=True)
            raise
    return [each.result() for each in made]


def prepare(tool: Tool, cache: Path, go: Path, environment: Mapping[str, str], jobs: Jobs) -> Site:
    """Fetch the modules of a tool and lay out its source, with the files of other modules that belong to it."""
    work = drafts.new(tool.name, cache)
    source = work / "source"
    shutil.copytree(tool.module, source, ignore=shutil.ignore_patterns("*.json"))
    command = [str(go), "-C", str(source)]

    def from_module(module: str, path: str) -> Path:
        # This module alone: a bare `go mod download` also wants modules that no build uses and no proxy may serve.
        jobs.run([*command, "mod", "download", module], environment, FETCH_SECONDS)
        listed = jobs.run([*command, "list", "-m", "-f", "{{.Dir}}", module], environment, FETCH_SECONDS)
        return Path(listed.strip()) / path

    for name, (module, path) in tool.embeds.items():
        (source / name).write_text(_with_version(from_module(module, path).read_text(), tool.version, name))
    for name, (module, path) in tool.copies.items():
        shutil.copyfile(from_module(module, path), work / name)
    packages = jobs.run([*command, "list", "-deps", tool.package], environment, FETCH_SECONDS).split()
    return Site(work, packages[-1], frozenset(packages))


def go_environment(cache: Path) -> dict[str, str]:
    """What Go runs with: nothing of this machine's but its proxies, and caches that are deleted when all is built."""
    temporary = cache / "go" / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    return {
        **compiler_memory(available_memory(), os.cpu_count() or 1),
        **os.environ,
        **golang.ENVIRONMENT,
        "GOMODCACHE": str(cache / "go" / "mod"),
        "GOCACHE": str(cache / "go" / "build"),
        "GOTMPDIR": str(temporary),
        "GOFLAGS": "-mod=readonly -modcacherw -buildvcs=false",
    }


def compiler_memory(available: int, cores: int) -> dict[str, str]:
    """Let no compiler collect garbage before it has taken its share of the memory that is free, given in bytes.

    As many of them run as there are cores, beside a linker and Go itself. Where the machine has it, half stays free.
    """
    processes = cores + 2
    share = max(available // 2 // processes, min(LEAST_SHARE, available // processes))
    return {"GOGC": "off", "GOMEMLIMIT": f"{share // MIB}MiB"} if share >= LEAST_SHARE else {}


def available_memory(root: Path = Path("/")) -> int:
    """Bytes that programs may still take on this machine, or that this container may have if that is less."""
    amounts = []
    for file, pattern, unit in (
        ("proc/meminfo", r"^MemAvailable:\s+(\d+) kB$", 1024),
        ("sys/fs/cgroup/memory.max", r"^(\d+)$", 1),
        ("sys/fs/cgroup/memory/memory.limit_in_bytes", r"^(\d+)$", 1),
    ):
        path = root / file
        found = re.search(pattern, path.read_text(), re.M) if path.exists() else None
        amounts += [int(found[1]) * unit] if found else []
    return min(amounts, default=0)


def _compile(
    tool: Tool, site: Site, go: Path, environment: Mapping[str, str], jobs: Jobs, compiled: Callable[[], None]
) -> None:
    source, output = site.work / "source", site.work / (tool.programs[0] if len(tool.programs) == 1 else tool.name)

    def heard(line: str) -> bool:
        if line == site.main:
            compiled()  # the last package; what is left is to link it
        return line in site.packages

    command = [str(go), "-C", str(source), "build", "-v", *BUILD_FLAGS]
    command += [f"-ldflags=-s -w {' '.join(tool.ldflags)}".rstrip(), "-o", str(output), tool.package]
    jobs.run(command, environment, BUILD_SECONDS, heard)
    for name in tool.programs:
        if not (site.work / name).exists():
            (site.work / name).hardlink_to(output)  # one binary under several names
    shutil.rmtree(source)


def _with_version(text: str, version: str, name: str) -> str:
    """The schema that upstream's build writes: its own, with the version added after the name."""
    if name != "schema.json":
        return text
    return text.replace('"name": "kubernetes",', f'"name": "kubernetes",\n    "version": "{version}",', 1)


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
