"""What must hold before anything is changed: every problem at once, one line each, with the fix."""

from __future__ import annotations

import errno
import fcntl
import os
import platform
import shutil
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from localcloud.cluster import lifecycle
from localcloud.host import daemons, limits
from localcloud.host.daemons import Running
from localcloud.host.errors import LocalCloudError
from localcloud.host.paths import State
from localcloud.host.shell import run, succeeds
from localcloud.host.slot import Slot
from localcloud.node import network
from localcloud.toolchain import install
from localcloud.toolchain.catalog import TOOLS, Tool

GIB = 1 << 30
PACKAGES_LOCK = Path("/run/statefulsets-packages.lock")
BUILD_SPACE, RUN_SPACE = 15 * GIB, 3 * GIB
IP_FREEBIND = 15  # linux/in.h; the socket module does not name it
NEEDED_CGROUPS = {"cpu", "cpuset", "memory", "pids"}

# Debian package -> a program of it that the cluster starts.
PACKAGES = {
    "containerd": "containerd",
    "runc": "runc",
    "iptables": "iptables",
    "iproute2": "ip",
    "util-linux": "nsenter",
    "containernetworking-plugins": "/usr/lib/cni/ptp",
    "e2fsprogs": "resize2fs",
    "xfsprogs": "xfs_growfs",
}


@dataclass(frozen=True)
class Check:
    """A condition and what `doctor` says of it: `problem` is empty when it holds."""

    name: str
    found: str
    problem: str = ""


def _connects(name: str, port: int) -> bool:
    try:
        with socket.create_connection((name, port), timeout=3):
            return True
    except OSError:
        return False


@dataclass(frozen=True)
class Host:
    """What the checks ask of a machine. `Host()` asks this one."""

    system: str = field(default_factory=platform.system)
    processor: str = field(default_factory=platform.machine)
    uid: int = field(default_factory=os.geteuid)
    cgroups: Path = Path("/sys/fs/cgroup")
    filesystems: Path = Path("/proc/filesystems")
    packages: Mapping[str, str] = field(default_factory=lambda: PACKAGES)
    """Debian package -> a program of it: its name on PATH, or where it lies."""
    free: Callable[[Path], int] = lambda place: shutil.disk_usage(place).free
    """Bytes that are free where a path lies."""
    connects: Callable[[str, int], bool] = _connects
    """Whether something answers at a name and port."""
    running: Callable[[Slot], list[Running]] = daemons.running
    """The processes of every cluster in a slot."""
    present: Callable[[Tool, Path], object | None] = install.present
    """A tool that is at hand, given the cache directory; None when it must be fetched or built."""

    def missing_packages(self) -> list[str]:
        """Debian packages that the cluster needs and this machine lacks."""
        return [package for package, program in self.packages.items() if shutil.which(program) is None]


def refuse_unless_fit(state: State, cache: Path, host: Host | None = None) -> None:
    """Raise with every problem of the machine; nothing has been changed by then."""
    problems = [check.problem for check in checks(state, cache, host or Host()) if check.problem]
    if problems:
        raise LocalCloudError(*problems)


def checks(state: State, cache: Path, host: Host) -> Iterator[Check]:
    """Each condition in the order in which a person would look."""
    yield _system(host)
    yield _root(host)
    if host.system != "Linux" or host.uid != 0:
        return  # the other questions cannot be asked
    yield _cgroups(host)
    yield _overlay(host)
    yield _limits()
    yield _state_directory(state)
    yield _slot(state)
    now = host.running(state.slot)
    yield _other_copy(state, now)
    yield _ports(state, now)
    yield _routes(state)
    missing = [tool.name for tool in TOOLS if host.present(tool, cache) is None]
    yield _space(host, cache, missing)
    yield _registries(host, missing)
    yield _packages(host)


def install_packages(say: Callable[[str], None], host: Host | None = None) -> None:
    """Install what is missing from the machine's own Debian sources, after naming it."""
    host = host or Host()
    if not host.missing_packages():
        return
    with PACKAGES_LOCK.open("w") as lock:  # apt-get refuses a second one, and a cluster may start in another slot
        fcntl.flock(lock, fcntl.LOCK_EX)
        _install_packages(say, host)


