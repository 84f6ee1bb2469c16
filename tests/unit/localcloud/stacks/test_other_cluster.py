"""Another cluster than our own: asked for, only by its own kubeconfig, and never mixed up with any other."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import typer

from localcloud.host.errors import LocalCloudError
from localcloud.host.paths import CONTEXT, Checkout, State
from localcloud.host.progress import Progress
from localcloud.stacks import other_cluster, pulumi
from localcloud.stacks.pulumi import Stack
from localcloud.toolchain import install
from localcloud.toolchain.catalog import Tool
from localcloud.toolchain.install import Resolved
from tests.support.places import SLOT
from tests.unit.localcloud.fakes import quiet, script, tree

SERVER = "https://203.0.113.5:6443"
STACK = """\
config:
  statefulsets:workloads:
    kubia:
      kind: kubia
      storage:
        kind: local
        volumes:
          - name: pv-a
            node: worker-1  # the big one
            path: /srv/volumes/a
          - {name: pv-b, node: "worker-2", path: /srv/volumes/b}
          # node: worker-3
"""


class Elsewhere:
    """A checkout, a kubectl with a current context, and what `up` asked for."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.checkout, self.bin, self.cache, self.home = (root / name for name in ("checkout", "bin", "cache", "home"))
        self.state = State(self.checkout / ".localcloud", SLOT)
        self.happened: list[tuple[str, ...]] = []
        for directory in (self.checkout, self.home, self.cache):
            directory.mkdir()
        (self.checkout / "Pulumi.local.yaml").write_text(STACK)
        self.config = self.home / "config"
        self.config.write_text(json.dumps(kubeconfig("production")))
        self.nodes("worker-1", "worker-2", "worker-3")
        self.kubectl()
        monkeypatch.setenv("PATH", str(self.bin))
        monkeypatch.setenv("KUBECONFIG", str(self.config))
        monkeypatch.setattr(install, "resolve", self.resolve)
        monkeypatch.setattr(pulumi, "prepare", lambda stack, provider: self.prepare(stack))
        monkeypatch.setattr(pulumi, "up", lambda stack, progress: self.note("up", stack))

    def kubectl(self) -> None:
        """One that shows the user's kubeconfig, and the nodes of the cluster that it is told to ask."""
        body = f"""
printf '%s\\n' "$*" >>{self.home}/calls
case "$*" in
*"config view"*) /bin/cat "$KUBECONFIG" ;;
*"get nodes"*) /bin/cat {self.home}/nodes ;;
*"get pods"*) echo 'kubia-0 Running' ;;
esac"""
        script(self.bin, "kubectl", body)

    def nodes(self, *names: str) -> None:
        items = [{"metadata": {"labels": {"kubernetes.io/hostname": name}}} for name in names]
        (self.home / "nodes").write_text(json.dumps({"items": items}))

    def note(self, what: str, stack: Stack) -> None:
        self.happened.append((what, str(stack.state.root), stack.name))

    def prepare(self, stack: Stack) -> None:
        self.note("prepare", stack)
        stack.file.write_text(stack.tracked.read_text())

    def resolve(self, cache: Path, progress: Progress, tools: Sequence[Tool]) -> list[Resolved]:
        self.happened.append(("resolve", *(tool.name for tool in tools)))
        resolved = []
        for tool in tools:
            for program in tool.programs:
                (self.cache / program).write_text(program)
            resolved.append(Resolved(tool, {program: self.cache / program for program in tool.programs}, "cache"))
        return resolved

    def up(self, where: str = "current", yes: bool = True) -> State:
        """`make up CLUSTER=where`; the state of that cluster."""
        other_cluster.up(Checkout(self.checkout, self.state, self.cache), "local", where, yes, quiet())
        return State(next((self.state.root / "elsewhere").iterdir()), SLOT)


def kubeconfig(context: str, server: str = SERVER) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": context,
        "contexts": [{"name": context, "context": {"cluster": "c", "user": "u", "namespace": "shop"}}],
        "clusters": [{"name": "c", "cluster": {"server": server, "certificate-authority-data": "QQ=="}}],
        "users": [{"name": "u", "user": {"token": "secret"}}],
    }


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Elsewhere:
    return Elsewhere(tmp_path, monkeypatch)


def test_the_stack_goes_up_on_the_current_context_with_a_state_of_its_own(
    place: Elsewhere, capsys: pytest.CaptureFixture[str]
) -> None:
    there = place.up()
    assert [each[0] for each in place.happened] == ["resolve", "prepare", "up"]
    assert place.happened[1:] == [("prepare", str(there.root), "local"), ("up", str(there.root), "local")]
    assert there.root.stat().st_mode & 0o777 == 0o700
    assert capsys.readouterr().out == "kubia-0 Running\n"


def test_only_pulumis_own_tools_are_got_for_a_cluster_that_is_there(place: Elsewhere) -> None:
    there = place.up()
    what, *tools = place.happened[0]
    assert what == "resolve"
    assert sorted(tools) == ["pulumi", "pulumi-language-python", "pulumi-resource-kubernetes"]
    linked = sorted(path.name for path in there.bin.iterdir())
    assert linked == ["pulumi", "pulumi-language-python", "pulumi-language-python-exec"], "plugins do not go on PATH"


def test_the_kubeconfig_that_is_used_has_the_one_context_and_is_for_its_owner_only(place: Elsewhere) -> None:
    there = place.up()
    assert there.kubeconfig.stat().st_mode & 0o777 == 0o600
    written = json.loads(there.kubeconfig.read_text())
    assert written == {**kubeconfig(CONTEXT), "current-context": CONTEXT}


