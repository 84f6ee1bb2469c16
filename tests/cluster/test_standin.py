"""CLOUD=standin: a stack file made for GKE, disks and all, on this machine's cluster."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from localcloud import gce
from localcloud.gce import daemon
from localcloud.gce.http import client, token_file
from tests.cluster.mysql.disks import inside
from tests.support.gce_strangers import ask, listeners, read
from tools.project import Project, eventually

PROJECT = "statefulsets-dev"
DISKS = f"projects/{PROJECT}/zones/europe-west1-b/disks"
GOOGLE = "google"
POD = f"/api/v1/namespaces/{GOOGLE}/pods/kubia-{{}}:8080/proxy/"


class Standin:
    """The project's dev stack without its MySQL, in a namespace beside the local stack and on disks of other names."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.file = project.root / f"Pulumi.{GOOGLE}.yaml"
        document = yaml.safe_load((project.root / "Pulumi.dev.yaml").read_text())
        config = document["config"]
        config["statefulsets:target"]["namespace"] = GOOGLE
        del config["statefulsets:workloads"]["mysql"]
        self.kubia = config["statefulsets:workloads"]["kubia"]
        self.kubia["storage"]["disks"] = [{"name": f"gpv-{letter}"} for letter in "abc"]
        config["statefulsets:workloads"]["orders"] = {
            "kind": "cloud-sql",
            "durability": "discard",
            "region": "europe-west1",
            "privateNetwork": f"projects/{PROJECT}/global/networks/default",
            "databases": [{"name": "app"}],
            "users": [{"name": "app", "passwordKey": "ordersPassword"}],
            "readReplicas": {"c": {"zone": "europe-west1-c"}},
        }
        self.document = document

    def make(self, verb: str, *words: str, **kubia: Any) -> str:
        self.kubia.update(kubia)
        self.file.write_text(yaml.safe_dump(self.document))
        return self.project.must("make", verb, f"STACK={GOOGLE}", "CLOUD=standin", "YES=1", *words)

    def pulumi(self, *words: str) -> str:
        there = self.project.state.root / "standin"
        environment = dict(
            line.removeprefix("export ").split("=", 1)
            for line in self.project.must("make", "-s", "env", "CLOUD=standin").splitlines()
        )
        assert environment["PULUMI_HOME"] == str(there / "pulumi-home")
        settings = [f"{key}={environment[key]}" for key in ("PULUMI_HOME", "PULUMI_BACKEND_URL", "KUBECONFIG")]
        name = f"{GOOGLE}-standin"
        where = ["--stack", name, "--config-file", str(there / f"Pulumi.{name}.yaml")]
        return self.project.must("env", *settings, "pulumi", *words, *where)

    def read(self, ordinal: int) -> str:
        return self.project.kubectl("get", "--raw", POD.format(ordinal))

    def note(self, text: str) -> Any:
        """What an application in the cluster finds after it wrote a note (cloud_sql_application.py)."""
        data = self.project.get("secret", "-n", GOOGLE, "orders-client")["data"]
        secret = {key: base64.b64decode(value).decode() for key, value in data.items()}
        root = self.project.root
        program = (f"{root}/.tools/bin/python", f"{root}/tests/cluster/support/cloud_sql_application.py", text)
        return json.loads(inside(self.project, *program, stdin=json.dumps(secret)))

    def write(self, ordinal: int, text: str) -> None:
        self.project.kubectl("create", "--raw", POD.format(ordinal), "-f", "-", stdin=text)

    @property
    def token_file(self) -> Path:
        return daemon.token(self.project.state)

    def disks(self) -> dict[str, dict[str, Any]]:
        url, token = gce.compute_url(self.project.state.slot), token_file.read(self.token_file)
        items = client.request(url, "GET", DISKS, token=token)["items"]
        return {disk["name"]: disk for disk in items}


@pytest.fixture(scope="module")
def google(project: Project) -> Iterator[Standin]:
    standin = Standin(project)
    project.kubectl("create", "namespace", GOOGLE)
    try:
        standin.make("up", "NODES=1")
        yield standin
    finally:
        standin.make("destroy")
        project.kubectl("delete", "namespace", GOOGLE)
        project.must("make", "up", "NODES=1")  # a stack of Google's makes three


