"""Problems are put into words with their path, the value, and the nearest known word."""

from __future__ import annotations

from typing import Any

import pytest

from components.model.errors import KUBERNETES_KEYS, Problem, choices, dotted, nearest, shown
from tests.unit.components.programs import CLOUD_SQL, LOCAL, TARGET, kubia, only_kubia, problems, stored

PREFIX = "statefulsets:workloads.kubia"
SAID = {
    "gracePeriod": "terminationGracePeriodSeconds",
    "namespace": "namespace in statefulsets:target; claims and volumes follow it",
    "persistentVolumeClaimRetentionPolicy": "durability: keep (Retain) or durability: discard (Delete)",
    "persistentVolumeReclaimPolicy": "durability: keep (Retain) or durability: discard",
    "reclaimPolicy": "durability: keep (Retain) or durability: discard",
    "serviceName": "nothing: the governing Service is named as the workload",
    "storageClassName": "storage: {kind: dynamic, className: ...}",
    "volumeClaimTemplates": "storage.claimSize; the claim template's name belongs to the kind",
}


@pytest.mark.parametrize("key", sorted(SAID | KUBERNETES_KEYS))
def test_a_key_from_a_manifest_is_answered_with_what_says_it_here(key: str) -> None:
    assert problems(only_kubia(**{key: "x"})) == [f"{PREFIX}.{key}: unknown key; write {SAID[key]}"]


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("client_service", "clientService"),
        ("client-service", "clientService"),
        ("CLIENTSERVICE", "clientService"),
        ("podManagmentPolicy", "podManagementPolicy"),
        ("min_ready_second", "minReadySeconds"),
    ],
)
def test_the_nearest_key_is_found_whatever_its_spelling(key: str, meant: str) -> None:
    assert problems(only_kubia(**{key: 1})) == [f"{PREFIX}.{key}: unknown key; did you mean {meant}?"]


@pytest.mark.parametrize(
    ("workloads", "path", "meant"),
    [
        (stored(LOCAL, volume=[]), f"{PREFIX}.storage.volume", "volumes"),
        (stored({"kind": "dynamic", "clasName": "x"}), f"{PREFIX}.storage.clasName", "className"),
        (only_kubia(updateStrategy={"partitions": 1}), f"{PREFIX}.updateStrategy.partitions", "partition"),
        (only_kubia(resources={"limit": {}}), f"{PREFIX}.resources.limit", "limits"),
        (only_kubia(resources={"limits": {"memori": "1"}}), f"{PREFIX}.resources.limits.memori", "memory"),
        (
            stored(LOCAL, volumes=[{**LOCAL["volumes"][0], "paht": "x"}, *LOCAL["volumes"][1:]]),
            f"{PREFIX}.storage.volumes[0].paht",
            "path",
        ),
        ({"db": {**CLOUD_SQL, "backups": {"startTim": 1}}}, "statefulsets:workloads.db.backups.startTim", "startTime"),
    ],
)
def test_the_nearest_key_is_one_of_the_same_map(workloads: dict[str, Any], path: str, meant: str) -> None:
    assert problems(workloads) == [f"{path}: unknown key; did you mean {meant}?"]


def test_a_list_of_many_disks_is_cut() -> None:
    def said(count: int) -> str:
        volumes = [{"name": f"v-{i}", "node": "n", "path": f"/srv/v/{i}"} for i in range(count)]
        (line,) = problems({"kubia": kubia(replicas=9, storage={**LOCAL, "volumes": volumes})})
        return line

    assert "6 disks (v-0, v-1, v-2, v-3, v-4, v-5); add 3 disks" in said(6)
    assert "7 disks (v-0, v-1, v-2, v-3, v-4, v-5, ...); add 2 disks" in said(7)
    assert "9 replicas but 1 disk (v-0); add 8 disks" in said(1)


def test_no_replicas_need_no_disks() -> None:
    volumes = LOCAL["volumes"][:1]
    assert problems({"kubia": kubia(replicas=0, ordinals={"start": 5}, storage={**LOCAL, "volumes": volumes})}) == []


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("a",), "a"),
        (("a:b", "c-d", "e_f", 0, "g"), "a:b.c-d.e_f[0].g"),
        (("a", "b.c"), 'a["b.c"]'),
        (("a", ""), 'a[""]'),
        (("a", "é"), 'a["\\u00e9"]'),
        (("a", "b c", "d"), 'a["b c"].d'),
    ],
)
def test_a_path_reads_as_pulumi_config_takes_it(path: tuple[str | int, ...], text: str) -> None:
    assert dotted(path) == text


def test_a_value_is_shown_as_json_and_cut_where_it_is_long() -> None:
    assert shown("é") == '"\\u00e9"'
    assert shown("x" * 58) == f'"{"x" * 58}"'
    assert shown("x" * 59) == f'"{"x" * 56}...'


def test_choices_and_guesses_read_well() -> None:
    assert choices(["a"]) == "a"
    assert choices(["a", "b"]) == "a or b"
    assert choices(["a", "b", "c"]) == "a, b or c"
    assert nearest("kubai", ["kubia", "nginx"]) == "; did you mean kubia?"
    assert nearest("postgres", ["kubia", "nginx"]) == ""
    assert str(Problem("a.b", "wrong; mend it")) == "a.b: wrong; mend it"


@pytest.mark.parametrize("version", ["1.27", "1.34", "1.9", "1.0", "v1.34", "2.1"])
def test_versions_compare_as_numbers(version: str) -> None:
    found = problems(only_kubia(durability="discard"), {**TARGET, "kubernetesVersion": version})
    assert (found == []) is (version in ("1.27", "1.34"))


def test_a_kubeconfig_names_the_cluster_too() -> None:
    assert problems(only_kubia(), {"kubeconfig": "/etc/kubeconfig"}) == []
