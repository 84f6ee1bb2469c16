"""Keeps the environment of the shell from deciding how unit tests end."""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

import components
from components.config import kubeconfig

CONTEXTS = (
    "test",
    "statefulsets-local",
    "gke_statefulsets-dev_europe-west1-b_dev",
    "gke_statefulsets-prod_europe-west1_prod",
)
"""Contexts of the only kubeconfig that the programs find: those of the stack files, and the one that tests use."""

_folder = Path(tempfile.mkdtemp(prefix="kubeconfig-"))
atexit.register(shutil.rmtree, _folder, ignore_errors=True)
_kubeconfig = _folder / "config"
_kubeconfig.write_text(
    yaml.safe_dump(
        {
            "clusters": [{"name": name, "cluster": {"server": f"https://{name}.test"}} for name in CONTEXTS],
            "contexts": [{"name": name, "context": {"cluster": name, "user": "me"}} for name in CONTEXTS],
        }
    )
)
os.environ.pop("KUBECONFIG", None)  # the provider takes it into its inputs
kubeconfig.USUAL = str(_kubeconfig)
os.environ.pop("LOCALCLOUD_SLOT", None)  # the addresses that the tests expect are those of slot 0
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as for a job in the background; Ctrl-C is among what is tested
    signal.signal(signal.SIGINT, signal.default_int_handler)
sys.modules.setdefault("statefulsets", components)  # as it is called once it is installed: for the pages' examples


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Up to twice the cores, for much of the time the tests wait for scripts that sleep."""
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return int(os.environ.get("PYTEST_XDIST_AUTO_NUM_WORKERS") or max(cores, min(2 * cores, 8)))


def _started_in(folder: Path) -> list[str]:
    """The command lines of all other processes that name a file of this folder there or in their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            command, environment = ((process / each).read_bytes() for each in ("cmdline", "environ"))
            if process.name != str(os.getpid()) and f"{folder}/".encode() in command + environment:
                found.append(command.replace(b"\0", b" ").decode(errors="replace").strip())
    return found


@pytest.fixture(scope="session", autouse=True)
def _nothing_goes_on(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A script that a test leaves running would take its share of the cores for ever, and nobody would know."""
    yield
    deadline = time.monotonic() + 5
    while left := _started_in(tmp_path_factory.getbasetemp()):
        assert time.monotonic() < deadline, "tests left processes running:\n" + "\n".join(left)
        time.sleep(0.1)
