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
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.console import Console

from localcloud.gce.http import client, token_file
from localcloud.host import daemons
from localcloud.host.paths import ROOT, cache
from localcloud.host.progress import Progress
from localcloud.host.slot import ZONES
from localcloud.toolchain import TOOLS, install
from tests.support.gce_strangers import ask, listeners

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


@dataclass(frozen=True)
class Driver:
    """The driver's sockets, and the stand-in's token."""

    controller: Path
    node: Path
    token: str


@contextlib.contextmanager
def running(programs: dict[str, Path], directory: Path) -> Iterator[Driver]:
    """Controller and node service of one machine, with a stand-in of their own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url, file = f"http://127.0.0.1:{port}", directory / "gce" / "token"
    token_file.ensure(file)
    token = token_file.read(file)
    common = (f"--compute-endpoint={url}", f"--token-file={file}", "--project=statefulsets-local", f"--zone={ZONE}")
    controller = directory / "csi.sock"
    kubelet = directory / "kubelet"
    node = kubelet / "plugins" / "pd.csi.storage.gke.io" / "csi.sock"
    with contextlib.ExitStack() as stack:
        standin = (sys.executable, "-m", "localcloud.gce", str(directory / "gce"), str(port), str(file))
        stack.enter_context(process(directory, "gce", *standin))
        assert daemons.wait_until(lambda: serves(url, token), 20), "the stand-in answers"
        body = {"instances": [{"name": INSTANCE, "zone": ZONE}]}
        client.request(f"{url}/", "PUT", "standin/instances", body, token=token)
        own = [f"--socket={controller}", "--backoff=0s"]
        stack.enter_context(process(directory, "controller", str(programs["csi-controller"]), *common, *own))
        own = [f"--instance={INSTANCE}", f"--kubelet={kubelet}", f"--links={directory / 'by-id'}"]
        stack.enter_context(process(directory, "node", str(programs["csi-node"]), *common, *own))
        assert daemons.wait_until(lambda: listens(controller) and listens(node), 20), "the driver listens"
        yield Driver(controller, node, token)


def test_the_driver_passes_the_sanity_suite(programs: dict[str, Path], directory: Path) -> None:
    with running(programs, directory) as driver:
        environment = {
            **os.environ,
            "CSI_DIRECTORY": str(directory),
            "CSI_CONTROLLER": str(driver.controller),
            "CSI_NODE": str(driver.node),
        }
        command = ["go", "-C", str(SUITE), "test", "-count=1", "-v", "-timeout=10m", ".", "-args", "-ginkgo.no-color"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    passed = re.search(r"SUCCESS! -- (\d+) Passed \| 0 Failed", done.stdout)
    assert passed, done.stdout[-2000:]
    assert int(passed[1]) >= 74, "none of the tests that apply was left out"
    loops = subprocess.run(["losetup", "--list"], capture_output=True, text=True, check=True).stdout
    assert str(directory) not in loops, "no loop device stays behind"
    logs = [log.read_text() for log in directory.glob("*.log")]
    assert len(logs) == 3
    assert not [log for log in logs if driver.token in log]


def test_the_drivers_machine_tells_nobody_else_the_stand_ins_token(programs: dict[str, Path], directory: Path) -> None:
    """Its controller has a metadata server on loopback, as every machine of Google's has one."""
    question = "GET /computeMetadata/v1/instance/service-accounts/default/token HTTP/1.1\nMetadata-Flavor: Google"
    with running(programs, directory) as driver:
        told = ask(*((port, f"{question}\nHost: 127.0.0.1:{port}\nConnection: close") for port in listeners()))
    assert any("this is not for you" in answer for answer in told), "the controller's was asked"
    assert not [answer for answer in told if driver.token in answer]


def serves(url: str, token: str) -> bool:
    with contextlib.suppress(OSError, client.RefusedError):
        return bool(client.request(f"{url}/", "GET", "standin/health", token=token) == {"standin": True})
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
