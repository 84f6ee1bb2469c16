"""The tests' own judge of rendered objects refuses what a cluster would."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.support.kube_schema import assert_cluster_accepts, schema_errors
from tests.support.pod_security import CONTROLS, restricted_errors


def stateful_set() -> dict[str, Any]:
    """A set that a restricted namespace of Kubernetes 1.34 takes."""
    container = {
        "name": "web",
        "image": "nginx",
        "ports": [{"containerPort": 8080}],
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    pod = {
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
        "initContainers": [{**copy.deepcopy(container), "name": "init"}],
        "volumes": [{"name": "conf", "configMap": {"name": "web"}}],
    }
    template = {"metadata": {"labels": {"app": "web"}}, "spec": pod}
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "web"},
        "spec": {
            "serviceName": "web",
            "replicas": 2,
            "selector": {"matchLabels": {"app": "web"}},
            "template": template,
        },
    }


def with_value(path: str, value: Any) -> dict[str, Any]:
    """The set with one field of its pod template changed; numbers in the path index lists."""
    found = stateful_set()
    target: Any = found["spec"]["template"]
    *parents, last = (int(part) if part.isdigit() else part for part in path.split("/"))
    for part in parents:
        target = target[part] if isinstance(part, int) else target.setdefault(part, {})
    if value is None:
        del target[last]
    else:
        target[last] = value
    return found


def test_a_sound_object_is_accepted() -> None:
    assert_cluster_accepts([stateful_set()])


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("replica", 3, "'replica' was unexpected"),
        ("replicas", "three", "spec.replicas: 'three' is not of type 'integer'"),
        ("selector", None, "'selector' is a required property"),
    ],
)
def test_a_field_that_the_schema_does_not_know_or_forbids_is_refused(path: str, value: Any, message: str) -> None:
    obj = stateful_set()
    obj["spec"][path] = value
    if value is None:
        del obj["spec"][path]
    assert message in schema_errors(obj)[0]
    with pytest.raises(AssertionError, match="StatefulSet web"):
        assert_cluster_accepts([obj])


def test_a_kind_that_does_not_exist_is_refused() -> None:
    assert "kind Statefulset2" in schema_errors({"apiVersion": "v1", "kind": "Statefulset2"})[0]


def test_a_kubernetes_release_without_schemas_is_not_taken_for_an_older_one() -> None:
    assert schema_errors(stateful_set(), "1.99") == ["kubernetes-validate has no schemas of Kubernetes 1.99"]


CONTAINER = "spec/containers/0"
INIT = "spec/initContainers/0"
VIOLATIONS = [
    ("HostProcess", "spec/securityContext/windowsOptions", {"hostProcess": True}),
    ("HostProcess", f"{INIT}/securityContext/windowsOptions", {"hostProcess": True}),
    ("Host Namespaces", "spec/hostNetwork", True),
    ("Host Namespaces", "spec/hostPID", True),
    ("Host Namespaces", "spec/hostIPC", True),
    ("Privileged Containers", f"{CONTAINER}/securityContext/privileged", True),
    ("Privileged Containers", f"{INIT}/securityContext/privileged", True),
    ("Capabilities (baseline)", f"{CONTAINER}/securityContext/capabilities/add", ["SYS_ADMIN"]),
    ("HostPath Volumes", "spec/volumes/0", {"name": "host", "hostPath": {"path": "/"}}),
    ("Host Ports", f"{CONTAINER}/ports", [{"containerPort": 80, "hostPort": 80}]),
    ("Host Probes / Lifecycle Hooks", f"{CONTAINER}/livenessProbe", {"httpGet": {"port": 1, "host": "h"}}),
    ("Host Probes / Lifecycle Hooks", f"{CONTAINER}/startupProbe", {"tcpSocket": {"port": 1, "host": "h"}}),
    ("Host Probes / Lifecycle Hooks", f"{CONTAINER}/readinessProbe", {"tcpSocket": {"port": 1, "host": "h"}}),
    ("Host Probes / Lifecycle Hooks", f"{INIT}/lifecycle/preStop", {"httpGet": {"port": 1, "host": "h"}}),
    ("Host Probes / Lifecycle Hooks", f"{INIT}/lifecycle/postStart", {"tcpSocket": {"port": 1, "host": "h"}}),
    ("AppArmor", "spec/securityContext/appArmorProfile", {"type": "Unconfined"}),
    ("AppArmor", "metadata/annotations", {"container.apparmor.security.beta.kubernetes.io/w": "unconfined"}),
    ("SELinux", "spec/securityContext/seLinuxOptions", {"type": "spc_t"}),
    ("SELinux", f"{CONTAINER}/securityContext/seLinuxOptions", {"user": "system_u"}),
    ("SELinux", f"{CONTAINER}/securityContext/seLinuxOptions", {"role": "system_r"}),
    ("/proc Mount Type", f"{CONTAINER}/securityContext/procMount", "Unmasked"),
    ("Seccomp (baseline)", f"{INIT}/securityContext/seccompProfile", {"type": "Unconfined"}),
    ("Sysctls", "spec/securityContext/sysctls", [{"name": "kernel.msgmax", "value": "1"}]),
    ("Volume Types", "spec/volumes/0", {"name": "nfs", "nfs": {"server": "s", "path": "/"}}),
    ("Privilege Escalation", f"{CONTAINER}/securityContext/allowPrivilegeEscalation", True),
    ("Privilege Escalation", f"{INIT}/securityContext/allowPrivilegeEscalation", None),
    ("Running as Non-root", "spec/securityContext/runAsNonRoot", None),
    ("Running as Non-root", f"{INIT}/securityContext/runAsNonRoot", False),
    ("Running as Non-root user", "spec/securityContext/runAsUser", 0),
    ("Running as Non-root user", f"{CONTAINER}/securityContext/runAsUser", 0),
    ("Seccomp", "spec/securityContext/seccompProfile", None),
    ("Capabilities", f"{CONTAINER}/securityContext/capabilities/drop", ["NET_RAW"]),
    ("Capabilities", f"{INIT}/securityContext/capabilities/add", ["CHOWN"]),
]


@pytest.mark.parametrize(("control", "path", "value"), VIOLATIONS, ids=lambda v: str(v)[:40])
def test_a_pod_that_violates_a_control_is_refused_by_that_control(control: str, path: str, value: Any) -> None:
    obj = with_value(path, value)
    assert schema_errors(obj) == []
    assert control in {error.partition(": ")[0] for error in restricted_errors(obj)}


def test_every_control_of_the_standard_has_a_pod_that_it_refuses() -> None:
    assert {control for control, _, _ in VIOLATIONS} == set(CONTROLS)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (f"{CONTAINER}/securityContext/capabilities/add", ["NET_BIND_SERVICE"]),
        ("spec/securityContext/seccompProfile", {"type": "Localhost", "localhostProfile": "p"}),
        ("spec/securityContext/sysctls", [{"name": "net.ipv4.tcp_syncookies", "value": "1"}]),
        (f"{CONTAINER}/ports", [{"containerPort": 8080, "hostPort": 0}]),
        (f"{CONTAINER}/livenessProbe", {"httpGet": {"port": 1, "host": ""}}),
        ("metadata/annotations", {"container.apparmor.security.beta.kubernetes.io/w": "runtime/default"}),
        ("spec/securityContext/seLinuxOptions", {"type": "container_t"}),
    ],
)
def test_what_the_standard_allows_is_accepted(path: str, value: Any) -> None:
    assert restricted_errors(with_value(path, value)) == []


def test_a_container_that_tells_it_for_itself_needs_no_word_from_the_pod() -> None:
    obj = stateful_set()
    pod = obj["spec"]["template"]["spec"]
    of_pod = pod.pop("securityContext")
    for container in [*pod["containers"], *pod["initContainers"]]:
        container["securityContext"] |= of_pod
    assert restricted_errors(obj) == []


@pytest.mark.parametrize("kind", ["Deployment", "Job", "CronJob", "Pod"])
def test_pods_are_found_in_every_kind_that_makes_them(kind: str) -> None:
    template = with_value("spec/hostNetwork", True)["spec"]["template"]
    spec: dict[str, Any] = {"template": template}
    obj = {"kind": kind, "spec": {"jobTemplate": {"spec": spec}} if kind == "CronJob" else spec}
    if kind == "Pod":
        obj = {"kind": kind, **template}
    assert restricted_errors(obj) == ["Host Namespaces: hostNetwork is true"]


def test_an_object_without_pods_has_nothing_to_be_restricted() -> None:
    assert restricted_errors({"apiVersion": "v1", "kind": "Service", "spec": {}}) == []
