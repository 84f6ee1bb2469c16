"""A machine that cannot run the cluster is told so before anything on it is changed: every reason, one line each."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from localcloud import preflight
from localcloud.cluster import lifecycle
from localcloud.host.daemons import Running
from localcloud.host.errors import LocalCloudError
from localcloud.preflight import GIB
from localcloud.toolchain.catalog import TOOLS
from tests.unit.localcloud.fakes import script, tree
from tests.unit.localcloud.machine import BRIDGE_IP, Elsewhere, Machine, fit_machine, free_port


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return fit_machine(tmp_path, monkeypatch)


@pytest.fixture
def listener() -> Iterator[Callable[[str], int]]:
    """Something of somebody else's that listens on a port of an address."""
    with socket.socket() as server:

        def listen(address: str) -> int:
            server.bind((address, 0))
            server.listen()
            return int(server.getsockname()[1])

        yield listen


def test_a_fit_machine_is_not_refused(machine: Machine) -> None:
    assert machine.refusal() == []


def test_another_system_or_processor_is_sent_to_docker(machine: Machine) -> None:
    fix = "a cluster of our own needs Linux on x86_64 or aarch64; use `make up CLUSTER=kind`"
    machine.host = replace(machine.host, processor="riscv64")
    assert machine.refusal() == [f"this machine is Linux riscv64: {fix}"]
    machine.host = replace(machine.host, system="Darwin", processor="arm64")
    assert machine.refusal() == [f"this machine is Darwin arm64: {fix}"]


def test_who_is_not_root_is_told_what_to_do(machine: Machine) -> None:
    machine.host = replace(machine.host, uid=1000)
    line = "not root: namespaces, mounts and the bridge need it; run `sudo make up`, or `make up CLUSTER=kind`"
    assert machine.refusal() == [line]


def test_a_laptop_with_macos_hears_both_at_once_and_is_asked_nothing_linux_has(machine: Machine) -> None:
    machine.host = replace(machine.host, system="Darwin", uid=501)
    shutil.rmtree(machine.cgroups)
    system, root = machine.refusal()
    assert system.startswith("this machine is Darwin")
    assert root.startswith("not root")


def test_missing_cgroup_controllers_are_named(machine: Machine) -> None:
    (machine.cgroups / "pids").rmdir()
    (machine.cgroups / "memory").rmdir()
    fix = "mount them, or start this container privileged"
    assert machine.refusal() == [f"no cgroup controller memory, pids in {machine.cgroups}: {fix}"]
    shutil.rmtree(machine.cgroups)
    assert machine.refusal() == [f"no cgroup controller cpu, cpuset, memory, pids in {machine.cgroups}: {fix}"]


def test_cgroups_of_version_two_are_read_from_their_list(machine: Machine) -> None:
    (machine.cgroups / "cgroup.controllers").write_text("cpuset cpu io memory pids\n")
    assert machine.refusal() == []
    (machine.cgroups / "cgroup.controllers").write_text("cpu memory pids\n")
    (line,) = machine.refusal()
    assert line.startswith("no cgroup controller cpuset in ")


def test_a_kernel_without_overlayfs_is_refused(machine: Machine) -> None:
    (machine.root / "filesystems").write_text("nodev\ttmpfs\n")
    assert machine.refusal() == ["the kernel has no overlayfs: load it (`modprobe overlay`)"]


@pytest.mark.parametrize("place", ["/run/user/0/project/.localcloud", "/var/run/project/.localcloud"])
def test_state_where_a_node_would_hide_it_is_refused(place: str, machine: Machine) -> None:
    machine.state = replace(machine.state, root=Path(place))
    assert machine.refusal() == [
        f"{place} lies under /run, which a node replaces by its own; clone the project elsewhere"
    ]


