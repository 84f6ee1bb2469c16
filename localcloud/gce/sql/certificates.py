"""The certificates of Cloud SQL instances: an authority for each, and its server's and clients' certificates."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

from localcloud.host.certificates import Issued, issue, make_authority, revocation_list

TEN_YEARS = timedelta(days=3652)
LONGEST_COMMON_NAME = 64
"""Characters, by X.509. An instance and its project may have names of 98 together: what is over is left out."""


@dataclass(frozen=True)
class Certificate:
    """A certificate and its key in PEM, and what Google's API tells of the certificate."""

    cert: str
    key: str
    info: dict[str, Any]


def authority(name: str) -> Certificate:
    """Make an authority of ten years, as Cloud SQL makes one for each instance."""
    return _told(make_authority(name[:LONGEST_COMMON_NAME], TEN_YEARS))


def client(name: str, cert: str, key: str) -> Certificate:
    """Issue a client's certificate of the authority with that certificate and key."""
    return _told(issue(Issued(cert, key), name, TEN_YEARS))


def server(name: str, addresses: Iterable[str], cert: str, key: str) -> Certificate:
    """Issue a server's certificate of that authority; clients may check it by these addresses, too."""
    return _told(issue(Issued(cert, key), name[:LONGEST_COMMON_NAME], TEN_YEARS, hosts=addresses))


def revoked(serials: Iterable[int], cert: str, key: str) -> str:
    """The authority's list, in PEM, of certificates that it does not vouch for any more."""
    return revocation_list(Issued(cert, key), serials, TEN_YEARS)


def _told(issued: Issued) -> Certificate:
    certificate = x509.load_pem_x509_certificate(issued.certificate.encode())
    (name,) = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    info = {
        "cert": issued.certificate,
        "certSerialNumber": str(certificate.serial_number),
        "commonName": str(name.value),
        "createTime": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "expirationTime": certificate.not_valid_after_utc.isoformat(timespec="milliseconds"),
        "sha1Fingerprint": certificate.fingerprint(hashes.SHA1()).hex(),  # noqa: S303  Google's name for it
    }
    return Certificate(issued.certificate, issued.key, info)
