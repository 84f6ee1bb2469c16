"""A real cluster for tests: a copy of this project brought up by its own `make up`, as a user would."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.host import daemons
from tools.project import Project, copy_project, own_slot

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
)
"""The files of tests that take the longest, by the figures that `make test-all` shows at its end. The two with a MySQL
under load are apart: side by side they keep each other waiting on two cores."""


IN_SLOT: list[Project] = []
"""The project whose cluster most tests share, once there is one."""


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


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The project with its local stack up; stopped when all tests are done."""
    copy = copy_project(tmp_path_factory.mktemp("project") / "statefulsets")
    try:
        copy.up()
        IN_SLOT.append(copy)
        yield copy
    finally:
        IN_SLOT.clear()
        copy.run("make", "down")


@pytest.fixture(scope="module")
def empty_slot() -> Iterator[None]:
    """This process's slot with no cluster in it: the other tests' is stopped meanwhile, if there is one yet."""
    stopped = tuple(IN_SLOT)
    for each in stopped:
        each.down()
    yield
    for each in stopped:
        each.up()
