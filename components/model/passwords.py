"""What a password must be like, so that every server that gets it takes all of it and nothing else.

Who pipes a password in without care stores a line break with it. Who makes a long one finds that replication alone does
not work, because MySQL cuts it there and says nothing. No message has a password in it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import pulumi

from ..kubernetes.inputs import is_late
from .args import refusal
from .errors import Finding, Path, placed

LONGEST: Final = 256
"""Most bytes of a password. With more, CREATE USER fails (MySQL 9.7, caching_sha2_password) and so the first start."""
LONGEST_OF_A_REPLICA: Final = 32
"""Most bytes of a replica's password: START REPLICA cuts the rest and says nothing. For CHANGE REPLICATION SOURCE TO
the manual gives 32 characters (MySQL 8.4 Reference Manual, 15.4.2.2), but 17 of two bytes each are cut as well."""


def problems(password: str, key: str, *, of_a_replica: bool = False) -> Iterator[str]:
    """All that is wrong with the password under a config key, each with a command that sets a better one."""
    for wrong, fix in mistakes(password, of_a_replica=of_a_replica):
        recipe = f"openssl rand -hex 16 | tr -d '\\n' | pulumi config set --secret statefulsets:{key}"
        yield f"the password under {key} {wrong}; set one {fix}: {recipe}"


def mistakes(password: str, *, of_a_replica: bool) -> Iterator[tuple[str, str]]:
    """All that is wrong with a password, each with what a better one is like."""
    if not password:
        yield "is empty", "that is not"
        return
    size = f"{len(password)} character{'' if len(password) == 1 else 's'}"
    if password.isspace():
        yield f"has {size} and all of them are white space", "that is not"
        return
    if any(map(_breaks_a_line, password)):
        yield f"has {size} and a line break is among them", "without"
    if any(unicodedata.category(c) == "Cc" and not _breaks_a_line(c) for c in password):
        yield f"has {size} and a control character is among them", "without"
    if any(unicodedata.category(c) == "Zs" for c in password[len(password.rstrip()) :]):
        yield f"has {size} and ends in white space", "that does not"
    yield from _too_long(password, size, of_a_replica)


def _breaks_a_line(character: str) -> bool:
    return character.splitlines() != [character]


def _too_long(password: str, size: str, of_a_replica: bool) -> Iterator[tuple[str, str]]:
    length = len(password.encode("utf-8", "surrogatepass"))
    if length > len(password):
        size = f"{size}, {length} bytes,"
    if length > LONGEST:
        yield f"has {size} and MySQL takes none of more than {LONGEST}", f"of at most {LONGEST}"
    if of_a_replica and length > LONGEST_OF_A_REPLICA:
        yield (
            f"has {size} and MySQL silently cuts what a replica gives after {LONGEST_OF_A_REPLICA}",
            f"of at most {LONGEST_OF_A_REPLICA}",
        )


@dataclass(frozen=True, kw_only=True)
class Given:
    """A component's passwords."""

    outputs: Mapping[str, pulumi.Output[str]]
    """The passwords by account, each marked as a secret."""
    findings: Sequence[Finding]
    """A line for each password that is missing or that MySQL would not take whole."""


def given(name: str, root: Path, values: Any, accounts: Sequence[str], *, of_a_replica: Sequence[str] = ()) -> Given:
    """The passwords of these accounts from a component's arguments, which have `values` at the path `root`.

    A plain password is checked at once, and an Output when its value is known. `values` may be an Output as a whole: so
    Pulumi hands over a map with a secret in it from a program in another language.
    """
    if is_late(values):
        whole = pulumi.Output.from_input(values)
        values = {account: whole.apply(partial(_of, account)) for account in accounts}
    passwords: Mapping[str, Any] = values if isinstance(values, Mapping) else {}

    def wrong(account: str, value: Any) -> list[Finding]:
        return list(_of_account((*root, account), value, account in of_a_replica))

    def once_known(account: str, value: Any) -> str:
        if findings := wrong(account, value):
            raise refusal(placed((name,), findings))
        return str(value)

    known = {account: passwords.get(account) for account in accounts if not is_late(passwords.get(account))}
    findings = [finding for account, value in known.items() for finding in wrong(account, value)]
    for account in passwords.keys() - set(accounts):
        findings.append(((*root, account), f"unknown account; the known ones are {', '.join(accounts)}"))
    outputs = {
        account: pulumi.Output.secret(passwords.get(account)).apply(partial(once_known, account))
        for account in (() if findings else accounts)
    }
    return Given(outputs=outputs, findings=findings)


def _of(account: str, passwords: Mapping[str, Any]) -> Any:
    return passwords.get(account)


def _of_account(path: Path, value: Any, of_a_replica: bool) -> Iterator[Finding]:
    if value is None:
        yield path, "missing; add it"
    elif not isinstance(value, str):
        yield path, "not a text; give the password as one"
    else:
        for is_wrong, fix in mistakes(value, of_a_replica=of_a_replica):
            yield path, f"the password {is_wrong}; give one {fix}"
