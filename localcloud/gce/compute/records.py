"""What all records of Compute Engine have in common: a path to find them by, a name that is taken once, and links."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from localcloud.gce import names
from localcloud.gce.clock import now
from localcloud.gce.http.errors import already_exists, not_found
from localcloud.gce.store import Record, Store

LINKS: Final = {"selfLink", "targetLink", "zone", "region", "type", "users", "replicaZones", "source", "sourceDisk",
                "sourceSnapshot", "resourcePolicies"}  # fmt: skip
"""The fields that hold addresses of other records."""


def find(store: Store, path: str) -> Record:
    """The record of that path; raises ApiError if there is none."""
    record = store.get(path)
    if record is None:
        raise not_found(path)
    return record


def insert(store: Store, path: str, name: str, description: str, record: Record) -> str:
    """Make a record that has no file, and return its path; raises ApiError if the name is bad or taken."""
    names.check_name("resource.name", name)
    if store.get(path) is not None:
        raise already_exists(path)
    made = {"id": str(store.next_id()), "name": name, "description": description, "selfLink": path}
    store.put(path, {**record, **made, "creationTimestamp": now()})
    return path


def linked(value: Any, base: str, root: Path, key: str = "") -> Any:
    """A record with whole addresses: records hold paths, so that they outlive a change of the port or the folder.

    Links begin with `base`, which ends with a slash; `standinFile` becomes a path below `root`.
    """
    if isinstance(value, dict):
        return {name: linked(inner, base, root, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [linked(inner, base, root, key) for inner in value]
    if key in LINKS and isinstance(value, str) and value.startswith("projects/"):
        return base + value
    return str(root / value) if key == "standinFile" else value
