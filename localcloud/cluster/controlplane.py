"""etcd, the API server, the controllers, the scheduler, the cluster's DNS and its storage: processes of the host.

etcd and the controllers listen on loopback; the API server and DNS on the cluster's own bridge. Nothing is reachable
from another machine.
"""

from __future__ import annotations

from pathlib import Path

from localcloud.cluster import api
from localcloud.gce import daemon as gce
from localcloud.host import daemons
from localcloud.host.daemons import Daemon
from localcloud.host.errors import LocalCloudError
from localcloud.host.paths import CLUSTER_DOMAIN, CONTEXT, State
from localcloud.node import csi

MANIFESTS = Path(__file__).parent / "manifests"
PLURALS = {
    "ClusterRole": "clusterroles",
    "ClusterRoleBinding": "clusterrolebindings",
    "CSIDriver": "csidrivers",
    "MutatingAdmissionPolicy": "mutatingadmissionpolicies",
    "MutatingAdmissionPolicyBinding": "mutatingadmissionpolicybindings",
    "StorageClass": "storageclasses",
}


def programs(state: State) -> list[Daemon]:
    """In the order in which they are started; they are stopped in the reverse one."""
    return [
        _etcd(state),
        _apiserver(state),
        gce.daemon(state),
        _coredns(state),
        _controller_manager(state),
        _scheduler(state),
        csi.controller(state),
    ]


def start(state: State) -> list[str]:
    """Start etcd, the API server and DNS where they do not run, without waiting; returns what was started."""
    (state.root / "Corefile").write_text(_corefile(state))
    return _start(state, [_etcd(state), _apiserver(state)]) + gce.begin(state) + _start(state, [_coredns(state)])


def start_controllers(state: State) -> list[str]:
    """Start the controllers and the scheduler: once the API server is ready, for they end when it forbids them a read
    that its own bootstrap has yet to allow."""
    return _start(state, [_controller_manager(state), _scheduler(state)])


def start_storage(state: State) -> list[str]:
    """Make the nodes the stand-in's instances and start the CSI controller: once its RBAC is there."""
    started = gce.start(state)
    gce.register(state, {each.name: each.zone for each in state.nodes})
    return started + _start(state, [csi.controller(state)])


def _start(state: State, chosen: list[Daemon]) -> list[str]:
    return [daemon.name for daemon in chosen if daemons.start(state, daemon)]


def stop(state: State) -> None:
    """Stop in reverse order, so that the API server still finds etcd while it ends."""
    for daemon in reversed(programs(state)):
        pid = daemons.find(state, daemon.name, daemon.program)
        if pid is not None:
            daemons.stop([pid], 5.0)
    gce.stop_servers(state)


def wait_ready(state: State, seconds: float = 60) -> None:
    """Wait for the API server, or say which of its parts died and why."""

    def settled() -> bool:
        return api.ready(state) or any(not _runs(state, d) for d in programs(state)[:2])

    daemons.wait_until(settled, seconds)
    if api.ready(state):
        return
    for daemon in programs(state):
        if not _runs(state, daemon):
            log = state.logs / f"{daemon.name}.log"
            raise LocalCloudError(f"{daemon.name} ended; {log} ends with: {daemons.last_lines(log, 1)}")
    raise LocalCloudError(f"the API server is not ready after {seconds:.0f} s; see {state.logs}/kube-apiserver.log")


def apply_manifests(state: State) -> None:
    """The few objects the cluster itself needs (RBAC for its own parts, GKE's classes of storage); created when absent,
    updated when changed."""
    import yaml

    texts = [file.read_text() for file in sorted(MANIFESTS.glob("*.yaml"))]
    for document in (document for text in texts for document in yaml.safe_load_all(text)):
        plural = PLURALS[document["kind"]]
        path = f"/apis/{document['apiVersion']}/{plural}/{document['metadata']['name']}"
        path += "?fieldManager=localcloud&force=true"
        status, answer = api.request(state, "PATCH", path, document, "application/apply-patch+yaml")
        if status not in (200, 201):
            raise LocalCloudError(f"the API server refused {document['metadata']['name']}: {answer}")


def _runs(state: State, daemon: Daemon) -> bool:
    return daemons.find(state, daemon.name, daemon.program) is not None


