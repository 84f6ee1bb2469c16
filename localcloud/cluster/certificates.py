"""Certificates and kubeconfigs of one cluster: one authority, one key pair a component, ECDSA P-256."""

from __future__ import annotations

import base64
import datetime as dt
import ipaddress
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from localcloud.host import atomic
from localcloud.host.layout import (
    CLUSTER,
    CLUSTER_DOMAIN,
    CONTEXT,
    Node,
    Slot,
    State,
)

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


def ensure(state: State) -> frozenset[str]:
    """Make what is missing or was made for other names or addresses, and renew what ends within 30 days; the files of
    the identities that got new certificates.

    The authority and the key that signs ServiceAccount tokens outlive renewals.
    """
    issued = set()
    state.pki.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not _valid(state.pki / "ca.crt") or not (state.pki / "ca.key").exists():
        _make_authority(state.pki)
    if not (state.pki / "sa.key").exists():  # signs ServiceAccount tokens: a new one would void them all
        key = ec.generate_private_key(ec.SECP256R1())
        _write(
            state.pki / "sa.pub",
            key.public_key().public_bytes(_PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
        )
        _write(state.pki / "sa.key", _private(key))
    for identity in identities(state.slot, state.nodes):
        if not _fits(state, identity):
            _issue(state, identity)
            issued.add(identity.file)
    _write(state.kubeconfig, (state.pki / "admin.kubeconfig").read_bytes())
    return frozenset(issued)


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


_PEM = serialization.Encoding.PEM


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


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
    if loaded is None or not _valid(certificate) or loaded.subject != _name(identity.user, identity.groups):
        return False
    try:
        found = loaded.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        hosts = {str(host.value) for host in found}
    except x509.ExtensionNotFound:
        hosts = set()
    config = state.pki / f"{identity.file}.kubeconfig"
    return hosts == set(identity.hosts) and config.exists() and json.dumps(state.slot.api_url) in config.read_text()


def _name(user: str, groups: Sequence[str] = ()) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
    return x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, user)])


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    lifetime: dt.timedelta,
) -> x509.CertificateBuilder:
    """What all have in common; without the key identifiers and usages of RFC 5280, Python 3.13 trusts none of them."""
    now = dt.datetime.now(dt.UTC)
    authority = key is signer
    usage = x509.KeyUsage(
        digital_signature=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))  # a clock that is set back a little does not matter
        .not_valid_after(now + lifetime)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )


def _make_authority(pki: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(f"{CLUSTER} local authority")
    certificate = (
        _builder(name, name, key, key, 10 * LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    for old in pki.glob("*.crt"):
        old.unlink()  # what a former authority signed is worth nothing
    _write(pki / "ca.key", _private(key))
    _write(pki / "ca.crt", certificate.public_bytes(_PEM))


def _issue(state: State, identity: Identity) -> None:
    pki = state.pki
    authority_pem = (pki / "ca.crt").read_bytes()
    authority = x509.load_pem_x509_certificate(authority_pem)
    authority_key = serialization.load_pem_private_key((pki / "ca.key").read_bytes(), None)
    if not isinstance(authority_key, ec.EllipticCurvePrivateKey):
        raise TypeError("ca.key is not an elliptic-curve key")
    key = ec.generate_private_key(ec.SECP256R1())
    usages = [ExtendedKeyUsageOID.CLIENT_AUTH] + ([ExtendedKeyUsageOID.SERVER_AUTH] if identity.hosts else [])
    subject = _name(identity.user, identity.groups)
    builder = _builder(subject, authority.subject, key, authority_key, LIFETIME)
    builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    if identity.hosts:
        builder = builder.add_extension(x509.SubjectAlternativeName([_host(h) for h in identity.hosts]), critical=False)
    certificate = builder.sign(authority_key, hashes.SHA256()).public_bytes(_PEM)
    config = kubeconfig(state.slot, identity, authority_pem, certificate, _private(key))
    _write(pki / f"{identity.file}.key", _private(key))
    _write(pki / f"{identity.file}.kubeconfig", config.encode())
    _write(pki / f"{identity.file}.crt", certificate)  # last: its presence says that all three are whole


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _write(path: Path, content: bytes) -> None:
    """PEM or JSON, private to the owner, and whole or not at all."""
    atomic.write(path, content.decode(), atomic.SECRET)
