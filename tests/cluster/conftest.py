"""A real cluster for tests: a copy of this project brought up by its own `make up`, as a user would."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

from localcloud.host import daemons
from tools.project import Project, copy_project, leave_out, own_slot

LONGEST = (
    "test_mysql",
    "test_any_image",
    "test_package",
    "test_cluster_faults",
    "test_csi",
    "test_nodes",
    "test_mysql_nodes",
    "test_gce_provider",
    "test_standin",
    "test_edits",
    "test_durability",
)
"""The files of tests that take the longest, by the figures that `make test-all` shows at its end. The two with a MySQL
under load are apart: side by side they keep each other waiting on two cores. Durability is ahead of the drills, which
leave the claim of a member that was scaled in: a destroy would wait for its volume."""


WITH_MYSQL = ("test_mysql", "test_edits", "test_durability", "test_drills")
"""The files of tests on the whole local stack. One process runs them all, and no other has a MySQL that nobody asks."""

IN_SLOT: list[Project] = []
"""The project whose cluster runs in this process's slot, if there is one."""


BESIDE = "gw2"
"""The third process. It has no cluster: two are what two cores bear, but while they wait there is time for others. One
that takes its place after a crash is like the first two."""


class ByCluster(LoadFileScheduling):  # type: ignore[misc]
    """A file's tests stay with one process, as do all files in WITH_MYSQL. The process BESIDE takes no clusters' tests;
    the others take the rest when they have no more of those."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "with-mysql" if Path(file).stem in WITH_MYSQL else file

    def _assign_work_unit(self, node: Any) -> None:
        with_cluster = [scope for scope in self.workqueue if scope.startswith(("tests/cluster/", "with-mysql"))]
        without_cluster = [scope for scope in self.workqueue if scope not in with_cluster]
        # Where little is chosen the plugin sends processes home, and it may be this one that stays.
        alone = all(other is node or other.shutting_down for other in self.nodes)
        scopes = without_cluster if node.gateway.id == BESIDE and not alone else with_cluster + without_cluster
        if not scopes:
            node.shutdown()  # once it has run what it was given
            return
        self.workqueue.move_to_end(scopes[0], last=False)
        super()._assign_work_unit(node)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByCluster | None:
    """The marks of `--dist loadgroup` are lost on pytest 9.2, which takes a test's name from elsewhere."""
    return ByCluster(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_configure() -> None:
    """What runs beside the clusters' tests yields to the commands of these, which have times to keep."""
    if os.environ.get("PYTEST_XDIST_WORKER") == BESIDE:
        os.nice(5)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever lies in this folder needs the cluster. The longest files are begun first, so that none is left alone."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.cluster)
    items.sort(key=lambda item: LONGEST.index(item.path.stem) if item.path.stem in LONGEST else len(LONGEST))


@pytest.fixture(scope="session", autouse=True)
def _one_cluster() -> None:
    if os.geteuid() != 0:
        pytest.fail("the cluster tests need root: `sudo make test-all`")
    owners = {p.owner for p in daemons.running(own_slot())}
    if owners:
        pytest.fail(f"a cluster runs already ({', '.join(owners)}); `make down` there first")


def bring_up(project: Project) -> Project:
    """Makes it the one whose cluster runs in this process's slot; the one before had the same addresses and stops."""
    if project not in IN_SLOT:
        make_room()
        IN_SLOT.append(project)
        try:
            project.up()
        except BaseException:
            make_room()
            raise
    return project


def make_room() -> None:
    """Stops the cluster in this process's slot, if there is one; its data stays."""
    while IN_SLOT:
        IN_SLOT[-1].down()
        IN_SLOT.pop()


@pytest.fixture(scope="session")
def _whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    copy = copy_project(tmp_path_factory.mktemp("whole") / "statefulsets")
    yield copy
    copy.run("make", "down")


@pytest.fixture(scope="session")
def _without_mysql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    copy = copy_project(tmp_path_factory.mktemp("project") / "statefulsets")
    leave_out(copy, "mysql")
    yield copy
    copy.run("make", "down")


@pytest.fixture(scope="module")
def project(request: pytest.FixtureRequest) -> Project:
    """The project with its local stack up; MySQL is in it for the files in WITH_MYSQL only.

    Its probes would take the cores that other tests need.
    """
    copy: Project = request.getfixturevalue("_whole" if request.path.stem in WITH_MYSQL else "_without_mysql")
    return bring_up(copy)


@pytest.fixture(scope="module")
def empty_slot() -> None:
    """No cluster is in this process's slot: what the tests bring up has the same addresses."""
    make_room()


@pytest.fixture
def take_down() -> Callable[[], None]:
    """Runs `make down` for the `project`. The next file brings it up; no later test of the same one may take it."""
    return make_room
