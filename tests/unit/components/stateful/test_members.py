"""Each field of a workload reaches the Kubernetes object that it is about."""

from __future__ import annotations

from typing import Any, cast

import pulumi
import pytest

from components.kinds.kubia.component import Kubia, KubiaArgs
from components.kinds.kubia.spec import KubiaSpec
from components.kinds.nginx.component import Nginx, NginxArgs
from components.kinds.nginx.spec import NginxSpec
from components.kubernetes.naming import bounded, claim_name, pod_host
from components.stateful.members import Members
from components.stateful.objects import Pods
from components.storage.provide import Provided
from components.storage.volumes import PersistentVolumes, PersistentVolumesArgs
from tests.support.kube_schema import assert_cluster_accepts
from tests.support.recording import Recorded, record
from tests.unit.components.programs import DISKS, LOCAL, REGIONAL, SHARED, kubia, nginx, problems, run


def the_set(recorded: Recorded) -> dict[str, Any]:
    spec: dict[str, Any] = recorded.one("StatefulSet").inputs["spec"]
    return spec


def pod(recorded: Recorded) -> dict[str, Any]:
    spec: dict[str, Any] = the_set(recorded)["template"]["spec"]
    return spec


@pytest.mark.parametrize(
    ("fields", "path", "value"),
    [
        ({"replicas": 3}, ("replicas",), 3),
        ({"replicas": 0}, ("replicas",), 0),
        ({"podManagementPolicy": "Parallel"}, ("podManagementPolicy",), "Parallel"),
        ({}, ("podManagementPolicy",), "OrderedReady"),
        ({"minReadySeconds": 7}, ("minReadySeconds",), 7),
        ({}, ("minReadySeconds",), None),
        ({"ordinals": {"start": 1}}, ("ordinals", "start"), 1),
        ({}, ("ordinals",), None),
        ({"updateStrategy": {"type": "OnDelete"}}, ("updateStrategy",), {"type": "OnDelete"}),
        (
            {"updateStrategy": {"partition": 2}},
            ("updateStrategy",),
            {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}},
        ),
        ({}, ("updateStrategy",), {"type": "RollingUpdate"}),
        ({"image": "a/b:1"}, ("template", "spec", "containers", 0, "image"), "a/b:1"),
        ({"terminationGracePeriodSeconds": 5}, ("template", "spec", "terminationGracePeriodSeconds"), 5),
        (
            {"resources": {"requests": {"cpu": "2"}, "limits": {"memory": "1Gi"}}},
            ("template", "spec", "containers", 0, "resources"),
            {"requests": {"cpu": "2"}, "limits": {"memory": "1Gi"}},
        ),
        ({"durability": "keep"}, ("persistentVolumeClaimRetentionPolicy", "whenDeleted"), "Retain"),
        ({"durability": "discard"}, ("persistentVolumeClaimRetentionPolicy", "whenDeleted"), "Delete"),
        ({"durability": "discard"}, ("persistentVolumeClaimRetentionPolicy", "whenScaled"), "Retain"),
        (
            {"storage": {**LOCAL, "claimSize": "3Mi"}},
            ("volumeClaimTemplates", 0, "spec", "resources", "requests", "storage"),
            "3Mi",
        ),
        ({}, ("volumeClaimTemplates", 0, "spec", "storageClassName"), ""),
        ({"storage": {"kind": "dynamic"}}, ("volumeClaimTemplates", 0, "spec", "storageClassName"), "standard"),
        (
            {"storage": {"kind": "dynamic", "className": "fast"}},
            ("volumeClaimTemplates", 0, "spec", "storageClassName"),
            "fast",
        ),
        (
            {"storage": {**DISKS, "accessMode": "ReadWriteOncePod"}},
            ("volumeClaimTemplates", 0, "spec", "accessModes"),
            ["ReadWriteOncePod"],
        ),
    ],
)
def test_a_field_reaches_the_stateful_set(fields: dict[str, Any], path: tuple[str | int, ...], value: Any) -> None:
    found: Any = the_set(run({"kubia": kubia(**fields)}))
    for step in path:
        found = found[step] if isinstance(step, int) else found.get(step)
        if found is None:
            break
    assert found == value


def test_only_a_partitioned_roll_out_is_not_waited_for() -> None:
    whole = run({"kubia": kubia()}).one("StatefulSet").inputs["metadata"]
    partitioned = run({"kubia": kubia(updateStrategy={"partition": 1})}).one("StatefulSet").inputs["metadata"]
    assert "pulumi.com/skipAwait" not in whole["annotations"]
    assert partitioned["annotations"]["pulumi.com/skipAwait"] == "true"


