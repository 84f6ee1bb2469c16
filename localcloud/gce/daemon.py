"""The stand-in as a process of the local cluster, and the cluster's nodes as its instances."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping
from pathlib import Path

from localcloud import daemons
from localcloud.daemons import Daemon
from localcloud.errors import LocalCloudError
from localcloud.gce import PORT, URL, client
from localcloud.layout import ROOT, SLOT, State, cache

NAME = "gce"
PATIENCE = 20.0  # seconds until it answers
GRACE = 30.0  # seconds for a MySQL to write down what it has in memory


def folder(state: State) -> Path:
    """Where its records and the disks' bytes lie."""
    return state.root / "gce"


def daemon(state: State) -> Daemon:
    """The process; it needs nothing else of the cluster."""
    python = Path(sys.executable).with_name("python")  # by this name, whatever this very run was started as
    command = [str(python), "-m", "localcloud.gce", str(folder(state)), str(PORT)]
    own = {"PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": "1"}
    where = {"LOCALCLOUD_SLOT": SLOT, "XDG_CACHE_HOME": str(cache().parent)}  # of its bridge, and of built images
    return Daemon(NAME, command, environment={**own, **where})


def start(state: State) -> list[str]:
    """Start it where it does not run and wait until it answers; returns what was started."""
    started = daemons.start(state.root, daemon(state), state.logs)
    if not daemons.wait_until(answers, PATIENCE):
        log = state.logs / f"{NAME}.log"
        raise LocalCloudError(f"the GCE stand-in does not answer; {log} ends with: {daemons.last_lines(log, 1)}")
    return [NAME] if started else []


def stop_servers(state: State) -> None:
    """End the servers behind Cloud SQL instances; when the stand-in itself has ended, which would start them again."""
    pids = [process.pid for process in daemons.running(state.root) if process.name.startswith("sql-")]
    if pids:
        daemons.stop(pids, GRACE)


def answers() -> bool:
    """Whether it takes calls."""
    with contextlib.suppress(OSError, client.RefusedError):
        return bool(client.request(f"{URL}/", "GET", "standin/health", patience=2) == {"standin": True})
    return False


def register(nodes: Mapping[str, str]) -> None:
    """Tell it the cluster's nodes, as name -> zone: these are its instances, and no others."""
    body = {"instances": [{"name": name, "zone": zone} for name, zone in nodes.items()]}
    try:
        client.request(f"{URL}/", "PUT", "standin/instances", body)
    except client.RefusedError as refusal:
        raise LocalCloudError(f"the GCE stand-in does not take the nodes: {refusal.message}") from None
