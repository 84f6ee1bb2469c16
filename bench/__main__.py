"""`make bench`: measure, then print one table."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from bench import local_stack, preview_scale

console = Console(highlight=False)


def main() -> None:
    """Every figure beside its peer's."""
    table = Table("what", "ours", "peer", "theirs", "ratio", "goal", box=None, pad_edge=False)
    for figure in local_stack.measure(lambda text: Console(stderr=True).print(f"… {text}")):
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
    preview_scale.main()


if __name__ == "__main__":
    main()