def test_the_cluster_of_another_checkout_is_named_with_the_command_that_stops_it(machine: Machine) -> None:
    other = machine.root / "other" / ".localcloud"
    machine.running = [Running(str(other), "etcd", 7, ("etcd",)), Running(str(other), "coredns", 8, ("coredns",))]
    assert machine.refusal() == [], "that checkout was deleted: `up` clears what is left of it"
    other.mkdir(parents=True)
    checkout = other.parent
    assert machine.refusal() == [
        f"the cluster of {checkout} runs on this machine; `make -C {checkout} down` first, "
        "or run both: LOCALCLOUD_SLOT=1 make up"
    ]


def test_ports_that_others_listen_on_are_all_named(machine: Machine, listener: Callable[[str], int]) -> None:
    port = listener("127.0.0.1")
    machine.is_in(Elsewhere(loopback_ports=(port, free_port())))
    assert machine.refusal() == [f"ports in use: 127.0.0.1:{port}; `ss -ltnp` names the processes, end them first"]


def test_another_cluster_that_listens_on_every_address_is_noticed_before_our_own_has_one(
    machine: Machine, listener: Callable[[str], int]
) -> None:
    port = listener("0.0.0.0")  # noqa: S104 - as k3s and kubeadm do with 6443
    machine.is_in(Elsewhere(bridge_ports=(free_port(), port)))
    assert machine.refusal() == [f"ports in use: {BRIDGE_IP}:{port}; `ss -ltnp` names the processes, end them first"]


def test_a_program_on_loopback_does_not_keep_the_api_server_from_the_bridge(
    machine: Machine, listener: Callable[[str], int]
) -> None:
    machine.is_in(Elsewhere(bridge_ports=(listener("127.0.0.1"),)))  # as kind does
    assert machine.refusal() == []


def test_ports_that_our_own_cluster_listens_on_are_not_taken(machine: Machine, listener: Callable[[str], int]) -> None:
    machine.is_in(Elsewhere(loopback_ports=(listener("127.0.0.1"),)))
    machine.running = [Running(str(machine.state.root), "etcd", 7, ("/x/etcd",))]
    assert machine.refusal() == []


def test_routes_that_overlap_are_named(machine: Machine) -> None:
    machine.routes("default", "10.214.3.0/24", "10.212.0.0/16")
    assert machine.refusal() == [
        "the cluster's subnets 10.213.0.0/24, 10.214.0.0/16, 10.215.0.0/16 overlap a route of this machine "
        "(10.214.3.0/24 dev tun0); take others with LOCALCLOUD_SLOT=1, 2 or 3"
    ]


def test_routes_are_not_known_before_iproute_is_installed(machine: Machine) -> None:
    (machine.bin / "ip").unlink()
    script(machine.bin, "apt-get", "exit 1")
    assert machine.refusal() == [], "it is installed first"


