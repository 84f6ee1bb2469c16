"""Passwords that MySQL would cut, that nobody could type or that end in a line break are refused, and never shown."""

from __future__ import annotations

import re
from typing import Any

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.config.loader import load
from components.model.passwords import problems
from localcloud.stacks import passwords as made_here
from tests.support.recording import record
from tests.unit.components.programs import CLOUD_SQL, TARGET

HEX_24 = "0123456789abcdef" * 3
RECIPE = r"openssl rand -hex 16 \| tr -d '\\n' \| pulumi config set --secret statefulsets:mysqlReplicationPassword"
DYNAMIC = {"kind": "dynamic"}
ACCOUNTS = ("root", "replication", "clone", "monitor", "application")


def key_of(account: str) -> str:
    return f"mysql{account.capitalize()}Password"


def wrong(password: str, of_a_replica: bool = False) -> list[str]:
    """What is wrong with a password: the lines about it without the beginning and the end that all such lines have."""
    found = []
    for line in problems(password, "mysqlReplicationPassword", of_a_replica=of_a_replica):
        middle = re.fullmatch(rf"the password under mysqlReplicationPassword (.*): {RECIPE}", line)
        assert middle, line
        found.append(middle[1])
    return found


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("", "is empty; set one that is not"),
        (" ", "has 1 character and all of them are white space; set one that is not"),
        ("\t \n", "has 3 characters and all of them are white space; set one that is not"),
        ("hunter2\n", "has 8 characters and a line break is among them; set one without"),
        ("hunter2\r\n", "has 9 characters and a line break is among them; set one without"),
        ("hunt\u2028er2", "has 8 characters and a line break is among them; set one without"),
        ("hunter\x002", "has 8 characters and a control character is among them; set one without"),
        ("hunter\t2", "has 8 characters and a control character is among them; set one without"),
        ("hunter2\x7f", "has 8 characters and a control character is among them; set one without"),
        ("hunter2 ", "has 8 characters and ends in white space; set one that does not"),
        ("hunter2\u00a0", "has 8 characters and ends in white space; set one that does not"),
        ("x" * 257, "has 257 characters and MySQL takes none of more than 256; set one of at most 256"),
        ("é" * 129, "has 129 characters, 258 bytes, and MySQL takes none of more than 256; set one of at most 256"),
    ],
)
def test_a_password_that_cannot_be_meant_is_refused_for_every_account(password: str, said: str) -> None:
    assert wrong(password) == [said]
    assert wrong(password, of_a_replica=True)[0] == said


@pytest.mark.parametrize("password", ["hunter2", " hunter2", "it's 'quoted' \\ \"%s\"", "한글 🙂", HEX_24, "x" * 256])
def test_a_sound_password_is_taken_whatever_is_in_it(password: str) -> None:
    assert wrong(password) == []


@pytest.mark.parametrize(
    ("password", "size"),
    [
        (HEX_24, "48 characters"),
        ("x" * 33, "33 characters"),
        ("é" * 32, "32 characters, 64 bytes,"),
        ("é" * 17, "17 characters, 34 bytes,"),
    ],
)
def test_one_that_a_replica_would_cut_is_refused(password: str, size: str) -> None:
    said = f"has {size} and MySQL silently cuts what a replica gives after 32; set one of at most 32"
    assert wrong(password, of_a_replica=True) == [said]
    assert wrong(password) == []


@pytest.mark.parametrize("password", ["x" * 32, "é" * 16, "0123456789abcdef" * 2])
def test_one_of_exactly_32_bytes_is_not_cut(password: str) -> None:
    assert wrong(password, of_a_replica=True) == []


def test_all_that_is_wrong_with_one_is_said() -> None:
    assert wrong(f"{HEX_24}\x00 \n", of_a_replica=True) == [
        "has 51 characters and a line break is among them; set one without",
        "has 51 characters and a control character is among them; set one without",
        "has 51 characters and ends in white space; set one that does not",
        "has 51 characters and MySQL silently cuts what a replica gives after 32; set one of at most 32",
    ]


