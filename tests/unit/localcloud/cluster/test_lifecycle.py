"""What decides whether the cluster is in order, and what `up` puts at hand for it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from localcloud.cluster import controlplane, lifecycle, nodes
from localcloud.gce import daemon as gce
from localcloud.gce.http import token_file
from localcloud.host import daemons
from localcloud.host.daemons import Daemon, Running
from localcloud.host.errors import LocalCloudError
from localcloud.host.paths import State
from localcloud.node import csi, node
from tests.support.places import SLOT, Apart
from tests.unit.localcloud.cluster.api_server import serving
from tests.unit.localcloud.fakes import quiet, said

API = dict[str, tuple[int, Any]]


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(tmp_path / "state", SLOT)


@pytest.fixture
def api() -> API:
    """What the API server answers, by path."""
    return {}


@pytest.fixture
def listed(tmp_path: Path, api: API) -> Iterator[State]:
    """The state of a cluster whose API server answers so."""
    with serving(tmp_path / "listed", lambda method, path, *_: api[path]) as state:
        yield state


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str, str], Path]:
    def write(place: str, content: str) -> Path:
        path = tmp_path / place / "pulumi"
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
        path.chmod(0o755)
        return path

    return write


def statefulset(wanted: int = 2, generation: int = 3, **status: int) -> dict[str, Any]:
    return {
        "metadata": {"namespace": "default", "name": "kubia", "generation": generation},
        "spec": {"replicas": wanted},
        "status": status,
    }


def test_programs_are_at_hand_under_their_own_names_and_plugins_are_not(
    state: State, program: Callable[[str, str], Path]
) -> None:
    made = program("cache", "one")
    lifecycle.link_programs(state, {"pulumi": made, "pulumi-resource-kubernetes": made})
    assert [path.name for path in state.bin.iterdir()] == ["pulumi"]
    assert (state.bin / "pulumi").samefile(made), "on disk once"


def test_a_program_that_was_made_anew_replaces_the_old_one(state: State, program: Callable[[str, str], Path]) -> None:
    for version in ("one", "three"):
        lifecycle.link_programs(state, {"pulumi": program(version, version)})
        assert (state.bin / "pulumi").read_text() == version
    assert [path.name for path in state.bin.iterdir()] == ["pulumi"]


def test_on_another_file_system_programs_are_copied_once(
    state: State, program: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, target: Path) -> None:
        raise OSError(18, "Invalid cross-device link")

    copies: list[Path] = []
    copy = shutil.copy2

    def counted(source: Path, target: Path) -> None:
        copies.append(source)
        copy(source, target)

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    monkeypatch.setattr(shutil, "copy2", counted)
    made = program("cache", "one")
    for _ in range(3):
        lifecycle.link_programs(state, {"pulumi": made})
    assert copies == [made], "a gigabyte in every `make up`"
    assert (state.bin / "pulumi").read_text() == "one"
    lifecycle.link_programs(state, {"pulumi": program("cache", "other")})
    assert (state.bin / "pulumi").read_text() == "other"


def test_a_program_that_a_package_manager_linked_to_is_followed(
    state: State, program: Callable[[str, str], Path]
) -> None:
    made = program("cellar", "brewed")
    link = made.parent.parent / "pulumi"
    link.symlink_to("cellar/pulumi")
    lifecycle.link_programs(state, {"pulumi": link})
    assert (state.bin / "pulumi").read_text() == "brewed"


def test_only_one_up_or_down_works_at_a_time_and_a_crash_lets_go(tmp_path: Path) -> None:
    state = State(tmp_path / "state", Apart(lock=tmp_path / "lock"))
    busy = pytest.raises(LocalCloudError, match=r"^another `make up` or `make down` is at work on this machine")
    with lifecycle.alone(state), busy, lifecycle.alone(state):
        pytest.fail("it must not get in")
    with pytest.raises(ZeroDivisionError), lifecycle.alone(state):
        raise ZeroDivisionError
    with lifecycle.alone(state):
        pass


def test_what_a_deleted_checkout_left_running_is_ended_and_a_living_one_is_not(
    state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lives").mkdir()
    owners = [str(tmp_path / "lives"), str(tmp_path / "deleted"), str(state.root)]
    everything = [Running(owner, "etcd", pid, ("etcd",)) for pid, owner in enumerate(owners)]
    ended: list[int] = []
    monkeypatch.setattr(
        daemons, "running", lambda slot, owner=None: [p for p in everything if owner is None or p.owner == str(owner)]
    )
    monkeypatch.setattr(daemons, "stop", lambda pids, grace: ended.extend(pids))
    progress = quiet()
    lifecycle.clear_orphans(state, progress)
    assert ended == [1]
    assert said(progress) == f"clearing what was left running by a deleted checkout ({tmp_path / 'deleted'})\n"


@pytest.mark.parametrize(
    ("item", "lines"),
    [
        (statefulset(observedGeneration=3, readyReplicas=2, replicas=2, updatedReplicas=2), []),
        (statefulset(0, observedGeneration=3), []),
        (statefulset(observedGeneration=3, readyReplicas=1, replicas=2), ["default/kubia: 1 of 2 pods ready"]),
        (statefulset(observedGeneration=2, readyReplicas=2, replicas=2), ["default/kubia: 2 of 2 pods ready"]),
        (statefulset(1, observedGeneration=3, readyReplicas=1, replicas=2), ["default/kubia: 1 of 1 pods ready"]),
        (statefulset(), ["default/kubia: 0 of 2 pods ready"]),
        (
            statefulset(observedGeneration=3, readyReplicas=2, replicas=2, updatedReplicas=1),
            ["default/kubia: 1 of 2 pods updated"],
        ),
    ],
)
def test_a_workload_is_ready_when_the_controller_has_seen_it_and_every_pod_is(
    item: dict[str, Any], lines: list[str], listed: State, api: API
) -> None:
    api["/apis/apps/v1/statefulsets"] = (200, {"items": [item]})
    assert lifecycle.unready_workloads(listed) == lines


@pytest.mark.parametrize(
    ("strategy", "updated", "settled"),
    [
        ({"type": "OnDelete"}, 0, True),
        ({"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}, 1, True),
        ({"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}, 0, False),
        ({"type": "RollingUpdate", "rollingUpdate": {"partition": 9}}, 0, True),
        ({"type": "RollingUpdate"}, 1, False),
    ],
)
def test_up_waits_only_for_pods_that_the_update_strategy_replaces(
    strategy: dict[str, Any], updated: int, settled: bool, listed: State, api: API
) -> None:
    item = statefulset(observedGeneration=3, readyReplicas=2, replicas=2, updatedReplicas=updated)
    item["spec"]["updateStrategy"] = strategy
    api["/apis/apps/v1/statefulsets"] = (200, {"items": [item]})
    assert (lifecycle.unready_workloads(listed) == []) is settled


def test_workloads_that_cannot_be_listed_are_not_taken_for_ready(listed: State, api: API) -> None:
    api["/apis/apps/v1/statefulsets"] = (403, {"message": "no"})
    assert lifecycle.unready_workloads(listed) == ["the API server does not list the StatefulSets"]


def test_destroy_waits_for_volumes_that_are_to_be_deleted_and_for_no_other(listed: State, api: API) -> None:
    items = [
        {
            "metadata": {"name": f"{policy}-{phase}".lower()},
            "spec": {"persistentVolumeReclaimPolicy": policy},
            "status": {"phase": phase},
        }
        for policy in ("Delete", "Retain")
        for phase in ("Available", "Bound", "Released", "Failed")
    ]
    api["/api/v1/persistentvolumes"] = (200, {"items": items})
    assert lifecycle.leaving_volumes(listed) == [
        "volume delete-released is not deleted",
        "volume delete-failed is not deleted",
    ]
    api["/api/v1/persistentvolumes"] = (403, {"message": "no"})
    assert lifecycle.leaving_volumes(listed) == ["the API server does not list the volumes"]


def test_a_running_cluster_is_not_erased(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    (state.root / "nodes").mkdir(parents=True)
    everything = [Running(str(state.root), "etcd", 1, (str(state.bin / "etcd"),))]
    monkeypatch.setattr(daemons, "running", lambda slot, owner=None: everything)
    with pytest.raises(LocalCloudError, match=r"^the cluster runs; `make down` first$"):
        lifecycle.erase(state)
    assert (state.root / "nodes").exists()
    everything.clear()
    lifecycle.erase(state)
    assert not state.root.exists()


def test_erase_keeps_the_state_of_stacks_on_other_clusters_and_its_passphrase(state: State) -> None:
    (state.root / lifecycle.ELSEWHERE / "abc").mkdir(parents=True)
    (state.root / "etcd").mkdir()
    state.passphrase.write_text("theirs too")
    lifecycle.erase(state)
    assert sorted(path.name for path in state.root.iterdir()) == [lifecycle.ELSEWHERE, "passphrase"]


def test_a_stack_of_this_checkout_on_another_cluster_is_not_another_copy(state: State) -> None:
    owners = [str(state.root), f"{state.root}/elsewhere/abc", f"{state.root}-two"]
    found = [daemons.Running(owner, "pulumi", number, ("pulumi",)) for number, owner in enumerate(owners)]
    assert lifecycle.other_owners(state, found) == [f"{state.root}-two"]


@pytest.fixture
def whole(state: State, monkeypatch: pytest.MonkeyPatch) -> dict[str, Running]:
    """A cluster of two nodes in order: its processes by name."""
    state.keep_nodes(2)
    services = [csi.node(each, state, 1) for each in state.nodes]
    commands = {each.name: tuple(each.command) for each in (*controlplane.programs(state), *services)}
    commands |= {each.name: (node.INIT,) for each in state.nodes}
    for each in state.nodes:
        commands |= {f"{each.name}-{program}": (program,) for program in node.PROGRAMS if program != csi.NODE}
    processes = {name: Running(str(state.root), name, 1, command) for name, command in commands.items()}
    monkeypatch.setattr(daemons, "running", lambda slot, owner=None: list(processes.values()))
    monkeypatch.setattr(nodes, "in_order", lambda _: True)
    token_file.ensure(gce.token(state))
    return processes


def test_a_cluster_is_in_order_when_every_part_runs_with_the_arguments_of_now(
    state: State, whole: dict[str, Running]
) -> None:
    assert lifecycle._in_order(state)
    whole["etcd"] = replace(whole["etcd"], argv=(whole["etcd"].argv[0], "--older"))
    assert lifecycle._in_order(state), "etcd is not stopped for that"


@pytest.mark.parametrize("name", ["gce", "csi-controller", "statefulsets-0-csi-node", "statefulsets-1-csi-node"])
def test_storage_that_an_older_version_started_without_a_token_is_not_in_order(
    name: str, state: State, whole: dict[str, Running]
) -> None:
    now = whole[name]
    whole[name] = replace(now, argv=tuple(word for word in now.argv if "token" not in word))
    assert whole[name] != now
    assert not lifecycle._in_order(state)
    del whole[name]
    assert not lifecycle._in_order(state)


def test_a_cluster_whose_token_is_lost_or_open_to_others_is_not_in_order(
    state: State, whole: dict[str, Running]
) -> None:
    gce.token(state).chmod(0o644)
    assert not lifecycle._in_order(state)
    gce.token(state).unlink()
    assert not lifecycle._in_order(state)


def test_the_token_is_there_before_anything_that_needs_it_is_started(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[tuple[str, bool]] = []

    def start(state: State, daemon: Daemon) -> bool:
        started.append((daemon.name, token_file.sound(gce.token(state))))
        return True

    monkeypatch.setattr(daemons, "start", start)
    state.root.mkdir()
    assert controlplane.start(state) == ["etcd", "kube-apiserver", "gce", "coredns"]
    assert started[2:] == [("gce", True), ("coredns", True)]


def test_a_kubelet_that_was_quicker_than_containerd_is_started_again_while_up_waits(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    lives = [False]
    monkeypatch.setattr(lifecycle, "parts", lambda _: [lifecycle.Part("kubelet", 1 if lives[0] else None)])
    monkeypatch.setattr(nodes, "ready", lambda _: True)  # what the API remembers from before
    monkeypatch.setattr(nodes, "start", lambda _: lives.__setitem__(0, True))
    monkeypatch.setattr(controlplane, "start_storage", lambda _: [])
    listening = iter([False, True])
    monkeypatch.setattr(node, "kubelet_listens", lambda _: next(listening))
    assert [lifecycle._settled(state) for _ in range(3)] == [False, False, True]
