"""What a person types and reads: each command reaches its work, and every refusal is lines, never a traceback."""

from __future__ import annotations

import inspect
import io
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from localcloud import cli, commands, preflight, report
from localcloud.cluster import lifecycle, nodes, outages
from localcloud.commands import Request
from localcloud.host import shell
from localcloud.host.errors import LocalCloudError
from localcloud.host.paths import Checkout, State
from localcloud.host.progress import Progress
from localcloud.stacks import pulumi
from tests.support.places import SLOT, Apart
from tests.unit.localcloud.fakes import need, quiet


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    """One with the stacks `dev` and `local`, where any work that a test does not stand in for fails."""
    for name in ("local", "dev"):
        text = "config:\n  statefulsets:target:\n    context: statefulsets-local\n"
        (tmp_path / f"Pulumi.{name}.yaml").write_text(text)
    monkeypatch.setattr(preflight, "refuse_unless_fit", mock.Mock(side_effect=AssertionError("it went on")))
    state = State(tmp_path / "state", Apart(lock=tmp_path / "lock"))
    return Checkout(tmp_path, state, tmp_path / "cache")


def call(checkout: Checkout, *arguments: str) -> int:
    """`python -m localcloud ARGUMENTS` in a checkout; its exit status."""
    with pytest.raises(SystemExit) as end:
        cli.main(arguments, checkout)
    return end.value.code if isinstance(end.value.code, int) else int(end.value.code is not None)


