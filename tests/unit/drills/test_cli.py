"""The command line: what it asks before it touches a cluster, and one line for each mistake."""

from __future__ import annotations

import io
import json
import socket
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from drills import cli, kube
from drills.cli import World
from drills.commands import cleanup
from drills.errors import DrillError
from drills.kube import Cluster
from drills.target import find, members
from tests.unit.drills.fakes import NAMES, QUICK, SET, FakeCluster, claim, stateful_set

COMMANDS = ["traffic", "read-loop", "break-readiness", "delete-pod", "drain", "scale", "all", "status", "cleanup"]


def call(cluster: FakeCluster | None, *arguments: str) -> int:
    """`python -m drills`, where `cluster` is what every command gets, whatever it names; the exit code."""
    world = World() if cluster is None else World(lambda *_: cluster, QUICK)
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments, world)
    return int(ended.value.code or 0)


@pytest.fixture
def kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two contexts; nothing listens at the current one's address."""
    monkeypatch.delenv("KUBECONFIG", raising=False)
    file = tmp_path / "config"
    write(file, "https://127.0.0.1:1", "https://203.0.113.1:6443")
    return file


def write(file: Path, *servers: str) -> None:
    names = ["statefulsets-local", "elsewhere"][: len(servers)]
    clusters = [{"name": n, "cluster": {"server": s}} for n, s in zip(names, servers, strict=True)]
    contexts: list[dict[str, Any]] = [{"name": n, "context": {"cluster": n, "user": "u"}} for n in names]
    contexts[-1]["context"]["namespace"] = "shop"
    users = [{"name": "u", "user": {"token": "t"}}]
    body = {"current-context": names[0], "clusters": clusters, "contexts": contexts, "users": users}
    file.write_text(yaml.safe_dump({"apiVersion": "v1", "kind": "Config", **body}))


