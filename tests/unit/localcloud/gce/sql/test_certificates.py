"""Certificates of Cloud SQL instances: strict clients trust them, and those of an older stand-in are still good."""

from __future__ import annotations

import datetime as dt
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from localcloud.gce.sql import certificates
from localcloud.gce.sql.certificates import Certificate
from localcloud.host.certificates import Issued, subject
from tests.support.tls import STRICTLY, shake_hands
from tests.unit.localcloud.host.test_certificates import end

ADDRESS = "10.213.0.225"


def of_before(name: str, issuer: Issued | None = None) -> Issued:
    """A certificate as the stand-in made them before: nothing in it but whether it is an authority's."""
    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    signer, named = key, subject(name)
    if issuer:
        loaded = serialization.load_pem_private_key(issuer.key.encode(), None)
        assert isinstance(loaded, ec.EllipticCurvePrivateKey)
        signer, named = loaded, x509.load_pem_x509_certificate(issuer.certificate.encode()).subject
    builder = x509.CertificateBuilder(named, subject(name), key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now).not_valid_after(now + dt.timedelta(days=3652))
    builder = builder.add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    pem = builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Issued(pem, private.decode())


def plain(made: Certificate) -> Issued:
    return Issued(made.cert, made.key)


def serial(certificate: str) -> int:
    return x509.load_pem_x509_certificate(certificate.encode()).serial_number


@pytest.mark.parametrize("flags", [STRICTLY, ssl.VERIFY_DEFAULT])
def test_server_and_clients_of_an_instance_trust_each_other_until_one_is_revoked(flags: int, tmp_path: Path) -> None:
    authority = certificates.authority("Cloud SQL stand-in CA of orders")
    server = certificates.server("acme-test:orders", [ADDRESS], authority.cert, authority.key)
    client, gone = (certificates.client(name, authority.cert, authority.key) for name in ("app", "gone"))
    revoked = certificates.revoked([serial(gone.cert)], authority.cert, authority.key)
    accepting = end(tmp_path, "server", plain(server), plain(authority), revoked)
    learned = shake_hands(accepting, end(tmp_path, "app", plain(client), plain(authority), revoked), ADDRESS, flags)
    assert learned["subject"] == ((("commonName", "app"),),)
    with pytest.raises(ssl.SSLCertVerificationError, match="certificate revoked"):
        shake_hands(accepting, end(tmp_path, "gone", plain(gone), plain(authority)), ADDRESS, flags)


def test_an_authority_and_a_client_of_an_older_stand_in_are_as_good_as_before(tmp_path: Path) -> None:
    authority = of_before("Cloud SQL stand-in CA of orders")
    old, gone = of_before("old", authority), of_before("gone", authority)
    server = certificates.server("acme-test:orders", [ADDRESS], authority.certificate, authority.key)
    new = certificates.client("new", authority.certificate, authority.key)
    revoked = certificates.revoked([serial(gone.certificate)], authority.certificate, authority.key)
    accepting = end(tmp_path, "server", plain(server), authority, revoked)
    for client in (old, plain(new)):
        assert shake_hands(accepting, end(tmp_path, "client", client, authority), ADDRESS, ssl.VERIFY_DEFAULT)
    with pytest.raises(ssl.SSLCertVerificationError, match="certificate revoked"):
        shake_hands(accepting, end(tmp_path, "gone", gone, authority), ADDRESS, ssl.VERIFY_DEFAULT)
    with pytest.raises(ssl.SSLCertVerificationError, match=r"CA cert does not include key usage|Missing Subject Key"):
        shake_hands(accepting, end(tmp_path, "old", old, authority), ADDRESS)


def test_what_google_tells_of_a_certificate_is_what_is_in_it() -> None:
    made = certificates.authority("an authority")
    found = x509.load_pem_x509_certificate(made.info["cert"].encode())
    assert set(made.info) == {
        "cert", "certSerialNumber", "commonName", "createTime", "expirationTime", "sha1Fingerprint",
    }  # fmt: skip
    assert (made.info["commonName"], made.info["certSerialNumber"]) == ("an authority", str(found.serial_number))
    assert dt.datetime.fromisoformat(made.info["expirationTime"]) == found.not_valid_after_utc
    created = dt.datetime.fromisoformat(made.info["createTime"])
    assert found.not_valid_before_utc < created < found.not_valid_after_utc
    assert made.info["sha1Fingerprint"] == found.fingerprint(hashes.SHA1()).hex()  # noqa: S303


def test_a_server_of_long_names_has_a_certificate_for_its_addresses(
    tmp_path: Path,
) -> None:
    authority = certificates.authority(f"Cloud SQL stand-in CA of {'o' * 63}")
    server = certificates.server(f"{'p' * 34}:{'o' * 63}", [ADDRESS], authority.cert, authority.key)
    client = certificates.client("app", authority.cert, authority.key)
    accepting = end(tmp_path, "server", plain(server), plain(authority))
    calling = end(tmp_path, "app", plain(client), plain(authority))
    assert shake_hands(accepting, calling, ADDRESS, STRICTLY)["subject"] == ((("commonName", "app"),),)
