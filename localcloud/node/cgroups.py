"""A node's control groups: what its kubelet puts pods in, under one name in every hierarchy."""

from __future__ import annotations

import contextlib
from pathlib import Path

from localcloud.host.slot import Node

CGROUPS = Path("/sys/fs/cgroup")


def _roots(node: Node) -> list[Path]:
    """The node's cgroup in every hierarchy (version 1), or in the one (version 2)."""
    if (CGROUPS / "cgroup.controllers").exists():
        return [CGROUPS / node.cgroup]
    return [
        hierarchy / node.cgroup for hierarchy in CGROUPS.iterdir() if hierarchy.is_dir() and not hierarchy.is_symlink()
    ]


def make(node: Node) -> None:
    """The node's cgroup in every hierarchy, with all controllers; idempotent."""
    for root in _roots(node):
        root.mkdir(exist_ok=True)
        if (CGROUPS / "cgroup.controllers").exists():
            controllers = (CGROUPS / "cgroup.controllers").read_text().split()
            (CGROUPS / "cgroup.subtree_control").write_text(" ".join(f"+{c}" for c in controllers))
            (root / "cgroup.subtree_control").write_text(" ".join(f"+{c}" for c in controllers))
        for file in ("cpuset.cpus", "cpuset.mems"):  # version 1 leaves them empty: nothing could run inside
            if (root.parent / file).exists() and not (root / file).read_text().strip():
                (root / file).write_text((root.parent / file).read_text())


def processes(node: Node) -> list[int]:
    """Everything that runs in the node's pods."""
    pids: set[int] = set()
    for root in _roots(node):
        for file in root.rglob("cgroup.procs"):
            with contextlib.suppress(OSError):
                pids.update(int(line) for line in file.read_text().split())
    return sorted(pids)


def clear(node: Node) -> None:
    """Remove the node's empty cgroups, deepest first."""
    for root in _roots(node):
        if root.exists():
            for directory in sorted((d for d in root.rglob("*") if d.is_dir()), key=lambda d: -len(d.parts)):
                with contextlib.suppress(OSError):
                    directory.rmdir()
            with contextlib.suppress(OSError):
                root.rmdir()
