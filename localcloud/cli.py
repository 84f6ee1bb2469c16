"""`python -m localcloud`: what the Makefile calls. Commands are short; the work is in the modules they name."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated

import typer
from typer import Context

from localcloud.host.errors import LocalCloudError
from localcloud.host.paths import Checkout, checkout
from localcloud.host.progress import Progress
from localcloud.host.slot import MAX_NODES

app = typer.Typer(
    help="GKE on one machine: real Pulumi and a real Kubernetes cluster, and stand-ins only for Google's own API.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


@contextmanager
def _interruptible() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        print(
            "\nlocalcloud: interrupted; `make up` goes on where it stopped, `make down` stops everything",
            file=sys.stderr,
        )
        raise typer.Exit(130) from None


Stack = Annotated[str, typer.Option(help="The stack file to bring up: Pulumi.<stack>.yaml.")]


Cloud = Annotated[str, typer.Option(help="What stands behind a stack of Google's: real, or standin on this machine.")]
Nodes = Annotated[int | None, typer.Option(help=f"Nodes of the local cluster from now on, 1 to {MAX_NODES}.")]


@app.command(epilog="Example: [b]python -m localcloud up --stack local --nodes 3[/b]")
def up(
    context: Context,
    stack: Stack = "local",
    cluster: str = "local",
    nodes: Nodes = None,
    cloud: Cloud = "real",
    yes: bool = False,
) -> None:
    """Get the tools, start the cluster, build the images, `pulumi up`; then show the pods.

    Run it again at any time: it repairs what died and changes nothing that is in order.
    `--cluster current` uses your kubeconfig's current context instead, `--cluster kind` a cluster in Docker.
    `--cloud standin` brings a stack for GKE up on the local cluster, with stand-ins for Google's API.
    """
    from localcloud import commands

    with _interruptible():
        commands.up(context.obj, commands.Request(stack, cluster, nodes, cloud, yes), Progress())


@app.command(epilog="Example: [b]python -m localcloud preview --stack local[/b]")
def preview(context: Context, stack: Stack = "local", cloud: Cloud = "real") -> None:
    """`pulumi preview` of a stack against the local cluster."""
    from localcloud import commands

    with _interruptible():
        commands.preview(context.obj, commands.Request(stack, cloud=cloud), Progress())


@app.command()
def down(context: Context) -> None:
    """Stop the cluster. Its objects and all data stay on disk; `up` brings them back."""
    from localcloud import commands

    with _interruptible():
        commands.down(context.obj.state, Progress())


@app.command(epilog="Example: [b]python -m localcloud destroy --stack local --yes[/b]")
def destroy(context: Context, stack: Stack = "local", cloud: Cloud = "real", yes: bool = False) -> None:
    """`pulumi destroy` the stack. What its durability keeps (volumes, claims) stays; this says what and where."""
    from localcloud import commands

    with _interruptible():
        commands.destroy(context.obj, commands.Request(stack, cloud=cloud, yes=yes), Progress())


@app.command()
def erase(context: Context, yes: bool = False) -> None:
    """Delete the stopped cluster with ALL data on its local volumes. Asks first."""
    from localcloud import commands

    with _interruptible():
        commands.erase(context.obj, commands.Request(yes=yes), Progress())


@app.command()
def status(context: Context) -> None:
    """The processes of the cluster, its nodes, pods and volumes."""
    from localcloud import report

    report.status(context.obj.state)


@app.command()
def doctor(context: Context) -> None:
    """Every condition the cluster needs, whether it holds here, and whether the cached programs are intact."""
    from localcloud import report

    sys.exit(report.doctor(context.obj.state, context.obj.cache))


@app.command(epilog="Example: [b]python -m localcloud logs kubelet --follow[/b]")
def logs(
    context: Context,
    name: Annotated[str, typer.Argument(help="Part of a process name; all when empty.")] = "",
    follow: bool = False,
) -> None:
    """The last lines of the processes' logs."""
    from localcloud import report

    report.logs(context.obj.state, name, follow)


