"""The drills against the local stack's own MySQL: they pass, they notice what is wrong, and they leave nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.mysql.rig import MySql
from tools.project import Project, eventually

DRILLS = (".tools/bin/python", "-m", "drills")


@pytest.fixture
def mysql(project: Project) -> MySql:
    rig = MySql(project)
    rig.wait_ready(0, 1, 2, seconds=180)
    return rig


def report(project: Project, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((project.root / f"drills-report/{name}.json").read_text())
    return found


def failed(result: dict[str, Any]) -> list[str]:
    return [check["name"] for check in result["checks"] if not check["ok"]]


def assert_put_back(project: Project) -> None:
    """Three members, and nothing of the drills: no pod, no ConfigMap, no table."""
    eventually(lambda: "mysql-drills" not in project.kubectl("get", "pods,configmaps", "-o", "name"), "no pod", 30)
    assert project.get("statefulset", "mysql")["spec"]["replicas"] == 3
    assert "unschedulable" not in project.get("node", "statefulsets-0")["spec"]
    assert "statefulsets_drills" not in MySql(project).root(0, "SHOW TABLES FROM app")


@contextmanager
def drilling(project: Project, *arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """A drill that goes on meanwhile, and what it says."""
    output = project.root / "drill.log"
    with output.open("w") as file:
        process = subprocess.Popen(
            [*DRILLS, *arguments],
            cwd=project.root,
            env={**project.environment, "PYTHONUNBUFFERED": "1"},
            stdout=file,
            stderr=file,
            # A test run in the background inherits an ignored SIGINT; a terminal's child does not.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
    try:
        yield process, output
    finally:
        process.kill()
        process.wait()


def test_a_drain_is_skipped_where_the_pods_could_go_nowhere_and_why_is_in_the_report(
    project: Project, mysql: MySql
) -> None:
    assert project.run(*DRILLS, "drain").returncode == 1, "what was asked for was not done"
    (result,) = report(project, "drain")["results"]
    assert result["outcome"] == "skipped"
    assert "it takes two nodes" in result["reason"]
    assert_put_back(project)


def test_status_tells_the_members_apart(project: Project, mysql: MySql) -> None:
    lines = project.must(*DRILLS, "status").splitlines()
    rows = {line.split()[0]: line for line in lines if line.startswith("mysql-")}
    assert "primary  100" in rows["mysql-0"]
    for ordinal in (1, 2):
        assert f"replica  10{ordinal}" in rows[f"mysql-{ordinal}"]
        assert "receives ON, applies ON" in rows[f"mysql-{ordinal}"]
        assert f"data-mysql-{ordinal}  statefulsets-0" in rows[f"mysql-{ordinal}"]


def test_a_row_that_is_lost_on_one_member_fails_the_drill(project: Project, mysql: MySql) -> None:
    with drilling(project, "traffic", "--seconds", "20") as (process, output):
        eventually(lambda: _table_has_rows(mysql), "rows", 120)
        # The replica's own binary log stays out of it, so that replication does not notice either.
        mysql.root(
            2,
            "SET GLOBAL super_read_only = OFF; SET SESSION sql_log_bin = 0; "
            "DELETE FROM app.statefulsets_drills ORDER BY n LIMIT 2; SET GLOBAL super_read_only = ON;",
        )
        assert process.wait(300) == 1, output.read_text()
    result = report(project, "traffic")["results"][0]
    assert failed(result) == ["every acknowledged row is on every member"]
    assert result["lost_rows"] == 2
    assert "mysql-2.mysql lacks 2" in output.read_text()
    assert_put_back(project)


def test_a_drill_that_is_interrupted_puts_back_what_it_changed(project: Project, mysql: MySql) -> None:
    with drilling(project, "scale", "--to", "4") as (process, output):
        eventually(lambda: "scaled to 4" in output.read_text(), "scaled up", 120)
        process.send_signal(signal.SIGINT)
        assert process.wait(300) == 130, output.read_text()
    said = output.read_text()
    assert "put back: scale mysql to 3" in said
    assert "Traceback" not in said
    eventually(lambda: project.run("kubectl", "get", "pod", "mysql-3").returncode != 0, "mysql-3 is gone", 120)
    assert_put_back(project)
    assert report(project, "scale")["results"][0]["reason"].startswith("interrupted")


def test_what_a_killed_drill_left_is_put_back_by_cleanup(project: Project, mysql: MySql) -> None:
    with drilling(project, "break-readiness") as (process, output):
        eventually(lambda: "is broken (applier)" in output.read_text(), "broken", 120)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    again = project.run(*DRILLS, "traffic")
    assert again.returncode == 1
    assert "`python -m drills cleanup` puts back what a killed one left" in again.stderr
    assert "put back: mend mysql-2 (applier)" in project.must(*DRILLS, "cleanup")
    mysql.wait_ready(2, seconds=120)
    assert_put_back(project)
    assert "the drills left nothing" in project.must(*DRILLS, "cleanup")


def test_the_sets_own_objects_are_left_to_pulumi(project: Project, mysql: MySql) -> None:
    done = project.run(*DRILLS, "cleanup", "--everything")
    assert done.returncode == 1
    assert "`pulumi destroy` (local: `make destroy`) takes it down" in done.stderr
    assert project.ready("mysql-0")


def _table_has_rows(mysql: MySql) -> bool:
    done = mysql.exec(
        "mysql-2",
        "mysql --defaults-file=/run/mysqld/root.cnf -N <<<'SELECT COUNT(*) FROM app.statefulsets_drills'",
        "mysql",
    )
    return done.returncode == 0 and int(done.stdout) > 10
