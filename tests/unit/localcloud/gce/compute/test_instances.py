"""The GCE stand-in's attachments: who may have a disk, also when all ask at once and when the power goes."""

from __future__ import annotations

import http.client
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localcloud.gce.store import Store
from localcloud.host.paths import ROOT
from tests.support.gce import COMPUTE, DISKS, PROJECT, ZONE, Google, serving, write_token

OTHER = "europe-west1-c"
PV_A = f"zones/{ZONE}/disks/pv-a"
IN_USE = (400, "resourceInUseByAnotherResource")
READ, WRITE = {"mode": "READ_ONLY"}, {"mode": "READ_WRITE"}


@pytest.fixture
def google(tmp_path: Path) -> Iterator[Google]:
    with serving(tmp_path / "gce") as google:
        google.nodes(n0=ZONE, n1=ZONE, c0=OTHER)
        yield google


def reason(answer: tuple[int, dict[str, object]]) -> tuple[int, str]:
    status, body = answer
    assert status >= 400, body
    return status, body["error"]["errors"][0]["reason"]  # type: ignore[index]


def regional(google: Google) -> str:
    zones = [f"zones/{ZONE}", f"zones/{OTHER}"]
    body = {"name": "r-a", "type": "pd-ssd", "sizeGb": "10", "replicaZones": zones}
    google.do("POST", f"{COMPUTE}/regions/europe-west1/disks", body)
    return "regions/europe-west1/disks/r-a"


def test_an_instance_shows_the_disks_it_has_and_a_disk_who_has_it(google: Google) -> None:
    file = google.disk()["standinFile"]
    google.attach("n0", PV_A)
    (attached,) = google.get(f"{COMPUTE}/zones/{ZONE}/instances/n0")["disks"]
    assert attached["source"].endswith(f"{DISKS}/pv-a")
    assert (attached["deviceName"], attached["mode"], attached["standinFile"]) == ("pv-a", "READ_WRITE", file)
    (user,) = google.get(f"{DISKS}/pv-a")["users"]
    assert user.endswith(f"{COMPUTE}/zones/{ZONE}/instances/n0")
    google.detach("n0", "pv-a")
    assert "users" not in google.get(f"{DISKS}/pv-a")
    assert google.get(f"{COMPUTE}/zones/{ZONE}/instances/n0")["disks"] == []


def test_a_disk_that_is_attached_is_not_deleted(google: Google) -> None:
    google.disk()
    google.attach("n0", PV_A)
    code, why, message = google.refusal("DELETE", f"{DISKS}/pv-a")
    assert (code, why) == IN_USE
    project = f"projects/{PROJECT}/zones/{ZONE}"
    assert message == f"The disk resource '{project}/disks/pv-a' is already being used by '{project}/instances/n0'"
    google.detach("n0", "pv-a")
    google.do("DELETE", f"{DISKS}/pv-a")


@pytest.mark.parametrize(
    ("first", "second", "both"), [(WRITE, WRITE, False), (WRITE, READ, False), (READ, WRITE, False), (READ, READ, True)]
)
def test_one_instance_writes_or_many_read(
    google: Google, first: dict[str, str], second: dict[str, str], both: bool
) -> None:
    google.disk()
    assert google.attach("n0", PV_A, **first)[0] == 200
    if both:
        assert google.attach("n1", PV_A, **second)[0] == 200
        assert len(google.get(f"{DISKS}/pv-a")["users"]) == 2
    else:
        assert reason(google.attach("n1", PV_A, **second)) == IN_USE


def test_a_disk_goes_to_instances_of_its_own_zone_only(google: Google) -> None:
    google.disk()
    assert reason(google.attach("c0", PV_A, zone=OTHER)) == (400, "invalid")
    assert reason(google.attach("c0", PV_A)) == (404, "notFound"), "no instance of that name in this zone"
    assert "users" not in google.get(f"{DISKS}/pv-a")


