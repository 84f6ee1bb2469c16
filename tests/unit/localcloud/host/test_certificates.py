"""Certificates of every authority of this machine: each is what strict readers want, and no more than it should be."""

from __future__ import annotations

import datetime as dt
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from localcloud.host import certificates
from localcloud.host.certificates import Issued
from tests.support.tls import End, shake_hands

DAY = dt.timedelta(days=1)


@pytest.fixture(scope="module")
def authority() -> Issued:
    return certificates.make_authority("an authority", DAY)


def parsed(issued: Issued) -> x509.Certificate:
    return x509.load_pem_x509_certificate(issued.certificate.encode())


def end(folder: Path, name: str, issued: Issued, authority: Issued, revoked: str = "") -> End:
    """One side of a handshake, as files."""
    texts = {"crt": issued.certificate, "key": issued.key, "ca": authority.certificate, "crl": revoked}
    for kind, text in texts.items():
        (folder / f"{name}.{kind}").write_text(text)
    files = [folder / f"{name}.{kind}" for kind in texts]
    return End(files[0], files[1], files[2], files[3] if revoked else None)


def test_an_authority_signs_certificates_and_lists_and_nothing_else(authority: Issued) -> None:
    found = parsed(authority).extensions
    constraints, usage = (found.get_extension_for_class(kind) for kind in (x509.BasicConstraints, x509.KeyUsage))
    assert (constraints.critical, usage.critical) == (True, True)
    assert constraints.value == x509.BasicConstraints(ca=True, path_length=0)
    assert isinstance(usage.value, x509.KeyUsage)
    assert (usage.value.key_cert_sign, usage.value.crl_sign, usage.value.digital_signature) == (True, True, False)


def test_a_certificate_names_its_key_and_its_authoritys(authority: Issued) -> None:
    leaf = parsed(certificates.issue(authority, "a user", DAY, groups=("a", "b")))
    leaf.verify_directly_issued_by(parsed(authority))
    own = parsed(authority).extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    named = leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    assert named.key_identifier == own.digest
    assert leaf.subject == certificates.subject("a user", ("a", "b"))


@pytest.mark.parametrize("hosts", [(), ("localhost", "127.0.0.1", "::1")])
def test_only_what_has_hosts_is_a_servers(authority: Issued, hosts: tuple[str, ...]) -> None:
    found = parsed(certificates.issue(authority, "x", DAY, hosts=hosts)).extensions
    usages = found.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert ExtendedKeyUsageOID.CLIENT_AUTH in usages
    assert (ExtendedKeyUsageOID.SERVER_AUTH in usages) is bool(hosts)
    names = [each for each in found if isinstance(each.value, x509.SubjectAlternativeName)]
    assert [str(host.value) for each in names for host in each.value] == list(hosts)


def test_validity_begins_a_little_before_now_and_lasts_as_long_as_was_asked_for(authority: Issued) -> None:
    now, leaf = dt.datetime.now(dt.UTC), parsed(certificates.issue(authority, "x", 2 * DAY))
    assert now - 2 * certificates.SET_BACK < leaf.not_valid_before_utc < now
    assert abs(leaf.not_valid_after_utc - now - 2 * DAY) < dt.timedelta(minutes=5)


def test_a_list_names_its_authority_and_a_later_one_has_a_higher_number(authority: Issued) -> None:
    lists = [x509.load_pem_x509_crl(certificates.revocation_list(authority, [7], DAY).encode()) for _ in range(2)]
    numbers = [each.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number for each in lists]
    assert numbers[0] < numbers[1]
    own = parsed(authority).extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    for each in lists:
        assert each.is_signature_valid(parsed(authority).public_key())  # type: ignore[arg-type]
        named = each.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
        assert named.key_identifier == own.digest
        assert [one.serial_number for one in each] == [7]


def test_each_trusts_the_other_strictly_until_a_list_names_it(authority: Issued, tmp_path: Path) -> None:
    server = certificates.issue(authority, "server", DAY, hosts=("10.0.0.1",))
    client, gone = (certificates.issue(authority, name, DAY) for name in ("client", "gone"))
    revoked = certificates.revocation_list(authority, [parsed(gone).serial_number], DAY)
    accepting = end(tmp_path, "server", server, authority, revoked)
    learned = shake_hands(accepting, end(tmp_path, "client", client, authority, revoked), "10.0.0.1")
    assert learned["subject"] == ((("commonName", "client"),),)
    with pytest.raises(ssl.SSLCertVerificationError, match="certificate revoked"):
        shake_hands(accepting, end(tmp_path, "gone", gone, authority, revoked), "10.0.0.1")


def test_a_client_is_not_taken_for_a_server(authority: Issued, tmp_path: Path) -> None:
    client = end(tmp_path, "client", certificates.issue(authority, "client", DAY), authority)
    with pytest.raises(ssl.SSLCertVerificationError, match="certificate purpose"):
        shake_hands(client, client, "client")


def test_a_key_pair_is_a_private_key_and_its_public_key() -> None:
    from cryptography.hazmat.primitives import serialization

    pair = certificates.key_pair()
    private = serialization.load_pem_private_key(pair.private.encode(), None)
    assert private.public_key() == serialization.load_pem_public_key(pair.public.encode())
