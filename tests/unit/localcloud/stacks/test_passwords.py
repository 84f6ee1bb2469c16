"""Passwords of a stack that is tried for the first time: made once, never shown, and in no file that git knows of."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.model.passwords import problems
from localcloud.cluster import lifecycle
from localcloud.host.paths import Checkout
from localcloud.stacks import passwords, pulumi
from localcloud.stacks.pulumi import Stack
from tests.unit.localcloud.fakes import calls, quiet, said, with_pulumi

KEYS = [
    f"statefulsets:mysql{account}Password" for account in ("Root", "Replication", "Clone", "Monitor", "Application")
]
MYSQL = "config:\n  # mine\n  statefulsets:workloads:\n    mysql:\n      kind: mysql\n"

# Writes what it is given at the end of the file, as Pulumi does, and notes its command lines.
PULUMI = r"""
printf '%s\n' "$*" >>calls
while [ $# -gt 1 ]; do
  if [ "$1" = --config-file ]; then file=$2; fi
  shift
done
read -r password || [ -n "$password" ]
printf '  %s:\n    secure: v1:nonce:%s\n' "$1" "$password" >>"$file"
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    (tmp_path / "Pulumi.local.yaml").write_text(MYSQL)
    return with_pulumi(tmp_path, PULUMI)


@pytest.fixture
def stack(checkout: Checkout) -> Stack:
    """The local stack, with the copy of its file that Pulumi is given."""
    stack = Stack.of(checkout, "local")
    stack.file.write_text(MYSQL)
    return stack


def values(file: Path) -> dict[str, str]:
    config = pulumi.described(file).config
    return {key: config[key]["secure"] for key in KEYS if key in config}


def test_a_stack_with_mysql_gets_five_passwords_and_is_told_so_once(checkout: Checkout, stack: Stack) -> None:
    progress = quiet()
    passwords.make(stack, progress)
    made = values(stack.file)
    assert sorted(made) == sorted(KEYS)
    assert len(set(made.values())) == 5
    assert min(map(len, made.values())) >= len("v1:nonce:") + 32
    assert said(progress) == f"made 5 passwords; they are in {stack.file}, encrypted\n"
    assert stack.tracked.read_text() == MYSQL, "git would show them"
    again = quiet()
    passwords.make(stack, again)
    assert len(calls(checkout.root)) == 5, "the second time asks Pulumi nothing"
    assert said(again) == ""
    assert values(stack.file) == made


def test_the_program_takes_what_is_made(stack: Stack) -> None:
    passwords.make(stack, quiet())
    for key, value in values(stack.file).items():
        assert list(problems(value.rpartition(":")[2], key, of_a_replica=True)) == []


def test_no_password_is_on_a_command_line(checkout: Checkout, stack: Stack) -> None:
    passwords.make(stack, quiet())
    secrets = [value.rpartition(":")[2] for value in values(stack.file).values()]
    assert not [line for line in calls(checkout.root) for secret in secrets if secret in line]
    assert all("--secret" in line for line in calls(checkout.root))


def test_a_password_that_is_there_is_left_alone_and_only_the_others_are_made(checkout: Checkout, stack: Stack) -> None:
    stack.file.write_text(MYSQL + f"  {KEYS[0]}:\n    secure: v1:mine:own\n")
    passwords.make(stack, quiet())
    assert values(stack.file)[KEYS[0]] == "v1:mine:own"
    assert len(calls(checkout.root)) == 4


def test_a_workloads_own_names_of_its_passwords_are_used(checkout: Checkout, stack: Stack) -> None:
    stack.file.write_text(MYSQL + "      passwordKeys: {root: ordersRoot}\n")
    passwords.make(stack, quiet())
    assert [line.split()[-1] for line in calls(checkout.root)] == ["statefulsets:ordersRoot", *KEYS[1:]]


@pytest.mark.parametrize(
    "text", ["config:\n  a:b: c\n", "", "config:\n  statefulsets:workloads:\n    a: {kind: kubia}\n"]
)
def test_a_stack_without_mysql_asks_pulumi_nothing(text: str, checkout: Checkout, stack: Stack) -> None:
    stack.file.write_text(text)
    passwords.make(stack, quiet())
    assert calls(checkout.root) == []


def test_erasing_the_cluster_takes_its_passwords_along(checkout: Checkout, stack: Stack) -> None:
    """Without its passphrase they would keep the next `make up` from encrypting anything."""
    pulumi.make_passphrase(checkout.state)
    passwords.make(stack, quiet())
    lifecycle.erase(checkout.state)
    assert not stack.file.exists()
    assert stack.tracked.read_text() == MYSQL
