"""The stand-in as a process of the local cluster, and the cluster's nodes as its instances."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping
from pathlib import Path

from localcloud import gce
from localcloud.gce.http import client, token_file
from localcloud.host import daemons
from localcloud.host.daemons import Daemon
from localcloud.host.errors import LocalCloudError
from localcloud.host.paths import ROOT, State, cache

NAME = "gce"
PATIENCE = 20.0
"""How many seconds the stand-in may take until it answers."""
GRACE = 30.0
"""How many seconds a MySQL may take to write down what it has in memory."""


def folder(state: State) -> Path:
    """The folder in which the stand-in keeps its records and the disks' bytes."""
    return state.root / "gce"


def token(state: State) -> Path:
    """The file with the token that every caller has to know."""
    return folder(state) / "token"


def daemon(state: State) -> Daemon:
    """The stand-in as a process on loopback; it needs nothing else of the cluster."""
    python = Path(sys.executable).with_name("python")  # the name is the same however this very run was started
    command = [str(python), "-m", "localcloud.gce", str(folder(state)), str(state.slot.gce_port), str(token(state))]
    own = {"PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": "1"}
    # These say which bridge is the cluster's, and where built images lie.
    where = {"LOCALCLOUD_SLOT": state.slot.name, "XDG_CACHE_HOME": str(cache().parent)}
    return Daemon(NAME, command, environment={**own, **where}, renewed=True)


def begin(state: State) -> list[str]:
    """Start the stand-in where it does not run, without waiting; returns the names of what was started."""
    process = daemon(state)
    if not token_file.sound(token(state)):
        # A stand-in that runs knows another token, which no caller has any more. It is stopped before the new token
        # is made: after an interruption between the two, the next start finds no token, and begins here again.
        pid = daemons.find(state, NAME, process.program)
        daemons.stop([pid] if pid else [], daemons.GRACE)
        token_file.ensure(token(state))
    return [NAME] if daemons.start(state, process) else []


def start(state: State, patience: float = PATIENCE) -> list[str]:
    """Start the stand-in where it does not run and wait until it answers; returns the names of what was started.

    Raises LocalCloudError, with the end of its log, where it does not answer within `patience` seconds.
    """
    started = begin(state)
    program = daemon(state).program
    daemons.wait_until(lambda: answers(state) or daemons.find(state, NAME, program) is None, patience)
    if not answers(state):
        log = state.logs / f"{NAME}.log"
        raise LocalCloudError(f"the GCE stand-in does not answer; {log} ends with: {daemons.last_lines(log, 1)}")
    return started


def stop_servers(state: State) -> None:
    """End the servers behind Cloud SQL instances. It is for when the stand-in has ended, as that starts them again."""
    pids = [process.pid for process in daemons.running(state.slot, state.root) if process.name.startswith("sql-")]
    if pids:
        daemons.stop(pids, GRACE)


def answers(state: State) -> bool:
    """Whether the stand-in takes calls with the token of this cluster."""
    with contextlib.suppress(OSError, client.RefusedError, token_file.TokenError):
        known = token_file.read(token(state))
        answer = client.request(_base(state), "GET", "standin/health", patience=2, token=known)
        return bool(answer == {"standin": True})
    return False


def register(state: State, nodes: Mapping[str, str]) -> None:
    """Tell the stand-in the cluster's nodes, as name -> zone: these are its instances, and no others.

    Raises LocalCloudError where it refuses them or there is no token, and OSError where nothing answers.
    """
    body = {"instances": [{"name": name, "zone": zone} for name, zone in nodes.items()]}
    try:
        client.request(_base(state), "PUT", "standin/instances", body, token=token_file.read(token(state)))
    except client.RefusedError as refusal:
        raise LocalCloudError(f"the GCE stand-in does not take the nodes: {refusal.message}") from None
    except token_file.TokenError as error:
        raise LocalCloudError(str(error)) from None


def _base(state: State) -> str:
    return f"{gce.url(state.slot)}/"
