"""Passwords of a stack that is tried for the first time: made once, never shown, forgotten with what they opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.model.passwords import problems
from localcloud import commands
from localcloud.cluster import lifecycle
from localcloud.host.errors import LocalCloudError
from localcloud.host.layout import State
from localcloud.stacks import passwords, pulumi
from tests.unit.localcloud.fakes import calls, quiet, said, script, with_pulumi

KEYS = [
    f"statefulsets:mysql{account}Password" for account in ("Root", "Replication", "Clone", "Monitor", "Application")
]
MYSQL = "config:\n  # mine\n  statefulsets:workloads:\n    mysql:\n      kind: mysql\n"

# Writes what it is given at the end of the file, as Pulumi does, and notes its command lines.
PULUMI = r"""
printf '%s\n' "$*" >>calls
file="Pulumi.$5.yaml"
while [ $# -gt 1 ]; do
  if [ "$1" = --config-file ]; then file=$2; fi
  shift
done
read -r password || [ -n "$password" ]
printf '  %s:\n    secure: v1:nonce:%s\n' "$1" "$password" >>"$file"
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(pulumi, "ROOT", tmp_path)
    (tmp_path / "Pulumi.local.yaml").write_text(MYSQL)
    return tmp_path


@pytest.fixture
def state(root: Path) -> State:
    return with_pulumi(root, PULUMI)


def values(file: Path) -> dict[str, str]:
    config = pulumi.described(file).config
    return {key: config[key]["secure"] for key in KEYS if key in config}


def test_a_stack_with_mysql_gets_five_passwords_and_is_told_so_once(root: Path, state: State) -> None:
    progress = quiet()
    passwords.make(state, "local", progress)
    made = values(root / "Pulumi.local.yaml")
    assert sorted(made) == sorted(KEYS)
    assert len(set(made.values())) == 5
    assert min(map(len, made.values())) >= len("v1:nonce:") + 32
    assert said(progress) == "made 5 passwords; they are in Pulumi.local.yaml, encrypted\n"
    again = quiet()
    passwords.make(state, "local", again)
    assert len(calls(root)) == 5, "the second time asks Pulumi nothing"
    assert said(again) == ""
    assert values(root / "Pulumi.local.yaml") == made


def test_the_program_takes_what_is_made(root: Path, state: State) -> None:
    passwords.make(state, "local", quiet())
    for key, value in values(root / "Pulumi.local.yaml").items():
        assert list(problems(value.rpartition(":")[2], key, of_a_replica=True)) == []


def test_no_password_is_on_a_command_line(root: Path, state: State) -> None:
    passwords.make(state, "local", quiet())
    secrets = [value.rpartition(":")[2] for value in values(root / "Pulumi.local.yaml").values()]
    assert not [line for line in calls(root) for secret in secrets if secret in line]
    assert all("--secret" in line for line in calls(root))


def test_a_password_that_is_there_is_left_alone_and_only_the_others_are_made(root: Path, state: State) -> None:
    file = root / "Pulumi.local.yaml"
    file.write_text(MYSQL + f"  {KEYS[0]}:\n    secure: v1:mine:own\n")
    passwords.make(state, "local", quiet())
    assert values(file)[KEYS[0]] == "v1:mine:own"
    assert len(calls(root)) == 4


def test_a_workloads_own_names_of_its_passwords_are_used(root: Path, state: State) -> None:
    (root / "Pulumi.local.yaml").write_text(MYSQL + "      passwordKeys: {root: ordersRoot}\n")
    passwords.make(state, "local", quiet())
    assert [line.split()[-1] for line in calls(root)] == ["statefulsets:ordersRoot", *KEYS[1:]]


@pytest.mark.parametrize(
    "text", ["config:\n  a:b: c\n", "", "config:\n  statefulsets:workloads:\n    a: {kind: kubia}\n"]
)
def test_a_stack_without_mysql_asks_pulumi_nothing(text: str, root: Path, state: State) -> None:
    (root / "Pulumi.local.yaml").write_text(text)
    passwords.make(state, "local", quiet())
    assert calls(root) == []


def test_another_file_of_the_stack_gets_them_where_one_is_named(root: Path, state: State) -> None:
    overlay = root / "overlay.yaml"
    overlay.write_text(MYSQL)
    passwords.make(state, "dev", quiet(), overlay)
    assert sorted(values(overlay)) == sorted(KEYS)
    assert (root / "Pulumi.local.yaml").read_text() == MYSQL


def test_forgetting_takes_out_what_was_made_here_and_nothing_else(root: Path, state: State) -> None:
    file = root / "Pulumi.local.yaml"
    mine = f"  {KEYS[1]}:\n    secure: v1:mine:own\nencryptionsalt: v1:of:it\n"
    file.write_text(MYSQL + mine)
    passwords.make(state, "local", quiet())
    passwords.forget(passwords.made(state))
    assert file.read_text() == MYSQL + mine


def test_what_was_half_made_is_forgotten_as_well(root: Path, state: State) -> None:
    script(state.bin, "pulumi", f'[ -e calls ] && {{ echo "error: no" >&2; exit 1; }}\n{PULUMI}')
    with pytest.raises(LocalCloudError, match="error: no"):
        passwords.make(state, "local", quiet())
    assert len(values(root / "Pulumi.local.yaml")) == 1
    passwords.forget(passwords.made(state))
    assert (root / "Pulumi.local.yaml").read_text() == MYSQL


def test_erasing_the_cluster_takes_its_passwords_out_of_the_stack_file(
    root: Path, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its passphrase they would keep the next `make up` from encrypting anything."""
    monkeypatch.setattr(lifecycle, "LOCK", root / "lock")
    monkeypatch.setattr(lifecycle, "parts", lambda state: [])
    pulumi.make_passphrase(state)
    passwords.make(state, "local", quiet())
    with (root / "Pulumi.local.yaml").open("a") as file:
        file.write("encryptionsalt: v1:of:it\n")
    commands.erase(state, yes=True, progress=quiet())
    assert (root / "Pulumi.local.yaml").read_text() == MYSQL
    assert not state.root.exists()


def test_they_stay_while_another_cluster_needs_the_passphrase(
    root: Path, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifecycle, "LOCK", root / "lock")
    monkeypatch.setattr(lifecycle, "parts", lambda state: [])
    pulumi.make_passphrase(state)
    (state.root / lifecycle.ELSEWHERE).mkdir()
    passwords.make(state, "local", quiet())
    commands.erase(state, yes=True, progress=quiet())
    assert len(values(root / "Pulumi.local.yaml")) == 5


def test_a_file_that_is_gone_does_not_keep_the_rest_from_being_forgotten(root: Path, state: State) -> None:
    passwords.make(state, "local", quiet())
    passwords.forget({str(root / "gone.yaml"): KEYS, **passwords.made(state)})
    assert (root / "Pulumi.local.yaml").read_text() == MYSQL
