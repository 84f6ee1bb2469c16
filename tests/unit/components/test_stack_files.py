"""Each stack file as a whole: what it registers, how it is kept safe, and that a cluster would take it.

What is in the objects is checked in by kind (`kinds/*/golden.yaml`) and by storage backend (`storage/golden`).
"""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.support.golden import assert_golden
from tests.support.kube_schema import assert_cluster_accepts, schema_errors
from tests.support.recording import Recorded
from tests.unit.components.goldens import of_stack
from tests.unit.components.programs import ROOT, STACKS, config_of, plain, run_stack

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(params=STACKS)
def stack(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def recorded(stack: str) -> Recorded:
    return run_stack(stack)


def test_a_stack_registers_exactly_the_resources_that_are_checked_in_and_keeps_them_as_safe(
    stack: str, recorded: Recorded
) -> None:
    assert_golden(GOLDEN / f"stack-{stack}.yaml", of_stack(recorded))


def test_a_stack_exports_exactly_what_is_checked_in(stack: str, recorded: Recorded) -> None:
    assert_golden(GOLDEN / f"outputs-{stack}.yaml", recorded.stack_outputs)


def test_a_cluster_takes_every_object(recorded: Recorded) -> None:
    objects = recorded.kubernetes_objects()
    # The Jobs mount hostPaths, which is why they run in kube-system and not among the workloads.
    assert_cluster_accepts(o for o in objects if o["kind"] != "Job")
    jobs = [o for o in objects if o["kind"] == "Job"]
    assert [error for job in jobs for error in schema_errors(job)] == []
    assert {job["metadata"]["namespace"] for job in jobs} <= {"kube-system"}


def test_every_component_registers_its_outputs(recorded: Recorded) -> None:
    assert [r.name for r in recorded.resources if not r.custom and r.outputs is None] == []


def test_every_object_has_its_namespace_and_none_is_left_to_the_default_provider(
    stack: str, recorded: Recorded
) -> None:
    namespace = config_of(stack)["statefulsets:target"]["namespace"]
    for resource in recorded.resources:
        if resource.type.startswith("kubernetes:"):
            assert resource.provider == "cluster"
            cluster_wide = resource.inputs["kind"] == "PersistentVolume"
            expected = None if cluster_wide else "kube-system" if resource.inputs["kind"] == "Job" else namespace
            assert resource.inputs["metadata"].get("namespace") == expected


def test_every_object_names_the_version_of_the_provider_that_is_installed(recorded: Recorded) -> None:
    versions = {r.version for r in recorded.resources if r.type.startswith("kubernetes:")}
    assert versions == {version("pulumi-kubernetes")}


def test_the_provider_gets_the_context_of_the_stack_file_and_may_change_what_is_in_an_object(
    stack: str, recorded: Recorded
) -> None:
    assert recorded.one("pulumi:providers:kubernetes", "cluster").inputs == {
        "context": config_of(stack)["statefulsets:target"]["context"],
        "enableConfigMapMutable": "true",
        "enableSecretMutable": "true",
    }


def test_every_claim_of_a_pod_is_the_one_its_volume_is_bound_to(stack: str, recorded: Recorded) -> None:
    workloads = config_of(stack)["statefulsets:workloads"]
    provisioned = {name for name, spec in workloads.items() if spec.get("storage", {}).get("kind") == "dynamic"}
    bound = {
        (r.inputs["spec"]["claimRef"]["namespace"], r.inputs["spec"]["claimRef"]["name"])
        for r in recorded.of_type("PersistentVolume")
    }
    for resource in recorded.of_type("StatefulSet"):
        spec, meta = resource.inputs["spec"], resource.inputs["metadata"]
        claim = spec["volumeClaimTemplates"][0]
        # Claim and volume have no class, or the claim names one: else the cluster's default class might make a volume.
        assert bool(claim["spec"]["storageClassName"]) is (meta["name"] in provisioned)
        template = claim["metadata"]["name"]
        for ordinal in range(spec["replicas"]):
            is_bound = (meta["namespace"], f"{template}-{meta['name']}-{ordinal}") in bound
            assert is_bound is (meta["name"] not in provisioned)


def test_data_that_is_kept_is_protected_wherever_it_lies() -> None:
    for stack in STACKS:
        durability = {name: spec["durability"] for name, spec in config_of(stack)["statefulsets:workloads"].items()}
        for resource in run_stack(stack).resources:
            keep = durability.get(resource.name.split("-")[0]) == "keep"
            if resource.type.endswith((":Disk", ":RegionDisk")):
                assert resource.protect is keep
                assert resource.inputs["createSnapshotBeforeDestroy"] is keep
            if resource.type.endswith(":PersistentVolume"):
                assert resource.retain_on_delete is keep
            if resource.type.endswith(":StatefulSet"):
                policy = resource.inputs["spec"]["persistentVolumeClaimRetentionPolicy"]
                assert policy == {"whenDeleted": "Retain" if keep else "Delete", "whenScaled": "Retain"}


def test_nothing_secret_is_in_plain_sight(recorded: Recorded) -> None:
    for resource in recorded.resources:
        assert "hunter2" not in json.dumps(plain(resource.inputs))
    assert "hunter2" not in json.dumps(plain(recorded.stack_outputs))


def test_a_stack_file_names_the_schema_and_forbids_other_clusters(stack: str) -> None:
    text = (ROOT / f"Pulumi.{stack}.yaml").read_text()
    assert "# yaml-language-server: $schema=./schema/stack.schema.json\n" in text
    assert config_of(stack)["pulumi:disable-default-providers"] == ["kubernetes"]


def test_only_stacks_with_disks_or_databases_touch_google() -> None:
    assert [r for r in run_stack("local").resources if r.type.startswith("gcp:")] == []


def test_the_program_itself_stays_free_of_logic() -> None:
    text = (ROOT / "__main__.py").read_text()
    assert len(text.splitlines()) < 60
    assert not any(line.strip().startswith(("if ", "def ", "class ", "try")) for line in text.splitlines())
