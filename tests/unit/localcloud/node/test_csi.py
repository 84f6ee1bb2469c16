"""The cluster's storage is GKE's: its driver, its classes, and nothing of the user's Google account."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from localcloud import gce
from localcloud.cluster import controlplane
from localcloud.host.daemons import Daemon
from localcloud.host.paths import State
from localcloud.host.slot import ZONES
from localcloud.node import csi, node
from localcloud.toolchain import TOOLS
from tests.support.places import SLOT

STORAGE: list[dict[str, Any]] = list(yaml.safe_load_all((controlplane.MANIFESTS / "storage.yaml").read_text()))
DRIVER = "pd.csi.storage.gke.io"


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(tmp_path / ".localcloud", SLOT)


def flags(daemon: Daemon) -> dict[str, str]:
    return {name: value for name, _, value in (word.removeprefix("--").partition("=") for word in daemon.command[1:])}


def test_a_node_service_works_in_its_nodes_mounts_and_reaches_the_standin_on_the_hosts_loopback(state: State) -> None:
    daemon = csi.node(SLOT.node(1), state, 42)
    assert daemon.inside == 42
    assert {"mount", "pid"} <= set(daemon.namespaces), "else a power cut would not end it"
    assert "net" not in daemon.namespaces, "the stand-in listens on the host's loopback only"
    assert flags(daemon)["compute-endpoint"] == gce.url(SLOT)


def test_controller_and_node_services_are_told_where_the_stand_ins_token_is_and_not_what_it_is(state: State) -> None:
    file = f"{state.root}/gce/token"
    (standin,) = (each for each in controlplane.programs(state) if each.name == "gce")
    assert standin.command[-1] == file
    services = (csi.controller(state), csi.node(SLOT.node(0), state, 1))
    assert [flags(each)["token-file"] for each in services] == [file, file]
    assert all(each.renewed for each in (standin, *services)), "those that an older version started have none"


def test_each_node_service_says_which_machine_in_which_zone_it_is(state: State) -> None:
    said = [flags(csi.node(each, state, 1)) for each in (SLOT.node(0), SLOT.node(1), SLOT.node(3))]
    assert [(each["instance"], each["zone"]) for each in said] == [
        ("statefulsets-0", ZONES[0]),
        ("statefulsets-1", ZONES[1]),
        ("statefulsets-3", ZONES[0]),
    ]


def test_a_node_sees_the_disks_files_where_its_service_looks_for_them() -> None:
    script = (Path(node.__file__).parent / "node-init.sh").read_text()
    assert re.search(rf'mount --bind "\$disks" {csi.DISKS}$', script, re.MULTILINE)
    assert script.index('mount --bind "$disks"') < script.index("mount -t overlay"), "a checkout may lie below /var"


def test_controller_and_node_services_make_disks_in_one_project(state: State) -> None:
    assert flags(csi.controller(state))["project"] == flags(csi.node(SLOT.node(0), state, 1))["project"] == csi.PROJECT


def test_the_classes_are_those_of_gke() -> None:
    classes = {each["metadata"]["name"]: each for each in STORAGE if each["kind"] == "StorageClass"}
    shown = {
        name: (each["provisioner"], each["parameters"]["type"], each["volumeBindingMode"])
        for name, each in classes.items()
    }
    assert shown == {
        "standard": ("kubernetes.io/gce-pd", "pd-standard", "Immediate"),
        "standard-rwo": (DRIVER, "pd-balanced", "WaitForFirstConsumer"),
        "premium-rwo": (DRIVER, "pd-ssd", "WaitForFirstConsumer"),
    }
    assert all(each["allowVolumeExpansion"] and each["reclaimPolicy"] == "Delete" for each in classes.values())
    mark = "storageclass.kubernetes.io/is-default-class"
    default = [name for name, each in classes.items() if each["metadata"].get("annotations", {}).get(mark) == "true"]
    assert default == ["standard-rwo"]


def test_the_driver_wants_its_disks_attached_by_the_cluster() -> None:
    (driver,) = (each for each in STORAGE if each["kind"] == "CSIDriver")
    assert driver["metadata"]["name"] == DRIVER
    assert driver["spec"]["attachRequired"] is True, "else two nodes could have a disk at once"


def test_the_controller_may_neither_read_secrets_nor_change_pods() -> None:
    (role,) = (each for each in STORAGE if each["kind"] == "ClusterRole")
    rules = {resource: set(rule["verbs"]) for rule in role["rules"] for resource in rule["resources"]}
    assert "secrets" not in rules
    assert rules["pods"] == {"get", "list", "watch"}
    assert "*" not in {verb for verbs in rules.values() for verb in verbs} | set(rules)


def test_every_kind_of_the_clusters_own_objects_has_a_path() -> None:
    every = [each for file in controlplane.MANIFESTS.glob("*.yaml") for each in yaml.safe_load_all(file.read_text())]
    assert {each["kind"] for each in every} <= set(controlplane.PLURALS)


def test_the_programs_that_the_cluster_starts_are_those_that_are_built() -> None:
    (tool,) = (tool for tool in TOOLS if tool.name == "csi")
    assert set(tool.programs) == {csi.CONTROLLER, csi.NODE}
    main = (tool.module / "main.go").read_text()
    assert all(f'"{program}":' in main for program in tool.programs)
    assert f"gcp-compute-persistent-disk-csi-driver v{tool.version}\n" in (tool.module / "go.mod").read_text()
