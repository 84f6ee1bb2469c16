"""A machine that is fit for the cluster; a test takes away what it is about."""

from __future__ import annotations

import os
import platform
import shutil
import socket
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest

from localcloud import preflight
from localcloud.host import daemons
from localcloud.host.daemons import Running
from localcloud.host.errors import LocalCloudError
from localcloud.host.layout import State
from localcloud.preflight import GIB
from localcloud.toolchain import install
from tests.unit.localcloud.fakes import script

BRIDGE_IP = "203.0.113.1"  # of a documentation network: no machine that runs the tests has it


@dataclass
class Machine:
    """What preflight looks at; each field can be changed after `fit_machine` has put it in place."""

    root: Path
    bin: Path
    cgroups: Path
    state: State
    running: list[Running] = field(default_factory=list)
    missing_tools: set[str] = field(default_factory=set)
    free: int = 100 * GIB
    reachable: bool = True

    @property
    def cache(self) -> Path:
        return self.root / "home" / "cache" / "statefulsets"

    def routes(self, *destinations: str) -> None:
        entries = ", ".join(f'{{"dst": "{each}", "dev": "tun0"}}' for each in destinations)
        script(self.bin, "ip", f"echo '[{entries}]'")

    def refusal(self) -> list[str]:
        """The lines that `make up` ends with here."""
        try:
            preflight.refuse_unless_fit(self.state, self.cache)
        except LocalCloudError as refusal:
            return list(refusal.problems)
        return []


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def fit_machine(root: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Make preflight see a machine below `root` instead of this one."""
    cgroups = root / "cgroup"
    for name in ("cpu", "cpuset", "memory", "pids"):
        (cgroups / name).mkdir(parents=True)
    (root / "filesystems").write_text("nodev\toverlay\n")
    here = Machine(root, root / "bin", cgroups, State(root / "checkout" / ".localcloud"))
    (root / "home").mkdir()
    here.routes("default", "192.168.1.0/24")
    for program in ("containerd", "runc", "iptables", "nsenter", "ptp", "resize2fs", "xfs_growfs"):
        script(here.bin, program, "exit 1")
    stands_for = {"/sys/fs/cgroup": cgroups, "/proc/filesystems": root / "filesystems"}

    def connect(address: tuple[str, int], timeout: float) -> socket.socket:
        if not here.reachable:
            raise OSError("no route to host")
        return socket.socket()

    monkeypatch.setenv("PATH", str(here.bin))
    for variable in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(preflight, "PACKAGES", {**preflight.PACKAGES, "containernetworking-plugins": "ptp"})
    monkeypatch.setattr(preflight, "Path", lambda path: stands_for.get(str(path), Path(path)))
    monkeypatch.setattr(preflight, "LOOPBACK_PORTS", (free_port(),))
    monkeypatch.setattr(preflight, "BRIDGE_IP", BRIDGE_IP)
    monkeypatch.setattr(preflight, "BRIDGE_PORTS", (free_port(),))
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "disk_usage", lambda place: SimpleNamespace(free=here.free))
    monkeypatch.setattr(socket, "create_connection", connect)
    monkeypatch.setattr(install, "present", lambda tool, cache: None if tool.name in here.missing_tools else tool)
    monkeypatch.setattr(
        daemons,
        "running",
        lambda owner=None: [each for each in here.running if owner is None or each.owner == str(owner)],
    )
    return here