@given(st.text(alphabet="ŒЖX한\n\x00 \u2029", min_size=1, max_size=300), st.booleans())
def test_what_is_said_is_one_line_and_shows_nothing_of_the_password(password: str, of_a_replica: bool) -> None:
    for line in problems(password, "k", of_a_replica=of_a_replica):
        assert line.splitlines() == [line]
        assert not set(line) & set("ŒЖX한\x00\u2029")
        assert "; set one " in line


def test_what_is_made_for_a_stack_that_is_tried_is_sound() -> None:
    for _ in range(100):
        assert wrong(made_here.new(), of_a_replica=True) == []


def refusal(workloads: dict[str, Any], passwords: dict[str, str], plain: tuple[str, ...] = ()) -> list[str]:
    """The lines that refuse a stack with these passwords, which are secrets but for those under `plain`."""
    recorded = record(
        load,
        config={"target": TARGET, "workloads": workloads, **passwords},
        secret_keys=[key for key in passwords if key not in plain],
        raises=pulumi.RunError,
    )
    assert recorded.resources == ()
    assert recorded.logs == ()
    return str(recorded.error).splitlines()


def test_the_recipe_of_old_is_refused_for_the_account_that_it_does_not_work_for() -> None:
    workloads = {"mysql": {"kind": "mysql", "storage": DYNAMIC}}
    said = refusal(workloads, {key_of(account): HEX_24 for account in ACCOUNTS})
    assert said == [
        "1 problem in this stack's config:",
        "statefulsets:workloads.mysql.passwordKeys.replication: the password under mysqlReplicationPassword has 48"
        " characters and MySQL silently cuts what a replica gives after 32; set one of at most 32: openssl rand -hex 16"
        " | tr -d '\\n' | pulumi config set --secret statefulsets:mysqlReplicationPassword",
    ]


def test_a_replica_of_the_tutorials_engine_is_cut_as_well() -> None:
    workloads = {"mysql": {"kind": "mysql", "engine": "xtrabackup", "storage": DYNAMIC}}
    accounts = ("root", "replication", "backup", "monitor", "application")
    (_, line) = refusal(workloads, {key_of(account): HEX_24 for account in accounts})
    assert line.startswith("statefulsets:workloads.mysql.passwordKeys.replication: ")


def test_a_users_password_in_cloud_sql_is_checked_and_may_be_longer_whatever_the_users_name() -> None:
    user = {"name": "replication", "passwordKey": "appPassword"}
    (_, line) = refusal({"db": {**CLOUD_SQL, "users": [user]}}, {"appPassword": f"{HEX_24}\n"})
    path = "statefulsets:workloads.db.users[0].passwordKey"
    assert line.startswith(f"{path}: the password under appPassword has 49 characters and a line break")


def test_every_mistake_of_every_password_is_said_at_once() -> None:
    workloads = {"db": CLOUD_SQL, "mysql": {"kind": "mysql", "storage": DYNAMIC}}
    passwords = {
        "appPassword": "  ",
        key_of("root"): "",
        key_of("replication"): f"{HEX_24} ",
        key_of("clone"): "clone\n",
        key_of("application"): "hunter2\x00",
    }
    said = refusal(workloads, passwords, plain=("appPassword", key_of("application")))
    assert [line.partition(": ")[0].rpartition(".")[2] for line in said[1:]] == [
        *("passwordKey", "passwordKey"),
        *("application", "application", "clone", "monitor", "replication", "replication", "root"),
    ]
    assert "no such key; pulumi config set --secret mysqlMonitorPassword" in "\n".join(said)
    assert sum("in plain text" in line for line in said) == 2
    for password in ("clone\n", HEX_24, "hunter2"):
        assert password not in "\n".join(said)


def test_sound_passwords_reach_the_accounts_as_secrets() -> None:
    config = {"target": TARGET, "workloads": {"mysql": {"kind": "mysql", "storage": DYNAMIC}}}
    passwords = {key_of(account): f"of {account}" for account in ACCOUNTS}

    def program() -> None:
        for key, password in load().secrets.items():
            pulumi.export(key, password)

    found = dict(record(program, config={**config, **passwords}, secret_keys=list(passwords)).stack_outputs)
    assert {key: secret.value for key, secret in found.items()} == passwords