@pytest.fixture
def cluster() -> FakeCluster:
    return FakeCluster()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example_and_says_where_it_acts(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert call(None, command, "--help") == 0
    said = capsys.readouterr().out
    assert f"Example: python -m drills {command}" in said
    for option in ("--name", "--namespace", "--context", "--kubeconfig", "--yes"):
        assert option in said


def test_nothing_is_touched_before_a_yes(
    cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert call(cluster, "delete-pod", "--report", str(tmp_path)) == 1
    said = capsys.readouterr().out
    assert "cluster https://203.0.113.1 (context test), shop/mysql" in said
    assert "delete-pod: delete pod mysql-2" in said
    assert cluster.happened == []
    assert list(tmp_path.iterdir()) == []


def test_a_drill_that_passes_ends_with_zero_and_a_report(
    cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert call(cluster, "traffic", "--seconds", "1", "--yes", "--report", str(tmp_path)) == 0
    assert json.loads((tmp_path / "traffic.json").read_text())["ok"] is True


def test_a_drill_that_fails_ends_with_one_and_a_report(
    cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cluster.writable = {0, 1}
    assert call(cluster, "traffic", "--seconds", "1", "--yes", "--report", str(tmp_path)) == 1
    assert "never two writable members | **no**" in (tmp_path / "traffic.md").read_text()


def test_ctrl_c_ends_with_130_and_a_report(
    cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(what: str) -> None:
        if what.startswith("bash /drills/start.sh"):
            raise KeyboardInterrupt

    cluster.on_ask = interrupt
    assert call(cluster, "traffic", "--yes", "--report", str(tmp_path)) == 130
    assert capsys.readouterr().err == "drills: interrupted; everything was put back\n"
    assert "interrupted" in (tmp_path / "traffic.md").read_text()


def said(cluster: FakeCluster | None, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What a refused command says: one line."""
    assert call(cluster, *arguments) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1, lines
    return lines[0]


def test_each_mistake_is_one_line_that_says_what_to_do(
    kubeconfig: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    line = said(None, capsys, "status", "--kubeconfig", str(tmp_path / "none"))
    assert line.startswith("drills: no kubeconfig to go by (")
    assert line.endswith('name one with --kubeconfig, or `eval "$(make -s env)"`')
    line = said(None, capsys, "status", "--kubeconfig", str(kubeconfig), "--context", "prod")
    assert line == "drills: no context 'prod' in the kubeconfig; contexts: elsewhere, statefulsets-local"
    line = said(None, capsys, "status", "--kubeconfig", str(kubeconfig))
    assert line.startswith("drills: the cluster at https://127.0.0.1:1 does not answer: ")
    (tmp_path / "torn").write_text("{")
    assert said(None, capsys, "status", "--kubeconfig", str(tmp_path / "torn")).startswith("drills: ")


def test_a_set_that_is_not_there_is_answered_with_those_that_are(cluster: FakeCluster) -> None:
    with pytest.raises(DrillError, match=r"^no StatefulSet orders in namespace shop; sets there: mysql; --name"):
        find(cluster, "orders")
    del cluster.objects[SET]
    with pytest.raises(DrillError, match="there is none at all"):
        find(cluster, "mysql")


def test_the_context_decides_the_namespace_unless_one_is_named(kubeconfig: Path) -> None:
    assert Cluster(kubeconfig, None, None).namespace == "default"
    assert Cluster(kubeconfig, "elsewhere", None).namespace == "shop"
    assert Cluster(kubeconfig, "elsewhere", "other").namespace == "other"


def test_only_this_machines_own_cluster_is_drilled_without_a_question(kubeconfig: Path) -> None:
    assert Cluster(kubeconfig, None, None).is_local
    assert not Cluster(kubeconfig, "elsewhere", None).is_local
    write(kubeconfig, "https://203.0.113.1:6443")
    assert not Cluster(kubeconfig, None, None).is_local, "another machine's cluster may have that name too"
    write(kubeconfig, f"https://{socket.gethostname()}.invalid:6443")
    assert not Cluster(kubeconfig, None, None).is_local


def test_paths_of_objects_are_those_of_the_api(kubeconfig: Path) -> None:
    there = Cluster(kubeconfig, "elsewhere", None)
    assert there.path("pods/x") == "/api/v1/namespaces/shop/pods/x"
    assert there.path("apis/apps/v1/statefulsets/x/scale") == "/apis/apps/v1/namespaces/shop/statefulsets/x/scale"


def test_a_pod_that_leaves_is_not_ready_and_others_of_that_label_are_no_members(cluster: FakeCluster) -> None:
    target = find(cluster, "mysql")
    cluster.objects[f"{NAMES}/pods/mysql-2"]["metadata"]["deletionTimestamp"] = "now"
    stranger = cluster.pod(0)
    stranger["metadata"]["name"] = "mysql-client-7"
    cluster.objects[f"{NAMES}/pods/stranger"] = stranger
    found = members(cluster, target)
    assert sorted(found) == [0, 1, 2]
    assert [found[n].ready for n in range(3)] == [True, True, False]


@pytest.fixture
def spare(cluster: FakeCluster) -> FakeCluster:
    """With claims of ordinals 3 and 4; the data of 4 would go with its claim."""
    for ordinal, policy in ((3, "Retain"), (4, "Delete")):
        body, volume = claim(ordinal, policy)
        cluster.objects[f"{NAMES}/persistentvolumeclaims/data-mysql-{ordinal}"] = body
        cluster.objects[f"/api/v1/persistentvolumes/pv-{ordinal}"] = volume
    return cluster


def claims(cluster: FakeCluster) -> set[str]:
    return {path.rpartition("/")[2] for path in cluster.objects if "persistentvolumeclaims" in path}


def test_spare_claims_go_only_when_the_sets_name_is_typed(
    spare: FakeCluster, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = claims(spare)
    line = said(spare, capsys, "cleanup", "--spare-claims", "--yes", "--delete-data", "yes")
    assert line == "drills: no claim was deleted: 'yes' is not 'mysql'"
    assert claims(spare) == before
    assert call(spare, "cleanup", "--spare-claims", "--yes", "--delete-data", "mysql") == 0
    out = capsys.readouterr().out
    assert "claim data-mysql-3 on volume pv-3: its data stay on the volume (Retain)" in out
    assert "claim data-mysql-4 on volume pv-4: ITS DATA WILL BE GONE (Delete)" in out
    assert before - claims(spare) == {"data-mysql-3", "data-mysql-4"}


def test_a_yes_alone_deletes_no_data(spare: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    before = claims(spare)
    assert call(spare, "cleanup", "--spare-claims", "--yes") == 1
    assert claims(spare) == before


def test_a_set_that_pulumi_made_is_left_to_pulumi(
    cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster.objects[SET] = stateful_set({"app.kubernetes.io/managed-by": "pulumi"})
    line = said(cluster, capsys, "cleanup", "--everything", "--yes")
    assert "`pulumi destroy` (local: `make destroy`) takes it down" in line
    assert SET in cluster.objects


def test_everything_goes_but_the_claims(cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster.objects[f"{NAMES}/services/mysql"] = {"metadata": {"name": "mysql"}}
    before = claims(cluster)
    assert call(cluster, "cleanup", "--everything", "--yes") == 0
    assert SET not in cluster.objects
    assert f"{NAMES}/services/mysql" not in cluster.objects
    assert claims(cluster) == before


def test_a_volume_that_is_not_there_holds_no_data() -> None:
    assert cleanup.fate(None) == "it holds no data"
    assert kube.LOCAL_CONTEXT == "statefulsets-local"
