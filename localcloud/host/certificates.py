"""X.509: authorities, the certificates that they issue, and their lists of revoked ones. ECDSA P-256, PEM in and out.

All of it passes OpenSSL's strict checks (`X509_V_FLAG_X509_STRICT`), which Python makes by default from 3.13 on: key
identifiers, key usages and basic constraints are as RFC 5280 asks for.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SET_BACK = dt.timedelta(hours=1)
"""How long before now validity begins: a clock that is set back a little does not matter."""
_PEM = serialization.Encoding.PEM


@dataclass(frozen=True)
class Issued:
    """A certificate and its private key, each a PEM text."""

    certificate: str
    key: str


@dataclass(frozen=True)
class KeyPair:
    """A private key and its public key, each a PEM text."""

    private: str
    public: str


def key_pair() -> KeyPair:
    """Make a key pair that no certificate is about."""
    key = _new_key()
    public = key.public_key().public_bytes(_PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return KeyPair(_text(key), public.decode())


def subject(user: str, groups: Sequence[str] = ()) -> x509.Name:
    """A certificate's subject: the common name, of at most 64 characters, behind the organisations.

    Raises ValueError where a part is empty or too long.
    """
    parts = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
    return x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, user)])


def make_authority(name: str, lifetime: dt.timedelta) -> Issued:
    """Make a self-signed authority that issues certificates and revokes them, but makes no other authorities."""
    key = _new_key()
    builder = _builder(subject(name), subject(name), key, key, lifetime)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    return _signed(builder, key, key)


def issue(
    authority: Issued, user: str, lifetime: dt.timedelta, *, groups: Sequence[str] = (), hosts: Iterable[str] = ()
) -> Issued:
    """Issue a client's certificate, which with `hosts` is a server's, too: its DNS names and IP addresses.

    Raises ValueError where the authority is no PEM or the user's name is too long, and TypeError where the authority's
    key is not one of an elliptic curve.
    """
    signer, key = _loaded(authority.key), _new_key()
    issuer = x509.load_pem_x509_certificate(authority.certificate.encode()).subject
    names = [_host(host) for host in hosts]
    usages = [ExtendedKeyUsageOID.CLIENT_AUTH, *([ExtendedKeyUsageOID.SERVER_AUTH] if names else [])]
    builder = _builder(subject(user, groups), issuer, key, signer, lifetime)
    builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return _signed(builder, key, signer)


def revocation_list(authority: Issued, serials: Iterable[int], lifetime: dt.timedelta) -> str:
    """The authority's list, in PEM, of the certificates that it does not vouch for any more, by their serial numbers.

    Its own number is the present time in microseconds, so that a later list has a higher one.
    """
    now, signer = dt.datetime.now(dt.UTC), _loaded(authority.key)
    issuer = x509.load_pem_x509_certificate(authority.certificate.encode()).subject
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer)
        .last_update(now - SET_BACK)
        .next_update(now + lifetime)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .add_extension(x509.CRLNumber(int(now.timestamp() * 1_000_000)), critical=False)
    )
    for serial in serials:
        revoked = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now).build()
        builder = builder.add_revoked_certificate(revoked)
    return builder.sign(signer, hashes.SHA256()).public_bytes(_PEM).decode()


def _builder(
    name: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    lifetime: dt.timedelta,
) -> x509.CertificateBuilder:
    """What all certificates have in common; an authority is what signs itself."""
    now, authority = dt.datetime.now(dt.UTC), key is signer
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
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - SET_BACK)
        .not_valid_after(now + lifetime)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )


def _signed(
    builder: x509.CertificateBuilder, key: ec.EllipticCurvePrivateKey, signer: ec.EllipticCurvePrivateKey
) -> Issued:
    return Issued(builder.sign(signer, hashes.SHA256()).public_bytes(_PEM).decode(), _text(key))


def _new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _text(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()


def _loaded(pem: str) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(pem.encode(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("the authority's key is not an elliptic-curve key")
    return key


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
