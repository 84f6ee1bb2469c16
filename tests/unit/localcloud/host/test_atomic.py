"""A file is replaced whole or not at all, and what is secret is nobody else's to read meanwhile."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from localcloud.host import atomic


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "secret.json"


@pytest.fixture
def no_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.parametrize(("module", "call"), [(os, "fsync"), (Path, "replace")])
@pytest.mark.parametrize("before", [None, "old"])
def test_a_crash_leaves_what_was_there_and_the_next_write_gets_through(
    module: object, call: str, before: str | None, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if before is not None:
        file.write_text(before)

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(module, call, crash)
        with pytest.raises(KeyboardInterrupt):
            atomic.write(file, "new, and longer", atomic.SECRET)
    assert (file.read_text() if file.exists() else None) == before
    atomic.write(file, "new", atomic.SECRET)
    assert file.read_text() == "new"
    assert list(file.parent.iterdir()) == [file], "nothing stays beside it"


def test_the_content_is_on_the_disk_before_it_has_the_files_name(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[tuple[str, str]] = []
    sync, replace = os.fsync, Path.replace

    def synced(descriptor: int) -> None:
        steps.append(("sync", Path(f"/proc/self/fd/{descriptor}").read_text()))
        sync(descriptor)

    def replaced(aside: Path, target: Path) -> Path:
        steps.append(("replace", aside.read_text()))
        return replace(aside, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", replaced)
    atomic.write(file, "new")
    assert steps == [("sync", "new"), ("replace", "new")]


@pytest.mark.parametrize("mode", [atomic.SECRET, 0o755])
@pytest.mark.parametrize("leftover", [False, True])
def test_the_mode_is_right_from_the_first_moment_whatever_was_there(
    mode: int, leftover: bool, file: Path, monkeypatch: pytest.MonkeyPatch, no_umask: None
) -> None:
    file.write_text("old")
    if leftover:
        file.with_name(f"{file.name}.new").write_text("half")
    seen = []
    opened: Callable[..., int] = os.open

    def watched(*arguments: object) -> int:
        descriptor = opened(*arguments)
        seen.append(os.fstat(descriptor).st_mode & 0o777)
        return descriptor

    monkeypatch.setattr(os, "open", watched)
    atomic.write(file, "new", mode)
    assert [*seen, file.stat().st_mode & 0o777] == [mode, mode]


def test_whoever_has_the_leftover_of_a_crash_open_reads_nothing_of_a_secret(file: Path) -> None:
    aside = file.with_name(f"{file.name}.new")
    aside.write_text("half")
    with aside.open() as other:
        atomic.write(file, "secret", atomic.SECRET)
        assert other.read() == "half"


def test_without_a_mode_the_umask_decides_as_for_any_file(file: Path) -> None:
    atomic.write(file, "public")
    plain = file.with_name("plain")
    plain.write_text("public")
    assert file.stat().st_mode == plain.stat().st_mode
