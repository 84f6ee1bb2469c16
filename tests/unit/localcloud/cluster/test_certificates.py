"""Everyone in the cluster is who the certificate says, for as long as the cluster lives, however often it broke off."""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import ipaddress
import json
import ssl
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from localcloud.cluster import certificates, controlplane
from localcloud.host.paths import CONTEXT, State
from localcloud.host.slot import Slot
from tests.support import tls
from tests.support.places import SLOT


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(tmp_path / "state", SLOT)


@pytest.fixture(scope="module")
def issued(tmp_path_factory: pytest.TempPathFactory) -> State:
    """A cluster's certificates, for tests that only look at them."""
    state = State(tmp_path_factory.mktemp("issued") / "state", SLOT)
    certificates.ensure(state)
    return state


def certificate(state: State, name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate((state.pki / f"{name}.crt").read_bytes())


def names(found: x509.Name, which: x509.ObjectIdentifier) -> list[str]:
    return [str(attribute.value) for attribute in found.get_attributes_for_oid(which)]


def files(state: State) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in state.pki.iterdir()}


def assert_whole(state: State) -> None:
    """Every identity has a key, a certificate of this key and authority, and a kubeconfig that holds both."""
    authority = certificate(state, "ca")
    for identity in certificates.identities(SLOT, SLOT.nodes(1)):
        leaf = certificate(state, identity.file)
        leaf.verify_directly_issued_by(authority)
        pem = (state.pki / f"{identity.file}.key").read_bytes()
        assert serialization.load_pem_private_key(pem, None).public_key() == leaf.public_key(), identity.file
        user = json.loads((state.pki / f"{identity.file}.kubeconfig").read_text())["users"][0]["user"]
        assert base64.b64decode(user["client-key-data"]) == pem
        assert base64.b64decode(user["client-certificate-data"]) == (state.pki / f"{identity.file}.crt").read_bytes()
    signer = serialization.load_pem_private_key((state.pki / "sa.key").read_bytes(), None).public_key()
    assert signer == serialization.load_pem_public_key((state.pki / "sa.pub").read_bytes())
    assert state.kubeconfig.read_bytes() == (state.pki / "admin.kubeconfig").read_bytes()


def shake_hands(state: State, server: str, client: str, host: str) -> dict[str, Any]:
    """A handshake of two identities of the cluster; what the server learns of the client."""

    def end(name: str) -> tls.End:
        return tls.End(state.pki / f"{name}.crt", state.pki / f"{name}.key", state.pki / "ca.crt")

    return tls.shake_hands(end(server), end(client), host)


def test_a_new_cluster_gets_every_certificate_and_a_second_look_changes_none(state: State) -> None:
    assert certificates.ensure(state)
    assert_whole(state)
    before = files(state)
    assert not certificates.ensure(state), "True would restart the cluster"
    assert files(state) == before


@pytest.mark.parametrize(
    ("server", "client", "hosts"),
    [
        (
            "apiserver",
            "admin",
            (SLOT.bridge_ip, SLOT.api_service_ip, "127.0.0.1", "localhost", "kubernetes.default.svc", "kubernetes"),
        ),
        ("apiserver", f"kubelet-{SLOT.node(0).name}", (SLOT.bridge_ip,)),
        ("etcd", "etcd-client", ("127.0.0.1", "localhost")),
        ("etcd", "etcd", ("127.0.0.1",)),
        ("controller-manager", "admin", ("127.0.0.1",)),
        ("scheduler", "admin", ("127.0.0.1",)),
        (f"kubelet-{SLOT.node(0).name}", "apiserver-kubelet-client", (SLOT.node(0).name, SLOT.node(0).ip)),
    ],
)
def test_those_who_talk_trust_each_other(server: str, client: str, hosts: tuple[str, ...], issued: State) -> None:
    for host in hosts:
        learned = shake_hands(issued, server, client, host)
        assert (("commonName", names(certificate(issued, client).subject, NameOID.COMMON_NAME)[0]),) in learned[
            "subject"
        ]


def test_a_server_is_trusted_under_its_own_names_only(issued: State) -> None:
    for server, stranger in (("etcd", SLOT.bridge_ip), ("apiserver", SLOT.node(0).ip), ("scheduler", "example.org")):
        with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
            shake_hands(issued, server, "admin", stranger)


