"""CLOUD=standin: what Pulumi is given for a stack of Google's, and that the tracked file stays as it is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from localcloud import commands, gce
from localcloud.commands import Request
from localcloud.gce.provider import VERSION
from localcloud.host.errors import LocalCloudError
from localcloud.host.paths import Checkout, State
from localcloud.images import builder
from localcloud.node import node
from localcloud.stacks import files, pulumi, standin
from localcloud.stacks.pulumi import Stack
from tests.support.places import SLOT
from tests.unit.localcloud.fakes import calls, quiet, said, with_pulumi

GOOGLE = """\
# mine
config:
  gcp:project: acme-dev
  statefulsets:target:
    context: gke_acme-dev_europe-west1-b_dev
    namespace: default
  statefulsets:workloads:
    kubia: {kind: kubia, storage: {kind: gce-disks}}
    db: {kind: mysql, image: mysql:8.4}
    orders: {kind: cloud-sql, region: eu-a1, databases: [], users: [{name: a, passwordKey: ordersPassword}]}
"""
KUBECONFIG = {
    "clusters": [{"name": "c", "cluster": {"server": "https://10.213.0.1:6443"}}],
    "users": [{"name": "u", "user": {"token": "t"}}],
    "contexts": [{"name": "statefulsets-local", "context": {"cluster": "c", "user": "u"}}],
    "current-context": "statefulsets-local",
}

# Keeps a stack and its file as Pulumi does, and what it is told on its command line.
PULUMI = r"""
printf '%s\n' "$*" >>calls
printf '%s\n' "$PULUMI_HOME" >homes
for last; do :; done
case "$*" in
*"stack init"*)
  printf 'encryptionsalt: v1:salt\n' >"$3/Pulumi.$last.yaml"
  kept="${PULUMI_BACKEND_URL#file://}/.pulumi/stacks/statefulsets"
  /bin/mkdir -p "$kept"
  echo '{}' >"$kept/$last.json"
  ;;
*"config set"*)
  while [ "$1" != --config-file ]; do shift; done
  read -r password || [ -n "$password" ]
  printf '  %s:\n    secure: v1:%s\n' "$last" "$password" >>"$2"
  ;;
esac
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.dev.yaml").write_text(GOOGLE)
    local = GOOGLE.replace("gke_acme-dev_europe-west1-b_dev", "statefulsets-local")
    (tmp_path / "Pulumi.local.yaml").write_text(local)
    return tmp_path


@pytest.fixture
def checkout(root: Path) -> Checkout:
    checkout = with_pulumi(root, PULUMI)
    checkout.state.kubeconfig.write_text(yaml.safe_dump(KUBECONFIG))
    return checkout


@pytest.fixture
def state(checkout: Checkout) -> State:
    return checkout.state


def prepare(checkout: Checkout) -> Stack:
    return standin.prepare(checkout, "dev", checkout.state.root / "provider", quiet())


def config(stack: Stack) -> dict[str, Any]:
    return dict(pulumi.described(stack.file).config)


def test_the_tracked_file_is_only_read_and_pulumi_gets_a_copy_with_the_stand_ins_addresses(
    root: Path, checkout: Checkout
) -> None:
    there = prepare(checkout)
    assert (root / "Pulumi.dev.yaml").read_text() == GOOGLE
    assert sorted(path.name for path in root.glob("Pulumi*")) == ["Pulumi.dev.yaml", "Pulumi.local.yaml"]
    given, tracked = config(there), pulumi.described(root / "Pulumi.dev.yaml").config
    assert {key: given.pop(key) for key in tracked} == tracked
    assert given.pop("gcp:computeCustomEndpoint") == gce.compute_url(SLOT)
    assert given.pop("gcp:sqlCustomEndpoint") == gce.sql_url(SLOT)
    assert all(set(value) == {"secure"} for value in given.values())
    assert yaml.safe_load(there.file.read_text())["encryptionsalt"] == "v1:salt"
    assert there.file.stat().st_mode & 0o077 == 0


