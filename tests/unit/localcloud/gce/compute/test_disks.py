"""The GCE stand-in's disks: what Compute Engine allows with them, and where their bytes are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.gce.http.errors import ApiError
from localcloud.gce.names import check_name
from tests.support.gce import COMPUTE, DISKS, ZONE, Google, serving

REGIONAL = f"{COMPUTE}/regions/europe-west1/disks"
SCHEDULE = {
    "name": "nightly",
    "snapshotSchedulePolicy": {
        "schedule": {"dailySchedule": {"daysInCycle": 1, "startTime": "03:00"}},
        "retentionPolicy": {"maxRetentionDays": 14, "onSourceDiskDelete": "KEEP_AUTO_SNAPSHOTS"},
    },
}
POLICIES = f"{COMPUTE}/regions/europe-west1/resourcePolicies"
NIGHTLY = {"resourcePolicies": ["regions/europe-west1/resourcePolicies/nightly"]}


@pytest.fixture
def google(tmp_path: Path) -> Iterator[Google]:
    with serving(tmp_path / "gce") as google:
        yield google


def test_a_disk_is_a_sparse_file_of_its_size_that_only_its_owner_reads(google: Google) -> None:
    file = Path(google.disk(sizeGb="200")["standinFile"])
    assert file.stat().st_size == 200 << 30
    assert file.stat().st_blocks == 0
    assert file.stat().st_mode & 0o077 == 0
    assert file.parent.stat().st_mode & 0o077 == 0


def test_a_deleted_disks_bytes_are_gone_and_one_of_its_name_begins_empty(google: Google) -> None:
    first = Path(google.disk()["standinFile"])
    first.write_bytes(b"old data")
    google.do("DELETE", f"{DISKS}/pv-a")
    assert not first.exists()
    assert google.refusal("GET", f"{DISKS}/pv-a")[:2] == (404, "notFound")
    second = Path(google.disk()["standinFile"])
    assert second != first
    assert second.stat().st_blocks == 0


def test_a_change_is_answered_with_an_operation_that_is_done(google: Google) -> None:
    operation = google.do("POST", DISKS, {"name": "pv-a", "sizeGb": 1})
    assert operation["status"] == "DONE"
    assert operation["operationType"] == "insert"
    assert operation["targetLink"].endswith(f"{DISKS}/pv-a")
    assert operation["targetId"] == google.get(f"{DISKS}/pv-a")["id"]
    again = google.get(f"{COMPUTE}/zones/{ZONE}/operations/{operation['name']}")
    assert again == google.do("POST", f"{COMPUTE}/zones/{ZONE}/operations/{operation['name']}/wait") == operation


def test_a_name_is_taken_once_in_a_zone_and_free_in_another(google: Google) -> None:
    google.disk()
    assert google.refusal("POST", DISKS, {"name": "pv-a", "sizeGb": "1"})[:2] == (409, "alreadyExists")
    google.disk(zone="europe-west1-c")
    assert [disk["zone"].rpartition("/")[2] for disk in google.get(DISKS)["items"]] == [ZONE]


@given(st.text(alphabet=st.sampled_from("abz09-_A.é/ "), max_size=70))
def test_a_name_is_rfc_1035_with_at_most_63_characters(name: str) -> None:
    letters, rest = "abz", "abz09-"
    good = 1 <= len(name) <= 63 and name[0] in letters and name[-1] != "-" and all(c in rest for c in name)
    if good:
        check_name("name", name)
    else:
        with pytest.raises(ApiError, match="Invalid value for field 'name'"):
            check_name("name", name)


@pytest.mark.parametrize(
    ("kind", "smallest"), [("pd-standard", 1), ("pd-balanced", 1), ("pd-ssd", 1), ("pd-extreme", 500)]
)
def test_each_type_has_its_smallest_size_and_all_the_same_largest(google: Google, kind: str, smallest: int) -> None:
    body = {"name": "pv-a", "type": f"zones/{ZONE}/diskTypes/{kind}"}
    for size in (smallest - 1, 64 * 1024 + 1):
        assert google.refusal("POST", DISKS, {**body, "sizeGb": str(size)})[:2] == (400, "invalid")
    google.do("POST", DISKS, {**body, "sizeGb": str(smallest)})
    status, answer = google.call("POST", f"{DISKS}/pv-a/resize", {"sizeGb": str(64 * 1024)})
    assert status in (200, 501), answer  # this machine's file system may not have files of 64 TiB
    assert google.get(f"{DISKS}/pv-a")["sizeGb"] == str(smallest if status == 501 else 64 * 1024)


@pytest.mark.parametrize(("kind", "smallest"), [("pd-standard", 200), ("pd-balanced", 10), ("pd-ssd", 10)])
def test_a_regional_disk_is_larger_and_in_two_zones_of_its_region(google: Google, kind: str, smallest: int) -> None:
    zones = [f"zones/{ZONE}", "zones/europe-west1-c"]
    body = {"name": "r-a", "type": kind, "replicaZones": zones, "sizeGb": smallest}
    assert google.refusal("POST", REGIONAL, {**body, "sizeGb": smallest - 1})[:2] == (400, "invalid")
    for wrong in (
        [],
        zones[:1],
        [zones[0]] * 2,
        [zones[0], "zones/europe-west4-a"],
        [zones[0], "zones/europe-west1-a"],
    ):
        assert google.refusal("POST", REGIONAL, {**body, "replicaZones": wrong})[:2] == (400, "invalid")
    google.do("POST", REGIONAL, body)
    disk = google.get(f"{REGIONAL}/r-a")
    assert [link.rpartition("/")[2] for link in disk["replicaZones"]] == [ZONE, "europe-west1-c"]
    assert "zone" not in disk


def test_a_disk_grows_with_its_bytes_and_never_shrinks(google: Google) -> None:
    file = Path(google.disk()["standinFile"])
    with file.open("r+b") as disk:
        disk.write(b"kept")
    google.do("POST", f"{DISKS}/pv-a/resize", {"sizeGb": "2"})
    assert google.get(f"{DISKS}/pv-a")["sizeGb"] == "2"
    assert file.stat().st_size == 2 << 30
    with file.open("rb") as disk:
        assert disk.read(4) == b"kept"
    for size in ("1", "2"):
        code, reason, message = google.refusal("POST", f"{DISKS}/pv-a/resize", {"sizeGb": size})
        assert (code, reason) == (400, "invalid")
        assert "must be larger than existing size '2' GB" in message
    assert file.stat().st_size == 2 << 30


def test_labels_are_replaced_by_whoever_has_seen_the_present_ones(google: Google) -> None:
    seen = google.disk(labels={"team": "a"})["labelFingerprint"]
    google.do("POST", f"{DISKS}/pv-a/setLabels", {"labels": {"team": "b"}, "labelFingerprint": seen})
    assert google.get(f"{DISKS}/pv-a")["labels"] == {"team": "b"}
    stale = {"labels": {"team": "c"}, "labelFingerprint": seen}
    assert google.refusal("POST", f"{DISKS}/pv-a/setLabels", stale)[:2] == (412, "conditionNotMet")
    assert google.get(f"{DISKS}/pv-a")["labels"] == {"team": "b"}


@pytest.mark.parametrize("labels", [{"Team": "a"}, {"team": "A"}, {"": "a"}, {f"k{i}": "" for i in range(65)}])
def test_labels_that_google_refuses_are_refused(google: Google, labels: dict[str, str]) -> None:
    assert google.refusal("POST", DISKS, {"name": "pv-a", "labels": labels})[:2] == (400, "invalid")


@pytest.mark.parametrize(
    ("method", "path", "body", "named"),
    [
        ("POST", DISKS, {"name": "a", "sourceImage": "debian"}, "'resource.sourceImage'"),
        ("POST", f"{DISKS}?sourceImage=debian", {"name": "a"}, "'sourceImage'"),
        ("GET", f"{COMPUTE}/zones/{ZONE}/machineTypes", None, "machineTypes"),
        ("PATCH", f"{DISKS}/a", {}, "PATCH"),
        ("GET", "/storage/v1/b", None, "/storage/v1/b"),
        ("GET", f"{DISKS}?filter=name!=a", None, "name!=a"),
    ],
)
def test_what_the_stand_in_does_not_know_is_refused_by_name(
    google: Google, method: str, path: str, body: Any, named: str
) -> None:
    code, reason, message = google.refusal(method, path, body)
    assert (code, reason) == (501, "notImplemented")
    assert named in message


@pytest.mark.parametrize(
    ("path", "body", "reason"),
    [
        (DISKS, {"sizeGb": "1"}, "required"),
        (DISKS, {"name": "a", "sizeGb": "one"}, "invalid"),
        (DISKS, {"name": "a", "type": "pd-turbo"}, "invalid"),
        (DISKS, {"name": "a", "replicaZones": ["zones/europe-west1-b"]}, "invalid"),
        (DISKS, ["name"], "invalid"),
        (DISKS.replace(ZONE, "europe-west1-a"), {"name": "a"}, "invalid"),
        (DISKS.replace(ZONE, "nowhere"), {"name": "a"}, "invalid"),
        (DISKS.replace("acme-test", "Acme"), {"name": "a"}, "invalid"),
    ],
)
def test_what_google_refuses_is_refused_and_leaves_nothing(google: Google, path: str, body: Any, reason: str) -> None:
    assert google.refusal("POST", path, body)[:2] == (400, reason)
    assert google.get(DISKS)["items"] == []


def test_a_body_that_is_not_json_is_refused(google: Google) -> None:
    from localcloud.gce.compute.bodies import DiskInsert
    from localcloud.gce.http.bodies import parse

    with pytest.raises(ApiError, match="Expected an object"):
        parse(DiskInsert, "name")
    status, answer = google.call("POST", DISKS, "not an object")
    assert (status, answer["error"]["errors"][0]["reason"]) == (400, "invalid")


def test_a_snapshot_has_the_bytes_of_its_moment_and_outlives_the_disk(google: Google) -> None:
    file = Path(google.disk()["standinFile"])
    with file.open("r+b") as disk:
        disk.seek(1 << 29)
        disk.write(b"before")
    google.do("POST", f"{DISKS}/pv-a/createSnapshot", {"name": "snap"})
    with file.open("r+b") as disk:
        disk.seek(1 << 29)
        disk.write(b"after!")
    google.do("DELETE", f"{DISKS}/pv-a")
    restored = google.disk("pv-b", sourceSnapshot="global/snapshots/snap", sizeGb="2")
    copy = Path(restored["standinFile"])
    assert copy.stat().st_size == 2 << 30
    assert copy.stat().st_blocks * 512 < 1 << 20, "the copy is not sparse"
    with copy.open("rb") as disk:
        disk.seek(1 << 29)
        assert disk.read(6) == b"before"
    snapshot = Path(google.get(f"{COMPUTE}/global/snapshots/snap")["standinFile"])
    google.do("DELETE", f"{COMPUTE}/global/snapshots/snap")
    assert not snapshot.exists()
    assert copy.exists()


def test_a_disk_is_not_smaller_than_the_snapshot_it_is_made_of(google: Google) -> None:
    google.disk(sizeGb="3")
    google.do("POST", f"{COMPUTE}/global/snapshots", {"name": "snap", "sourceDisk": f"zones/{ZONE}/disks/pv-a"})
    body = {"name": "pv-b", "sourceSnapshot": "snap", "sizeGb": "2"}
    assert google.refusal("POST", DISKS, body)[:2] == (400, "invalid")
    assert google.disk("pv-c", sourceSnapshot="snap", sizeGb=None)["sizeGb"] == "3"


def test_a_disk_is_on_one_schedule_of_its_region_that_stays_while_a_disk_is_on_it(google: Google) -> None:
    google.disk()
    google.do("POST", POLICIES, SCHEDULE)
    google.do("POST", POLICIES, {**SCHEDULE, "name": "second"})
    google.do("POST", f"{DISKS}/pv-a/addResourcePolicies", NIGHTLY)
    assert google.get(f"{DISKS}/pv-a")["resourcePolicies"][0].endswith("/nightly")
    second = {"resourcePolicies": ["second"]}
    assert google.refusal("POST", f"{DISKS}/pv-a/addResourcePolicies", second)[:2] == (400, "invalid")
    in_use = (400, "resourceInUseByAnotherResource")
    assert google.refusal("DELETE", f"{POLICIES}/nightly")[:2] == in_use
    google.do("POST", f"{DISKS}/pv-a/removeResourcePolicies", NIGHTLY)
    assert google.refusal("POST", f"{DISKS}/pv-a/removeResourcePolicies", NIGHTLY)[:2] == (400, "invalid")
    google.do("DELETE", f"{POLICIES}/nightly")
    assert google.refusal("POST", f"{DISKS}/pv-a/addResourcePolicies", NIGHTLY)[:2] == (404, "notFound")


def test_a_schedule_changes_in_place_and_of_another_kind_is_refused_by_name(google: Google) -> None:
    google.do("POST", POLICIES, SCHEDULE)
    later = {"schedule": {"dailySchedule": {"daysInCycle": 1, "startTime": "04:00"}}}
    google.do("PATCH", f"{POLICIES}/nightly", {"snapshotSchedulePolicy": later})
    assert google.get(f"{POLICIES}/nightly")["snapshotSchedulePolicy"] == later
    weekly = {"name": "w", "snapshotSchedulePolicy": {"schedule": {"weeklySchedule": {}}}}
    assert google.refusal("POST", POLICIES, weekly)[2].count("weeklySchedule") == 1


def test_the_default_network_is_always_there_and_others_are_records(google: Google) -> None:
    networks = f"{COMPUTE}/global/networks"
    google.do("POST", networks, {"name": "shop", "autoCreateSubnetworks": False})
    assert [each["name"] for each in google.get(networks)["items"]] == ["default", "shop"]
    assert google.get(f"{networks}/default")["name"] == "default"
    assert google.refusal("POST", networks, {"name": "default"})[:2] == (409, "alreadyExists")
    google.do("DELETE", f"{networks}/shop")
    assert google.refusal("GET", f"{networks}/shop")[:2] == (404, "notFound")


def test_a_filter_works_on_every_list(google: Google) -> None:
    google.nodes(n0=ZONE, n1=ZONE)
    google.disk("pv-a")
    google.disk("other")
    google.do("POST", f"{COMPUTE}/global/networks", {"name": "shop"})
    instances, networks = f"{COMPUTE}/zones/{ZONE}/instances", f"{COMPUTE}/global/networks"
    for path, pattern, left in ((DISKS, "pv-.*", "pv-a"), (instances, "n1", "n1"), (networks, "s.*", "shop")):
        assert [each["name"] for each in google.get(f"{path}?filter=name%20eq%20{pattern}")["items"]] == [left]