def test_a_build_needs_15_gb_and_a_cluster_alone_three(machine: Machine) -> None:
    machine.free = 15 * GIB - (GIB // 10)
    assert machine.refusal() == []
    machine.missing_tools = {"coredns", "pulumi"}
    place = machine.root / "home"
    fix = "free some, or set XDG_CACHE_HOME"
    assert machine.refusal() == [f"14.9 GB free on {place}, 15 GB needed for making coredns, pulumi; {fix}"]
    machine.missing_tools = set()
    machine.free = 2 * GIB
    assert machine.refusal() == [f"2.0 GB free on {place}, 3 GB needed for images and volumes; {fix}"]


def test_no_source_for_a_missing_tool_is_refused_with_the_hosts_that_were_tried(machine: Machine) -> None:
    machine.reachable = False
    assert machine.refusal() == [], "every tool is at hand"
    machine.missing_tools = {"coredns"}
    assert machine.refusal() == [], "where there is no Go, pip gets it from a place of which nothing is known here"
    script(machine.bin, "go", "echo https://mirror.example:8443/go,direct")
    assert machine.refusal() == [
        "coredns must be fetched or built, but no source answers (github.com, mirror.example:8443); "
        "connect to the network, or set GOPROXY to a mirror"
    ]
    machine.reachable = True
    assert machine.refusal() == []


def test_behind_a_proxy_a_name_need_not_resolve_here(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.reachable = False
    machine.missing_tools = {tool.name for tool in TOOLS}
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    assert machine.refusal() == []


def test_packages_are_only_refused_where_nothing_can_install_them(machine: Machine) -> None:
    (machine.bin / "runc").unlink()
    (machine.bin / "ptp").unlink()
    packages = "runc, containernetworking-plugins"
    assert machine.refusal() == [f"install {packages} first: there is no apt-get here to do it"]
    script(machine.bin, "apt-get", "exit 1")
    assert machine.refusal() == []


def test_every_problem_is_named_at_once_and_nothing_has_been_changed(
    machine: Machine, listener: Callable[[str], int]
) -> None:
    log = machine.root / "commands"
    for program in ("go", "apt-get", "systemctl", "iptables", "nsenter"):
        script(machine.bin, program, f'echo {program} "$@" >>{log}')
    machine.routes("10.213.0.0/16")
    shutil.rmtree(machine.cgroups)
    (machine.root / "filesystems").write_text("")
    machine.state = replace(machine.state, root=Path("/run/project/.localcloud"))
    other = machine.root / "other" / ".localcloud"
    other.mkdir(parents=True)
    machine.running = [Running(str(other), "etcd", 7, ("etcd",))]
    machine.is_in(Elsewhere(loopback_ports=(listener("127.0.0.1"),)))
    machine.free, machine.reachable = GIB, False
    machine.missing_tools = {"pulumi"}
    (machine.bin / "containerd").unlink()
    before = tree(machine.root)
    lines = machine.refusal()
    wanted = ["cgroup", "overlayfs", "/run", "the cluster of", "ports", "subnets", "GB free", "no source"]
    assert len(lines) == len(wanted)
    assert all(word in line for word, line in zip(wanted, lines, strict=True)), lines
    assert all(len(line.splitlines()) == 1 for line in lines)
    assert log.read_text() == "go env GOPROXY\n"
    log.unlink()
    assert tree(machine.root) == before


def test_packages_are_named_before_they_are_installed(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DEBIAN_FRONTEND", raising=False)
    log = machine.root / "log"
    script(machine.bin, "apt-get", f'echo "$DEBIAN_FRONTEND $*" >>{log}')

    def say(text: str) -> None:
        with log.open("a") as file:
            file.write(f"{text}\n")

    preflight.install_packages(say, machine.host)
    assert not log.exists(), "all is there"
    (machine.bin / "runc").unlink()
    (machine.bin / "iptables").unlink()
    preflight.install_packages(say, machine.host)
    assert log.read_text().splitlines() == [
        "installing Debian packages: runc, iptables",
        "noninteractive -qq update",
        "noninteractive -qq -y --no-install-recommends install runc iptables",
    ], "a container has no systemd to be told about"


def test_where_systemd_runs_the_user_hears_how_to_stop_debians_own_containerd(machine: Machine) -> None:
    script(machine.bin, "systemctl", "exit 0")
    script(machine.bin, "apt-get", "exit 0")
    (machine.bin / "containerd").unlink()
    heard: list[str] = []
    preflight.install_packages(heard.append, machine.host)
    assert heard[-1].endswith("`systemctl disable --now containerd` stops it")


def test_a_slot_that_does_not_exist_is_refused(machine: Machine) -> None:
    machine.is_in(Elsewhere("7"))
    assert machine.refusal() == ["LOCALCLOUD_SLOT is '7'; it is one of 0, 1, 2, 3 (default: 0)"]


def test_a_cluster_is_not_started_a_second_time_in_another_slot(machine: Machine) -> None:
    machine.state.root.mkdir(parents=True, exist_ok=True)
    machine.state.made_in.write_text("3")
    refusal = "LOCALCLOUD_SLOT is '0', but this cluster was made in slot 3; unset it"
    assert machine.refusal() == [refusal]
    with pytest.raises(LocalCloudError, match=refusal), lifecycle.alone(machine.state):
        pytest.fail("`down` or `erase` went on")