def _etcd(state: State) -> Daemon:
    client, peer = f"https://127.0.0.1:{state.slot.etcd_port}", f"https://127.0.0.1:{state.slot.etcd_peer_port}"
    tls = [f"{state.pki}/etcd.crt", f"{state.pki}/etcd.key", f"{state.pki}/ca.crt"]
    command = [
        str(state.bin / "etcd"),
        "--name=local",
        f"--data-dir={state.etcd}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=local={peer}",
        f"--cert-file={tls[0]}",
        f"--key-file={tls[1]}",
        f"--trusted-ca-file={tls[2]}",
        "--client-cert-auth",
        f"--peer-cert-file={tls[0]}",
        f"--peer-key-file={tls[1]}",
        f"--peer-trusted-ca-file={tls[2]}",
        "--peer-client-cert-auth",
        "--log-level=warn",
        "--auto-compaction-retention=1h",
    ]
    return Daemon("etcd", command)


def _apiserver(state: State) -> Daemon:
    pki = state.pki
    command = [
        str(state.bin / "kube-apiserver"),
        f"--bind-address={state.slot.bridge_ip}",
        f"--advertise-address={state.slot.bridge_ip}",
        f"--secure-port={state.slot.api_port}",
        f"--etcd-servers=https://127.0.0.1:{state.slot.etcd_port}",
        f"--etcd-cafile={pki}/ca.crt",
        f"--etcd-certfile={pki}/etcd-client.crt",
        f"--etcd-keyfile={pki}/etcd-client.key",
        f"--client-ca-file={pki}/ca.crt",
        f"--tls-cert-file={pki}/apiserver.crt",
        f"--tls-private-key-file={pki}/apiserver.key",
        f"--kubelet-certificate-authority={pki}/ca.crt",
        f"--kubelet-client-certificate={pki}/apiserver-kubelet-client.crt",
        f"--kubelet-client-key={pki}/apiserver-kubelet-client.key",
        "--kubelet-preferred-address-types=InternalIP",
        f"--service-account-issuer=https://kubernetes.default.svc.{CLUSTER_DOMAIN}",
        f"--service-account-key-file={pki}/sa.pub",
        f"--service-account-signing-key-file={pki}/sa.key",
        f"--service-cluster-ip-range={state.slot.service_net}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--feature-gates=MutatingAdmissionPolicy=true",  # manifests/images.yaml
        "--runtime-config=admissionregistration.k8s.io/v1beta1=true",
        "--allow-privileged=true",
        "--profiling=false",
    ]
    return Daemon("kube-apiserver", command)


def _controller_manager(state: State) -> Daemon:
    config = f"{state.pki}/controller-manager.kubeconfig"
    command = [
        str(state.bin / "kube-controller-manager"),
        "--bind-address=127.0.0.1",
        f"--secure-port={state.slot.controller_manager_port}",
        f"--tls-cert-file={state.pki}/controller-manager.crt",
        f"--tls-private-key-file={state.pki}/controller-manager.key",
        f"--kubeconfig={config}",
        f"--authentication-kubeconfig={config}",
        f"--authorization-kubeconfig={config}",
        f"--root-ca-file={state.pki}/ca.crt",
        f"--service-account-private-key-file={state.pki}/sa.key",
        "--use-service-account-credentials=true",
        "--leader-elect=false",  # there is one
        "--profiling=false",
        # A laptop's cluster is small and its user waits: look at retries and claims sooner than every 15 s.
        "--pvclaimbinder-sync-period=2s",
    ]
    return Daemon("kube-controller-manager", command)


def _scheduler(state: State) -> Daemon:
    config = f"{state.pki}/scheduler.kubeconfig"
    command = [
        str(state.bin / "kube-scheduler"),
        "--bind-address=127.0.0.1",
        f"--secure-port={state.slot.scheduler_port}",
        f"--tls-cert-file={state.pki}/scheduler.crt",
        f"--tls-private-key-file={state.pki}/scheduler.key",
        f"--kubeconfig={config}",
        f"--authentication-kubeconfig={config}",
        f"--authorization-kubeconfig={config}",
        "--leader-elect=false",
        "--profiling=false",
    ]
    return Daemon("kube-scheduler", command)


def _coredns(state: State) -> Daemon:
    return Daemon("coredns", [str(state.bin / "coredns"), f"-conf={state.root}/Corefile"])


def _corefile(state: State) -> str:
    upstream = "forward . /etc/resolv.conf" if "nameserver" in Path("/etc/resolv.conf").read_text() else ""
    return f"""\
.:53 {{
    bind {state.slot.bridge_ip}
    errors
    health 127.0.0.1:{state.slot.dns_health_port}
    ready 127.0.0.1:{state.slot.dns_ready_port}
    kubernetes {CLUSTER_DOMAIN} in-addr.arpa ip6.arpa {{
        kubeconfig "{state.pki}/coredns.kubeconfig" {CONTEXT}
        ttl 5
    }}
    # A pod that comes back is found within seconds, and so is one that was looked up too early.
    cache 5 {{
        denial 1024 1
    }}
    {upstream}
}}
"""
