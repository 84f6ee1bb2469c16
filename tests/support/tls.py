"""A TLS handshake in memory, in which both sides verify each other as strictly as OpenSSL can."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STRICTLY = ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
"""What `ssl.create_default_context` asks for from Python 3.13 on."""


@dataclass(frozen=True)
class End:
    """One side: PEM files of its certificate and key, of whom it trusts, and of what these revoked, if it looks."""

    certificate: Path
    key: Path
    authority: Path
    revoked: Path | None = None

    def context(self, purpose: int, flags: int) -> ssl.SSLContext:
        """The side's settings, for `ssl.PROTOCOL_TLS_SERVER` or `ssl.PROTOCOL_TLS_CLIENT`."""
        context = ssl.SSLContext(purpose)
        context.load_cert_chain(self.certificate, self.key)
        context.load_verify_locations(self.authority)
        context.verify_mode = ssl.CERT_REQUIRED
        context.verify_flags |= flags
        if self.revoked:
            context.load_verify_locations(self.revoked)
            context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
        return context


def shake_hands(server: End, client: End, host: str, flags: int = STRICTLY) -> dict[str, Any]:
    """What the server learns of the client, who asked for `host`; raises ssl.SSLError where one refuses the other."""
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.context(ssl.PROTOCOL_TLS_CLIENT, flags).wrap_bio(down, up, server_hostname=host),
        server.context(ssl.PROTOCOL_TLS_SERVER, flags).wrap_bio(up, down, server_side=True),
    ]
    for _ in range(4):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    learned = ends[1].getpeercert()
    assert learned is not None
    return learned
