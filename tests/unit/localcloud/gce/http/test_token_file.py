"""The stand-in's token: made once, for its owner alone, and made anew where others may know it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from localcloud.gce.http import token_file
from localcloud.host.paths import ROOT
from tests.support.gce import TOKEN, write_token


def test_nobody_but_its_owner_reads_the_token(tmp_path: Path) -> None:
    file = tmp_path / "gce" / "token"
    before = os.umask(0)
    try:
        assert token_file.ensure(file)
    finally:
        os.umask(before)
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    file.parent.chmod(0o755)
    assert not token_file.ensure(file)
    assert file.parent.stat().st_mode & 0o777 == 0o700


def test_a_token_is_made_once_and_is_not_to_be_guessed(tmp_path: Path) -> None:
    file, other = tmp_path / "a" / "token", tmp_path / "b" / "token"
    token_file.ensure(file)
    made = token_file.read(file)
    assert len(made) >= 43
    assert not token_file.ensure(file)
    assert token_file.read(file) == made
    token_file.ensure(other)
    assert token_file.read(other) != made


def spoil(file: Path, how: str) -> None:
    """Make a token file one as it must not be."""
    if how == "missing":
        file.unlink()
    elif how == "a folder":
        file.unlink()
        file.mkdir()
    elif how.startswith("0"):
        file.chmod(int(how, 8))
    else:
        file.write_bytes({"empty": b"", "half": b"abc", "spaces": b" " * 43, "bytes": b"\xff" * 43}[how])


SPOILT = ["missing", "empty", "half", "spaces", "bytes", "0644", "0640", "0602"]


@pytest.mark.parametrize("how", SPOILT)
def test_a_token_that_is_missing_or_known_to_others_is_made_anew(tmp_path: Path, how: str) -> None:
    file = write_token(tmp_path / "token")
    assert token_file.sound(file)
    spoil(file, how)
    assert not token_file.sound(file)
    assert token_file.ensure(file)
    assert token_file.read(file) != TOKEN
    assert file.stat().st_mode & 0o077 == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_token_that_belongs_to_somebody_else_is_none(tmp_path: Path) -> None:
    file = write_token(tmp_path / "token")
    os.chown(file, 65534, 65534)
    assert not token_file.sound(file)


@pytest.mark.parametrize("how", ["missing", "empty", "0640", "a folder"])
def test_the_stand_in_does_not_start_without_a_token_that_keeps_others_out(tmp_path: Path, how: str) -> None:
    file = write_token(tmp_path / "token")
    spoil(file, how)
    command = [sys.executable, "-m", "localcloud.gce", str(tmp_path / "gce"), "0", str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"the GCE stand-in does not start: the stand-in's token in {file} ")
    assert line.endswith(("; `make up` makes it", "; `make up` makes another"))
    assert not (tmp_path / "gce").exists()
