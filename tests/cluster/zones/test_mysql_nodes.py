"""The dev stack's MySQL on several nodes: the drills pass, and no answered row is lost with a node."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from drills.faults.fault import Fault
from drills.load.watch import Watch
from tests.cluster.mysql.nodes import NODE_FAULTS, Dev, client_away_from
from tests.cluster.mysql.passes import MySqlScene, run
from tests.cluster.mysql.rig import MySql
from tools.project import copy_project


@pytest.fixture(scope="module")
def dev(empty_slot: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    """A checkout of its own, with nothing but the dev stack, in the place of other tests' cluster."""
    dev = Dev(copy_project(tmp_path_factory.mktemp("dev") / "statefulsets").root)
    try:
        dev.up(nodes=3)
        yield dev
    finally:
        dev.down()


@pytest.fixture(scope="module")
def four(dev: Dev) -> MySql:
    """A node more, and a client on a node without a member."""
    dev.up(nodes=4)
    mysql = MySql(dev)
    mysql.wait_ready(0, 1, 2, seconds=180)
    client_away_from(mysql)
    return mysql


@pytest.fixture(scope="module")
def watch(four: MySql) -> Iterator[Watch]:
    with four.watch(0, 1, 2).running() as watch:
        yield watch


def test_all_drills_pass_on_three_nodes_and_drain_is_one_of_them(dev: Dev) -> None:
    where = [pod["spec"]["nodeName"] for pod in dev.get("pods", "--selector=app=mysql")["items"]]
    assert len(set(where)) == len(where) == 3
    done = dev.run("make", "drill", "CLOUD=standin", "YES=1", timeout=1200)
    assert done.returncode == 0, done.stdout + done.stderr
    results = {each["drill"]: each for each in json.loads((dev.root / "drills-report/all.json").read_text())["results"]}
    names = ("traffic", "read-loop", "break-readiness", "delete-pod", "drain", "scale")
    assert {name: result["outcome"] for name, result in results.items()} == dict.fromkeys(names, "passed")
    for name in ("traffic", "delete-pod", "drain", "scale"):
        assert results[name]["figures"]["rows"] > 50
        assert results[name]["lost_rows"] == 0
    assert set(results["scale"]["figures"]["servers"]) == {"100", "101", "102", "103", "104"}
    claims = {claim["metadata"]["name"] for claim in dev.get("pvc")["items"]}
    assert {f"data-mysql-{ordinal}" for ordinal in range(5)} <= claims
    assert "# Drills of default/mysql: passed" in (dev.root / "drills-report/all.md").read_text()
    assert "unschedulable" not in str(dev.get("nodes"))


@pytest.mark.parametrize("fault", NODE_FAULTS, ids=lambda fault: fault.name)
def test_no_answered_row_is_lost_with_a_node(fault: Fault[MySqlScene], four: MySql, watch: Watch) -> None:
    outcome = run(fault, MySqlScene(four, watch))
    assert outcome.problems == ()
    assert outcome.lost == 0