def test_a_creation_that_was_cut_short_can_be_done_again_by_the_same_field_manager() -> None:
    annotations = run({"kubia": kubia()}, stack="prod").one("StatefulSet").inputs["metadata"]["annotations"]
    assert annotations["pulumi.com/patchFieldManager"] == "pulumi-prod"


def test_the_set_waits_for_all_its_pods_need_and_goes_before_it() -> None:
    assert run({"kubia": kubia()}).one("StatefulSet").depends_on == (
        "kubia-account",
        "kubia-governing",
        "kubia-network",
        "kubia-volumes-v-0",
        "kubia-volumes-v-1",
        "kubia-volumes-v-2",
    )


@pytest.mark.parametrize(
    ("clients", "peers"),
    [
        ("namespace", [{"podSelector": {}}]),
        ("cluster", [{"namespaceSelector": {}}]),
        ("anywhere", None),
    ],
)
def test_only_the_named_clients_reach_the_ports(clients: str, peers: Any) -> None:
    spec = run({"kubia": kubia(clients=clients)}).one("NetworkPolicy").inputs["spec"]
    assert spec["policyTypes"] == ["Ingress"]
    assert spec["podSelector"] == {"matchLabels": {"app": "kubia"}}
    (rule,) = spec["ingress"]
    assert rule["ports"] == [{"port": 8080, "protocol": "TCP"}]
    assert rule.get("from") == peers


def test_a_client_service_is_made_on_request_and_not_waited_for() -> None:
    asked = run({"kubia": kubia(clientService=True)}).one("Service", "kubia-client").inputs
    assert asked["metadata"]["name"] == "kubia-client"
    assert asked["metadata"]["annotations"]["pulumi.com/skipAwait"] == "true"
    assert asked["spec"] == {
        "selector": {"app": "kubia"},
        "ports": [{"name": "http", "port": 80, "targetPort": "http"}],
    }
    assert [s.name for s in run({"kubia": kubia()}).of_type("Service")] == ["kubia-governing"]


@pytest.mark.parametrize(
    ("storage", "keys"),
    [
        (LOCAL, ["kubernetes.io/hostname"]),
        (DISKS, ["kubernetes.io/hostname"]),
        (REGIONAL, ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]),
        ({"kind": "dynamic"}, ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]),
        (
            {**DISKS, "disks": [{"name": "a"}, {"name": "b", "zone": "europe-west1-c"}]},
            ["topology.kubernetes.io/zone", "kubernetes.io/hostname"],
        ),
    ],
)
def test_pods_spread_over_nodes_and_over_zones_that_differ(storage: dict[str, Any], keys: list[str]) -> None:
    constraints = pod(run({"kubia": kubia(storage=storage)}))["topologySpreadConstraints"]
    assert [constraint["topologyKey"] for constraint in constraints] == keys
    for constraint in constraints:
        assert constraint["whenUnsatisfiable"] == "ScheduleAnyway"
        assert constraint["labelSelector"] == {"matchLabels": {"app": "kubia"}}
        assert constraint["maxSkew"] == 1


@pytest.mark.parametrize("storage", [LOCAL, DISKS, REGIONAL, {"kind": "dynamic"}])
def test_a_cluster_takes_kubia_and_nginx_on_every_backend(storage: dict[str, Any]) -> None:
    for workload in (kubia(storage=storage), nginx(storage=storage, replicas=2, clientService=True)):
        objects = run({"app": workload}).kubernetes_objects()
        assert_cluster_accepts(o for o in objects if o["kind"] != "Job")


def test_one_replica_may_have_a_claim_that_is_made_beside_it() -> None:
    recorded = run({"app": nginx(replicas=1, storage=SHARED)})
    claim = recorded.one("PersistentVolumeClaim")
    assert claim.name == "app-claim"
    assert claim.retain_on_delete is True
    assert claim.inputs["metadata"]["name"] == "helloweb-disk"
    assert claim.inputs["metadata"]["annotations"]["pulumi.com/skipAwait"] == "true"
    assert claim.inputs["spec"] == {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "standard",
        "resources": {"requests": {"storage": "30Gi"}},
    }
    mounted = {"name": "www", "persistentVolumeClaim": {"claimName": "helloweb-disk"}}
    assert mounted in pod(recorded)["volumes"]
    assert "app-claim" in recorded.one("StatefulSet").depends_on
    assert "volumeClaimTemplates" not in the_set(recorded)
    assert "persistentVolumeClaimRetentionPolicy" not in the_set(recorded)
    assert recorded.stack_outputs["app"]["claims"] == ["helloweb-disk"]
    assert_cluster_accepts(recorded.kubernetes_objects())