def test_a_stack_for_gke_runs_here_on_its_own_disks_and_the_file_stays_as_it_was(google: Standin) -> None:
    assert yaml.safe_load(google.file.read_text()) == google.document
    assert sorted(google.disks()) == ["gpv-a", "gpv-b", "gpv-c"]
    for ordinal, letter in enumerate("ab"):
        claim = google.project.get("pvc", "-n", GOOGLE, f"data-kubia-{ordinal}")
        assert claim["spec"]["volumeName"] == f"gpv-{letter}"
        (user,) = google.disks()[f"gpv-{letter}"]["users"]
        assert user.endswith("/instances/statefulsets-0")
        assert Path(google.disks()[f"gpv-{letter}"]["standinFile"]).stat().st_blocks > 0
    assert "users" not in google.disks()["gpv-c"]


def test_a_cloud_sql_instance_is_a_mysql_which_pods_write_to_and_read_a_replica_of(google: Standin) -> None:
    assert google.note("first") == {"notes": ["first"], "servers": [[1, 0], [2, 1]]}
    google.project.down()
    assert not list(Path("/run/netns").glob(f"{google.project.state.slot.bridge}-*"))
    google.project.up()
    assert google.note("second") == {"notes": ["first", "second"], "servers": [[1, 0], [2, 1]]}


def test_data_survives_its_pod_and_scaling_in_and_out_again(google: Standin) -> None:
    google.write(1, "kept")
    google.project.kubectl("delete", "pod", "-n", GOOGLE, "kubia-1")
    for awaited in ("create", "condition=Ready"):  # the pod is gone for a moment before its set makes it anew
        google.project.kubectl("wait", "-n", GOOGLE, f"--for={awaited}", "pod/kubia-1", "--timeout=90s")
    assert "kept" in google.read(1)
    google.make("up", replicas=1)
    eventually(lambda: "users" not in google.disks()["gpv-b"], "the disk of the pod that left is detached", 90)
    google.make("up", replicas=3)
    assert "kept" in google.read(1)
    assert "gpv-c" in json.dumps(google.project.get("pvc", "-n", GOOGLE, "data-kubia-2"))


def test_a_refresh_finds_what_is_there_and_a_larger_size_grows_the_disks_that_pods_have(google: Standin) -> None:
    assert "unchanged" in (said := google.pulumi("refresh", "--yes", "--skip-preview"))
    assert "updated" not in said
    google.make("up", storage={**google.kubia["storage"], "size": "2Gi"})
    assert {disk["sizeGb"] for disk in google.disks().values()} == {"2"}
    assert "This is the GCE stand-in" in google.pulumi("preview")


def test_another_user_and_another_page_get_nothing_of_the_stand_in_and_nobody_tells_them_its_token(
    google: Standin,
) -> None:
    token = token_file.read(google.token_file)
    port = google.project.state.slot.gce_port
    end = f"HTTP/1.1\nHost: 127.0.0.1:{port}\nConnection: close"
    listing = f"GET /compute/v1/{DISKS} {end}"
    account = f"POST /sql/v1beta4/projects/{PROJECT}/instances/orders/users {end}\nContent-Type: application/json"
    refused = ask((port, listing), (port, f"{account}\nContent-Length: 0"))
    assert [answer.partition("\r\n")[0] for answer in refused] == ["HTTP/1.1 401 Unauthorized"] * 2
    assert read(google.token_file) == "Permission denied"

    known = f"{listing}\nAuthorization: Bearer {token}"
    page, rebound = f"{known}\nOrigin: https://evil.example", known.replace(f"127.0.0.1:{port}", "evil.example")
    answers = [answer.partition("\r\n")[0] for answer in ask((port, known), (port, page), (port, rebound))]
    assert answers == ["HTTP/1.1 200 OK", "HTTP/1.1 403 Forbidden", "HTTP/1.1 403 Forbidden"]

    # The CSI controller's machine has a metadata server, as Google's have; it hands the token to its own driver.
    question = "GET /computeMetadata/v1/instance/service-accounts/default/token HTTP/1.1\nMetadata-Flavor: Google"
    told = ask(*((each, f"{question}\nHost: 127.0.0.1:{each}\nConnection: close") for each in listeners()))
    assert any("this is not for you" in answer for answer in told), "the controller's was asked"
    assert not [answer for answer in told if token in answer]
