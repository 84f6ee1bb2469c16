"""Limits of the kernel: raised where they are too low for several nodes, and never lowered."""

from __future__ import annotations

from pathlib import Path

import pytest

from localcloud.host import limits


@pytest.mark.parametrize(("instances", "raised"), [(128, True), (512, False), (8192, False)])
def test_limits_are_raised_when_too_low_and_never_lowered(instances: int, raised: bool, tmp_path: Path) -> None:
    (tmp_path / "max_user_instances").write_text(f"{instances}\n")
    (tmp_path / "max_user_watches").write_text("1000000\n")
    told: list[str] = []
    limits.ensure(told.append, tmp_path)
    assert limits.found(tmp_path) == {"max_user_instances": max(instances, 512), "max_user_watches": 1000000}
    assert told == (
        ["fs.inotify.max_user_instances raised from 128 to 512, until this machine restarts"] if raised else []
    )


def test_a_limit_that_may_not_be_raised_is_said_with_the_command_for_the_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in limits.WANTED:
        (tmp_path / name).write_text("100")

    def refuse(self: Path, text: str) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "write_text", refuse)
    told: list[str] = []
    limits.ensure(told.append, tmp_path)
    assert [line.rpartition("`sysctl")[2] for line in told] == [
        " -w fs.inotify.max_user_instances=512` on the host",
        " -w fs.inotify.max_user_watches=65536` on the host",
    ]