def test_a_regional_disk_moves_between_its_zones_and_by_force_from_one_that_has_it(google: Google) -> None:
    source = regional(google)
    google.nodes(n0=ZONE, c0=OTHER, d0="europe-west1-d")
    assert google.attach("n0", source)[0] == 200
    assert reason(google.attach("c0", source, zone=OTHER)) == IN_USE
    assert google.attach("c0", source, zone=OTHER, query="?forceAttach=true")[0] == 200
    assert google.get(f"{COMPUTE}/zones/{ZONE}/instances/n0")["disks"] == []
    assert reason(google.attach("d0", source, zone="europe-west1-d", query="?forceAttach=true")) == (400, "invalid")


def test_a_zonal_disk_is_never_taken_by_force(google: Google) -> None:
    google.disk()
    google.attach("n0", PV_A)
    assert reason(google.attach("n1", PV_A, query="?forceAttach=true")) == (400, "invalid")


def test_an_instance_has_a_device_name_once_and_makes_one_up(google: Google) -> None:
    google.disk()
    google.disk("pv-b")
    google.attach("n0", PV_A, deviceName="data")
    assert reason(google.attach("n0", f"zones/{ZONE}/disks/pv-b", deviceName="data")) == (400, "invalid")
    assert google.attach("n0", f"zones/{ZONE}/disks/pv-b", deviceName=None)[0] == 200
    names = [disk["deviceName"] for disk in google.get(f"{COMPUTE}/zones/{ZONE}/instances/n0")["disks"]]
    assert names == ["data", "persistent-disk-2"]
    status, answer = google.detach("n0", "nothing")
    assert status == 400
    assert "No attached disk found with device name 'nothing'" in answer["error"]["message"]


def test_an_instance_has_at_most_127_disks(google: Google) -> None:
    for number in range(128):
        google.disk(f"d-{number}")
        status, _ = google.attach("n0", f"zones/{ZONE}/disks/d-{number}")
        assert status == (200 if number < 127 else 400)


def test_disks_of_an_instance_that_is_no_more_are_free_and_those_of_others_stay(google: Google) -> None:
    google.disk()
    google.disk("pv-b")
    google.attach("n0", PV_A)
    google.attach("n1", f"zones/{ZONE}/disks/pv-b")
    google.nodes(n1=ZONE)
    assert "users" not in google.get(f"{DISKS}/pv-a")
    assert len(google.get(f"{DISKS}/pv-b")["users"]) == 1
    google.do("DELETE", f"{DISKS}/pv-a")


def test_a_disk_of_another_project_is_not_attached(google: Google) -> None:
    google.disk()
    path = f"{COMPUTE.replace(PROJECT, 'acme-other')}/zones/{ZONE}/instances/n0/attachDisk"
    assert google.refusal("POST", path, {"source": f"projects/{PROJECT}/{PV_A}"})[:2] == (400, "invalid")


ATTEMPTS = st.lists(
    st.tuples(st.sampled_from(["attach", "detach"]), st.sampled_from(["n0", "n1"]), st.sampled_from([READ, WRITE])),
    max_size=12,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(ATTEMPTS)
def test_no_order_of_calls_gives_a_disk_a_second_writer(
    google: Google, attempts: list[tuple[str, str, dict[str, str]]]
) -> None:
    google.nodes()
    google.nodes(n0=ZONE, n1=ZONE)
    if google.call("GET", f"{DISKS}/pv-a")[0] == 404:
        google.disk()
    has: dict[str, str] = {}
    for what, instance, mode in attempts:
        if what == "attach":
            allowed = instance not in has and (not has or {mode["mode"], *has.values()} == {"READ_ONLY"})
            assert (google.attach("n0" if instance == "n0" else "n1", PV_A, **mode)[0] == 200) is allowed
            if allowed:
                has[instance] = mode["mode"]
        else:
            assert (google.detach(instance, "pv-a")[0] == 200) is (instance in has)
            has.pop(instance, None)
        users = google.get(f"{DISKS}/pv-a").get("users", [])
        assert sorted(user.rpartition("/")[2] for user in users) == sorted(has)


def test_of_many_that_ask_at_once_exactly_one_gets_the_disk(google: Google) -> None:
    google.disk()
    google.nodes(**{f"n{number}": ZONE for number in range(16)})
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda number: google.attach(f"n{number}", PV_A)[0], range(16)))
    assert sorted(answers) == [200] + [400] * 15
    assert len(google.get(f"{DISKS}/pv-a")["users"]) == 1