def test_many_replicas_may_share_a_claim_that_many_can_write() -> None:
    storage = {**SHARED, "accessMode": "ReadWriteMany", "className": "filestore"}
    claim = run({"app": nginx(durability="discard", storage=storage)}).one("PersistentVolumeClaim")
    assert claim.retain_on_delete is False
    assert claim.inputs["spec"]["accessModes"] == ["ReadWriteMany"]
    assert claim.inputs["spec"]["storageClassName"] == "filestore"


def test_a_claim_shared_by_one_pod_needs_no_new_kubernetes() -> None:
    old = {"context": "test", "kubernetesVersion": "1.26"}
    assert problems({"app": nginx(replicas=1, durability="discard", storage=SHARED)}, old) == []


@pytest.mark.parametrize(
    ("other", "theirs"),
    [
        ({"namespace": "other"}, "other/data-kubia-0"),
        ({"workload": "cubia"}, "shop/data-cubia-0"),
        ({"claim_template": "www"}, "shop/www-kubia-0"),
    ],
)
def test_volumes_that_are_bound_to_other_claims_are_refused(other: dict[str, str], theirs: str) -> None:
    bound = {"workload": "kubia", "namespace": "shop", "claim_template": "data", "volumes": [], **other}

    def program() -> None:
        volumes = PersistentVolumes("v", cast(PersistentVolumesArgs, bound))
        pods = Pods(namespace="shop", spec=KubiaSpec(), ports=(), containers=(), uid=1)
        Members("kubia", pods, pulumi.ResourceOptions(), provided=Provided(volumes=volumes))

    recorded = record(program, raises=pulumi.RunError)
    assert str(recorded.error) == (
        f"kubia: its volumes are bound to claims like {theirs}, but it makes claims like shop/data-kubia-0;"
        " give both the same workload, namespace and claim template"
    )
    assert recorded.of_type("StatefulService") == ()


def test_components_stand_alone_with_the_tutorials_defaults() -> None:
    def program() -> None:
        Kubia("kubia", KubiaArgs(namespace="default", project="acme"))
        Nginx("nginx", NginxArgs(namespace="default"))

    recorded = record(program)
    assert [disk.inputs["name"] for disk in recorded.of_type("Disk")] == ["pv-a", "pv-b", "pv-c"]
    assert recorded.one("StatefulSet", "nginx-set").inputs["spec"]["replicas"] == 3


def test_disks_without_a_project_are_refused_by_the_component_too() -> None:
    recorded = record(lambda: Kubia("kubia", KubiaArgs(namespace="default")), raises=pulumi.RunError)
    assert str(recorded.error) == "kubia.project: missing; the disks and their volumes name it, so add it"


def test_names_are_derived_as_kubernetes_derives_them() -> None:
    assert claim_name("www", "web", 1) == "www-web-1"
    assert pod_host("kubia", 0, "default") == "kubia-0.kubia.default.svc.cluster.local"


def test_a_name_too_long_for_a_label_keeps_its_beginning_and_stays_unique() -> None:
    long, other = "n" * 70, "n" * 69 + "m"
    assert bounded("short") == "short"
    assert bounded("n" * 63) == "n" * 63
    assert len(bounded(long)) == 63
    assert bounded(long)[:54] == "n" * 54
    assert bounded(long) != bounded(other)
    assert bounded("n" * 53 + "-.-" + "x" * 20)[:54] == "n" * 53 + "-"


def test_ports_and_probes_are_the_tutorials() -> None:
    kubia_pod = pod(run({"kubia": kubia()}))["containers"][0]
    assert kubia_pod["ports"] == [{"name": "http", "containerPort": 8080}]
    assert kubia_pod["volumeMounts"] == [{"name": "data", "mountPath": "/var/data"}]
    assert NginxSpec().termination_grace_period_seconds == 10


def test_the_components_own_outputs_name_its_pods_and_their_claims() -> None:
    assert run({"kubia": kubia()}).one("statefulsets:stateful_service:StatefulService").outputs == {
        "hosts": ["kubia-0.kubia.shop.svc.cluster.local", "kubia-1.kubia.shop.svc.cluster.local"],
        "claims": ["data-kubia-0", "data-kubia-1"],
        "host": "kubia.shop.svc.cluster.local",
    }
    assert run({"kubia": kubia()}).one("PersistentVolumes").outputs == {"names": ["v-0", "v-1", "v-2"]}
    assert run({"kubia": kubia(storage=DISKS)}).one("GcePersistentDisks").outputs == {"disks": ["pv-a", "pv-b", "pv-c"]}
