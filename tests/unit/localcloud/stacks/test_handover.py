"""Passwords that an earlier version wrote into tracked files: never lost, and out of the files in the end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from localcloud.cluster.lifecycle import ELSEWHERE
from localcloud.host.errors import LocalCloudError
from localcloud.host.paths import State
from localcloud.stacks import handover
from tests.support.places import SLOT

BEFORE = "config:\n  # mine\n  statefulsets:a: b\n"
KEYS = ["statefulsets:mysqlClonePassword", "statefulsets:mysqlRootPassword"]
MADE = "".join(f"  {key}:\n    secure: v1:nonce:text\n" for key in KEYS)


@pytest.fixture
def state(tmp_path: Path) -> State:
    """A state whose note says which passwords were made, and the file that they were written into."""
    (tmp_path / ".localcloud").mkdir()
    tracked = tmp_path / "Pulumi.local.yaml"
    tracked.write_text(f"{BEFORE}{MADE}encryptionsalt: v1:of:it\n")
    (tmp_path / ".localcloud" / handover.NOTE).write_text(json.dumps({str(tracked): KEYS}))
    return State(tmp_path / ".localcloud", SLOT)


def test_a_file_becomes_again_what_it_was_and_the_note_goes(state: State, tmp_path: Path) -> None:
    handover.complete(state, tmp_path / "Pulumi.local.yaml")
    assert (tmp_path / "Pulumi.local.yaml").read_text() == BEFORE
    assert not (state.root / handover.NOTE).exists()
    handover.complete(state, tmp_path / "Pulumi.local.yaml")


def test_secrets_of_the_users_own_stay_with_their_salt(state: State, tmp_path: Path) -> None:
    mine = "  a:mine:\n    secure: v1:mine:own\n"
    (tmp_path / "Pulumi.local.yaml").write_text(f"{BEFORE}{mine}{MADE}encryptionsalt: v1:of:it\n")
    handover.complete(state, tmp_path / "Pulumi.local.yaml")
    assert (tmp_path / "Pulumi.local.yaml").read_text() == f"{BEFORE}{mine}encryptionsalt: v1:of:it\n"


def test_of_several_files_one_is_done_at_a_time(state: State, tmp_path: Path) -> None:
    gone = tmp_path / "Pulumi.gone.yaml"
    (state.root / handover.NOTE).write_text(json.dumps({str(tmp_path / "Pulumi.local.yaml"): KEYS, str(gone): KEYS}))
    handover.complete(state, tmp_path / "Pulumi.local.yaml")
    assert handover.noted(state, gone) == KEYS
    handover.complete_all(state)
    assert not (state.root / handover.NOTE).exists(), "a file that is gone needs nothing"


def test_passwords_stay_in_the_file_while_a_cluster_of_other_people_has_them(state: State, tmp_path: Path) -> None:
    (state.root / ELSEWHERE / "abc").mkdir(parents=True)
    handover.complete_all(state)
    assert (tmp_path / "Pulumi.local.yaml").read_text() == f"{BEFORE}{MADE}encryptionsalt: v1:of:it\n"
    assert handover.noted(state, tmp_path / "Pulumi.local.yaml") == KEYS


def test_a_file_that_was_reverted_before_its_passwords_were_taken_over_is_refused_in_a_line(
    state: State, tmp_path: Path
) -> None:
    tracked, copy = tmp_path / "Pulumi.local.yaml", state.stack_file("local")
    handover.refuse_if_lost(state, tracked, copy)
    tracked.write_text(BEFORE)
    with pytest.raises(LocalCloudError, match=r"mysqlClonePassword, .*they are gone; put them back") as refusal:
        handover.refuse_if_lost(state, tracked, copy)
    assert len(str(refusal.value).splitlines()) == 1
    copy.write_text(f"config:\n{MADE}")
    handover.refuse_if_lost(state, tracked, copy)


def test_who_never_had_an_earlier_version_is_asked_nothing(tmp_path: Path) -> None:
    state = State(tmp_path / "new", SLOT)
    handover.refuse_if_lost(state, tmp_path / "Pulumi.local.yaml", state.stack_file("local"))
    handover.complete_all(state)
