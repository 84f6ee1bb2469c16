"""A context that is not in the kubeconfig is an error, and is not taken for a cluster that is out of reach."""

from __future__ import annotations

import os
from pathlib import Path

import pulumi
import pytest

from components.config import kubeconfig
from components.config.kubeconfig import problem as of
from components.model.target import Target
from tests.support.recording import record
from tests.unit.components.programs import NO_HISTORY, export, kubia, parsed, target

TWO = """
clusters:
- {name: a, cluster: {server: "https://a"}}
contexts:
- {name: prod, context: {cluster: a, user: me}}
- {name: broken, context: {cluster: missing}}
current-context: prod
"""
OTHER = '{"contexts": [{"name": "dev", "context": {"cluster": "b"}}], "clusters": [{"name": "b", "cluster": {"server": "https://b"}}]}'


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "one").write_text(TWO)
    (tmp_path / "two").write_text(OTHER)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "one"))
    return tmp_path


def said(context: str | None = None, kubeconfig: str | None = None) -> str | None:
    problem = of(Target(context=context, kubeconfig=kubeconfig))
    return None if problem is None else str(problem)


def test_every_context_of_the_file_is_known(files: Path) -> None:
    assert [said(context=name) for name in ("prod", "broken")] == [None, None]
    assert kubeconfig.server("dev", str(files / "two")) == "https://b"
    assert kubeconfig.server(None, str(files / "one")) == "https://a"
    assert kubeconfig.server("prod", str(files / "two")) == ""
    assert kubeconfig.server("prod", str(files / "nowhere")) == ""


def test_one_that_is_not_there_is_told_with_those_that_are(files: Path) -> None:
    assert said(context="prd") == (
        f'statefulsets:target.context: "prd" is no context of {files}/one; its contexts are broken, prod; did you mean'
        " prod?"
    )


def test_a_file_that_the_stack_names_counts_alone(files: Path) -> None:
    assert said(context="dev", kubeconfig=str(files / "two")) is None
    assert "its contexts are dev" in str(said(context="prod", kubeconfig=str(files / "two")))
    assert said(kubeconfig=str(files / "one")) is None
    assert f"statefulsets:target.kubeconfig: there is no kubeconfig {files}/no;" in str(
        said(kubeconfig=str(files / "no"))
    )


def test_several_files_are_more_than_the_provider_reads(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(str(files / name) for name in ("one", "two")))
    assert "KUBECONFIG names several files and the Kubernetes provider reads one" in str(said(context="prod"))
    assert said(context="dev", kubeconfig=str(files / "two")) is None


@pytest.mark.parametrize("text", ["contexts: [", "\x00", "- a", "contexts: {a: b}", "contexts: [a, {name: 1}]", ""])
def test_a_file_that_is_none_is_one_line(text: str, tmp_path: Path) -> None:
    (tmp_path / "odd").write_text(text)
    line = str(said(context="prod", kubeconfig=str(tmp_path / "odd")))
    assert line.startswith("statefulsets:target.")
    assert "\n" not in line


def test_no_kubeconfig_at_all_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(kubeconfig, "USUAL", str(tmp_path / "none"))
    assert f"there is no kubeconfig {tmp_path}/none; name one that reaches" in str(said(context="prod"))


def test_nothing_is_registered_for_a_context_that_is_not_there() -> None:
    stack = parsed({"kubia": kubia()}, target(context="tset"))
    recorded = record(lambda: export(stack), calls=NO_HISTORY, raises=pulumi.RunError)
    assert "did you mean test?" in str(recorded.error)
    assert (recorded.resources, recorded.calls) == ((), ())
