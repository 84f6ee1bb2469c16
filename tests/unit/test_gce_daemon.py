"""The GCE stand-in as a process of the cluster: started once, on loopback, with the cluster's nodes as instances."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud import daemons
from localcloud.errors import LocalCloudError
from localcloud.gce import daemon
from localcloud.layout import State
from tests.support.gce import COMPUTE, ZONE, Google

# It outlives the object that started it: that is what a daemon is.
pytestmark = pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning")


@pytest.fixture
def google(monkeypatch: pytest.MonkeyPatch) -> Google:
    """Where the stand-in will listen."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    monkeypatch.setattr(daemon, "PORT", port)
    monkeypatch.setattr(daemon, "URL", f"http://127.0.0.1:{port}")
    return Google(port)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    state = State(tmp_path / "state")
    yield state
    daemons.stop([process.pid for process in daemons.running(state.root)], 5.0)


def test_it_is_started_once_and_found_again_by_its_mark(google: Google, state: State) -> None:
    assert daemon.start(state) == ["gce"]
    assert daemon.start(state) == []
    (process,) = daemons.running(state.root)
    assert (process.name, Path(process.argv[0]).name) == ("gce", daemon.daemon(state).program)
    daemon.register({"n0": ZONE, "c0": "europe-west1-c"})
    assert [each["name"] for each in google.get(f"{COMPUTE}/zones/{ZONE}/instances")["items"]] == ["n0"]
    with pytest.raises(LocalCloudError, match=r"does not take the nodes: .*Unknown zone"):
        daemon.register({"n0": "nowhere"})


def test_nobody_but_this_machine_reaches_it(google: Google, state: State) -> None:
    daemon.start(state)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", google.port), timeout=5)


def test_one_that_cannot_start_is_a_line_with_the_end_of_its_log(
    google: Google, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daemon, "PATIENCE", 2.0)
    with socket.create_server(("127.0.0.1", google.port)) as other:
        other.settimeout(0)
        with pytest.raises(LocalCloudError, match=r"does not answer; .*gce\.log ends with: .*Address already in use"):
            daemon.start(state)