def test_a_client_cannot_pass_for_a_server(issued: State) -> None:
    for identity in certificates.identities(SLOT, SLOT.nodes(1)):
        usage = certificate(issued, identity.file).extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        assert (ExtendedKeyUsageOID.SERVER_AUTH in usage) == bool(identity.hosts), identity.file
        assert ExtendedKeyUsageOID.CLIENT_AUTH in usage


def test_another_cluster_is_not_trusted(state: State, tmp_path: Path) -> None:
    other = State(tmp_path / "other", SLOT)
    certificates.ensure(state)
    certificates.ensure(other)
    (state.pki / "ca.crt").write_bytes((other.pki / "ca.crt").read_bytes())
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(state, "apiserver", "admin", SLOT.bridge_ip)


def test_an_issued_certificate_cannot_issue_others(issued: State) -> None:
    constraints = certificate(issued, "ca").extensions.get_extension_for_class(x509.BasicConstraints).value
    assert (constraints.ca, constraints.path_length) == (True, 0)
    for identity in certificates.identities(SLOT, SLOT.nodes(1)):
        with pytest.raises(x509.ExtensionNotFound):
            certificate(issued, identity.file).extensions.get_extension_for_class(x509.BasicConstraints)


def test_users_and_groups_are_those_that_kubernetes_own_roles_name(issued: State) -> None:
    expected = {
        "admin": ("statefulsets-admin", ["system:masters"]),
        "controller-manager": ("system:kube-controller-manager", []),
        "scheduler": ("system:kube-scheduler", []),
        "kube-proxy": ("system:kube-proxy", []),
        f"kubelet-{SLOT.node(0).name}": (f"system:node:{SLOT.node(0).name}", ["system:nodes"]),
    }
    for name, (user, groups) in expected.items():
        subject = certificate(issued, name).subject
        assert names(subject, NameOID.COMMON_NAME) == [user]
        assert names(subject, NameOID.ORGANIZATION_NAME) == groups
    masters = [i.file for i in certificates.identities(SLOT, SLOT.nodes(1)) if "system:masters" in i.groups]
    assert masters == ["admin"], "no part of the cluster is above its rules"


def test_the_roles_of_our_own_name_users_that_exist(state: State) -> None:
    users = {identity.user for identity in certificates.identities(SLOT, SLOT.nodes(1))}
    groups = {group for identity in certificates.identities(SLOT, SLOT.nodes(1)) for group in identity.groups}
    documents = list(yaml.safe_load_all((controlplane.MANIFESTS / "rbac.yaml").read_text()))
    subjects = [subject for document in documents for subject in document.get("subjects", [])]
    assert {s["name"] for s in subjects if s["kind"] == "User"} <= users
    assert {s["name"] for s in subjects if s["kind"] == "Group"} <= groups
    assert len(subjects) == 2


def test_each_node_has_an_identity_of_its_own() -> None:
    kubelets = [i for i in certificates.identities(SLOT, [SLOT.node(0), SLOT.node(1)]) if i.file.startswith("kubelet-")]
    assert [(i.user, i.hosts) for i in kubelets] == [
        ("system:node:statefulsets-0", ("statefulsets-0", "10.213.0.10")),
        ("system:node:statefulsets-1", ("statefulsets-1", "10.213.0.11")),
    ]


def test_nobody_else_on_the_machine_can_read_a_key(issued: State) -> None:
    assert issued.pki.stat().st_mode & 0o777 == 0o700
    for path in (*issued.pki.iterdir(), issued.kubeconfig):
        assert path.stat().st_mode & 0o777 == 0o600, path


def test_the_kubeconfig_means_this_cluster_and_needs_no_other_file(issued: State) -> None:
    config = json.loads(issued.kubeconfig.read_text())
    assert config["current-context"] == CONTEXT == "statefulsets-local"
    (context,) = config["contexts"]
    (cluster,) = config["clusters"]
    (user,) = config["users"]
    assert context == {"name": CONTEXT, "context": {"cluster": cluster["name"], "user": user["name"]}}
    assert cluster["cluster"]["server"] == SLOT.api_url
    assert ipaddress.ip_address(SLOT.api_url.split("/")[2].split(":")[0]) == ipaddress.ip_address(SLOT.bridge_ip)
    assert base64.b64decode(cluster["cluster"]["certificate-authority-data"]) == (issued.pki / "ca.crt").read_bytes()
    assert set(cluster["cluster"]) == {"server", "certificate-authority-data"}, "nothing that trusts more"
    assert set(user["user"]) == {"client-certificate-data", "client-key-data"}