def test_the_users_own_kubeconfig_is_only_read(place: Elsewhere) -> None:
    place.config.chmod(0o400)
    before = tree(place.home)
    there = place.up()
    calls = (place.home / "calls").read_text().splitlines()
    assert calls == [
        "config view --minify --flatten --raw -o json",
        f"--kubeconfig={there.kubeconfig} get nodes -o json",
        f"--kubeconfig={there.kubeconfig} get pods,pvc -A -l app.kubernetes.io/managed-by=pulumi",
    ]
    (place.home / "calls").unlink()
    assert tree(place.home) == before


def test_two_clusters_never_share_a_state(place: Elsewhere) -> None:
    place.up()
    place.config.write_text(json.dumps(kubeconfig("production", "https://203.0.113.6:6443")))
    place.up()
    first, second = (each[1] for each in place.happened if each[0] == "up")
    assert first != second, "what runs on one would be deleted for not being on the other"
    place.config.write_text(json.dumps(kubeconfig("another-name-of-it")))
    place.up()
    assert place.happened[-1][1] == first, "the cluster counts, not what it is called"


def test_every_cluster_of_a_checkout_has_the_same_passphrase(place: Elsewhere) -> None:
    """They share the stack file, and with it the salt: with another one the first cluster's would not fit."""
    there = place.up()
    assert there.passphrase.read_text() == place.state.passphrase.read_text() != ""
    moved = place.checkout.rename(place.checkout.with_name("moved"))
    again = State(moved / ".localcloud" / there.root.relative_to(place.state.root), SLOT)
    assert again.passphrase.read_text() == (moved / ".localcloud" / "passphrase").read_text()


def test_a_passphrase_that_a_cluster_has_already_is_kept(place: Elsewhere) -> None:
    there = place.up()
    there.passphrase.unlink()
    there.passphrase.write_text("its own")
    place.up()
    assert there.passphrase.read_text() == "its own"


def test_who_does_not_agree_changes_nothing(place: Elsewhere, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def confirm(text: str, abort: bool) -> None:
        assert abort
        asked.append(text)
        raise typer.Abort

    monkeypatch.setattr(typer, "confirm", confirm)
    with pytest.raises(typer.Abort):
        place.up(yes=False)
    assert asked == [f"Bring stack local up on {SERVER} (context production)?"]
    assert place.happened == []
    assert not place.state.root.exists()


def test_volumes_on_nodes_that_are_not_there_are_refused_before_anything_is_fetched(place: Elsewhere) -> None:
    place.nodes("gke-a", "worker-2", "gke-b")
    with pytest.raises(LocalCloudError) as refusal:
        place.up()
    assert refusal.value.problems == (
        "Pulumi.local.yaml puts volumes on worker-1, and this cluster's nodes are gke-a, gke-b, worker-2; "
        "name one of these as `node:` of each volume",
    )
    assert place.happened == []


def test_a_stack_without_local_volumes_goes_up_on_any_nodes(place: Elsewhere) -> None:
    (place.checkout / "Pulumi.local.yaml").write_text("config:\n  statefulsets:workloads: {}\n")
    place.nodes("gke-a")
    place.up()
    assert place.happened[-1][0] == "up"


def test_no_current_context_is_one_line(place: Elsewhere) -> None:
    place.config.write_text('{"clusters": null}')
    with pytest.raises(
        LocalCloudError, match=r"^kubectl has no current context; `kubectl config use-context NAME` sets one$"
    ):
        place.up()
    script(place.bin, "kubectl", "echo 'error: current-context must exist in order to minify' >&2; exit 1")
    with pytest.raises(LocalCloudError, match=r"failed: error: current-context must exist in order to minify$"):
        place.up()


@pytest.mark.parametrize(
    ("where", "line"),
    [
        ("minikube", "CLUSTER=minikube: allowed are local (a cluster of our own), kind and current"),
        ("kind", "CLUSTER=kind needs docker on PATH; install it, or use CLUSTER=local"),
    ],
)
def test_a_cluster_that_cannot_be_used_is_refused_with_what_can(where: str, line: str, place: Elsewhere) -> None:
    with pytest.raises(LocalCloudError) as refusal:
        place.up(where)
    assert refusal.value.problems == (line,)
    assert place.happened == []


def test_kubectl_is_asked_for_by_name(place: Elsewhere) -> None:
    (place.bin / "kubectl").unlink()
    with pytest.raises(
        LocalCloudError, match=r"^CLUSTER=current needs kubectl on PATH; install it, or use CLUSTER=local$"
    ):
        place.up()


def test_a_kind_cluster_is_made_once_with_the_node_that_the_stack_file_names(place: Elsewhere) -> None:
    script(place.bin, "docker", f'echo docker "$@" >>{place.home}/kind-calls')
    kind = f"""
echo kind "$@" >>{place.home}/kind-calls
case "$*" in
"get clusters") [ -e {place.home}/kind-config ] && echo statefulsets ;;
"create cluster"*) /bin/cat >{place.home}/kind-config ;;
esac
exit 0"""
    script(place.bin, "kind", kind)
    place.nodes("worker-1", "worker-2")
    place.up("kind", yes=False)
    place.up("kind", yes=False)
    calls = (place.home / "kind-calls").read_text()
    assert calls.count("create cluster --name=statefulsets --image=kindest/node:v1.34.4 --config=-") == 1
    assert calls.count("kind load docker-image localhost/statefulsets/kubia:1 --name=statefulsets") == 2
    config = json.loads((place.home / "kind-config").read_text())
    (patch,) = config["nodes"][0]["kubeadmConfigPatches"]
    assert '"kubernetes.io/hostname=statefulsets-0"' in patch
    assert "--context=kind-statefulsets" in (place.home / "calls").read_text().splitlines()[0]
