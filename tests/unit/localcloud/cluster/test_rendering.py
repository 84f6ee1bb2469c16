"""How the cluster's own processes are told to run: reachable from nowhere else, and forbidding what is not allowed."""

from __future__ import annotations

import ipaddress
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from localcloud.cluster import certificates, controlplane
from localcloud.host.daemons import Daemon
from localcloud.host.paths import CLUSTER_DOMAIN, CONTEXT, State
from localcloud.node import files, node
from tests.support.places import SLOT


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> State:
    """A cluster with its certificates and one node's files."""
    state = State(tmp_path_factory.mktemp("checkout") / "it's here", SLOT)
    certificates.ensure(state)
    files.write(state, SLOT.node(0))
    return state


def daemon(state: State, name: str) -> Daemon:
    return next(each for each in controlplane.programs(state) if each.name == name)


def flags(state: State, name: str) -> dict[str, str]:
    """A control plane process' flags; a bare one counts as `true`."""
    words = [word.lstrip("-").partition("=") for word in daemon(state, name).command[1:]]
    assert len({name for name, _, _ in words}) == len(words), "given once"
    return {name: value or "true" for name, _, value in words}


def kubelet(state: State) -> Any:
    return yaml.safe_load((state.node(SLOT.node(0)) / "etc/kubelet.yaml").read_text())


def test_the_api_server_listens_on_the_clusters_own_bridge_only(state: State) -> None:
    api = flags(state, "kube-apiserver")
    assert api["bind-address"] == api["advertise-address"] == SLOT.bridge_ip
    assert ipaddress.ip_address(SLOT.bridge_ip) in ipaddress.ip_network(SLOT.node_net)
    assert api["service-cluster-ip-range"] == SLOT.service_net
    assert ipaddress.ip_address(SLOT.api_service_ip) in ipaddress.ip_network(SLOT.service_net)
    assert "insecure-port" not in api


def test_etcd_and_the_controllers_listen_on_loopback_only(state: State) -> None:
    etcd = flags(state, "etcd")
    for name, value in etcd.items():
        if "urls" in name or name == "initial-cluster":
            assert re.fullmatch(r"(local=)?https://127\.0\.0\.1:\d+", value), name
    assert {"listen-client-urls", "listen-peer-urls"} <= set(etcd)
    for name in ("kube-controller-manager", "kube-scheduler"):
        assert flags(state, name)["bind-address"] == "127.0.0.1"


def test_whoever_reads_etcd_needs_a_certificate(state: State) -> None:
    etcd = flags(state, "etcd")
    assert etcd["client-cert-auth"] == etcd["peer-client-cert-auth"] == "true"
    assert etcd["trusted-ca-file"] == etcd["peer-trusted-ca-file"] == f"{state.pki}/ca.crt"


def test_what_is_not_allowed_is_forbidden(state: State) -> None:
    api = flags(state, "kube-apiserver")
    assert api["authorization-mode"] == "Node,RBAC"
    assert "NodeRestriction" in api["enable-admission-plugins"].split(",")
    assert flags(state, "kube-controller-manager")["use-service-account-credentials"] == "true"


def test_a_kubelet_answers_nobody_it_does_not_know(state: State) -> None:
    config = kubelet(state)
    assert config["authentication"]["anonymous"] == {"enabled": False}
    assert config["authentication"]["webhook"] == {"enabled": True}
    assert config["authentication"]["x509"] == {"clientCAFile": f"{state.pki}/ca.crt"}
    assert config["authorization"] == {"mode": "Webhook"}
    assert config["address"] == SLOT.node(0).ip, "of the node's own network"
    assert "readOnlyPort" not in config


def test_the_api_server_checks_the_kubelets_it_opens_sessions_on(state: State) -> None:
    api = flags(state, "kube-apiserver")
    assert api["kubelet-certificate-authority"] == f"{state.pki}/ca.crt"
    assert api["kubelet-preferred-address-types"] == "InternalIP", "the address that is in the certificate"


def test_every_certificate_and_key_that_a_process_is_given_exists(state: State) -> None:
    named = []
    for each in controlplane.programs(state):
        named += [value for value in flags(state, each.name).values() if value.startswith(str(state.pki))]
    named += re.findall(rf"{re.escape(str(state.pki))}/[\w.-]+", controlplane._corefile(state))
    config = kubelet(state)
    named += [config["tlsCertFile"], config["tlsPrivateKeyFile"], config["authentication"]["x509"]["clientCAFile"]]
    proxy = yaml.safe_load((state.node(SLOT.node(0)) / "etc/kube-proxy.yaml").read_text())
    named.append(proxy["clientConnection"]["kubeconfig"])
    arguments = node._kubelet(state, SLOT.node(0), 1).command
    named += [word.partition("=")[2] for word in arguments if word.startswith("--kubeconfig=")]
    assert len(named) > 20
    assert [path for path in named if not Path(path).exists()] == []


def test_pods_find_the_issuer_of_their_tokens_and_the_tokens_outlive_a_renewal(state: State) -> None:
    api, controllers = flags(state, "kube-apiserver"), flags(state, "kube-controller-manager")
    assert api["service-account-signing-key-file"] == controllers["service-account-private-key-file"]
    assert api["service-account-issuer"] == f"https://kubernetes.default.svc.{CLUSTER_DOMAIN}"


def test_the_order_of_start_puts_each_process_behind_what_it_needs(state: State) -> None:
    names = [each.name for each in controlplane.programs(state)]
    assert names.index("etcd") < names.index("kube-apiserver") < names.index("kube-scheduler")
    assert names.index("kube-apiserver") < names.index("kube-controller-manager")
    assert names.index("gce") < names.index("csi-controller") == len(names) - 1, "it asks API server and stand-in"
    own = [each for each in controlplane.programs(state) if each.name != "gce"]  # which is this Python
    assert all(each.program == each.name for each in own), "found again by the program's own name"


