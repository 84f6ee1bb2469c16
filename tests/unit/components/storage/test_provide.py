"""The disks, directories and volumes that are made for a storage backend agree with each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest

from components.storage.backends import Storage
from tests.support.golden import assert_golden
from tests.support.monitor import Resource
from tests.unit.components.goldens import of_backend
from tests.unit.components.programs import DISKS, LOCAL, PROJECT, REGIONAL, SHARED, deployed, kubia, nginx, run, stored

GOLDEN = Path(__file__).with_name("golden")
SAID: dict[str, Any] = {"labels": {"environment": "prod"}, "snapshots": {"keepDays": 30}}
PLACES = [{"name": "pv-a"}, {"name": "pv-b", "zone": "us-east1-b", "adopt": True}]
BACKENDS: dict[str, dict[str, Any]] = {
    "local": {
        **LOCAL,
        "volumes": [{"name": f"v-{i}", "node": "node-0", "path": f"/srv/volumes/{i}"} for i in range(2)],
    },
    "gce-disks": {**DISKS, **SAID, "disks": PLACES},
    "gce-disks-in-tree": {**DISKS, "source": "in-tree", "disks": PLACES[:1]},
    "regional-disks": {**REGIONAL, **SAID},
    "dynamic": {"kind": "dynamic"},
    "shared-claim": SHARED,
}


def volume(storage: dict[str, Any], name: str, **fields: Any) -> Resource:
    return run({"kubia": kubia(storage=storage, **fields)}).one("PersistentVolume", f"kubia-volumes-{name}")


def affinity(pv: Resource) -> tuple[str, list[str]]:
    (term,) = pv.inputs["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"]
    (expression,) = term["matchExpressions"]
    assert expression["operator"] == "In"
    return expression["key"], expression["values"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_all_that_a_backend_registers_and_asks_of_the_set_is_what_is_checked_in(backend: str) -> None:
    few = backend in ("gce-disks-in-tree", "shared-claim")
    fields = kubia(storage=BACKENDS[backend], replicas=1 if few else 2, durability="discard" if few else "keep")
    assert_golden(GOLDEN / f"{backend}.yaml", of_backend(deployed("kubia", fields, google=PROJECT)))


def test_no_backend_is_without_its_golden_and_no_golden_without_its_backend() -> None:
    models, _ = get_args(Storage)
    words = {model.model_fields["kind"].default for model in get_args(models)}
    assert words | {"gce-disks-in-tree"} == BACKENDS.keys() == {file.stem for file in GOLDEN.iterdir()}


def test_a_local_volume_is_its_directory_on_its_node() -> None:
    pv = volume(LOCAL, "v-1")
    assert pv.inputs["metadata"]["name"] == "v-1"
    assert pv.inputs["spec"]["local"] == {"path": "/srv/volumes/1"}
    assert affinity(pv) == ("kubernetes.io/hostname", ["node-1"])
    assert pv.inputs["spec"]["claimRef"] == {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "namespace": "shop",
        "name": "data-kubia-1",
    }
    assert pv.depends_on == ("kubia-directories-node-1",)


def test_a_disks_volume_is_reached_through_the_driver_from_the_disks_zone() -> None:
    pv = volume({**DISKS, "fsType": "xfs"}, "pv-b")
    handle = f"projects/{PROJECT}/zones/europe-west1-b/disks/pv-b"
    assert pv.inputs["spec"]["csi"] == {"driver": "pd.csi.storage.gke.io", "volumeHandle": handle, "fsType": "xfs"}
    assert affinity(pv) == ("topology.gke.io/zone", ["europe-west1-b"])
    assert pv.depends_on == ("kubia-disks-pv-b",)


def test_a_volume_is_mounted_as_its_claim_asks() -> None:
    assert volume({**DISKS, "accessMode": "ReadWriteOncePod"}, "pv-a").inputs["spec"]["accessModes"] == [
        "ReadWriteOncePod"
    ]
    assert volume(LOCAL, "v-0").inputs["spec"]["accessModes"] == ["ReadWriteOnce"]


def test_a_disk_in_a_zone_of_its_own_takes_its_volume_along() -> None:
    storage = {**DISKS, "disks": [{"name": "a"}, {"name": "b", "zone": "us-east1-c"}]}
    recorded = run({"kubia": kubia(storage=storage)})
    pv = recorded.one("PersistentVolume", "kubia-volumes-b")
    assert recorded.one("Disk", "kubia-disks-b").inputs["zone"] == "us-east1-c"
    assert affinity(pv) == ("topology.gke.io/zone", ["us-east1-c"])
    assert pv.inputs["spec"]["csi"]["volumeHandle"].endswith("/zones/us-east1-c/disks/b")


def test_the_in_tree_source_comes_on_request() -> None:
    pv = volume({**DISKS, "source": "in-tree"}, "pv-a")
    assert pv.inputs["spec"]["gcePersistentDisk"] == {"pdName": "pv-a", "fsType": "ext4"}
    assert "csi" not in pv.inputs["spec"]
    assert affinity(pv) == ("topology.kubernetes.io/zone", ["europe-west1-b"])


def test_a_regional_disk_is_reached_from_both_its_zones() -> None:
    recorded = run({"kubia": kubia(storage=REGIONAL)})
    disk = recorded.one("RegionDisk", "kubia-disks-r-b")
    pv = recorded.one("PersistentVolume", "kubia-volumes-r-b")
    assert disk.inputs["region"] == "europe-west1"
    assert disk.inputs["replicaZones"] == ["europe-west1-b", "europe-west1-c"]
    assert pv.inputs["spec"]["csi"]["volumeHandle"] == f"projects/{PROJECT}/regions/europe-west1/disks/r-b"
    assert affinity(pv) == ("topology.gke.io/zone", ["europe-west1-b", "europe-west1-c"])


def test_sizes_go_down_the_chain() -> None:
    recorded = run(stored(DISKS, size="3Gi", volumeSize="2Gi", claimSize="1Gi"))
    assert recorded.one("Disk", "kubia-disks-pv-a").inputs["size"] == 3
    assert recorded.one("PersistentVolume", "kubia-volumes-pv-a").inputs["spec"]["capacity"] == {"storage": "2Gi"}
    template = recorded.one("StatefulSet").inputs["spec"]["volumeClaimTemplates"][0]
    assert template["spec"]["resources"]["requests"]["storage"] == "1Gi"


def test_a_volume_is_as_large_as_its_claim_unless_told() -> None:
    assert volume({**LOCAL, "claimSize": "5Mi"}, "v-0").inputs["spec"]["capacity"] == {"storage": "5Mi"}
    assert volume(LOCAL, "v-0").inputs["spec"]["capacity"] == {"storage": "1Mi"}


@pytest.mark.parametrize(("durability", "keeps"), [("keep", True), ("discard", False)])
def test_durability_decides_for_each_disk_and_volume_by_itself(durability: str, keeps: bool) -> None:
    recorded = run({"kubia": kubia(storage=DISKS, durability=durability)})
    assert {disk.protect for disk in recorded.of_type("Disk")} == {keeps}
    assert {disk.inputs["createSnapshotBeforeDestroy"] for disk in recorded.of_type("Disk")} == {keeps}
    prefixes = [disk.inputs.get("createSnapshotBeforeDestroyPrefix") for disk in recorded.of_type("Disk")]
    assert prefixes == (["pv-a", "pv-b", "pv-c"] if keeps else [None] * 3)
    assert {pv.retain_on_delete for pv in recorded.of_type("PersistentVolume")} == {keeps}
    policies = {pv.inputs["spec"]["persistentVolumeReclaimPolicy"] for pv in recorded.of_type("PersistentVolume")}
    assert policies == {"Retain"}


def test_a_disk_gets_its_type_labels_and_project() -> None:
    disk = run(stored(DISKS, type="pd-ssd", labels={"team": "shop"})).one("Disk", "kubia-disks-pv-a")
    assert disk.inputs["type"] == "pd-ssd"
    assert disk.inputs["labels"] == {"managed-by": "pulumi", "team": "shop"}
    assert disk.inputs["project"] == PROJECT
    assert disk.inputs["name"] == "pv-a"
    assert disk.import_id is None
    assert disk.ignore_changes == ()


@pytest.mark.parametrize("storage", [DISKS, REGIONAL])
def test_an_adopted_disk_is_imported_as_it_is_and_protected_at_once(storage: dict[str, Any]) -> None:
    first = {**storage["disks"][0], "adopt": True}
    recorded = run(stored(storage, disks=[first, *storage["disks"][1:]]))
    disks = [*recorded.of_type("Disk"), *recorded.of_type("RegionDisk")]
    place = "zones/europe-west1-b" if storage is DISKS else "regions/europe-west1"
    assert disks[0].import_id == f"projects/{PROJECT}/{place}/disks/{first['name']}"
    assert disks[0].ignore_changes == ("labels", "createSnapshotBeforeDestroy", "createSnapshotBeforeDestroyPrefix")
    assert disks[0].protect is True
    assert {disk.import_id for disk in disks[1:]} == {None}


@pytest.mark.parametrize(
    ("storage", "attachment", "place"),
    [
        (DISKS, "DiskResourcePolicyAttachment", ("zone", "europe-west1-b")),
        (REGIONAL, "RegionDiskResourcePolicyAttachment", ("region", "europe-west1")),
    ],
)
def test_every_disk_gets_the_snapshot_schedule(
    storage: dict[str, Any], attachment: str, place: tuple[str, str]
) -> None:
    recorded = run(stored(storage, snapshots={"startTime": "04:00", "keepDays": 9}))
    policy = recorded.one("ResourcePolicy").inputs
    assert policy["name"] == "kubia-disks-snapshots"
    assert policy["region"] == "europe-west1"
    assert policy["project"] == PROJECT
    assert policy["snapshotSchedulePolicy"] == {
        "schedule": {"dailySchedule": {"daysInCycle": 1, "startTime": "04:00"}},
        "retentionPolicy": {"maxRetentionDays": 9, "onSourceDiskDelete": "KEEP_AUTO_SNAPSHOTS"},
    }
    attached = recorded.of_type(attachment)
    names = [disk["name"] for disk in storage["disks"]]
    assert [a.inputs["disk"] for a in attached] == names
    assert [a.name for a in attached] == [f"kubia-disks-{name}-snapshots" for name in names]
    for one in attached:
        assert one.inputs[place[0]] == place[1]
        assert one.inputs["project"] == PROJECT
        assert one.inputs["name"] == "kubia-disks-snapshots"
        assert f"kubia-disks-{one.inputs['disk']}" in one.depends_on


def test_disks_of_two_regions_have_a_schedule_in_each() -> None:
    disks = [{"name": "a"}, {"name": "b", "zone": "us-east1-b"}]
    recorded = run(stored(DISKS, disks=disks, snapshots={}))
    assert [policy.inputs["region"] for policy in recorded.of_type("ResourcePolicy")] == ["europe-west1", "us-east1"]


def test_without_a_schedule_there_is_none() -> None:
    recorded = run({"kubia": kubia(storage=DISKS)})
    assert recorded.of_type("ResourcePolicy") == ()
    assert recorded.of_type("DiskResourcePolicyAttachment") == ()


def test_a_provisioner_needs_no_volume_of_ours() -> None:
    recorded = run({"nginx": nginx()})
    assert recorded.of_type("PersistentVolume") == ()
    assert recorded.of_type("PersistentVolumes") == ()
    assert recorded.stack_outputs["nginx"]["volumes"] == []


def test_directories_are_made_by_one_job_for_each_node() -> None:
    volumes = [{"name": f"v-{i}", "node": f"node-{i % 2}", "path": f"/srv/volumes/{3 - i}"} for i in range(3)]
    jobs = run(stored(LOCAL, volumes=volumes)).of_type("Job")
    assert [job.name for job in jobs] == ["kubia-directories-node-0", "kubia-directories-node-1"]
    pod = jobs[0].inputs["spec"]["template"]["spec"]
    assert pod["nodeName"] == "node-0"
    assert [v["hostPath"] for v in pod["volumes"]] == [
        {"path": "/srv/volumes/1", "type": "DirectoryOrCreate"},
        {"path": "/srv/volumes/3", "type": "DirectoryOrCreate"},
    ]
    (container,) = pod["containers"]
    assert container["command"] == ["true"]
    assert [(m["name"], m["mountPath"]) for m in container["volumeMounts"]] == [
        ("directory-0", "/directories/0"),
        ("directory-1", "/directories/1"),
    ]
    assert jobs[0].inputs["metadata"]["annotations"]["pulumi.com/skipAwait"] == "true"


def test_a_changed_set_of_directories_is_a_job_of_another_name() -> None:
    def name_of_job(storage: dict[str, Any]) -> str:
        name: str = (
            run({"kubia": kubia(storage=storage)}).one("Job", "kubia-directories-node-0").inputs["metadata"]["name"]
        )
        return name

    fewer = {**LOCAL, "volumes": LOCAL["volumes"][:2]}
    moved = {**LOCAL, "volumes": [{**LOCAL["volumes"][0], "path": "/srv/other"}, *LOCAL["volumes"][1:]]}
    assert name_of_job(LOCAL) == name_of_job(fewer)
    assert name_of_job(LOCAL) != name_of_job(moved)
    assert name_of_job(LOCAL).startswith("kubia-directories-node-0-")