def _install_packages(say: Callable[[str], None], host: Host) -> None:
    packages = host.missing_packages()
    if not packages:
        return
    say(f"installing Debian packages: {', '.join(packages)}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    # Installed services must not start: the cluster runs its own containerd.
    run(["apt-get", "-qq", "update"], env=environment, timeout=600)
    masked = not succeeds(["systemctl", "is-system-running", "--quiet"])
    run(["apt-get", "-qq", "-y", "--no-install-recommends", "install", *packages], env=environment, timeout=900)
    if not masked:
        say("containerd.service of Debian is not needed by the cluster; `systemctl disable --now containerd` stops it")


def _system(host: Host) -> Check:
    found = f"{host.system} {host.processor}"
    fit = host.system == "Linux" and host.processor in ("x86_64", "aarch64")
    fix = f"this machine is {found}: a cluster of our own needs Linux on x86_64 or aarch64; use `make up CLUSTER=kind`"
    return Check("system", found, "" if fit else fix)


def _root(host: Host) -> Check:
    problem = "not root: namespaces, mounts and the bridge need it; run `sudo make up`, or `make up CLUSTER=kind`"
    return Check("user", f"uid {host.uid}", "" if host.uid == 0 else problem)


def _cgroups(host: Host) -> Check:
    root = host.cgroups
    if (root / "cgroup.controllers").exists():
        have, version = set((root / "cgroup.controllers").read_text().split()), "version 2"
    else:
        have, version = {d.name for d in root.iterdir()} if root.exists() else set(), "version 1"
    lacking = sorted(NEEDED_CGROUPS - have)
    problem = f"no cgroup controller {', '.join(lacking)} in {root}: mount them, or start this container privileged"
    return Check("cgroups", version, problem if lacking else "")


def _limits() -> Check:
    found = limits.found()
    low = [f"{limits.WANTED[name]} {name}" for name, value in found.items() if value < limits.WANTED[name]]
    text = f"{found['max_user_instances']} instances, {found['max_user_watches']} watches"
    return Check("inotify", text + (f"; `make up` raises it to {', '.join(low)}" if low else ""))


def _overlay(host: Host) -> Check:
    known = "overlay" in host.filesystems.read_text() or succeeds(["modprobe", "overlay"])
    return Check(
        "overlayfs",
        "yes" if known else "no",
        "" if known else "the kernel has no overlayfs: load it (`modprobe overlay`)",
    )


def _state_directory(state: State) -> Check:
    hidden = any(state.root.is_relative_to(place) for place in ("/run", "/var/run"))
    problem = f"{state.root} lies under /run, which a node replaces by its own; clone the project elsewhere"
    return Check("state", str(state.root), problem if hidden else "")


def _other_copy(state: State, now: list[Running]) -> Check:
    alive = [owner for owner in lifecycle.other_owners(state, now) if Path(owner).exists()]
    if not alive:
        return Check("other copies", "none")
    checkout = Path(alive[0]).parent
    return Check(
        "other copies",
        alive[0],
        f"the cluster of {checkout} runs on this machine; `make -C {checkout} down` first, "
        "or run both: LOCALCLOUD_SLOT=1 make up",
    )


def _ports(state: State, now: list[Running]) -> Check:
    own = [each for each in now if each.owner == str(state.root)]
    ours, bridge = any(part.pid for part in lifecycle.parts(state, own)), state.slot.bridge_ip
    taken = [] if ours else [f"127.0.0.1:{port}" for port in state.slot.loopback_ports if _taken("127.0.0.1", port)]
    taken += [] if ours else [f"{bridge}:{port}" for port in state.slot.bridge_ports if _taken(bridge, port)]
    problem = f"ports in use: {', '.join(taken)}; `ss -ltnp` names the processes, end them first"
    return Check("ports", "in use by this cluster" if ours else f"{len(taken)} taken", problem if taken else "")


def _taken(address: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Else a server on every address (k3s) would go unnoticed as long as the bridge has not got its own.
        probe.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            return error.errno == errno.EADDRINUSE
    return False


def _routes(state: State) -> Check:
    try:
        overlapping = network.overlapping_routes(state.slot)
    except LocalCloudError:
        return Check("routes", "unknown until iproute2 is installed")
    problem = (
        f"the cluster's subnets {_subnets(state)} overlap a route of this machine "
        f"({', '.join(overlapping)}); take others with LOCALCLOUD_SLOT=1, 2 or 3"
    )
    return Check("routes", f"{len(overlapping)} overlap", problem if overlapping else "")


def _slot(state: State) -> Check:
    return Check("slot", f"{state.slot.name}: {_subnets(state)}", lifecycle.wrong_slot(state))


def _subnets(state: State) -> str:
    return f"{state.slot.node_net}, {state.slot.pod_net}, {state.slot.service_net}"


def _space(host: Host, cache: Path, missing: list[str]) -> Check:
    need = BUILD_SPACE if missing else RUN_SPACE
    place = next(p for p in (cache, *cache.parents) if p.exists())
    free = host.free(place)
    why = f"making {', '.join(missing)}" if missing else "images and volumes"
    problem = (
        f"{free / GIB:.1f} GB free on {place}, {need / GIB:.0f} GB needed for {why}; free some, or set XDG_CACHE_HOME"
    )
    return Check("disk", f"{free / GIB:.1f} GB free", problem if free < need else "")


def _registries(host: Host, missing: list[str]) -> Check:
    if not missing:
        return Check("network", "not needed, every tool is at hand")
    hosts = sorted(
        {urlsplit(release.url).netloc for tool in TOOLS if tool.name in missing for release in tool.releases}
    )
    hosts += [urlsplit(url).netloc for url in _go_proxies()]
    reachable = [each for each in hosts if each and _answers(host, each)]
    problem = (
        f"{', '.join(missing)} must be fetched or built, but no source answers ({', '.join(hosts)}); "
        "connect to the network, or set GOPROXY to a mirror"
    )
    # Where there is no Go to ask, pip gets it, and Go then knows where modules come from.
    unknown = shutil.which("go") is None
    found = f"{len(reachable)} of {len(hosts)} sources answer"
    return Check("network", found, "" if reachable or unknown else problem)


def _go_proxies() -> list[str]:
    if shutil.which("go") is None:
        return []
    return [part for part in run(["go", "env", "GOPROXY"]).strip().replace("|", ",").split(",") if "://" in part]


def _answers(host: Host, place: str) -> bool:
    name, _, port = place.partition(":")
    # Behind a proxy the name need not resolve here; Go and httpx would go through it.
    return host.connects(name, int(port or 443)) or any(os.environ.get(key) for key in ("HTTPS_PROXY", "https_proxy"))


def _packages(host: Host) -> Check:
    packages = host.missing_packages()
    if not packages:
        return Check("packages", "all installed")
    found = f"to install: {', '.join(packages)}"
    if shutil.which("apt-get"):
        return Check("packages", found)
    return Check("packages", found, f"install {', '.join(packages)} first: there is no apt-get here to do it")
