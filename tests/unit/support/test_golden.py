"""A golden file changes only when somebody asks for it, and says what changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.golden import as_yaml, assert_golden
from tests.support.wire import UNKNOWN, Reference, Secret


@pytest.fixture(autouse=True)
def _no_switches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UPDATE_GOLDEN", raising=False)
    monkeypatch.delenv("CI", raising=False)


def test_a_structure_as_checked_in_passes(tmp_path: Path) -> None:
    (tmp_path / "set.yaml").write_text("replicas: 3\n")
    assert_golden(tmp_path / "set.yaml", {"replicas": 3})


def test_a_difference_is_shown_with_the_way_to_accept_it(tmp_path: Path) -> None:
    (tmp_path / "set.yaml").write_text("name: web\nreplicas: 3\n")
    with pytest.raises(AssertionError) as failure:
        assert_golden(tmp_path / "set.yaml", {"name": "web", "replicas": 2})
    lines = str(failure.value).splitlines()
    assert {"-replicas: 3", "+replicas: 2", " name: web"} <= set(lines)
    assert "UPDATE_GOLDEN=1" in lines[1]


def test_a_missing_file_fails_with_all_it_should_hold(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"\+replicas: 2"):
        assert_golden(tmp_path / "set.yaml", {"replicas": 2})
    assert list(tmp_path.iterdir()) == []


def test_asked_to_it_writes_what_then_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPDATE_GOLDEN", "1")
    assert_golden(tmp_path / "stacks/dev.yaml", {"replicas": 2})
    monkeypatch.delenv("UPDATE_GOLDEN")
    assert_golden(tmp_path / "stacks/dev.yaml", {"replicas": 2})


def test_continuous_integration_never_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPDATE_GOLDEN", "1")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(AssertionError, match=r"set\.yaml differs"):
        assert_golden(tmp_path / "set.yaml", {"replicas": 2})
    assert list(tmp_path.iterdir()) == []


def test_no_secret_is_ever_written_down() -> None:
    text = as_yaml({"password": Secret("s3cret"), "nested": Secret({"a": ["s3cret", 7]})})
    assert "s3cret" not in text
    assert "7" not in text


def test_unknowns_references_and_long_texts_stay_readable() -> None:
    shared = {"a": 1}
    text = as_yaml({"b": UNKNOWN, "disk": Reference("urn:x"), "script": "one\ntwo\n", "x": shared, "y": shared})
    assert text == "b: '[unknown]'\ndisk: urn:x\nscript: |\n  one\n  two\nx:\n  a: 1\ny:\n  a: 1\n"