def test_of_many_that_make_a_disk_at_once_exactly_one_does(google: Google) -> None:
    with ThreadPoolExecutor(16) as pool:
        body = {"name": "pv-a", "sizeGb": "1"}
        answers = list(pool.map(lambda _: google.call("POST", DISKS, body)[0], range(16)))
    assert sorted(answers) == [200] + [409] * 15
    folder = Path(google.get(f"{DISKS}/pv-a")["standinFile"]).parent
    assert len(list(folder.iterdir())) == 1


def test_everything_is_there_again_after_a_restart_under_another_port(tmp_path: Path) -> None:
    with serving(tmp_path / "gce") as google:
        google.nodes(n0=ZONE)
        before = google.disk(labels={"a": "b"})
        google.attach("n0", PV_A)
    with serving(tmp_path / "gce") as again:
        after = again.get(f"{DISKS}/pv-a")
        assert (after["id"], after["labels"]) == (before["id"], {"a": "b"})
        assert after["selfLink"].startswith(f"http://127.0.0.1:{again.port}/")
        assert again.refusal("DELETE", f"{DISKS}/pv-a")[:2] == IN_USE
        assert int(again.disk("pv-b")["id"]) > int(before["id"]), "a number was given twice"


def test_a_start_clears_files_without_a_record_and_completes_those_that_were_growing(tmp_path: Path) -> None:
    with serving(tmp_path / "gce") as google:
        file = Path(google.disk(sizeGb="2")["standinFile"])
    (tmp_path / "gce" / "disks" / "stray-9.img").touch()
    (tmp_path / "gce" / "snapshots" / "stray-9.img").touch()
    with file.open("r+b") as disk:
        disk.truncate(1 << 30)
    Store(tmp_path / "gce").close()
    assert [each.name for each in sorted((tmp_path / "gce").rglob("*.img"))] == [file.name]
    assert file.stat().st_size == 2 << 30


def test_a_power_cut_loses_nothing_that_was_answered_and_leaves_no_stray_file(tmp_path: Path) -> None:
    token = write_token(tmp_path / "token")
    command = [sys.executable, "-m", "localcloud.gce", str(tmp_path / "gce"), "0", str(token)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        google = Google(int(server.stdout.readline().partition(",")[0].rpartition(":")[2]))
        made: list[str] = []

        def make(worker: int) -> None:
            for number in range(1000):
                try:
                    if google.call("POST", DISKS, {"name": f"d-{worker}-{number}", "sizeGb": "1"})[0] != 200:
                        return
                except (OSError, http.client.HTTPException):  # there was no answer, or half of one
                    return
                made.append(f"d-{worker}-{number}")

        threads = [threading.Thread(target=make, args=(worker,)) for worker in range(4)]
        for thread in threads:
            thread.start()
        while len(made) < 30:
            time.sleep(0.01)
        server.send_signal(signal.SIGKILL)
        for thread in threads:
            thread.join()
    with serving(tmp_path / "gce") as again:
        disks = again.get(DISKS)["items"]
        assert set(made) <= {disk["name"] for disk in disks}
        files = {Path(disk["standinFile"]) for disk in disks}
        assert set((tmp_path / "gce" / "disks").iterdir()) == files


def test_a_second_server_of_the_same_disks_is_refused(tmp_path: Path) -> None:
    token = write_token(tmp_path / "token")
    command = [sys.executable, "-m", "localcloud.gce", str(tmp_path / "gce"), "0", str(token)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as first:
        assert first.stdout is not None
        first.stdout.readline()
        second = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
        assert second.returncode == 1
        assert "another GCE stand-in serves" in second.stderr
        first.terminate()
        assert first.wait(20) == 0, "SIGTERM ends it in an orderly way"
