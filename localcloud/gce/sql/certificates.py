"""An instance's own authority, and its server's and clients' certificates of it."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

TEN_YEARS = timedelta(days=3652)


@dataclass(frozen=True)
class Certificate:
    """PEM texts, and what Google's API tells of a certificate."""

    cert: str
    key: str
    info: dict[str, Any]


def authority(name: str) -> Certificate:
    """A self-signed authority of ten years, as Cloud SQL's per-instance ones."""
    return _issue(name, None)


def client(name: str, cert: str, key: str) -> Certificate:
    """A client's certificate of that authority."""
    return _issue(name, (cert, key))


def server(name: str, addresses: Iterable[str], cert: str, key: str) -> Certificate:
    """A server's certificate of that authority; clients may check it by these addresses, too."""
    return _issue(name, (cert, key), [x509.IPAddress(ipaddress.ip_address(each)) for each in addresses])


def revoked(serials: Iterable[int], cert: str, key: str) -> str:
    """The authority's list, in PEM, of certificates that it does not vouch for any more."""
    start, authority = datetime.now(UTC), x509.load_pem_x509_certificate(cert.encode())
    builder = x509.CertificateRevocationListBuilder().issuer_name(authority.subject)
    builder = builder.last_update(start - timedelta(hours=1)).next_update(start + TEN_YEARS)
    for serial in serials:
        one = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(start).build()
        builder = builder.add_revoked_certificate(one)
    return builder.sign(_key(key), hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def _key(pem: str) -> ec.EllipticCurvePrivateKey:
    loaded = serialization.load_pem_private_key(pem.encode(), password=None)
    assert isinstance(loaded, ec.EllipticCurvePrivateKey)  # noqa: S101  we made it
    return loaded


def _issue(name: str, issuer: tuple[str, str] | None, hosts: Sequence[x509.GeneralName] = ()) -> Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer, issuer_name = key, subject
    if issuer is not None:
        signer, issuer_name = _key(issuer[1]), x509.load_pem_x509_certificate(issuer[0].encode()).subject
    start = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer_name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + TEN_YEARS)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    if hosts:
        builder = builder.add_extension(x509.SubjectAlternativeName(hosts), critical=False)
    certificate = builder.sign(signer, hashes.SHA256())
    pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
    info = {
        "cert": pem,
        "certSerialNumber": str(certificate.serial_number),
        "commonName": name,
        "createTime": start.isoformat(timespec="milliseconds"),
        "expirationTime": (start + TEN_YEARS).isoformat(timespec="milliseconds"),
        "sha1Fingerprint": certificate.fingerprint(hashes.SHA1()).hex(),  # noqa: S303  Google's name for it
    }
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Certificate(pem, private.decode(), info)
