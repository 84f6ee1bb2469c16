"""Measures all parts, or those that are named (`stack`, `dev`, `mysql`, `scale`), and prints a table for each."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from localcloud.host import daemons
from tools.bench import dev_preview, local_stack, mysql, preview_scale
from tools.bench.figures import Figure
from tools.project import Project, copy_project, own_slot

# A table that goes to a file is not folded as for the narrowest of terminals.
console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
Measure = Callable[[Project, Callable[[str], None]], Iterator[Figure]]
ON_A_COPY: Final[Mapping[str, Measure]] = {
    "stack": local_stack.measure,
    "dev": dev_preview.measure,
    "mysql": mysql.measure,
}
PARTS: Final = (*ON_A_COPY, "scale")


def say(text: str) -> None:
    """Prints what is being measured to standard error."""
    Console(stderr=True).print(f"… {text}")


def on_a_copy(measure: Measure) -> Iterator[Figure]:
    """Measures a copy of the project on a cluster of its own; both are gone afterwards."""
    if owners := {process.owner for process in daemons.running(own_slot())}:
        raise SystemExit(f"bench: a cluster runs already ({', '.join(owners)}); `make down` there first")
    folder = Path(tempfile.mkdtemp(prefix="statefulsets-bench-"))
    project = copy_project(folder / "statefulsets")
    try:
        yield from measure(project, say)
    finally:
        project.run("make", "down")
        shutil.rmtree(folder, ignore_errors=True)


def show(measure: Callable[[], Iterator[Figure]]) -> None:
    """Prints a table with every figure beside its peer's."""
    table = Table("what", "ours", "peer", "theirs", "ratio", "goal", box=None, pad_edge=False)
    for figure in measure():
        ratio = figure.ours / figure.theirs if figure.theirs else None
        goal = f"≤ {figure.goal:.2f}" if figure.goal else ""
        met = "" if ratio is None or not figure.goal else ("[green]" if ratio <= figure.goal else "[red]")
        table.add_row(
            figure.what,
            f"{figure.ours:.2f} {figure.unit}",
            figure.peer,
            f"{figure.theirs:.2f} {figure.unit}" if figure.theirs else "",
            f"{met}{ratio:.2f}" if ratio else "",
            goal,
        )
    console.print(table)
    console.print(f"load of the machine: {' '.join(f'{one:.1f}' for one in os.getloadavg())} (1, 5, 15 minutes)")


def main(parts: tuple[str, ...]) -> None:
    """Measures the parts that are named, or all of them."""
    if unknown := set(parts) - set(PARTS):
        raise SystemExit(f"bench: no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    wanted = parts or PARTS
    for part, measure in ON_A_COPY.items():
        if part in wanted:
            show(partial(on_a_copy, measure))
    if "scale" in wanted:
        preview_scale.main()


if __name__ == "__main__":
    main(tuple(sys.argv[1:]))
