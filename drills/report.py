"""What a run found, for people (Markdown) and for programs (JSON)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from drills.checks.check import Check
from drills.errors import DrillError
from drills.load.figures import Figures

Outcome = Literal["passed", "failed", "skipped"]


@dataclass
class Result:
    """What became of one drill."""

    drill: str
    plan: tuple[str, ...] = ()
    outcome: Outcome = "passed"
    reason: str = ""
    """Why it was skipped or cut short."""
    seconds: float = 0.0
    steps: list[tuple[float, str]] = field(default_factory=list)
    """Seconds since its start, and what happened."""
    checks: list[Check] = field(default_factory=list)
    figures: Figures = field(default_factory=Figures)
    lost_rows: int = 0

    def settle(self) -> None:
        """The outcome, from what was found."""
        if self.outcome != "skipped" and (self.reason or not all(check.ok for check in self.checks)):
            self.outcome = "failed"


@dataclass(frozen=True)
class Report:
    """What became of one run of one or more drills."""

    cluster: str
    context: str
    namespace: str
    target: str
    image: str
    started: str
    """When it began, in UTC, as ISO 8601 writes it."""
    results: Sequence[Result]

    @property
    def ok(self) -> bool:
        """Whether nothing failed and something was done."""
        outcomes = [result.outcome for result in self.results]
        return "failed" not in outcomes and "passed" in outcomes


def as_json(report: Report) -> dict[str, Any]:
    """What `<name>.json` holds."""
    found = asdict(report)
    found["ok"] = report.ok
    for result in found["results"]:
        result["steps"] = [{"at": round(at, 1), "what": what} for at, what in result["steps"]]
    return found


def as_markdown(report: Report) -> str:
    """What `<name>.md` holds."""
    verdict = "passed" if report.ok else "**failed**"
    lines = [
        f"# Drills of {report.namespace}/{report.target}: {verdict}",
        "",
        f"Context `{report.context}` ({report.cluster}), image `{report.image}`, started {report.started}.",
        "",
        "| drill | outcome | seconds | rows acknowledged | lost | rows/s | longest pause s | reads | failed reads | "
        "stalest read s | server ids |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
        *(_row(result) for result in report.results),
    ]
    for result in report.results:
        lines += ["", f"## {result.drill}", "", *(f"- {line}" for line in result.plan)]
        if result.reason:
            lines += ["", f"{result.outcome}: {result.reason}"]
        if result.checks:
            lines += ["", "| check | | found |", "|---|---|---|"]
            lines += [f"| {c.name} | {'ok' if c.ok else '**no**'} | {_cell(c.detail)} |" for c in result.checks]
        if result.steps:
            lines += ["", *(f"    {at:6.1f} s  {what}" for at, what in result.steps)]
    return "\n".join([*lines, ""])


def write(report: Report, folder: Path, name: str) -> Path:
    """Both files, whole or not at all; the Markdown's path."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for suffix, text in (("json", json.dumps(as_json(report), indent=2) + "\n"), ("md", as_markdown(report))):
            aside = folder / f"{name}.{suffix}.new"
            aside.write_text(text)
            aside.replace(folder / f"{name}.{suffix}")
    except OSError as error:
        raise DrillError(f"the report cannot be written: {error}; --report names another folder") from None
    return folder / f"{name}.md"


def _row(result: Result) -> str:
    f = result.figures
    servers = ", ".join(f"{server} x{count}" for server, count in f.servers.items())
    figures = (f.rows, result.lost_rows, f"{f.rows_per_second:.0f}", f"{f.longest_pause:.1f}", f.reads, f.failed_reads)
    cells = (result.drill, result.outcome, f"{result.seconds:.0f}", *figures, f"{f.stalest_read:.2f}", servers)
    return f"| {' | '.join(map(str, cells))} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
