"""Which mysqld runs behind Cloud SQL instances of this machine, and what is said where none can."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from localcloud.gce.sql import mysqld
from localcloud.gce.sql.machine import real
from localcloud.gce.sql.wiring import Wiring
from localcloud.images.archive import ImageConfig, Tree, write_archive
from localcloud.images.builder import archive_path
from tests.support.places import SLOT
from tests.unit.localcloud.fakes import script


@pytest.mark.parametrize(
    ("user", "reason"), [(1000, "the stand-in is not root's"), (0, "there is no bridge no-such-bridge")]
)
def test_without_root_or_a_bridge_instances_are_records_and_say_why(user: int, reason: str, tmp_path: Path) -> None:
    servers = real(tmp_path / "sql", tmp_path, replace(Wiring.of(SLOT), bridge="no-such-bridge"), user)
    assert servers.engine().startswith(f"none, records only: {reason}")


def test_a_mysqld_on_path_is_taken_if_it_is_new_enough(tmp_path: Path) -> None:
    missing = f"{mysqld.IMAGE} is not built"
    assert mysqld.find(tmp_path, tmp_path, str(tmp_path)) == f"{missing}, and there is no mysqld on PATH"
    script(tmp_path, "mysqld", "echo '/usr/sbin/mysqld  Ver 8.0.25 for Linux'")
    assert str(mysqld.find(tmp_path, tmp_path, str(tmp_path))).endswith("mysqld is 8.0.25, older than 8.0.26")
    script(tmp_path, "mysqld", "echo '/usr/sbin/mysqld  Ver 8.4.3-1 for Linux'")
    found = mysqld.find(tmp_path, tmp_path, str(tmp_path))
    assert isinstance(found, mysqld.Engine)
    assert (found.root, found.told) == (Path("/"), f"mysqld 8.4.3 of {tmp_path}/mysqld")


def test_the_images_mysqld_comes_first_and_is_unpacked_once(tmp_path: Path) -> None:
    (tmp_path / "tree/usr/sbin").mkdir(parents=True)
    (tmp_path / "tree/usr/sbin/mysqld").write_text("the program")
    archive = archive_path(mysqld.IMAGE, tmp_path)
    write_archive(Tree(tmp_path / "tree"), ImageConfig(user="999:999"), mysqld.IMAGE, archive)
    asked: list[str] = []

    def version(program: Sequence[str]) -> tuple[int, ...]:
        asked.append(program[2])
        return (9, 7, 4)

    found = mysqld.find(tmp_path / "sql", tmp_path, version_of=version)
    assert isinstance(found, mysqld.Engine)
    assert (found.root / "usr/sbin/mysqld").read_text() == "the program"
    assert found.told == f"mysqld 9.7.4 of {mysqld.IMAGE}"
    archive.unlink()
    assert mysqld.find(tmp_path / "sql", tmp_path, version_of=version) == found, (
        "instances need it after the cache was cleared"
    )
    assert asked == [str(found.root)] * 2
