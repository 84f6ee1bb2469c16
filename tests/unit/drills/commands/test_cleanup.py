"""What a killed drill left is put back and removed, and cleaning up can be done again."""

from __future__ import annotations

import pytest

from drills.commands import cleanup
from drills.errors import DrillError
from drills.experiments.traffic import Traffic
from drills.faults.journal import Journal
from drills.faults.undo import Undo
from drills.kube import Answer
from drills.scene import Site
from drills.target import find
from tests.unit.drills.fakes import NAMES, FakeCluster, run


@pytest.fixture
def cluster() -> FakeCluster:
    return FakeCluster()


def test_what_a_killed_drill_left_is_put_back_by_cleanup(cluster: FakeCluster) -> None:
    target = find(cluster, "mysql")
    journal = Journal(Site(cluster, target))
    journal.open()
    cluster.create("pods", {"metadata": {"name": "mysql-drills"}})
    for undo in (Undo("scale", "mysql", "3"), Undo("uncordon", "n1"), Undo("mend", "mysql-1", "freeze")):
        journal.note(undo)
    cluster.happened.clear()
    said: list[str] = []
    cleanup.leftovers(cluster, target, said.append)
    assert cluster.happened[:4] == ["mend freeze mysql-1", "uncordon n1", "scale 3", "table drop"], "newest first"
    assert cluster.own == set()
    assert said[-1] == "what the drills left is gone"
    cleanup.leftovers(cluster, target, said.append)
    assert said[-1] == "the drills left nothing"


def test_the_table_of_a_pod_that_ended_is_dropped_all_the_same(cluster: FakeCluster) -> None:
    target = find(cluster, "mysql")
    Journal(Site(cluster, target)).open()
    cluster.objects[f"{NAMES}/pods/mysql-drills"] = {"status": {"containerStatuses": [{"state": {"terminated": {}}}]}}
    cleanup.leftovers(cluster, target, lambda text: None)
    assert cluster.happened[1:4] == ["delete mysql-drills", "create pods", "table drop"]
    assert cluster.own == set()


def test_a_table_that_cannot_be_dropped_keeps_pod_and_lock_for_the_next_cleanup(cluster: FakeCluster) -> None:
    refused = [True]
    answer = cluster._client
    cluster.exec = lambda pod, container, script, timeout=60: (  # type: ignore[method-assign]
        Answer(1, "", "ERROR 1290: read-only") if "drop" in script and refused else answer(script)
    )
    with pytest.raises(
        DrillError, match=r"table statefulsets_drills cannot be dropped: ERROR 1290: read-only; .*clean"
    ):
        run(cluster, Traffic())
    assert cluster.own == {"mysql-drills"}
    refused.clear()
    cleanup.leftovers(cluster, find(cluster, "mysql"), lambda text: None)
    assert cluster.own == set()
