"""`drills status`: the members as they are now."""

from __future__ import annotations

import contextlib
from typing import Any

from rich.console import Console
from rich.table import Table

from drills.checks import gtid
from drills.errors import DrillError
from drills.kube import Cluster
from drills.target import Target, member_of

# Asked as root through the member's own socket; each part is the same in every MySQL since 5.7.
STATE = """
options=()
if [[ -e /run/mysqld/root.cnf ]]; then options=(--defaults-file=/run/mysqld/root.cnf); fi
timeout 5 mysql "${options[@]}" --connect-timeout=3 --batch --skip-column-names --raw --execute="
SELECT @@server_id, @@GLOBAL.read_only,
  IF(@@GLOBAL.gtid_executed = '', '-', REPLACE(@@GLOBAL.gtid_executed, '\\n', '')),
  COALESCE((SELECT MAX(SERVICE_STATE) FROM performance_schema.replication_connection_status), '-'),
  COALESCE((SELECT MAX(SERVICE_STATE) FROM performance_schema.replication_applier_status), '-')"
"""
COLUMNS = ("member", "ready", "role", "server id", "replication", "transactions", "behind", "claim", "node", "now")


def show(cluster: Cluster, target: Target, console: Console) -> None:
    """A table, one member a line."""
    table = Table(*COLUMNS, box=None, pad_edge=False)
    told: dict[int, list[str]] = {}
    pods = {
        member.ordinal: pod
        for pod in cluster.items("pods", target.selector)
        if (member := member_of(target, pod)) is not None
    }
    for ordinal in sorted(pods):
        told[ordinal] = _ask(cluster, target, ordinal)
    first = told.get(0, [])
    for ordinal, pod in sorted(pods.items()):
        table.add_row(*row(target, pod, told[ordinal], first, _now(cluster, target, pod)))
    console.print(table)
    _missing(cluster, target, pods, console)


def row(target: Target, pod: dict[str, Any], said: list[str], first: list[str], now: str) -> list[str]:
    """A member's cells; `said`: what it says of itself, `first`: what the primary says."""
    member = member_of(target, pod)
    if member is None:
        raise ValueError(pod["metadata"]["name"])
    ready = "[green]yes[/green]" if member.ready else f"[red]{member.phase}[/red]"
    cells = [target.pod(member.ordinal), ready, "-", "-", "-", "-", "-"]
    if said:
        server, read_only, executed, receiver, applier = said
        role = "primary" if read_only == "0" else "replica" if member.ordinal else "primary, read-only"
        replication = "-" if read_only == "0" else f"receives {receiver}, applies {applier}"
        behind = str(gtid.missing(first[2], executed)) if first and executed != "-" else "-"
        cells = [*cells[:2], role, server, replication, str(gtid.count(executed)), behind]
    return [*cells, member.claim or "-", member.node or "-", now]


def _ask(cluster: Cluster, target: Target, ordinal: int) -> list[str]:
    with contextlib.suppress(DrillError):
        answer = cluster.exec(target.pod(ordinal), target.container, STATE, timeout=15)
        fields = answer.out.split()
        if answer.code == 0 and len(fields) == 5:
            return fields
    return []


def _now(cluster: Cluster, target: Target, pod: dict[str, Any]) -> str:
    """What a pod that is not up does: the last line of the init container that runs, such as how far its clone is."""
    name = pod["metadata"]["name"]
    for status in pod.get("status", {}).get("initContainerStatuses", ()):
        if "running" in status.get("state", {}):
            return f"{status['name']}: {cluster.log(name, status['name']) or 'started'}"
    for status in pod.get("status", {}).get("containerStatuses", ()):
        waiting = status.get("state", {}).get("waiting")
        if waiting:
            return str(waiting.get("reason", ""))
    return ""


def _missing(cluster: Cluster, target: Target, pods: dict[int, Any], console: Console) -> None:
    for ordinal in range(target.replicas):
        if ordinal not in pods:
            console.print(f"{target.pod(ordinal)}: [red]no pod[/red]")
    spare = spare_claims(target, [item["metadata"]["name"] for item in cluster.items("persistentvolumeclaims")])
    if spare:
        console.print(f"claims without a member: {', '.join(spare)}")


def spare_claims(target: Target, claims: list[str]) -> list[str]:
    """Claims of ordinals that the set has no more."""
    prefix = f"{target.claim_template}-{target.name}-"
    ordinals = sorted(int(name.removeprefix(prefix)) for name in claims if _is_claim(prefix, name))
    return [f"{prefix}{ordinal}" for ordinal in ordinals if ordinal >= target.replicas]


def _is_claim(prefix: str, name: str) -> bool:
    return name.startswith(prefix) and name.removeprefix(prefix).isdigit()