def test_what_ends_within_thirty_days_is_renewed_and_the_authority_stays(state: State) -> None:
    certificates.ensure(state, dt.timedelta(days=29))  # the authority's is ten times that
    before = files(state)
    assert certificates.ensure(state), "the cluster must be restarted with them"
    after = files(state)
    kept = {name for name in before if before[name] == after[name]}
    assert kept == {"ca.crt", "ca.key", "sa.key", "sa.pub"}
    assert_whole(state)
    month = dt.datetime.now(dt.UTC) + dt.timedelta(days=300)
    assert all(
        certificate(state, i.file).not_valid_after_utc > month for i in certificates.identities(SLOT, SLOT.nodes(1))
    )


def test_what_has_more_than_thirty_days_left_is_not_touched(state: State) -> None:
    certificates.ensure(state, dt.timedelta(days=31))
    assert not certificates.ensure(state)


def test_an_authority_near_its_end_is_replaced_with_all_it_signed_but_tokens_stay_valid(state: State) -> None:
    certificates.ensure(state, dt.timedelta(days=2))
    before = files(state)
    assert certificates.ensure(state)
    assert_whole(state)
    assert (state.pki / "ca.crt").read_bytes() != before["ca.crt"]
    assert (state.pki / "sa.key").read_bytes() == before["sa.key"], "or every pod's token would be void"


def test_a_node_that_joins_gets_keys_and_nobody_elses_change(state: State) -> None:
    certificates.ensure(state)
    before = files(state)
    state.keep_nodes(3)
    assert certificates.ensure(state) == {"kubelet-statefulsets-1", "kubelet-statefulsets-2"}, (
        "the others need no restart"
    )
    after = files(state)
    assert {name: after[name] for name in before} == before
    certificates.forget(state, SLOT.node(1))
    assert set(before) | {f"kubelet-statefulsets-2.{kind}" for kind in ("crt", "key", "kubeconfig")} == set(
        files(state)
    )


@dataclass(frozen=True)
class Moved(Slot):
    """A slot whose API server listens on another address, or is called by another one."""

    name: str = "0"
    bridge_ip: str = SLOT.bridge_ip
    api_url: str = SLOT.api_url


def test_a_certificate_of_other_addresses_or_another_api_server_is_issued_anew(state: State) -> None:
    certificates.ensure(state)
    assert certificates.ensure(replace(state, slot=Moved(bridge_ip="10.216.0.1"))) == {"apiserver"}
    assert certificates.ensure(state) == {"apiserver"}
    elsewhere = "https://10.216.0.1:6443"
    everyone = {identity.file for identity in certificates.identities(SLOT, state.nodes)}
    assert certificates.ensure(replace(state, slot=Moved(api_url=elsewhere))) == everyone
    assert json.loads(state.kubeconfig.read_text())["clusters"][0]["cluster"]["server"] == elsewhere


def lose_certificate(state: State) -> None:
    (state.pki / "etcd.crt").unlink()


def tear_certificate(state: State) -> None:
    (state.pki / "etcd.crt").write_text("-----BEGIN CERTIFICATE-----\n")


def lose_authority_key(state: State) -> None:
    (state.pki / "ca.key").unlink()


@pytest.mark.parametrize("spoil", [lose_certificate, tear_certificate, lose_authority_key])
def test_a_lost_or_torn_file_is_made_again(spoil: Callable[[State], None], state: State) -> None:
    certificates.ensure(state)
    spoil(state)
    assert certificates.ensure(state)
    assert_whole(state)


@pytest.mark.parametrize("renewal", [False, True])
def test_issuing_that_broke_off_at_any_file_is_completed_by_the_next_run(renewal: bool, tmp_path: Path) -> None:
    written = 0

    def counting(limit: int) -> Callable[[Path, bytes], None]:
        def write(path: Path, content: bytes) -> None:
            nonlocal written
            if written == limit:
                path.with_name(f"{path.name}.new").write_bytes(content[: len(content) // 2])
                raise KeyboardInterrupt
            written += 1
            certificates._write(path, content)

        return write

    certificates.ensure(State(tmp_path / "all", SLOT), write=counting(-1))
    writes = written
    assert writes == 4 + 3 * len(certificates.identities(SLOT, SLOT.nodes(1))) + 1
    for limit in range(writes):
        state = State(tmp_path / str(limit), SLOT)
        if renewal:
            certificates.ensure(state, dt.timedelta(days=2))
        written = 0
        with contextlib.suppress(KeyboardInterrupt):
            certificates.ensure(state, write=counting(limit))
        certificates.ensure(state)
        assert_whole(state)
