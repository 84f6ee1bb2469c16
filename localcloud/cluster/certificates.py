"""Certificates and kubeconfigs of one cluster: one authority, one key pair a component, ECDSA P-256."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from localcloud.host import atomic
from localcloud.host import certificates as issuing
from localcloud.host.paths import CLUSTER_DOMAIN, CONTEXT, State
from localcloud.host.slot import CLUSTER, Node, Slot

LIFETIME = dt.timedelta(days=365)
RENEW_BEFORE = dt.timedelta(days=30)


@dataclass(frozen=True)
class Identity:
    """A certificate's file name, user (CN), groups (O) and, for servers, the names and addresses it answers to."""

    file: str
    user: str
    groups: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()


def identities(slot: Slot, nodes: Sequence[Node]) -> tuple[Identity, ...]:
    """Everyone who speaks TLS in the cluster; users and groups are those Kubernetes' default RBAC knows."""
    api_names = [
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        f"kubernetes.default.svc.{CLUSTER_DOMAIN}",
    ]
    kubelets = [
        Identity(f"kubelet-{n.name}", f"system:node:{n.name}", ("system:nodes",), (n.name, n.ip)) for n in nodes
    ]
    return (
        Identity(
            "apiserver",
            "kube-apiserver",
            hosts=(*api_names, "localhost", "127.0.0.1", slot.bridge_ip, slot.api_service_ip),
        ),
        Identity("apiserver-kubelet-client", "kube-apiserver-kubelet-client", ("statefulsets:kubelet-api",)),
        Identity("etcd", "etcd", hosts=("localhost", "127.0.0.1")),
        Identity("etcd-client", "kube-apiserver-etcd-client"),
        Identity("admin", "statefulsets-admin", ("system:masters",)),
        Identity("controller-manager", "system:kube-controller-manager", hosts=("localhost", "127.0.0.1")),
        Identity("scheduler", "system:kube-scheduler", hosts=("localhost", "127.0.0.1")),
        Identity("kube-proxy", "system:kube-proxy"),
        Identity("coredns", "statefulsets:coredns"),
        Identity("csi-controller", "statefulsets:csi-controller"),
        *kubelets,
    )


def ensure(
    state: State, lifetime: dt.timedelta = LIFETIME, write: Callable[[Path, bytes], None] | None = None
) -> frozenset[str]:
    """Make what is missing or was made for other names or addresses, and renew what ends within 30 days; the files of
    the identities that got new certificates.

    The authority and the key that signs ServiceAccount tokens outlive renewals. `lifetime`: of what is issued; the
    authority's is ten times as long. `write`: puts a file in its place, whole or not at all.
    """
    return _Office(state, lifetime, write or _write).ensure()


def forget(state: State, node: Node) -> None:
    """Delete the keys of a node that left the cluster."""
    for file in state.pki.glob(f"kubelet-{node.name}.*"):
        file.unlink()


def kubeconfig(slot: Slot, identity: Identity, authority: bytes, certificate: bytes, key: bytes) -> str:
    """A kubeconfig (JSON is YAML) that holds its certificate and trusts this cluster's authority only."""

    def data(pem: bytes) -> str:
        return base64.b64encode(pem).decode()

    user = {"client-certificate-data": data(certificate), "client-key-data": data(key)}
    cluster = {"server": slot.api_url, "certificate-authority-data": data(authority)}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": CONTEXT,
        "clusters": [{"name": CLUSTER, "cluster": cluster}],
        "users": [{"name": identity.user, "user": user}],
        "contexts": [{"name": CONTEXT, "context": {"cluster": CLUSTER, "user": identity.user}}],
    }
    return json.dumps(document, indent=2) + "\n"


def _valid(certificate: Path) -> bool:
    loaded = _load(certificate)
    return loaded is not None and loaded.not_valid_after_utc - dt.datetime.now(dt.UTC) > RENEW_BEFORE


def _load(certificate: Path) -> x509.Certificate | None:
    try:
        return x509.load_pem_x509_certificate(certificate.read_bytes())
    except (OSError, ValueError):
        return None


def _fits(state: State, identity: Identity) -> bool:
    """Whether an identity's certificate is valid and of its present name and hosts, and its kubeconfig of the present
    API server."""
    certificate = state.pki / f"{identity.file}.crt"
    loaded = _load(certificate)
    if loaded is None or not _valid(certificate) or loaded.subject != issuing.subject(identity.user, identity.groups):
        return False
    try:
        found = loaded.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        hosts = {str(host.value) for host in found}
    except x509.ExtensionNotFound:
        hosts = set()
    config = state.pki / f"{identity.file}.kubeconfig"
    return hosts == set(identity.hosts) and config.exists() and json.dumps(state.slot.api_url) in config.read_text()


@dataclass(frozen=True)
class _Office:
    """Where certificates are issued: for whom, for how long, and how they are written down."""

    state: State
    lifetime: dt.timedelta
    write: Callable[[Path, bytes], None]

    def ensure(self) -> frozenset[str]:
        state, pki, issued = self.state, self.state.pki, set()
        pki.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not _valid(pki / "ca.crt") or not (pki / "ca.key").exists():
            self._make_authority()
        if not (pki / "sa.key").exists():  # signs ServiceAccount tokens: a new one would void them all
            pair = issuing.key_pair()
            self.write(pki / "sa.pub", pair.public.encode())
            self.write(pki / "sa.key", pair.private.encode())
        for identity in identities(state.slot, state.nodes):
            if not _fits(state, identity):
                self._issue(identity)
                issued.add(identity.file)
        self.write(state.kubeconfig, (pki / "admin.kubeconfig").read_bytes())
        return frozenset(issued)

    def _make_authority(self) -> None:
        pki = self.state.pki
        made = issuing.make_authority(f"{CLUSTER} local authority", 10 * self.lifetime)
        for old in pki.glob("*.crt"):
            old.unlink()  # what a former authority signed is worth nothing
        self.write(pki / "ca.key", made.key.encode())
        self.write(pki / "ca.crt", made.certificate.encode())

    def _issue(self, identity: Identity) -> None:
        pki = self.state.pki
        authority = issuing.Issued((pki / "ca.crt").read_text(), (pki / "ca.key").read_text())
        made = issuing.issue(authority, identity.user, self.lifetime, groups=identity.groups, hosts=identity.hosts)
        certificate, key = made.certificate.encode(), made.key.encode()
        config = kubeconfig(self.state.slot, identity, authority.certificate.encode(), certificate, key)
        self.write(pki / f"{identity.file}.key", key)
        self.write(pki / f"{identity.file}.kubeconfig", config.encode())
        self.write(pki / f"{identity.file}.crt", certificate)  # last: its presence says that all three are whole


def _write(path: Path, content: bytes) -> None:
    """PEM or JSON, private to the owner, and whole or not at all."""
    atomic.write(path, content.decode(), atomic.SECRET)
