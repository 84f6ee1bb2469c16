"""`python -m drills`: one command for each of the seed's experiments, and all of them."""

from __future__ import annotations

import functools
import inspect
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer
from rich.console import Console

from drills.errors import DrillError

if TYPE_CHECKING:
    from drills.experiments import Drill
    from drills.kube import Cluster
    from drills.target import Target

app = typer.Typer(
    help="The seed's experiments with a replicated MySQL, on a cluster of yours: each says what it will do, writes and "
    "reads all the time, checks what must hold, puts everything back, and exits non-zero if anything failed.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


@dataclass(frozen=True)
class Where:
    """Which set of which cluster, and what to ask before."""

    name: Annotated[str, typer.Option(help="The StatefulSet.")] = "mysql"
    namespace: Annotated[str | None, typer.Option(help="Default: the context's.")] = None
    context: Annotated[str | None, typer.Option(help="Context of the kubeconfig. Default: the current one.")] = None
    kubeconfig: Annotated[Path | None, typer.Option(help="Default: $KUBECONFIG, else ~/.kube/config.")] = None
    report: Annotated[Path, typer.Option(help="Folder of the reports (JSON and Markdown).")] = Path("drills-report")
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask. This machine's own cluster is never asked for.")] = (
        False
    )

    def cluster(self) -> Cluster:
        from drills.kube import Cluster

        return Cluster(self.kubeconfig, self.context, self.namespace)


class By(StrEnum):
    """How readiness is broken."""

    APPLIER = "applier"
    FREEZE = "freeze"


Ordinal = Annotated[int | None, typer.Option(help="Of the member. Default: the highest.")]
Seconds = Annotated[float, typer.Option(min=1, help="How long.")]


def command(name: str, example: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A command whose first parameter is Where; its fields become options of the command."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        def typed(of: Any) -> list[inspect.Parameter]:
            return [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in of]

        own = typed(list(inspect.signature(function, eval_str=True).parameters.values())[1:])
        shared = typed(inspect.signature(Where, eval_str=True).parameters.values())

        @functools.wraps(function)
        def call(**given: Any) -> None:
            where = Where(**{each.name: given.pop(each.name) for each in shared})
            function(where, **given)

        signature = inspect.Signature([*own, *shared])
        cast(Any, call).__signature__ = signature
        call.__annotations__ = {each.name: each.annotation for each in signature.parameters.values()}
        app.command(name, epilog=f"Example: [b]python -m drills {example}[/b]")(call)
        return call

    return register


@command("traffic", "traffic --seconds 60")
def traffic(where: Where, seconds: Seconds = 15) -> None:
    """Write through the primary and read through the read Service for a while."""
    from drills.experiments import Traffic

    _drill(where, Traffic(seconds))


@command("read-loop", "read-loop --name mysql")
def read_loop(where: Where, seconds: Seconds = 15) -> None:
    """The seed's `SELECT @@server_id` loop: every member answers."""
    from drills.experiments import ReadLoop

    _drill(where, ReadLoop(seconds))


@command("break-readiness", "break-readiness --ordinal 1 --by freeze")
def break_readiness(where: Where, ordinal: Ordinal = None, by: By = By.APPLIER) -> None:
    """Break a member: it leaves the read Service; mend it: it returns."""
    from drills.experiments import BreakReadiness

    _drill(where, BreakReadiness(ordinal, by.value))


@command("delete-pod", "delete-pod --ordinal 0")
def delete_pod(where: Where, ordinal: Ordinal = None) -> None:
    """Delete a member's pod: it comes back under its name, with its claim."""
    from drills.experiments import DeletePod

    _drill(where, DeletePod(ordinal))


@command("drain", "drain --context my-gke --ordinal 2")
def drain(where: Where, ordinal: Ordinal = None) -> None:
    """Drain a member's node as far as the disruption budget allows, and uncordon it. Needs two nodes."""
    from drills.experiments import Drain

    _drill(where, Drain(ordinal))


@command("scale", "scale --to 5")
def scale(
    where: Where, to: Annotated[int | None, typer.Option(help="Members. Default: two more than there are.")] = None
) -> None:
    """Scale up: the new members hold the old data; scale back: the claims stay."""
    from drills.experiments import Scale

    _drill(where, Scale(to))


@command("all", "all --report /tmp/report")
def all_(where: Where) -> None:
    """Every experiment in turn, and one report."""
    from drills.experiments import everything

    _drill(where, *everything(), report="all")


@command("status", "status --namespace shop")
def status(where: Where) -> None:
    """The members: role, replication, transactions, claim, node; how far a clone is. Changes nothing."""
    from drills import status as members
    from drills.target import find

    cluster = where.cluster()
    members.show(cluster, find(cluster, where.name), _console())


@command("cleanup", "cleanup --spare-claims")
def cleanup(
    where: Where,
    spare_claims: Annotated[
        bool, typer.Option("--spare-claims", help="Also the claims of ordinals that the set no longer has.")
    ] = False,
    everything: Annotated[
        bool, typer.Option("--everything", help="Also the set and all that belongs to it; claims stay.")
    ] = False,
    delete_data: Annotated[
        str | None,
        typer.Option(metavar="SET", help="The set's name, to delete claims without being asked to type it."),
    ] = None,
) -> None:
    """Put back and remove what a killed drill left. Data go only when the set's name is typed."""
    from drills import cleanup as cleaning
    from drills.target import find

    cluster = where.cluster()
    target = find(cluster, where.name)
    _ask(where, cluster, ["put back and remove what the drills left"])
    cleaning.leftovers(cluster, target, _console().print)
    if spare_claims or everything:
        agreed = functools.partial(_typed, target, delete_data)
        cleaning.workload(cluster, target, _console().print, everything, spare_claims, agreed)


def _drill(where: Where, *drills: Drill, report: str | None = None) -> None:
    from drills import report as reports
    from drills.runner import Run, RunInterruptedError
    from drills.target import find

    cluster = where.cluster()
    target = find(cluster, where.name)
    _ask(where, cluster, [f"{drill.name}: {line}" for drill in drills for line in drill.plan(target)])
    interrupted = False
    try:
        found = Run(cluster, target, _console().print).run(drills)
    except RunInterruptedError as stopped:
        found, interrupted = stopped.report, True
    file = reports.write(found, where.report, report or drills[0].name)
    _console().print(f"\nreport: {file}")
    if interrupted:
        print("drills: interrupted; everything was put back", file=sys.stderr)
        raise typer.Exit(130)
    if not found.ok:
        raise typer.Exit(1)


def _ask(where: Where, cluster: Cluster, plan: list[str]) -> None:
    console = _console()
    console.print(f"cluster {cluster.server} (context {cluster.context}), {cluster.namespace}/{where.name}")
    for line in plan:
        console.print(f"  {line}")
    if not (where.yes or cluster.is_local):
        typer.confirm(f"Do this to {where.name} of context {cluster.context}?", abort=True)


def _typed(target: Target, given: str | None) -> bool:
    if given is None:
        given = typer.prompt(f"Type {target.name} to delete these claims", default="", show_default=False)
    if given != target.name:
        raise DrillError(f"no claim was deleted: {given!r} is not {target.name!r}")
    return True


def _console() -> Console:
    # A pipe or a CI log has no width of its own; lines must not be cut there.
    return Console(highlight=False, width=None if os.isatty(1) else 200, soft_wrap=True)


def main() -> None:
    """Run a command; what is wrong is one line on standard error, never a traceback."""
    try:
        app()
    except DrillError as error:
        print(f"drills: {error}", file=sys.stderr)
        sys.exit(1)
