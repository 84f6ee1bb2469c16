"""Ten thousand random stack files: none ends in a traceback, and in each accepted one disks and claims agree."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from hypothesis import HealthCheck, given, settings

from components.config import kubeconfig
from components.config.loader import StackConfig, parse
from components.kubernetes.naming import claim_name, pod_name
from components.kubernetes.quantities import Quantity
from components.model.errors import ConfigError
from components.stateful.members import wanted
from components.stateful.objects import own_claims, spread
from components.stateful.spec import StatefulSpec
from components.storage.backends import GceBackend, LocalStorage, SharedClaim, StaticBackend
from components.storage.provide import disk_volumes, local_volumes
from components.storage.volumes import PersistentVolumesSpec, VolumeArgs, VolumeSpec, persistent_volume
from tests.support.recording import record
from tests.unit.components.config.configs import families
from tests.unit.components.programs import NO_HISTORY, PROJECT, export

FAMILIES, SIZE = 1_000, 10
PATH = re.compile(r"^(statefulsets:(target|workloads)|gcp:project)([.\[].*)?$")


def outcome(target: Any, workloads: Any) -> StackConfig | None:
    """The config where it is accepted. Where it is refused, checks every line of the refusal and returns None."""
    try:
        return parse(json.dumps(target), json.dumps(workloads), PROJECT)
    except ConfigError as error:
        refusal = error
    assert refusal.problems
    for problem in refusal.problems:
        assert PATH.match(problem.path), problem
        wrong, _, fix = problem.message.partition("; ")
        assert wrong, problem
        assert fix, problem
        assert "\n" not in str(problem)
    return None


@settings(max_examples=FAMILIES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(families(SIZE))
def test_a_config_is_refused_in_words_or_its_chain_agrees(family: list[list[Any]]) -> None:
    for target, workloads in family:
        stack = outcome(target, workloads)
        for name, workload in stack.workloads.items() if stack else ():
            assert isinstance(workload, StatefulSpec)
            assert_chain_agrees(name, workload, stack.target.namespace if stack else "")


def assert_chain_agrees(name: str, workload: StatefulSpec, namespace: str) -> None:
    """Checks that the disk, volume, claim and pod of each ordinal agree in size, zone, class, mode and name."""
    storage, claims = workload.storage, own_claims(workload)
    if isinstance(storage, SharedClaim):
        assert claims == {}
        assert workload.replicas <= 1 or storage.access_mode == "ReadWriteMany"
        return
    (template,) = claims["volumeClaimTemplates"]
    size = Quantity(template["spec"]["resources"]["requests"]["storage"])
    if not isinstance(storage, StaticBackend):
        assert template["spec"]["storageClassName"] == storage.class_name
        return
    volumes = volumes_of(name, workload)
    fields = {"workload": name, "claimTemplate": workload.template, "volumes": [], "durability": workload.durability}
    bound = PersistentVolumesSpec.model_validate_json(json.dumps(fields))
    objects = [persistent_volume(bound, namespace, *volume_of(volume)) for volume in volumes]
    by_claim = {(o["spec"]["claimRef"]["namespace"], o["spec"]["claimRef"]["name"]): o["spec"] for o in objects}
    assert len(by_claim) == len(objects)
    for ordinal in workload.ordinal_range:
        claim = claim_name(template["metadata"]["name"], name, ordinal)
        assert claim.endswith(pod_name(name, ordinal))
        assert len(pod_name(name, ordinal)) <= 63
        spec = by_claim[namespace, claim]
        assert spec["storageClassName"] == template["spec"]["storageClassName"] == ""
        assert spec["accessModes"] == template["spec"]["accessModes"]
        assert size <= Quantity(spec["capacity"]["storage"])
        assert_source_agrees(storage, ordinal, spec)


def volumes_of(name: str, workload: StatefulSpec) -> list[VolumeArgs]:
    asked = wanted(name, workload, namespace="x", image=workload.image, project=PROJECT)
    if isinstance(workload.storage, LocalStorage):
        return local_volumes(asked, workload.storage)
    assert isinstance(workload.storage, GceBackend)
    return disk_volumes(asked, workload.storage, PROJECT)


def volume_of(args: VolumeArgs) -> tuple[VolumeSpec, Mapping[str, Any]]:
    """The model that is made of a volume's arguments, and the volume's source."""
    return VolumeSpec.model_validate_json(json.dumps({**args, "source": {}})), args["source"]


def assert_source_agrees(storage: StaticBackend, ordinal: int, spec: dict[str, Any]) -> None:
    """Checks that a volume lies where its node affinity says, and is no larger than the disk that it lies on."""
    (term,) = spec["nodeAffinity"]["required"]["nodeSelectorTerms"]
    (reachable,) = (expression["values"] for expression in term["matchExpressions"])
    if isinstance(storage, LocalStorage):
        assert spec["local"]["path"] == storage.volumes[ordinal].path
        assert reachable == [storage.volumes[ordinal].node]
        return
    assert isinstance(storage, GceBackend)
    place = storage.places[ordinal]
    assert Quantity(spec["capacity"]["storage"]) <= storage.size
    assert reachable == list(place.zones)
    if "csi" in spec:
        assert spec["csi"]["volumeHandle"] == place.handle(PROJECT)
        assert all(zone.startswith(place.region) for zone in reachable)
    else:
        assert spec["gcePersistentDisk"]["pdName"] == place.name


@settings(max_examples=100, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(families(1))
def test_whatever_is_accepted_can_be_deployed(family: list[list[Any]]) -> None:
    stack = outcome(*family[0])
    if stack is None or kubeconfig.problem(stack.target):
        return
    recorded = record(lambda: export(stack), calls=NO_HISTORY)
    volumes = {r.inputs["metadata"]["name"]: r for r in recorded.of_type("PersistentVolume")}
    disks = [*recorded.of_type("Disk"), *recorded.of_type("RegionDisk")]
    for disk in disks:
        capacity = Quantity(volumes[disk.inputs["name"]].inputs["spec"]["capacity"]["storage"])
        assert capacity <= Quantity(f"{disk.inputs['size']}Gi")
        assert disk.name in volumes[disk.inputs["name"]].depends_on
    for name, workload in stack.workloads.items():
        assert recorded.stack_outputs[name]["claims"] is not None
        assert isinstance(workload, StatefulSpec)
        assert spread(name, workload)