def test_every_password_that_the_stack_names_is_made_once_and_on_no_command_line(
    root: Path, checkout: Checkout
) -> None:
    made = {key: value["secure"] for key, value in config(prepare(checkout)).items() if files.is_secret(value)}
    assert len(made) == 6
    assert "statefulsets:ordersPassword" in made
    again = {key: value["secure"] for key, value in config(prepare(checkout)).items() if files.is_secret(value)}
    assert again == made
    told = "\n".join(calls(root))
    assert not any(value.removeprefix("v1:") in told for value in made.values())


def test_a_change_of_the_tracked_file_comes_through_and_its_own_secrets_do_not(root: Path, checkout: Checkout) -> None:
    prepare(checkout)
    secret = "  statefulsets:ordersPassword:\n    secure: v1:of-the-real-stack\n"
    (root / "Pulumi.dev.yaml").write_text(GOOGLE.replace("acme-dev\n", "acme-two\n", 1) + secret)
    there = prepare(checkout)
    assert config(there)["gcp:project"] == "acme-two"
    assert "of-the-real-stack" not in there.file.read_text()


def test_the_stack_is_called_a_stand_in_and_has_a_home_and_state_of_its_own(
    root: Path, checkout: Checkout, state: State
) -> None:
    there = prepare(checkout).state
    inits = [line for line in calls(root) if "stack init" in line]
    assert [line.rpartition(" ")[2] for line in inits] == ["dev-standin"]
    assert (root / "homes").read_text().strip() == str(there.pulumi_home)
    for own, local in ((there.pulumi_home, state.pulumi_home), (there.pulumi_state, state.pulumi_state)):
        assert own.is_dir()
        assert not local.exists(), "what local stacks use was touched"
    program = there.pulumi_home / "plugins" / f"resource-gcp-v{VERSION}" / "pulumi-resource-gcp"
    assert "Not Google's" in program.read_text()
    assert f"STATEFULSETS_STANDIN_TOKEN_FILE={state.root}/gce/token " in program.read_text()
    assert program.stat().st_mode & 0o111


def test_every_run_says_that_google_is_not_asked(checkout: Checkout) -> None:
    progress = quiet()
    standin.prepare(checkout, "dev", checkout.state.root / "provider", progress)
    assert "GCE and Cloud SQL are stand-ins" in said(progress)


def test_the_stacks_context_means_the_local_cluster_and_there_is_no_other(checkout: Checkout, state: State) -> None:
    there = prepare(checkout).state
    found = yaml.safe_load(there.kubeconfig.read_text())
    (context,) = found["contexts"]
    assert context == {"name": "gke_acme-dev_europe-west1-b_dev", "context": {"cluster": "c", "user": "u"}}
    assert found["current-context"] == context["name"]
    assert found["clusters"] == KUBECONFIG["clusters"]
    assert there.kubeconfig.stat().st_mode & 0o077 == 0
    assert yaml.safe_load(state.kubeconfig.read_text()) == KUBECONFIG


def test_what_has_no_use_for_the_stand_in_is_refused(root: Path, checkout: Checkout) -> None:
    with pytest.raises(LocalCloudError, match="needs no cloud; leave CLOUD away"):
        standin.refuse(checkout, "local", "local")
    with pytest.raises(LocalCloudError, match="leave CLUSTER=kind away"):
        standin.refuse(checkout, "dev", "kind")
    (root / "Pulumi.dev.yaml").write_text(re.sub(" +context: .*\n", "", GOOGLE))
    with pytest.raises(LocalCloudError, match="has no context"):
        standin.refuse(checkout, "dev", "local")
    with pytest.raises(LocalCloudError, match="CLOUD=fake: allowed are real"):
        commands.preview(checkout, Request("dev", cloud="fake"), quiet())


