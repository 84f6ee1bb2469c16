"""`python -m drills`: one command for each of the tutorial's experiments, and all of them."""

from __future__ import annotations

import functools
import inspect
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, cast, get_args, get_origin

import typer
from rich.console import Console

from drills.errors import DrillError
from drills.experiments import EXPERIMENTS
from drills.experiments.experiment import Experiment, Option
from drills.waiting import Patience

if TYPE_CHECKING:
    from drills.kube import Cluster
    from drills.target import Target

HELP = (
    "The experiments of the Kubernetes tutorial 'Run a Replicated Stateful Application', on a cluster of yours: each "
    "says what it will do, writes and reads all the time, checks what must hold, puts everything back, and exits "
    "non-zero if anything failed."
)


def connect(kubeconfig: Path | None, context: str | None, namespace: str | None) -> Cluster:
    """Connects to a cluster of a kubeconfig."""
    from drills.kube import Cluster

    return Cluster(kubeconfig, context, namespace)


@dataclass(frozen=True)
class World:
    """What the commands meet. Tests have one in which a cluster is made of dictionaries, and answers at once."""

    connect: Callable[[Path | None, str | None, str | None], Cluster] = connect
    patience: Patience | None = None


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

    world: World = World()

    def cluster(self) -> Cluster:
        """The cluster that the options name."""
        return self.world.connect(self.kubeconfig, self.context, self.namespace)


Register = Callable[[typer.Typer, World], None]
COMMANDS: Final[list[Register]] = []
"""Each adds its command to an application, in the order of the help."""


def command(name: str, example: str, own: Sequence[inspect.Parameter] | None = None) -> Callable[..., Any]:
    """A command whose first parameter is Where, whose fields become options of the command.

    `own`: its other options; by default they are the function's other parameters.
    """

    def register(function: Callable[..., None]) -> Callable[..., None]:
        def typed(of: Any) -> list[inspect.Parameter]:
            return [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in of]

        first = typed(own if own is not None else [*inspect.signature(function, eval_str=True).parameters.values()][1:])
        shared = [each for each in typed(inspect.signature(Where, eval_str=True).parameters.values()) if _said(each)]

        def add(app: typer.Typer, world: World) -> None:
            @functools.wraps(function)
            def call(**given: Any) -> None:
                where = Where(**{each.name: given.pop(each.name) for each in shared}, world=world)
                function(where, **given)

            signature = inspect.Signature([*first, *shared])
            cast(Any, call).__signature__ = signature
            call.__annotations__ = {each.name: each.annotation for each in signature.parameters.values()}
            app.command(name, epilog=f"Example: [b]python -m drills {example}[/b]")(call)

        COMMANDS.append(add)
        return function

    return register


def _said(parameter: inspect.Parameter) -> bool:
    """Whether a field of Where is an option of the commands."""
    return get_origin(parameter.annotation) is Annotated


def options_of(experiment: type[Experiment]) -> list[inspect.Parameter]:
    """An experiment's fields, as options of its command."""
    found = []
    for field in inspect.signature(experiment, eval_str=True).parameters.values():
        kind, option = get_args(field.annotation)
        said = typer.Option(help=option.help or None, min=option.least) if isinstance(option, Option) else option
        found.append(field.replace(annotation=Annotated[kind, said]))
    return found


def offer(experiment: type[Experiment]) -> None:
    """Adds an experiment's command."""

    def run(where: Where, **fields: Any) -> None:
        _run(where, experiment(**fields))

    run.__doc__ = experiment.__doc__
    command(experiment.name, experiment.example, options_of(experiment))(run)


for _experiment in EXPERIMENTS.values():
    offer(_experiment)


@command("all", "all --report /tmp/report")
def all_(where: Where) -> None:
    """Every experiment in turn, and one report."""
    _run(where, *(experiment() for experiment in EXPERIMENTS.values()), report="all")


@command("status", "status --namespace shop")
def status(where: Where) -> None:
    """The members: role, replication, transactions, claim, node; how far a clone is. Changes nothing."""
    from drills.commands import status as members
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
    from drills.commands import cleanup as cleaning
    from drills.target import find

    cluster = where.cluster()
    target = find(cluster, where.name)
    _ask(where, cluster, ["put back and remove what the drills left"])
    cleaning.leftovers(cluster, target, _console().print)
    if spare_claims or everything:
        agreed = functools.partial(_typed, target, delete_data)
        cleaning.workload(cluster, target, _console().print, everything, spare_claims, agreed)


def _run(where: Where, *experiments: Experiment, report: str | None = None) -> None:
    from drills import report as reports
    from drills.runner import Run, RunInterruptedError
    from drills.target import find

    cluster = where.cluster()
    target = find(cluster, where.name)
    _ask(where, cluster, [f"{each.name}: {line}" for each in experiments for line in each.plan(target)])
    interrupted = False
    try:
        found = Run(cluster, target, _console().print, where.world.patience).run(experiments)
    except RunInterruptedError as stopped:
        found, interrupted = stopped.report, True
    file = reports.write(found, where.report, report or experiments[0].name)
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


def main(arguments: Sequence[str] | None = None, world: World | None = None) -> None:
    """Run a command; what is wrong is one line on standard error, never a traceback. By default: what was typed."""
    app = typer.Typer(
        help=HELP,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
    )
    for add in COMMANDS:
        add(app, world or World())
    try:
        app(args=arguments, prog_name="python -m drills")
    except DrillError as error:
        print(f"drills: {error}", file=sys.stderr)
        sys.exit(1)
