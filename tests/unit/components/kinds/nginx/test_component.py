"""Nginx runs from any image without root, and rolls when its configuration changes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from components.kinds.nginx import component as module
from tests.support.golden import assert_golden
from tests.unit.components.goldens import of_kind
from tests.unit.components.programs import deployed, nginx, run


def pod_template(**fields: Any) -> dict[str, Any]:
    template: dict[str, Any] = run({"nginx": nginx(**fields)}).one("StatefulSet").inputs["spec"]["template"]
    return template


def test_all_that_it_registers_is_what_is_checked_in() -> None:
    recorded = deployed("nginx", nginx(podManagementPolicy="Parallel", clientService=True))
    assert_golden(Path(__file__).with_name("golden.yaml"), of_kind(recorded))


def test_nginx_reads_the_configuration_of_the_config_map() -> None:
    recorded = run({"nginx": nginx()})
    config_map = recorded.one("ConfigMap")
    assert config_map.inputs["metadata"]["name"] == "nginx-conf"
    assert config_map.inputs["data"] == {"nginx.conf": module.CONF.read_text()}
    (container,) = recorded.one("StatefulSet").inputs["spec"]["template"]["spec"]["containers"]
    assert container["command"] == ["nginx", "-c", "/etc/statefulsets/nginx.conf", "-g", "daemon off;"]
    assert {"name": "conf", "mountPath": "/etc/statefulsets", "readOnly": True} in container["volumeMounts"]
    assert "nginx-conf" in recorded.one("StatefulSet").depends_on


def test_port_80_needs_no_root() -> None:
    context = pod_template()["spec"]["securityContext"]
    assert context["sysctls"] == [{"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"}]
    assert context["runAsNonRoot"] is True
    assert context["runAsUser"] == context["runAsGroup"] == context["fsGroup"] == 65532


def test_a_changed_configuration_rolls_the_pods(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = pod_template()["metadata"]["annotations"]
    changed = tmp_path / "nginx.conf"
    changed.write_text(module.CONF.read_text() + "# changed\n")
    monkeypatch.setattr(module, "CONF", changed)
    assert pod_template()["metadata"]["annotations"] != before
    assert list(before) == ["checksum/nginx.conf"]


def test_everything_nginx_writes_is_in_a_directory_it_may_write_to() -> None:
    conf = module.CONF.read_text()
    written = [*re.findall(r"_temp_path (\S+);", conf), *re.findall(r"^pid (\S+);", conf, re.MULTILINE)]
    mounted = [
        m["mountPath"] for m in pod_template()["spec"]["containers"][0]["volumeMounts"] if m["name"] == "scratch"
    ]
    assert mounted == ["/tmp", "/var/cache/nginx", "/var/lib/nginx"]
    assert len(written) == 4
    assert {str(Path(path).parent) for path in written} == {"/tmp"}


def test_the_pages_and_the_port_are_where_the_tutorial_has_them() -> None:
    (container,) = pod_template()["spec"]["containers"]
    assert {"name": "www", "mountPath": "/usr/share/nginx/html"} in container["volumeMounts"]
    assert container["ports"] == [{"name": "web", "containerPort": 80}]
    assert container["image"] == "k8s.gcr.io/nginx-slim:0.8"
    assert container["readinessProbe"]["httpGet"] == {"path": "/healthz", "port": "web"}
    assert container["readinessProbe"]["periodSeconds"] < container["livenessProbe"]["periodSeconds"]


def test_commands_for_the_first_pod_are_among_the_outputs() -> None:
    outputs = run({"nginx": nginx(ordinals={"start": 2})}).stack_outputs["nginx"]
    assert outputs["write"] == "kubectl exec -n shop nginx-2 -- sh -c 'echo hello > /usr/share/nginx/html/index.html'"
    assert outputs["read"] == "kubectl get --raw /api/v1/namespaces/shop/pods/nginx-2:80/proxy/"
    assert outputs["hosts"][0] == "nginx-2.nginx.shop.svc.cluster.local"
    assert outputs["claims"] == ["www-nginx-2", "www-nginx-3", "www-nginx-4"]
