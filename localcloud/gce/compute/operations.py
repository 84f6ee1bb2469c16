"""Operations, which are what changes answer: each is done by the time that it is answered."""

from __future__ import annotations

from localcloud.gce.clock import now
from localcloud.gce.store import Record, Store


def done(store: Store, place: str, verb: str, target: str, target_id: str) -> Record:
    """Record that a change was made, and return its operation; `verb` is Google's name for the change.

    `place` is `projects/P/zones/Z`, `projects/P/regions/R` or `projects/P/global`,
    and `target` the path of what changed.
    """
    number = store.next_id()
    name = f"operation-{number}"
    path = f"{place}/operations/{name}"
    time = now()
    operation: Record = {
        "kind": "compute#operation",
        "id": str(number),
        "name": name,
        "operationType": verb,
        "status": "DONE",
        "progress": 100,
        "targetLink": target,
        "targetId": target_id,
        "selfLink": path,
        "insertTime": time,
        "startTime": time,
        "endTime": time,
        "user": "standin@localhost",
    }
    for kind in ("zones", "regions"):
        if f"/{kind}/" in f"{place}/":
            operation[kind[:-1]] = place
    store.put(path, operation)
    store.prune_operations(number)
    return operation
