"""Where the state and the cache lie, and in which slot a cluster is."""

from __future__ import annotations

from pathlib import Path

import pytest

from localcloud.host import paths
from localcloud.host.paths import State
from localcloud.host.slot import Slot
from tests.support.places import SLOT


def test_state_lies_in_the_checkout_unless_told_otherwise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOCALCLOUD_STATE", raising=False)
    assert paths.state() == State(paths.ROOT / ".localcloud", SLOT)
    assert (paths.ROOT / "Pulumi.yaml").exists()
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    monkeypatch.setenv("LOCALCLOUD_STATE", str(tmp_path / "link"))
    assert paths.state() == State(tmp_path / "real", SLOT), "one cluster, whatever path leads to it"


def test_the_cache_is_where_the_user_keeps_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert paths.cache() == tmp_path / "statefulsets"
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for unset in ("", None):
        if unset is None:
            monkeypatch.delenv("XDG_CACHE_HOME")
        else:
            monkeypatch.setenv("XDG_CACHE_HOME", unset)
        assert paths.cache() == tmp_path / "home" / ".cache" / "statefulsets"


def test_a_cluster_stays_in_the_slot_in_which_it_was_made(tmp_path: Path) -> None:
    here = {"LOCALCLOUD_STATE": str(tmp_path)}
    assert paths.state(here).slot == Slot("0"), "a new one takes the first"
    (tmp_path / "slot").write_text("2")
    assert paths.state(here).slot.bridge == "stsets2"
    assert paths.state({**here, "LOCALCLOUD_SLOT": "1"}).slot == Slot("1"), "and `alone` refuses that"