@app.command(
    epilog='Example: [b]eval "$(make -s env)"[/b], then [b]pulumi stack output[/b] and [b]kubectl get pods[/b].'
)
def env(context: Context, cloud: Cloud = "real") -> None:
    """Shell lines that make plain `pulumi` and `kubectl` mean this checkout's cluster.

    The passwords that `make up` made are in the copy of the stack file that it gives to Pulumi, so a command that needs
    them is told `--stack local --config-file .localcloud/Pulumi.local.yaml`. With `--cloud standin` the lines mean the
    stacks that were brought up so: `--stack dev-standin --config-file .localcloud/standin/Pulumi.dev-standin.yaml`.
    """
    from localcloud.stacks import pulumi
    from localcloud.stacks.standin import Standin

    here = Standin(context.obj.state.root, context.obj.state.slot) if cloud == "standin" else context.obj.state
    for name, value in pulumi.environment(here, context.obj.root).items():
        if name == "PATH":
            value = f"{shlex.quote(value.split(':')[0])}:{shlex.quote(value.split(':')[1])}:$PATH"
            print(f"export PATH={value}")
        else:
            print(f"export {name}={shlex.quote(value)}")


@app.command()
def yaml(context: Context) -> None:
    """The language host of Pulumi programs in YAML, beside the other programs of this checkout."""
    from localcloud.cluster import lifecycle
    from localcloud.toolchain import YAML_HOST, install

    with _interruptible():
        lifecycle.link_programs(context.obj.state, install.programs(context.obj.cache, Progress(), [YAML_HOST]))


node = typer.Typer(
    help="Outages of one node, for drills: `make up` ends them all.", no_args_is_help=True, rich_markup_mode="rich"
)
app.add_typer(node, name="node")
Number = Annotated[int, typer.Argument(help="The node's number: 2 is statefulsets-2.", show_default=False)]


@node.command(epilog="Example: [b]python -m localcloud node stop 2[/b]")
def stop(
    context: Context,
    number: Number,
    unnoticed: Annotated[
        bool, typer.Option("--unnoticed", help="Tell the API nothing: pods wait for the node to come back.")
    ] = False,
) -> None:
    """Cut a node's power: its kubelet, containers and network are gone in one moment.

    The API is told that the node is off (taint node.kubernetes.io/out-of-service), so its pods may go elsewhere.
    """
    from localcloud.cluster import outages

    with _interruptible():
        outages.stop(context.obj.state, number, Progress(), unnoticed=unnoticed)


@node.command(epilog="Example: [b]python -m localcloud node start 2[/b]")
def start(context: Context, number: Number) -> None:
    """Power a node on and wait until it is Ready."""
    from localcloud.cluster import outages

    with _interruptible():
        outages.start(context.obj.state, number, Progress())


@node.command(epilog="Example: [b]python -m localcloud node partition 2[/b]")
def partition(context: Context, number: Number) -> None:
    """Cut a node off from the others and from the API; what runs on it goes on running."""
    from localcloud.cluster import outages

    with _interruptible():
        outages.partition(context.obj.state, number, Progress())


@node.command(epilog="Example: [b]python -m localcloud node heal 2[/b]")
def heal(context: Context, number: Number) -> None:
    """Reconnect a partitioned node and wait until it is Ready."""
    from localcloud.cluster import outages

    with _interruptible():
        outages.heal(context.obj.state, number, Progress())


def main(arguments: Sequence[str] | None = None, here: Checkout | None = None) -> None:
    """Run a command; a refusal is one line per problem on standard error, never a traceback.

    `arguments`: those of the command line when there are none. `here`: the checkout, if not the one of this code.
    """
    try:
        app(arguments, obj=here or checkout())
    except LocalCloudError as refusal:
        for problem in refusal.problems:
            print(f"localcloud: {problem}", file=sys.stderr)
        sys.exit(1)
