"""Stacks on clusters of their own: told apart from local ones, and refused early without Google credentials."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from localcloud.host import paths
from localcloud.host.errors import LocalCloudError
from localcloud.host.paths import Checkout
from localcloud.host.progress import Progress
from localcloud.stacks import remote


@pytest.fixture(autouse=True)
def _nobodys_google(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("GOOGLE_CREDENTIALS", "GOOGLE_OAUTH_ACCESS_TOKEN", "GOOGLE_APPLICATION_CREDENTIALS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path / "gcloud"))


HERE = paths.checkout()


def at(root: Path) -> Checkout:
    return replace(HERE, root=root)


def test_only_the_local_stack_is_for_the_local_cluster() -> None:
    assert {name: remote.is_remote(HERE, name) for name in ("local", "dev", "prod")} == {
        "local": False,
        "dev": True,
        "prod": True,
    }


@pytest.mark.parametrize(
    ("line", "is_remote"),
    [
        ("context: statefulsets-local", False),
        ('context: "statefulsets-local"  # made by make up', False),
        ("context: gke_shop_europe-west1_shop", True),
        ("context: statefulsets-local-2", True),
        ("# context: statefulsets-local", True),
    ],
)
def test_the_context_decides_however_it_is_written(line: str, is_remote: bool, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.x.yaml").write_text(f"config:\n  statefulsets:target:\n    {line}\n")
    assert remote.is_remote(at(tmp_path), "x") is is_remote


def test_a_stack_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(LocalCloudError, match=r"no Pulumi\.nope\.yaml here; stacks: .*dev.*local.*prod"):
        remote.is_remote(HERE, "nope")


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_a_google_stack_without_credentials_is_refused_before_any_tool_is_fetched(stack: str, tmp_path: Path) -> None:
    with pytest.raises(LocalCloudError) as refused:
        remote.operate(replace(HERE, cache=tmp_path / "cache"), stack, "preview", False, Progress())
    assert refused.value.problems == (
        f"Pulumi.{stack}.yaml needs Google Cloud and no credentials were found; run "
        "`gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS to a key file; "
        f"`make up STACK={stack} CLOUD=standin` tries it on this machine, without Google",
    )
    assert not (tmp_path / "cache").exists()


def test_credentials_are_found_where_googles_libraries_look(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert not remote.has_google()
    (tmp_path / "gcloud").mkdir()
    (tmp_path / "gcloud/application_default_credentials.json").write_text("{}")
    assert remote.has_google()
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "gone.json"))
    assert not remote.has_google(), "a key file that is named but missing decides"


def test_a_stack_file_that_is_not_yaml_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.torn.yaml").write_text("config:\n  a: [1\n")
    with pytest.raises(LocalCloudError, match=r"^Pulumi\.torn\.yaml is not YAML: .* line 3"):
        remote.needs_google(at(tmp_path), "torn")
