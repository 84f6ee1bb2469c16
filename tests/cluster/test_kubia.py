"""Kubia on local volumes: what its user stored is there again after everything that may happen to it."""

from __future__ import annotations

import json

import yaml

from tools.project import Project, eventually


def test_up_ends_with_two_ready_pods_and_a_table_of_them(project: Project) -> None:
    table = project.up()
    for ordinal, volume in enumerate(["pv-a", "pv-b"]):
        assert project.ready(f"kubia-{ordinal}")
        row = next(line for line in table.splitlines() if line.startswith(f"kubia-{ordinal} "))
        assert row.split() == [
            f"kubia-{ordinal}",
            "yes",
            "statefulsets-0",
            f"data-kubia-{ordinal}",
            volume,
            f"kubia-{ordinal}.kubia.default.svc.cluster.local",
        ]


def test_each_replica_keeps_its_own_text_in_its_own_directory(project: Project) -> None:
    project.post("kubia-0", "zero")
    project.post("kubia-1", "one")
    disk = project.state.root / "nodes/statefulsets-0/statefulsets/volumes"
    assert (disk / "pv-a/kubia.txt").read_text() == "zero"
    assert (disk / "pv-b/kubia.txt").read_text() == "one"
    assert "zero" in project.read("kubia-0")
    assert "one" in project.read("kubia-1")


def test_the_commands_that_the_outputs_give_post_and_read_data(project: Project) -> None:
    kubia = json.loads(project.must("pulumi", "stack", "output", "--stack", "local", "kubia", "--json"))
    assert "stored on pod kubia-0" in project.must("bash", "-c", kubia["write"])
    assert "hello" in project.must("bash", "-c", kubia["read"])


def test_a_deleted_pod_comes_back_with_its_name_claim_and_data(project: Project) -> None:
    project.post("kubia-0", "before deletion")
    before = project.get("pod", "kubia-0")
    project.kubectl("delete", "pod", "kubia-0")
    eventually(lambda: project.ready("kubia-0"), "kubia-0 ready again")
    after = project.get("pod", "kubia-0")
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    assert _claims(after) == _claims(before) == ["data-kubia-0"]
    assert "before deletion" in project.read("kubia-0")


def test_names_resolve_inside_pods_and_the_service_lists_them_all(project: Project) -> None:
    def addresses(name: str) -> set[str]:
        answer = project.kubectl("exec", "kubia-1", "--", "nslookup", name)
        return {line.split(": ")[1] for line in answer.splitlines() if line.startswith("Address: ")}

    ips = {project.get("pod", f"kubia-{n}")["status"]["podIP"] for n in range(2)}
    eventually(lambda: addresses("kubia.default.svc.cluster.local") == ips, "the Service lists both pods", 20)
    one = addresses("kubia-0.kubia.default.svc.cluster.local")
    assert one == {project.get("pod", "kubia-0")["status"]["podIP"]}


def test_data_is_there_after_replicas_go_from_two_to_one_and_back(project: Project) -> None:
    project.post("kubia-0", "low")
    project.post("kubia-1", "high")
    project.set_config("kubia.replicas", "1")
    project.up()
    eventually(lambda: _pods(project) == ["kubia-0"], "the highest ordinal leaves first")
    claims = [c["metadata"]["name"] for c in project.get("pvc")["items"] if "kubia" in c["metadata"]["name"]]
    assert claims == ["data-kubia-0", "data-kubia-1"]
    project.set_config("kubia.replicas", "2")
    project.up()
    assert "low" in project.read("kubia-0")
    assert "high" in project.read("kubia-1")


def test_scale_down_does_not_go_on_past_an_unhealthy_pod(project: Project) -> None:
    project.kubectl("cordon", "statefulsets-0")  # the pod that is deleted next cannot come back
    try:
        project.kubectl("delete", "pod", "kubia-0")
        project.kubectl("scale", "statefulset", "kubia", "--replicas=1")
        generation = project.get("statefulset", "kubia")["metadata"]["generation"]
        eventually(
            lambda: project.get("statefulset", "kubia")["status"].get("observedGeneration") == generation,
            "the controller saw the new size",
        )
        for _ in range(10):
            assert project.ready("kubia-1"), "kubia-1 was removed while kubia-0 was not healthy"
            project.run("sleep", "0.5")
    finally:
        project.kubectl("uncordon", "statefulsets-0")
    eventually(lambda: project.ready("kubia-0") and _pods(project) == ["kubia-0"], "the scale-down goes on")
    project.kubectl("scale", "statefulset", "kubia", "--replicas=2")
    eventually(lambda: project.ready("kubia-1"), "kubia-1 is back")


def test_data_is_there_after_down_and_up(project: Project) -> None:
    project.post("kubia-1", "through the night")
    project.down()
    project.up()
    assert "through the night" in project.read("kubia-1")


def test_a_volume_that_the_set_does_not_use_yet_stays_free(project: Project) -> None:
    volume = project.get("pv", "pv-c")
    assert volume["status"]["phase"] == "Available"
    assert volume["spec"]["claimRef"]["name"] == "data-kubia-2"


def _claims(pod: dict[str, dict[str, list[dict[str, dict[str, str]]]]]) -> list[str]:
    return [v["persistentVolumeClaim"]["claimName"] for v in pod["spec"]["volumes"] if "persistentVolumeClaim" in v]


def _pods(project: Project) -> list[str]:
    return sorted(p["metadata"]["name"] for p in project.get("pods", "--selector=app=kubia")["items"])


def test_another_stack_of_the_same_names_is_refused_and_takes_nothing_with_it(project: Project) -> None:
    project.post("kubia-0", "of the first stack")
    document = yaml.safe_load((project.root / "Pulumi.local.yaml").read_text())
    kubia = document["config"]["statefulsets:workloads"]["kubia"]
    document["config"]["statefulsets:workloads"] = {"kubia": {**kubia, "replicas": 1, "durability": "discard"}}
    other = project.root / "Pulumi.other.yaml"
    config = {key: value for key, value in document["config"].items() if "secure" not in value}  # MySQL's passwords
    other.write_text(yaml.safe_dump({"config": config}))
    before = {item["metadata"]["uid"] for item in project.get("statefulsets,services,pods,pvc,pv")["items"]}
    try:
        refused = project.run("make", "up", "STACK=other")
        assert refused.returncode != 0
        assert ".metadata.annotations.statefulsets/belongs-to-stack" in refused.stdout + refused.stderr
        project.must("make", "destroy", "STACK=other", "YES=1")
    finally:
        other.unlink()
    assert before <= {item["metadata"]["uid"] for item in project.get("statefulsets,services,pods,pvc,pv")["items"]}
    assert project.get("statefulset", "kubia")["spec"]["replicas"] == 2
    assert "of the first stack" in project.read("kubia-0")
