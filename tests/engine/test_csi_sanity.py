"""Upstream's CSI sanity suite against the driver and the stand-in, with real loop devices, file systems and mounts."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from localcloud import daemons
from localcloud.gce import client
from localcloud.layout import ROOT, ZONES, cache
from localcloud.progress import Progress
from localcloud.toolchain import TOOLS, install

pytestmark = pytest.mark.engine
SUITE = ROOT / "localcloud" / "toolchain" / "csi-sanity"
INSTANCE, ZONE = "machine", ZONES[0]


@pytest.fixture
def programs() -> dict[str, Path]:
    """The driver; built first where no run before this one has built it (five minutes)."""
    if os.geteuid() != 0 or not Path("/dev/loop-control").exists():
        pytest.skip("loop devices and mounts need root")
    if shutil.which("go") is None:
        pytest.skip("the suite is a Go program")
    wanted = [tool for tool in TOOLS if tool.name == "csi"]
    return install.programs(cache(), Progress(Console(quiet=True)), wanted)


@contextlib.contextmanager
def process(directory: Path, name: str, *command: str) -> Iterator[None]:
    """A program that runs while the block does; its output in `<name>.log`."""
    with (directory / f"{name}.log").open("w") as log:
        run = subprocess.Popen(command, stdout=log, stderr=log, cwd=ROOT)
        try:
            yield
        finally:
            run.terminate()
            run.wait(timeout=20)


def listens(path: Path) -> bool:
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
        probe.connect(str(path))
        return True
    return False


@pytest.fixture
def directory() -> Iterator[Path]:
    """A short name: a socket's has 107 characters, and the driver's own part of it is long."""
    with tempfile.TemporaryDirectory(prefix="csi-") as name:
        yield Path(name)


def test_the_driver_passes_the_sanity_suite(programs: dict[str, Path], directory: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    common = (f"--compute-endpoint={url}", "--project=statefulsets-local", f"--zone={ZONE}")
    controller = directory / "csi.sock"
    kubelet = directory / "kubelet"
    node = kubelet / "plugins" / "pd.csi.storage.gke.io" / "csi.sock"
    with contextlib.ExitStack() as stack:
        standin = (sys.executable, "-m", "localcloud.gce", str(directory / "gce"), str(port))
        stack.enter_context(process(directory, "gce", *standin))
        assert daemons.wait_until(lambda: serves(url), 20), "the stand-in answers"
        body = {"instances": [{"name": INSTANCE, "zone": ZONE}]}
        client.request(f"{url}/", "PUT", "standin/instances", body)
        own = [f"--socket={controller}", "--backoff=0s"]
        stack.enter_context(process(directory, "controller", str(programs["csi-controller"]), *common, *own))
        own = [f"--instance={INSTANCE}", f"--kubelet={kubelet}", f"--links={directory / 'by-id'}"]
        stack.enter_context(process(directory, "node", str(programs["csi-node"]), *common, *own))
        assert daemons.wait_until(lambda: listens(controller) and listens(node), 20), "the driver listens"
        environment = {
            **os.environ,
            "CSI_DIRECTORY": str(directory),
            "CSI_CONTROLLER": f"unix://{controller}",
            "CSI_NODE": f"unix://{node}",
        }
        command = ["go", "-C", str(SUITE), "test", "-count=1", "-v", "-timeout=10m", ".", "-args", "-ginkgo.no-color"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    passed = re.search(r"SUCCESS! -- (\d+) Passed \| 0 Failed", done.stdout)
    assert passed, done.stdout[-2000:]
    assert int(passed[1]) >= 74, "none of the tests that apply was left out"
    loops = subprocess.run(["losetup", "--list"], capture_output=True, text=True, check=True).stdout
    assert str(directory) not in loops, "no loop device stays behind"


def serves(url: str) -> bool:
    with contextlib.suppress(OSError, client.RefusedError):
        return bool(client.request(f"{url}/", "GET", "standin/health") == {"standin": True})
    return False


def test_a_disk_that_is_taken_out_of_a_machine_takes_no_more_writes() -> None:
    """The driver's own part that Google's code does not have: its tests, in Go, with real devices and file systems."""
    if os.geteuid() != 0 or not Path("/dev/loop-control").exists():
        pytest.skip("loop devices and mounts need root")
    if shutil.which("go") is None:
        pytest.skip("the tests are a Go program")
    command = ["go", "-C", str(SUITE.parent / "csi"), "test", "-count=1", "-v", "./loop"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert done.stdout.count("--- PASS") >= 8, done.stdout
    assert "--- SKIP" not in done.stdout
