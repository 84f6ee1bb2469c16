"""Who gets through to a Cloud SQL instance's addresses."""

from __future__ import annotations

from localcloud.gce.sql.wiring import Wiring
from tests.support.places import SLOT


def test_only_who_may_gets_through_to_an_address() -> None:
    plug = Wiring.of(SLOT)
    given = [
        plug.rules(3, private=False, public_from=["192.0.2.0/24", "2001:db8::/32"]),
        plug.rules(3, private=True, public_from=[]),
    ]
    to = "-A INPUT -p tcp --dport 3306"
    others, drop = f"{to} -s {plug.private_net} -j ACCEPT", f"{to} -j DROP"
    public = f"{to} -d {plug.public(3)} -s 192.0.2.0/24 -j ACCEPT"
    rules = [[line for line in text.splitlines() if line.startswith("-A")] for text in given]
    assert rules == [[others, public, drop], [others, f"{to} -d {plug.private(3)} -j ACCEPT", drop]]
