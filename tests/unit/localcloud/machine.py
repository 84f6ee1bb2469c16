"""A machine that is fit for the cluster; a test takes away what it is about."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from localcloud import preflight
from localcloud.host.daemons import Running
from localcloud.host.errors import LocalCloudError
from localcloud.host.paths import State
from localcloud.host.slot import Slot
from localcloud.preflight import GIB, Host
from tests.unit.localcloud.fakes import script

BRIDGE_IP = "203.0.113.1"  # of a documentation network: no machine that runs the tests has it


@dataclass(frozen=True)
class Elsewhere(Slot):
    """A slot with ports that nobody has taken, on an address that no machine has."""

    name: str = "0"
    loopback_ports: tuple[int, ...] = ()
    bridge_ports: tuple[int, ...] = ()
    bridge_ip: str = BRIDGE_IP


@dataclass
class Machine:
    """What preflight looks at; each field can be changed after `fit_machine` has put it in place."""

    root: Path
    bin: Path
    cgroups: Path
    state: State
    host: Host
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

    def is_in(self, slot: Slot) -> None:
        """Move the cluster to another slot."""
        self.state = replace(self.state, slot=slot)

    def refusal(self) -> list[str]:
        """The lines that `make up` ends with here."""
        try:
            preflight.refuse_unless_fit(self.state, self.cache, self.host)
        except LocalCloudError as refusal:
            return list(refusal.problems)
        return []


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def fit_machine(root: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine below `root` for preflight to look at instead of this one."""
    cgroups = root / "cgroup"
    for name in ("cpu", "cpuset", "memory", "pids"):
        (cgroups / name).mkdir(parents=True)
    (root / "filesystems").write_text("nodev\toverlay\n")
    (root / "home").mkdir()
    slot = Elsewhere(loopback_ports=(free_port(),), bridge_ports=(free_port(),))
    here = Machine(root, root / "bin", cgroups, State(root / "checkout" / ".localcloud", slot), Host())
    here.host = Host(
        system="Linux",
        processor="x86_64",
        uid=0,
        cgroups=cgroups,
        filesystems=root / "filesystems",
        packages={**preflight.PACKAGES, "containernetworking-plugins": "ptp"},
        free=lambda place: here.free,
        connects=lambda name, port: here.reachable,
        running=lambda slot: list(here.running),
        present=lambda tool, cache: None if tool.name in here.missing_tools else tool,
    )
    here.routes("default", "192.168.1.0/24")
    for program in ("containerd", "runc", "iptables", "nsenter", "ptp", "resize2fs", "xfs_growfs"):
        script(here.bin, program, "exit 1")
    monkeypatch.setenv("PATH", str(here.bin))
    for variable in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(variable, raising=False)
    return here