@pytest.mark.parametrize(
    ("arguments", "module", "work", "gets"),
    [
        (("up",), commands, "up", {"request": Request()}),
        (("up", "--nodes", "3"), commands, "up", {"request": Request(nodes=3)}),
        (("node", "stop", "2"), outages, "stop", {"number": 2, "unnoticed": False}),
        (("node", "stop", "2", "--unnoticed"), outages, "stop", {"number": 2, "unnoticed": True}),
        (("node", "start", "2"), outages, "start", {"number": 2}),
        (("node", "partition", "1"), outages, "partition", {"number": 1}),
        (("node", "heal", "1"), outages, "heal", {"number": 1}),
        (
            ("up", "--stack", "dev", "--cluster", "current", "--yes"),
            commands,
            "up",
            {"request": Request("dev", "current", yes=True)},
        ),
        (("preview", "--stack", "dev"), commands, "preview", {"request": Request("dev")}),
        (("down",), commands, "down", {}),
        (("destroy", "--stack", "dev", "--yes"), commands, "destroy", {"request": Request("dev", yes=True)}),
        (("erase",), commands, "erase", {"request": Request()}),
        (("status",), report, "status", {}),
        (("logs", "kubelet", "--follow"), report, "logs", {"name": "kubelet", "follow": True}),
    ],
)
def test_each_command_reaches_its_work_with_what_was_typed(
    arguments: tuple[str, ...],
    module: Any,
    work: str,
    gets: dict[str, Any],
    checkout: Checkout,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = getattr(module, work)
    stand_in = mock.create_autospec(real)
    monkeypatch.setattr(module, work, stand_in)
    assert call(checkout, *arguments) == 0
    got = inspect.signature(real).bind(*stand_in.call_args.args, **stand_in.call_args.kwargs).arguments
    assert got.get("checkout", checkout) == checkout
    assert got.get("state", checkout.state) == checkout.state
    assert isinstance(got.get("progress", quiet()), Progress)
    assert {name: got[name] for name in gets} == gets


def test_a_refusal_is_one_line_a_problem_and_exit_status_1(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    refusal = LocalCloudError("24.9 GB free", "not root: [bold]sudo[/bold]")
    monkeypatch.setattr(preflight, "refuse_unless_fit", mock.Mock(side_effect=refusal))
    assert call(checkout, "up") == 1
    said = capsys.readouterr()
    assert said.err == "localcloud: 24.9 GB free\nlocalcloud: not root: [bold]sudo[/bold]\n"
    assert said.out == ""


@pytest.mark.parametrize("count", ["0", "7", "-1"])
def test_a_number_of_nodes_that_no_cluster_has_is_refused_before_anything_else(
    count: str, checkout: Checkout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(checkout, "up", "--nodes", count) == 1
    assert capsys.readouterr().err == f"localcloud: a cluster of {count} nodes: it has 1 to 6\n"
    assert not checkout.state.root.exists()


def test_nodes_are_a_matter_of_the_local_cluster_only(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(checkout, "up", "--cluster", "kind", "--nodes", "3") == 1
    line = "localcloud: the number of nodes can be chosen of the local cluster only\n"
    assert capsys.readouterr().err == line


@pytest.mark.parametrize("where", ["local", "kind", "current"])
def test_an_unknown_stack_is_refused_with_the_known_ones_before_anything_else(
    where: str, checkout: Checkout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(checkout, "up", "--stack", "prod", "--cluster", where) == 1
    assert capsys.readouterr().err == "localcloud: no Pulumi.prod.yaml here; stacks: dev, local\n"
    assert not checkout.state.root.exists()


@pytest.mark.parametrize("command", ["up", "preview", "down", "destroy", "erase"])
def test_ctrl_c_is_a_line_and_exit_status_130(
    command: str, checkout: Checkout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(commands, command, mock.Mock(side_effect=KeyboardInterrupt))
    assert call(checkout, command) == 130
    line = "localcloud: interrupted; `make up` goes on where it stopped, `make down` stops everything"
    assert capsys.readouterr().err.strip() == line


def test_a_preview_or_destroy_without_a_cluster_says_to_start_it(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(nodes, "ready", lambda state: False)
    for command in ("preview", "destroy"):
        assert call(checkout, command) == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("localcloud: the cluster does not run")
        assert line.endswith("`make up` first")


def test_data_is_not_erased_without_a_yes(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(lifecycle, "parts", lambda state: [])
    (checkout.state.root / "nodes").mkdir(parents=True)
    monkeypatch.setattr(sys, "stdin", io.StringIO())  # a CI job has nobody to ask
    assert call(checkout, "erase") == 1
    assert (checkout.state.root / "nodes").exists()
    assert call(checkout, "erase", "--yes") == 0
    assert not checkout.state.root.exists()
    capsys.readouterr()
    assert call(checkout, "erase") == 0
    assert "nothing to erase" in capsys.readouterr().err


def test_an_unknown_log_is_refused_with_the_known_ones(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(checkout, "logs", "kube") == 1
    assert capsys.readouterr().err == "localcloud: no log has 'kube' in its name; logs: none yet\n"
    (checkout.state.root / "logs").mkdir(parents=True)
    for name in ("etcd.log", "coredns.log", "coredns.log.1"):
        (checkout.state.root / "logs" / name).touch()
    assert call(checkout, "logs", "kube") == 1
    assert capsys.readouterr().err == "localcloud: no log has 'kube' in its name; logs: coredns, etcd\n"


def test_the_lines_of_make_env_mean_the_same_in_a_shell_whatever_the_directory_is_called(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sh, odd = need("sh"), checkout.root / "it's a $HOME"
    checkout = replace(checkout, state=State(odd, SLOT))
    monkeypatch.setenv("PATH", "/of/make")
    assert call(checkout, "env") == 0
    lines = capsys.readouterr().out
    names = [line.removeprefix("export ").partition("=")[0] for line in lines.splitlines()]
    wanted = pulumi.environment(checkout.state, checkout.root)
    assert names == list(wanted)
    show = "; ".join(f'printf "%s\\n" "${name}"' for name in names)
    done = subprocess.run(
        [sh, "-c", f"{lines}{show}"],
        env={"PATH": "/of/the/user"},
        capture_output=True,
        text=True,
        check=True,
    )
    got = dict(zip(names, done.stdout.splitlines(), strict=True))
    assert {name: value for name, value in got.items() if name != "PATH"} == {
        name: value for name, value in wanted.items() if name != "PATH"
    }
    assert got["PATH"] == wanted["PATH"].removesuffix("/of/make") + "/of/the/user"


def test_a_command_that_fails_says_its_last_line_with_the_command() -> None:
    sh = need("sh")
    with pytest.raises(LocalCloudError, match=r"^`\S*sh -c .*` failed: the reason$"):
        shell.run([sh, "-c", "echo noise >&2; echo the reason >&2; exit 3"])
    with pytest.raises(LocalCloudError, match=r"failed: on the other channel$"):
        shell.run([sh, "-c", "echo on the other channel; exit 3"])
    with pytest.raises(LocalCloudError, match=r"failed: exit 3$"):
        shell.run([sh, "-c", "exit 3"])
    with pytest.raises(LocalCloudError, match=r"^`no-such-program` is not on this machine$"):
        shell.run(["no-such-program", "x"])
    with pytest.raises(LocalCloudError, match=r"^`\S*sleep 60` did not end within 0 s$"):
        shell.run([need("sleep"), "60"], timeout=0.05)
    assert shell.run([sh, "-c", 'read x; echo "$x$Y"'], stdin="in\n", env={"Y": "env"}) == "inenv\n"


def test_whether_a_command_succeeds_is_a_plain_answer_even_when_it_is_not_there() -> None:
    sh = need("sh")
    assert shell.succeeds([sh, "-c", "exit 0"])
    assert not shell.succeeds([sh, "-c", "exit 1"])
    assert not shell.succeeds(["no-such-program"])
