"""Edits of the running local stack that its data would not survive: a line each at the preview, and nothing changes.
Nor does anything change where there is no edit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from localcloud.cluster import lifecycle
from tools.project import Project

Workloads = dict[str, Any]
EDITS: dict[str, tuple[Callable[[Workloads], Any], str]] = {
    "larger claims": (
        lambda w: w["kubia"]["storage"].update(claimSize="2Mi"),
        "kubia.storage.claimSize: 2Mi but its claims were made with 1Mi; the set would be replaced: all pods stop at",
    ),
    "another class": (
        lambda w: w["nginx"]["storage"].update(className="premium-rwo"),
        "nginx.storage.className: premium-rwo but its claims were made with standard;",
    ),
    "another access mode": (
        lambda w: w["nginx"]["storage"].update(accessMode="ReadWriteOncePod"),
        "nginx.storage.accessMode: ReadWriteOncePod but its claims were made with ReadWriteOnce;",
    ),
    "another order of starting": (
        lambda w: w["mysql"].update(podManagementPolicy="OrderedReady"),
        "mysql.podManagementPolicy: OrderedReady but the set was made with Parallel;",
    ),
    "another kind of storage": (
        lambda w: w["web"].update(storage={"kind": "dynamic"}),
        "web.storage.kind: dynamic but the data is on local; its data would stay behind, out of the pods' reach;",
    ),
    "volumes swapped": (
        lambda w: w["mysql"]["storage"]["volumes"].insert(0, w["mysql"]["storage"]["volumes"].pop(1)),
        "mysql.storage.volumes: mysql-b, mysql-a, mysql-c, mysql-d, mysql-e but there are mysql-a (ordinal 0), mysql-b",
    ),
    "the first volume taken away": (
        lambda w: w["kubia"]["storage"]["volumes"].pop(0),
        "kubia.storage.volumes: pv-b, pv-c but there are pv-a (ordinal 0), pv-b (ordinal 1), pv-c (ordinal 2);",
    ),
    "a directory elsewhere": (
        lambda w: w["kubia"]["storage"]["volumes"][0].update(path="/var/lib/statefulsets/volumes/elsewhere"),
        "kubia.storage.volumes[0]: pv-a is /var/lib/statefulsets/volumes/elsewhere on statefulsets-0 but its data is",
    ),
    "another kind": (
        lambda w: w.update(web={"kind": "kubia", "storage": w["web"]["storage"]}),
        "web.kind: kubia but it was made as nginx;",
    ),
    "a workload renamed": (
        lambda w: w.update(pages=w.pop("nginx")),
        "nginx: not in the file any more; its data would stay behind, out of the pods' reach; put it back:",
    ),
}


@pytest.fixture
def file(project: Project) -> Iterator[Path]:
    """The stack file of the running stack, as it was once more afterwards."""
    place = project.root / "Pulumi.local.yaml"
    before = place.read_text()
    yield place
    place.write_text(before)


def edited(place: Path, *edits: Callable[[Workloads], Any], **target: str) -> None:
    document = yaml.safe_load(place.read_text())
    for edit in edits:
        edit(document["config"]["statefulsets:workloads"])
    document["config"]["statefulsets:target"] |= target
    place.write_text(yaml.safe_dump(document))


def refused(project: Project, *command: str) -> list[str]:
    """The lines of a command that fails with nothing but refusals."""
    done = project.run(*command)
    assert done.returncode != 0, done.stdout
    said = done.stdout + done.stderr
    assert "Traceback" not in said, said
    return [line.strip() for line in said.splitlines() if line.strip().startswith("statefulsets:")]


@pytest.mark.parametrize("what", EDITS)
def test_an_edit_that_data_would_not_survive_is_one_line_of_the_preview(
    what: str, project: Project, file: Path
) -> None:
    edit, begins = EDITS[what]
    edited(file, edit)
    (line,) = refused(project, "make", "preview")
    assert line.startswith(f"statefulsets:workloads.{begins}"), line


def test_another_namespace_and_a_context_that_is_not_there_are_refused(project: Project, file: Path) -> None:
    edited(file, namespace="kube-public")
    (line,) = refused(project, "make", "preview")
    assert "kube-public but kubia, mysql, nginx, web are in default; claims do not move between namespaces" in line
    copy = project.state.stack_file("local")  # `make` would not take a stack of another cluster for a local one
    edited(copy, context="statefulsets-lokal", namespace="default")
    where = ("--stack", "local", "--config-file", str(copy))
    (line,) = refused(project, "pulumi", "preview", *where, "--non-interactive")
    assert line.endswith("its contexts are statefulsets-local; did you mean statefulsets-local?"), line


def made(project: Project) -> dict[tuple[str, str], tuple[str, int, Any]]:
    """What there is, by identity and content: it differs after any change."""
    items = project.get("statefulsets,pods,pvc,pv,configmaps,services", "--all-namespaces")["items"]
    return {
        (item["kind"], item["metadata"]["name"]): (
            item["metadata"]["uid"],
            item["metadata"].get("generation", 0),
            item.get("spec", item.get("data")),
        )
        for item in items
    }


def test_make_up_refuses_all_of_them_at_once_and_changes_nothing(project: Project, file: Path) -> None:
    before = made(project)
    names = (
        "larger claims",
        "another class",
        "another order of starting",
        "volumes swapped",
        "another kind of storage",
    )
    edited(file, *(EDITS[name][0] for name in names))
    lines = refused(project, "make", "up")
    assert len(lines) == len(names), lines
    assert made(project) == before


def test_a_volume_that_no_ordinal_ever_claimed_may_leave_the_end_of_the_list(project: Project, file: Path) -> None:
    """The stack file never asked for five members, whatever a test did by hand."""
    edited(file, lambda w: w["mysql"]["storage"]["volumes"].pop())
    assert "mysql-volumes-mysql-e" in project.must("make", "preview")


def test_a_second_up_without_a_change_changes_nothing(project: Project) -> None:
    project.up()
    kinds = "pods,pvc,pv,statefulsets,services,jobs,configmaps,networkpolicies,poddisruptionbudgets,serviceaccounts"

    def versions() -> dict[str, str]:
        items = project.get(kinds, "--all-namespaces")["items"]
        return {f"{i['kind']}/{i['metadata']['name']}": i["metadata"]["resourceVersion"] for i in items}

    before, processes = versions(), lifecycle.parts(project.state)
    project.up()
    assert versions() == before
    assert lifecycle.parts(project.state) == processes
