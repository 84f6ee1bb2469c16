"""The GCE stand-in as a process of the cluster: one, on loopback, whose token the cluster has and nobody else."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from localcloud.gce import daemon
from localcloud.gce.http import client, token_file
from localcloud.host import daemons
from localcloud.host.errors import LocalCloudError
from localcloud.host.paths import State
from localcloud.host.slot import Slot
from tests.support.gce import COMPUTE, ZONE, Google

# A daemon outlives the object that started it.
pytestmark = pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning")


@dataclass(frozen=True)
class Elsewhere(Slot):
    """A slot whose stand-in listens on a port that nobody has taken."""

    name: str = "0"
    mark: str = "STATEFULSETS_TEST"  # no cluster of this machine takes it for its own
    gce_port: int = 0


@pytest.fixture
def google() -> Google:
    """A client of the port on which the stand-in will listen."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return Google(free.getsockname()[1])


@pytest.fixture
def state(tmp_path: Path, google: Google) -> Iterator[State]:
    state = State(tmp_path / "state", Elsewhere(gce_port=google.port))
    yield state
    daemons.stop([process.pid for process in daemons.running(state.slot, state.root)], 5.0)


def test_it_is_started_once_and_found_again_by_its_mark(google: Google, state: State) -> None:
    assert daemon.start(state) == ["gce"]
    assert daemon.start(state) == []
    (process,) = daemons.running(state.slot, state.root)
    assert (process.name, Path(process.argv[0]).name) == ("gce", daemon.daemon(state).program)
    google.token = token_file.read(daemon.token(state))
    daemon.register(state, {"n0": ZONE, "c0": "europe-west1-c"})
    assert [each["name"] for each in google.get(f"{COMPUTE}/zones/{ZONE}/instances")["items"]] == ["n0"]
    with pytest.raises(LocalCloudError, match=r"does not take the nodes: .*Unknown zone"):
        daemon.register(state, {"n0": "nowhere"})


def test_nobody_but_this_machine_reaches_it(google: Google, state: State) -> None:
    daemon.start(state)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", google.port), timeout=5)


def test_its_token_is_for_its_owner_alone_and_is_on_no_command_line(google: Google, state: State) -> None:
    daemon.start(state)
    file = daemon.token(state)
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    (process,) = daemons.running(state.slot, state.root)
    assert token_file.read(file) not in " ".join(process.argv)
    assert str(file) in process.argv
    assert token_file.read(file) not in (state.logs / "gce.log").read_text()


def test_another_user_with_a_token_of_his_own_gets_nothing(google: Google, state: State) -> None:
    daemon.start(state)
    assert google.refusal("GET", "/standin/health")[:2] == (401, "authError")
    assert google.refusal("PUT", "/standin/instances", {"instances": []})[:2] == (401, "authError")


def test_one_whose_token_was_lost_or_seen_by_others_is_started_anew_with_another(google: Google, state: State) -> None:
    daemon.start(state)
    first = token_file.read(daemon.token(state))
    daemon.token(state).chmod(0o644)
    assert not daemon.answers(state)
    with pytest.raises(LocalCloudError, match="open to others than its owner"):
        daemon.register(state, {})
    assert daemon.start(state) == ["gce"]
    assert daemon.answers(state)
    google.token = first
    assert google.refusal("GET", "/standin/health")[:2] == (401, "authError")


def test_one_that_an_older_version_started_is_replaced(google: Google, state: State) -> None:
    now = daemon.daemon(state)
    token_file.ensure(daemon.token(state))
    program = ("-c", "import time; time.sleep(60)")  # the older version took no token
    assert daemons.start(state, replace(now, command=[now.command[0], *program]))
    assert daemon.start(state) == ["gce"]
    (process,) = daemons.running(state.slot, state.root)
    assert process.argv == tuple(now.command)


def test_a_call_that_is_refused_says_so_and_the_next_one_is_taken(google: Google, state: State) -> None:
    daemon.start(state)
    base, known = f"http://127.0.0.1:{google.port}/", token_file.read(daemon.token(state))
    with pytest.raises(client.RefusedError, match=r"^Error 401: .*, authError$"):
        client.request(base, "PUT", "standin/instances", {"instances": []}, token="x" * 43)
    assert client.request(base, "GET", "standin/health", token=known) == {"standin": True}


def test_one_that_cannot_start_is_a_line_with_the_end_of_its_log(google: Google, state: State) -> None:
    with socket.create_server(("127.0.0.1", google.port)) as other:
        other.settimeout(0)
        with pytest.raises(LocalCloudError, match=r"does not answer; .*gce\.log ends with: .*Address already in use"):
            daemon.start(state, patience=20.0)
