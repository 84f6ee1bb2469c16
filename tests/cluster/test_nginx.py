"""The tutorials' nginx and web on the real cluster: start order, ports and pages that stay."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tools.project import Project, eventually


def created_and_ready(project: Project, app: str) -> list[tuple[datetime, datetime]]:
    pods: list[dict[str, Any]] = project.get("pods", f"--selector=app={app}")["items"]
    times = []
    for pod in sorted(pods, key=lambda p: str(p["metadata"]["name"])):
        ready = next(c for c in pod["status"]["conditions"] if c["type"] == "Ready")
        times.append(
            tuple(map(datetime.fromisoformat, (pod["metadata"]["creationTimestamp"], ready["lastTransitionTime"])))
        )
    return times  # type: ignore[return-value]


def restart(project: Project, name: str, replicas: int) -> None:
    project.kubectl("scale", "statefulset", name, "--replicas=0")
    eventually(lambda: not project.get("pods", f"--selector=app={name}")["items"], f"{name} has no pods")
    project.kubectl("scale", "statefulset", name, f"--replicas={replicas}")
    eventually(
        lambda: project.get("statefulset", name)["status"].get("readyReplicas") == replicas,
        f"{name} is ready again",
        120,
    )


def test_ordered_pods_are_created_only_when_the_one_before_is_ready(project: Project) -> None:
    restart(project, "web", 2)
    first, second = created_and_ready(project, "web")
    assert second[0] >= first[1]


def test_parallel_pods_are_created_at_once(project: Project) -> None:
    restart(project, "nginx", 3)
    times = created_and_ready(project, "nginx")
    assert len(times) == 3
    assert (max(t[0] for t in times) - min(t[0] for t in times)).total_seconds() <= 1
    assert min(t[1] for t in times) >= max(t[0] for t in times)


def test_scaling_in_and_out_returns_the_same_disk_to_the_same_ordinal(project: Project) -> None:
    for ordinal in range(2):
        page = f"echo page of web-{ordinal} > /usr/share/nginx/html/index.html"
        project.kubectl("exec", f"web-{ordinal}", "--", "sh", "-c", page)
    before = {p["metadata"]["name"]: p["spec"]["volumeName"] for p in project.get("pvc")["items"]}
    restart(project, "web", 2)
    after = {p["metadata"]["name"]: p["spec"]["volumeName"] for p in project.get("pvc")["items"]}
    assert after == before
    for ordinal in range(2):
        page = project.kubectl("get", "--raw", f"/api/v1/namespaces/default/pods/web-{ordinal}:80/proxy/")
        assert page == f"page of web-{ordinal}\n"


def test_every_pod_of_the_stack_runs_as_nobody_on_a_read_only_root(project: Project) -> None:
    for pod in ("kubia-0", "nginx-0", "web-0"):
        identity = project.kubectl(
            "exec", pod, "--", "sh", "-c", "id -u; touch /probe 2>/dev/null && echo writable || echo read-only"
        )
        uid, root = identity.split()
        assert int(uid) > 0
        assert root == "read-only"


def test_the_tutorials_class_gives_each_pod_a_disk_of_its_own_that_it_keeps(project: Project) -> None:
    for ordinal in range(3):
        page = f"echo page of nginx-{ordinal} > /usr/share/nginx/html/index.html"
        project.kubectl("exec", f"nginx-{ordinal}", "--", "sh", "-c", page)
    claims = [project.get("pvc", f"www-nginx-{ordinal}") for ordinal in range(3)]
    assert {claim["spec"]["storageClassName"] for claim in claims} == {"standard"}
    assert len({claim["spec"]["volumeName"] for claim in claims}) == 3
    restart(project, "nginx", 3)
    for ordinal in range(3):
        page = project.kubectl("get", "--raw", f"/api/v1/namespaces/default/pods/nginx-{ordinal}:80/proxy/")
        assert page == f"page of nginx-{ordinal}\n"
