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
from localcloud.layout import ROOT, State

NAME = "gce"
PATIENCE = 20.0  # seconds until it answers


def folder(state: State) -> Path:
    """Where its records and the disks' bytes lie."""
    return state.root / "gce"


def daemon(state: State) -> Daemon:
    """The process; it needs nothing else of the cluster."""
    python = Path(sys.executable).with_name("python")  # by this name, whatever this very run was started as
    command = [str(python), "-m", "localcloud.gce", str(folder(state)), str(PORT)]
    return Daemon(NAME, command, environment={"PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": "1"})


def start(state: State) -> list[str]:
    """Start it where it does not run and wait until it answers; returns what was started."""
    started = daemons.start(state.root, daemon(state), state.logs)
    if not daemons.wait_until(answers, PATIENCE):
        log = state.logs / f"{NAME}.log"
        raise LocalCloudError(f"the GCE stand-in does not answer; {log} ends with: {daemons.last_lines(log, 1)}")
    return [NAME] if started else []


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
