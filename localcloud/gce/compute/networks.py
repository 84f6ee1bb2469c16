"""Networks: records that Cloud SQL's private addresses refer to."""

from __future__ import annotations

from localcloud.gce.compute import records
from localcloud.gce.compute.bodies import NetworkInsert
from localcloud.gce.http.errors import ApiError, already_exists
from localcloud.gce.store import Record, Store


def default(place: str) -> Record:
    """The network that every project has from the start (Compute Engine, "Default networks")."""
    path = f"{place}/networks/default"
    return {"kind": "compute#network", "id": "0", "name": "default", "autoCreateSubnetworks": True, "selfLink": path}


def insert(store: Store, place: str, body: NetworkInsert) -> str:
    """Make a network and return its path; raises ApiError if the name is bad or taken."""
    path = f"{place}/networks/{body.name}"
    if body.name == "default":
        raise already_exists(path)
    record = {"kind": "compute#network", "autoCreateSubnetworks": body.auto_create_subnetworks}
    return records.insert(store, path, body.name, body.description, record)


def delete(store: Store, path: str) -> str:
    """Delete a network and return its path; raises ApiError while a Cloud SQL instance is in it."""
    records.find(store, path)
    for user, record in store.under(f"sql/projects/{path.split('/')[1]}/instances/"):
        if record.get("settings", {}).get("ipConfiguration", {}).get("privateNetwork") == path:
            raise ApiError(
                "resourceInUseByAnotherResource",
                f"The network resource '{path}' is already being used by '{user}'",
            )
    store.delete(path)
    return path
