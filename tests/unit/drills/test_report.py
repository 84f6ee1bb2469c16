"""The report: what a program reads of it, what a person reads of it, and when it says `passed`."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from drills import report
from drills.checks.check import Check
from drills.errors import DrillError
from drills.load.figures import Figures
from drills.report import Report, Result


def result(**changes: object) -> Result:
    made = Result(
        "scale",
        ("scale mysql from 3 to 5",),
        seconds=12.3,
        steps=[(0.123, "scaled to 5")],
        checks=[Check("server ids are unique", True, "100 | 101")],
        figures=Figures(rows=10, rows_per_second=5, servers={100: 3, 101: 2}),
    )
    found = replace(made, **changes)  # type: ignore[arg-type]
    found.settle()
    return found


def whole(*results: Result) -> Report:
    return Report("https://203.0.113.1", "test", "shop", "mysql", "mysql:9", "2026-11-21T10:00:00+00:00", results)


def test_a_run_passes_if_something_passed_and_nothing_failed() -> None:
    skipped = result(outcome="skipped", reason="one node")
    failed = result(checks=[Check("x", False)])
    assert whole(result(), skipped).ok
    assert not whole(result(), failed).ok
    assert not whole(skipped).ok, "nothing was shown"
    assert not whole().ok


def test_a_drill_that_was_cut_short_failed_though_all_its_checks_held() -> None:
    assert result(reason="interrupted").outcome == "failed"
    assert result(outcome="skipped", reason="one node").outcome == "skipped"


def test_both_files_are_written_and_the_json_tells_all(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    file = report.write(whole(result()), folder, "all")
    assert file == folder / "all.md"
    assert sorted(path.name for path in folder.iterdir()) == ["all.json", "all.md"]
    found = json.loads((folder / "all.json").read_text())
    assert found["ok"] is True
    scale = found["results"][0]
    assert scale["outcome"] == "passed"
    assert scale["steps"] == [{"at": 0.1, "what": "scaled to 5"}]
    assert scale["checks"] == [{"name": "server ids are unique", "ok": True, "detail": "100 | 101"}]
    assert scale["figures"]["rows"] == 10
    assert scale["lost_rows"] == 0


def test_the_markdown_has_a_row_a_drill_and_names_what_did_not_hold() -> None:
    text = report.as_markdown(whole(result(checks=[Check("never two writable members", False, "mysql-1 was")])))
    assert text.startswith("# Drills of shop/mysql: **failed**\n")
    assert "| scale | failed | 12 | 10 | 0 | 5 |" in text
    assert "| never two writable members | **no** | mysql-1 was |" in text
    assert "100 \\| 101" in report.as_markdown(whole(result())), "a bar must not end a cell"
    widths = {
        line.count("|") for line in text.splitlines() if line.startswith(("| drill", "|---|---|---|---", "| scale"))
    }
    assert len(widths) == 1


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DrillError, match=r"^the report cannot be written: .*; --report names another folder$"):
        report.write(whole(result()), tmp_path / "file" / "x", "all")
