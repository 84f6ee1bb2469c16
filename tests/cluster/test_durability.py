"""What `pulumi destroy` takes and what it leaves, by the one word in the stack file."""

from __future__ import annotations

import json
import time

import pytest

from tools.project import Project, eventually, local_workloads

WORKLOADS = ("kubia", "web", "nginx", "mysql")


def names(project: Project, kind: str) -> set[str]:
    return {item["metadata"]["name"] for item in project.get(kind)["items"]}


@pytest.fixture(scope="module", autouse=True)
def _up(project: Project) -> None:
    project.up()


def test_destroy_with_keep_leaves_claims_and_volumes_and_up_finds_the_data_again(project: Project) -> None:
    project.post("kubia-1", "older than the stack")
    claims = names(project, "pvc")
    said = project.must("make", "destroy", "YES=1")
    assert "kept: claim default/data-kubia-1 on volume pv-b" in said
    assert project.get("pods")["items"] == []
    assert names(project, "pvc") == claims
    assert len(claims) >= 10
    project.up()
    assert "older than the stack" in project.read("kubia-1")


def test_a_volume_whose_claim_was_deleted_binds_again_by_the_runbooks_command(project: Project) -> None:
    project.post("kubia-1", "on a released volume")
    project.kubectl("delete", "pvc", "data-kubia-1", "--wait=false")
    project.kubectl("delete", "pod", "kubia-1")
    eventually(lambda: project.get("pv", "pv-b")["status"]["phase"] == "Released", "pv-b is released, not lost")
    runbook = (project.root / "docs/runbooks.md").read_text()
    command = next(line.strip() for line in runbook.splitlines() if line.strip().startswith("kubectl patch pv PV "))
    project.must("bash", "-c", command.replace("PV", "pv-b", 1))
    eventually(lambda: project.ready("kubia-1"), "kubia-1 runs on its old volume", 90)
    assert "on a released volume" in project.read("kubia-1")


def set_durability(project: Project, durability: str) -> None:
    with local_workloads(project) as workloads:
        for name in WORKLOADS:
            workloads[name]["durability"] = durability


def test_destroy_with_discard_ends_by_itself_and_leaves_no_claim_volume_or_pod(project: Project) -> None:
    set_durability(project, "discard")
    try:
        project.up()
        start = time.monotonic()
        project.must("make", "destroy", "YES=1", timeout=400)
        assert time.monotonic() - start < 300  # Pulumi gives up on an object after ten minutes
        assert project.get("pods,pvc,pv,statefulsets,jobs", "--all-namespaces")["items"] == []
    finally:
        set_durability(project, "keep")
        project.up()


def test_the_state_file_holds_no_secret_in_plain_text(project: Project) -> None:
    state = json.loads((project.state.pulumi_state / ".pulumi/stacks/statefulsets/local.json").read_text())
    assert state["checkpoint"]["latest"]["secrets_providers"]["type"] == "passphrase"
    passphrase = project.state.passphrase.read_text()
    for file in [*project.state.pulumi_state.rglob("*.json"), *project.state.logs.iterdir()]:
        assert passphrase not in file.read_text(errors="replace"), file
    assert project.state.passphrase.stat().st_mode & 0o077 == 0