@pytest.mark.parametrize(
    ("image", "whole"),
    [
        ("mysql:8.4", "docker.io/library/mysql:8.4"),
        ("luksa/kubia-pet", "docker.io/luksa/kubia-pet:latest"),
        ("k8s.gcr.io/nginx-slim:0.8", "k8s.gcr.io/nginx-slim:0.8"),
        ("localhost/statefulsets/mysql:9.7", "localhost/statefulsets/mysql:9.7"),
        ("localhost:5000/a", "localhost:5000/a:latest"),
        ("ghcr.io/a/b@sha256:0", "ghcr.io/a/b@sha256:0"),
    ],
)
def test_an_images_whole_name_is_the_one_that_a_node_looks_for(image: str, whole: str) -> None:
    assert standin.whole_name(image) == whole


def test_images_of_ours_stand_in_for_those_that_a_stack_names_or_leaves_to_its_workloads(root: Path) -> None:
    assert standin.images(root / "Pulumi.dev.yaml") == {
        "docker.io/library/mysql:8.4": "localhost/statefulsets/mysql:9.7",
        "docker.io/luksa/kubia-pet:latest": "localhost/statefulsets/kubia:1",
    }
    own = GOOGLE.replace("image: mysql:8.4", "image: ghcr.io/acme/mysql:8.4")
    (root / "Pulumi.dev.yaml").write_text(own)
    assert list(standin.images(root / "Pulumi.dev.yaml")) == ["docker.io/luksa/kubia-pet:latest"], (
        "an image of the user's own is pulled"
    )


def test_a_stack_with_a_cloud_sql_workload_has_a_mysqld_built_for_it_or_is_told_that_there_is_none(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[tuple[str, Path]] = []
    monkeypatch.setattr(builder, "build", lambda name, cache, say: built.append((name, cache)))
    commands.build_servers(root, root / "Pulumi.dev.yaml", quiet())
    assert built == [("localhost/statefulsets/mysql:9.7", root / "images")]

    def fails(name: str, cache: Path, say: object) -> None:
        raise builder.ImageBuildError("no Debian mirror")

    monkeypatch.setattr(builder, "build", fails)
    progress = quiet()
    commands.build_servers(root, root / "Pulumi.dev.yaml", progress)
    assert "Cloud SQL's instances may have no MySQL behind them: no Debian mirror" in said(progress)
    (root / "Pulumi.dev.yaml").write_text(GOOGLE.replace("kind: cloud-sql", "kind: mysql"))
    commands.build_servers(root, root / "Pulumi.dev.yaml", quiet())


def test_every_image_that_stands_in_can_be_built() -> None:
    assert set(standin.IMAGES.values()) <= set(builder.IMAGES)


@pytest.mark.parametrize("kind", ["kubia", "nginx", "mysql"])
def test_the_default_image_of_a_kind_has_one_that_stands_in(kind: str, root: Path) -> None:
    (root / "Pulumi.dev.yaml").write_text(f"config:\n  statefulsets:workloads:\n    a: {{kind: {kind}}}\n")
    assert len(standin.images(root / "Pulumi.dev.yaml")) == 1


def test_an_image_of_ours_is_given_out_under_the_name_that_pods_ask_for(
    root: Path, checkout: Checkout, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    monkeypatch.setattr(node, "ctr", lambda _, each, *words: done.append(f"{each.name}: {' '.join(words)}"))
    monkeypatch.setattr(builder, "build", lambda name, *_: root / f"{name.rpartition('/')[2]}.tar")
    state.node(SLOT.node(0)).mkdir(parents=True)
    progress = quiet()
    given = {"docker.io/library/mysql:8.4": "localhost/statefulsets/mysql:9.7"}
    for _ in range(2):
        commands.import_images(checkout, root / "Pulumi.dev.yaml", progress, check=False, given=given)
    assert [line for line in done if "mysql" in line] == [
        f"statefulsets-0: images import {root}/mysql:9.7.tar",
        "statefulsets-0: images tag --force localhost/statefulsets/mysql:9.7 docker.io/library/mysql:8.4",
    ]
    assert "mysql:8.4 into statefulsets-0, which is ours: localhost/statefulsets/mysql:9.7" in said(progress)