@pytest.mark.parametrize("upstream", ["nameserver 192.0.2.1\n", ""])
def test_the_clusters_dns_answers_on_the_bridge_and_asks_on_only_where_there_is_somebody_to_ask(
    upstream: str, state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "resolv.conf").write_text(f"search example.org\n{upstream}")
    known = {"/etc/resolv.conf": tmp_path / "resolv.conf"}
    monkeypatch.setattr(controlplane, "Path", lambda path: known.get(path, Path(path)))
    lines = [re.findall(r'"[^"]*"|\S+', line) for line in controlplane._corefile(state).splitlines()]
    lines = [[word.strip('"') for word in words] for words in lines]
    assert ["bind", SLOT.bridge_ip] in lines
    assert ["kubeconfig", f"{state.pki}/coredns.kubeconfig", CONTEXT] in lines, "one word, whatever is in the path"
    for line in lines:
        if line[:1] in (["health"], ["ready"]):
            assert line[1].startswith("127.0.0.1:")
    assert (["forward", ".", "/etc/resolv.conf"] in lines) == bool(upstream)
    assert kubelet(state)["clusterDNS"] == [SLOT.bridge_ip]
    assert kubelet(state)["clusterDomain"] == CLUSTER_DOMAIN


@pytest.mark.parametrize(("capabilities", "restricted"), [("000001ffffffffff", False), ("000001fffeffffff", True)])
def test_containerds_config_is_valid_and_lowers_no_score_where_it_may_not(
    capabilities: str, restricted: bool, state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "status").write_text(f"CapPrm:\t0000000000000000\nCapEff:\t{capabilities}\n")
    known = {"/proc/self/status": tmp_path / "status"}
    monkeypatch.setattr(files, "Path", lambda path: known.get(path, Path(path)))
    config = tomllib.loads(files.containerd(state.node(SLOT.node(0))))
    cri = config["plugins"]["io.containerd.grpc.v1.cri"]
    assert cri["restrict_oom_score_adj"] is restricted
    assert cri["sandbox_image"] == files.PAUSE_IMAGE
    assert Path(cri["cni"]["conf_dir"]) == state.node(SLOT.node(0)) / "etc/cni"
    assert config["root"] == "/var/lib/containerd", "on the node's own disk: images outlive a restart"
    assert config["grpc"]["address"] == kubelet(state)["containerRuntimeEndpoint"].removeprefix("unix://")


def test_the_files_of_a_node_are_where_its_programs_look(state: State) -> None:
    disk = state.node(SLOT.node(0))
    for each in (node._kubelet(state, SLOT.node(0), 1), node._kube_proxy(state, SLOT.node(0), 1)):
        (config,) = [word.partition("=")[2] for word in each.command if word.startswith("--config=")]
        assert yaml.safe_load(Path(config).read_text())["kind"].endswith("Configuration")
        assert each.inside == 1
    (config,) = [word.partition("=")[2] for word in node._containerd(state, SLOT.node(0), 1).command[1:]]
    tomllib.loads(Path(config).read_text())
    assert Path(kubelet(state)["resolvConf"]).read_text() == f"nameserver {SLOT.bridge_ip}\n"
    assert all((disk / name).is_dir() for name in ("kubelet", "containerd", "statefulsets", "log"))


def test_a_nearly_full_disk_evicts_nobody_and_imported_images_stay(state: State) -> None:
    config = kubelet(state)
    assert config["evictionHard"]["nodefs.available"] == config["evictionHard"]["imagefs.available"] == "1Gi"
    assert config["imageGCHighThresholdPercent"] == 100
    assert config["failCgroupV1"] is False
    assert config["failSwapOn"] is False


def test_pods_get_addresses_of_their_own_node_that_are_given_back_at_a_power_cut(state: State) -> None:
    network = json.loads((state.node(SLOT.node(0)) / "etc/cni/10-pods.conflist").read_text())
    ipam = network["plugins"][0]["ipam"]
    assert ipam["ranges"] == [[{"subnet": SLOT.node(0).pod_subnet}]]
    assert ipam["dataDir"].startswith("/run/")
    assert files.cni(SLOT.node(3))["plugins"][0]["ipam"]["ranges"] == [[{"subnet": "10.214.3.0/24"}]]


def test_a_node_is_known_by_one_name_everywhere(state: State) -> None:
    name = SLOT.node(0).name
    command = node._kubelet(state, SLOT.node(0), 1).command
    assert f"--hostname-override={name}" in command
    assert f"--node-ip={SLOT.node(0).ip}" in command
    proxy = yaml.safe_load((state.node(SLOT.node(0)) / "etc/kube-proxy.yaml").read_text())
    assert proxy["hostnameOverride"] == name
    assert kubelet(state)["cgroupRoot"] == f"/{SLOT.node(0).cgroup}"
    assert {identity.user for identity in certificates.identities(SLOT, SLOT.nodes(1))} >= {f"system:node:{name}"}


def test_kube_proxy_leaves_the_machines_own_limits_alone(state: State) -> None:
    proxy = yaml.safe_load((state.node(SLOT.node(0)) / "etc/kube-proxy.yaml").read_text())
    assert proxy["conntrack"] == {"maxPerCore": 0}
    for address in ("healthzBindAddress", "metricsBindAddress"):
        assert proxy[address].startswith("127.0.0.1:")
