"""What a person sees: the table of pods after `up`, `status`, `doctor`, `logs`."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from localcloud import preflight
from localcloud.cluster import api, lifecycle, nodes, outages
from localcloud.host.errors import LocalCloudError
from localcloud.host.paths import CLUSTER_DOMAIN, State
from localcloud.toolchain import TOOLS, install


def _console() -> Console:
    # A pipe or a CI log has no width of its own; names must not be cut there.
    width = None if os.isatty(1) else 180
    return Console(highlight=False, width=width)


def _items(state: State, path: str) -> list[dict[str, Any]]:
    status, answer = api.request(state, "GET", path)
    return answer["items"] if status == 200 else []


def workloads(state: State) -> None:
    """The pods of every StatefulSet with their claim, volume, node and DNS name."""
    claims = {
        (c["metadata"]["namespace"], c["metadata"]["name"]): c for c in _items(state, "/api/v1/persistentvolumeclaims")
    }
    table = Table("pod", "ready", "node", "claim", "volume", "DNS name", title=None, box=None, pad_edge=False)
    pods = [p for p in _items(state, "/api/v1/pods") if _set_of(p)]
    for pod in sorted(pods, key=lambda p: (_set_of(p), _ordinal(p))):
        meta, spec = pod["metadata"], pod["spec"]
        names = [
            v["persistentVolumeClaim"]["claimName"] for v in spec.get("volumes", []) if "persistentVolumeClaim" in v
        ]
        volumes = [claims.get((meta["namespace"], n), {}).get("spec", {}).get("volumeName", "-") for n in names]
        ready = _ready(pod)
        table.add_row(
            meta["name"],
            "[green]yes[/green]" if ready else f"[red]{pod['status'].get('phase', '?')}[/red]",
            spec.get("nodeName", "-"),
            ", ".join(names) or "-",
            ", ".join(volumes) or "-",
            f"{meta['name']}.{spec.get('subdomain', '?')}.{meta['namespace']}.svc.{CLUSTER_DOMAIN}",
        )
    if pods:
        _console().print(table)


def kept(state: State) -> None:
    """After `destroy`: the claims and volumes that durability keep left, and how to let go of them."""
    claims = _items(state, "/api/v1/persistentvolumeclaims")
    volumes = _items(state, "/api/v1/persistentvolumes")
    console = _console()
    for claim in claims:
        meta = claim["metadata"]
        console.print(
            f"kept: claim {meta['namespace']}/{meta['name']} on volume {claim['spec'].get('volumeName', '-')}"
        )
    # A volume of reclaim policy Delete is on its way out, and its disk with it.
    stay = [v for v in volumes if v["spec"].get("persistentVolumeReclaimPolicy") == "Retain"]
    free = [v["metadata"]["name"] for v in stay if v["status"].get("phase") != "Bound"]
    if free:
        console.print(f"kept: volumes {', '.join(free)}")
    if claims or stay:
        console.print(
            "`make up` takes them up again; `kubectl delete pvc,pv NAME` lets go of one, data stays on its disk"
        )


def _nodes(state: State, console: Console) -> None:
    """Each node, its zone and whether it is in order; an outage is what a person did, not Ready what the API sees."""
    found = nodes.objects(state)
    table = Table("node", "zone", "address", "pods", "", box=None, pad_edge=False)
    for each in state.nodes:
        seen = each.name in found and nodes.is_ready(found[each.name])
        ready = "[green]Ready[/green]" if seen else "[red]not Ready[/red]"
        outage = outages.of(state, each)
        note = f"[red]{outage}[/red] (the API says {ready})" if outage else ready
        table.add_row(each.name, each.zone, each.ip, each.pod_subnet, note)
    console.print(table)


def status(state: State) -> None:
    """Processes, nodes, pods."""
    console = _console()
    table = Table("process", "pid", "memory", box=None, pad_edge=False)
    parts = lifecycle.parts(state)
    for part in parts:
        memory = f"{_resident(part.pid) / 2**20:.0f} MB" if part.pid else "-"
        table.add_row(part.name, str(part.pid) if part.pid else "[red]not running[/red]", memory)
    console.print(table)
    if not any(part.pid for part in parts):
        console.print("the cluster is down; `make up` starts it")
        return
    if not api.ready(state):
        console.print("[red]the API server does not answer[/red]; `make up` repairs it")
        return
    _nodes(state, console)
    workloads(state)


def doctor(state: State, cache: Path) -> int:
    """Print every check; 0 if all hold."""
    console = _console()
    table = Table("check", "found", "", box=None, pad_edge=False)
    problems = 0
    for check in preflight.checks(state, cache, preflight.Host()):
        problems += bool(check.problem)
        table.add_row(check.name, check.found, f"[red]✗ {check.problem}[/red]" if check.problem else "[green]✓[/green]")
    for tool in TOOLS:
        found = install.present(tool, cache)
        table.add_row(
            f"{tool.name} {tool.version}",
            found.source if found else "to fetch or build",
            "[green]✓[/green]" if found else "",
        )
    broken = install.verify(cache)
    table.add_row(
        "cached programs", "SHA-256 compared", "\n".join(f"[red]✗ {b}[/red]" for b in broken) or "[green]✓[/green]"
    )
    console.print(table)
    return 1 if problems or broken else 0


def logs(state: State, name: str, follow: bool) -> None:
    """The last 40 lines of each log whose name holds `name`."""
    files = sorted(str(f) for f in state.logs.glob("*.log") if name in f.stem)
    if not files:
        known = ", ".join(sorted(f.stem for f in state.logs.glob("*.log"))) or "none yet"
        raise LocalCloudError(f"no log has {name!r} in its name; logs: {known}")
    tail = shutil.which("tail") or "tail"
    os.execv(tail, [tail, "--lines=40", *(["--follow=name"] if follow else []), *files])  # noqa: S606 - no shell


def _set_of(pod: dict[str, Any]) -> str:
    owners = pod["metadata"].get("ownerReferences", [])
    return next((f"{pod['metadata']['namespace']}/{o['name']}" for o in owners if o["kind"] == "StatefulSet"), "")


def _ordinal(pod: dict[str, Any]) -> int:
    return int(pod["metadata"]["name"].rpartition("-")[2])


def _ready(pod: dict[str, Any]) -> bool:
    if "deletionTimestamp" in pod["metadata"]:
        return False
    return any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", []))


def _resident(pid: int) -> int:
    """Bytes of memory a process holds."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
