"""Compute Engine's paths: which call does what. Everything else is refused by name."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from localcloud.gce import names
from localcloud.gce.compute import disks, instances, operations, snapshots
from localcloud.gce.http.bodies import (
    AttachDisk,
    B,
    CreateSnapshot,
    DiskInsert,
    NetworkInsert,
    Policies,
    Resize,
    ResourcePolicyInsert,
    ResourcePolicyPatch,
    SetLabels,
    parse,
)
from localcloud.gce.http.errors import ApiError, invalid, not_found, not_implemented
from localcloud.gce.store import Record, Store

PREFIX: Final = "/compute/v1/"
VERSIONS: Final = re.compile(r"/compute/(v1|beta|alpha)/")
"""Google's CSI driver makes and reads disks through beta; of what is here, all three say the same."""
ALWAYS: Final = ("alt", "prettyPrint")
LOOKS: Final = (*ALWAYS, "fields", "filter")
"""Query parameters of every look; more fields than were asked for do no harm."""
PLACES: Final = r"(?P<place>projects/(?P<project>[^/]+)/(?:zones|regions)/[^/]+)"
ZONE: Final = r"(?P<place>projects/(?P<project>[^/]+)/zones/[^/]+)"
REGION: Final = r"(?P<place>projects/(?P<project>[^/]+)/regions/[^/]+)"
GLOBAL: Final = r"(?P<place>projects/(?P<project>[^/]+)/global)"


@dataclass(frozen=True)
class Call:
    """One request: its path from `projects/` on, the parts that its route names, its query and body."""

    store: Store
    path: str
    parts: dict[str, str]
    query: dict[str, str]
    body: Any

    @property
    def place(self) -> str:
        return self.parts["place"]

    @property
    def above(self) -> str:
        """The path without its last word: what `.../disks/D/resize` is about."""
        return self.path.rpartition("/")[0]


@dataclass(frozen=True)
class Route:
    """A method and path; `run` answers the record to show, or of a change the path that it changed."""

    method: str
    pattern: str
    run: Callable[[Call], Any]
    verb: str = ""
    """Of a change, Google's name for it; a look has none."""
    query: tuple[str, ...] = ()


def _look(call: Call) -> Record:
    return disks.find(call.store, call.path)


def _list(call: Call) -> Record:
    kind = call.path.rpartition("/")[2][:-1]
    items = [record for _, record in call.store.under(f"{call.path}/")]
    items = _filtered(call, items)
    if call.path.endswith("/global/networks"):
        items = [_default_network(call), *items]
    return {"kind": f"compute#{kind}List", "items": items}


def _insert_snapshot(call: Call) -> str:
    body = parse(CreateSnapshot, call.body)
    if body.source_disk is None:
        raise ApiError("required", "Required field 'resource.sourceDisk' not specified")
    return snapshots.create(call.store, names.reference(call.parts["project"], body.source_disk), body)


def _filtered(call: Call, items: list[Record]) -> list[Record]:
    """`filter=FIELD eq PATTERN`: of Google's ways to say it, the one that its CSI driver uses."""
    wanted = call.query.get("filter", "")
    if not wanted:
        return items
    found = re.fullmatch(r"(\w+) eq (\S+)", wanted)
    if found is None:
        raise not_implemented(f"the filter '{wanted}'")
    return [item for item in items if re.fullmatch(found[2], str(item.get(found[1], "")))]


def _network(call: Call) -> Record:
    return _default_network(call) if call.path.endswith("/networks/default") else _look(call)


def _default_network(call: Call) -> Record:
    """Every project has one (Compute Engine, "Default networks")."""
    path = f"{call.place}/networks/default"
    return {"kind": "compute#network", "id": "0", "name": "default", "autoCreateSubnetworks": True, "selfLink": path}


def _insert_network(call: Call) -> str:
    body = parse(NetworkInsert, call.body)
    if body.name == "default":
        raise ApiError("alreadyExists", f"The resource '{call.place}/networks/default' already exists")
    return snapshots.insert_network(call.store, call.place, body)


def _instance(call: Call) -> Record:
    return instances.shown(call.store, call.place, instances.find(call.store, call.place, call.parts["name"]))


def _instances(call: Call) -> Record:
    return {"kind": "compute#instanceList", "items": instances.listed(call.store, call.place)}


def _attach(call: Call) -> str:
    force = call.query.get("forceAttach", "false") == "true"
    return instances.attach(call.store, call.place, call.parts["name"], parse(AttachDisk, call.body), force)


def _detach(call: Call) -> str:
    if "deviceName" not in call.query:
        raise ApiError("required", "Required parameter 'deviceName' not specified")
    return instances.detach(call.store, call.place, call.parts["name"], call.query["deviceName"])


def _zone(call: Call) -> Record:
    zone = call.parts["zone"]
    names.check_place(f"zones/{zone}")
    region = f"projects/{call.parts['project']}/regions/{names.region_of(zone)}"
    return {"kind": "compute#zone", "name": zone, "status": "UP", "region": region, "selfLink": call.path}


def _zones(call: Call) -> Record:
    known = {record["zone"] for _, record in call.store.under(instances.REGISTERED)}
    regions = {zone: f"{call.path.removesuffix('zones')}regions/{names.region_of(zone)}" for zone in sorted(known)}
    items = [
        {"kind": "compute#zone", "name": zone, "status": "UP", "region": region, "selfLink": f"{call.path}/{zone}"}
        for zone, region in regions.items()
    ]
    return {"kind": "compute#zoneList", "items": _filtered(call, items)}


def _disk_type(call: Call) -> Record:
    name = call.parts["name"]
    if name not in disks.SMALLEST_GB:
        raise not_found(call.path)
    sizes = f"{disks.SMALLEST_GB[name]}GB-{disks.LARGEST_GB}GB"
    return {
        "kind": "compute#diskType",
        "name": name,
        "validDiskSize": sizes,
        "defaultDiskSizeGb": str(disks.DEFAULT_GB[name]),
        "selfLink": call.path,
    }


def _on_disk(word: str, model: type[B], run: Callable[[Store, str, B], str], verb: str = "") -> Route:
    """`POST …/disks/D/<word>`; Google's name for the change is the same word where no `verb` is given."""
    pattern = rf"{PLACES}/disks/[^/]+/{word}"
    return Route("POST", pattern, lambda c: run(c.store, c.above, parse(model, c.body)), verb or word)


ROUTES: Final = (
    Route("GET", rf"{PLACES}/disks", _list),
    Route("GET", rf"{PLACES}/disks/[^/]+", _look),
    Route("POST", rf"{PLACES}/disks", lambda c: disks.insert(c.store, c.place, parse(DiskInsert, c.body)), "insert"),
    Route("DELETE", rf"{PLACES}/disks/[^/]+", lambda c: disks.delete(c.store, c.path), "delete"),
    _on_disk("resize", Resize, disks.resize, verb="resizeDisk"),
    _on_disk("setLabels", SetLabels, disks.set_labels),
    _on_disk("createSnapshot", CreateSnapshot, snapshots.create),
    _on_disk("addResourcePolicies", Policies, disks.add_policies),
    _on_disk("removeResourcePolicies", Policies, disks.remove_policies),
    Route("GET", rf"{GLOBAL}/images", _list),  # there are none
    Route("GET", rf"{GLOBAL}/images/[^/]+", _look),
    Route("GET", rf"{GLOBAL}/snapshots", _list),
    Route("POST", rf"{GLOBAL}/snapshots", _insert_snapshot, "insert"),
    Route("GET", rf"{GLOBAL}/snapshots/[^/]+", _look),
    Route("DELETE", rf"{GLOBAL}/snapshots/[^/]+", lambda c: snapshots.delete(c.store, c.path), "delete"),
    Route("GET", rf"{REGION}/resourcePolicies", _list),
    Route("GET", rf"{REGION}/resourcePolicies/[^/]+", _look),
    Route(
        "POST",
        rf"{REGION}/resourcePolicies",
        lambda c: snapshots.insert_policy(c.store, c.place, parse(ResourcePolicyInsert, c.body)),
        "insert",
    ),
    Route(
        "PATCH",
        rf"{REGION}/resourcePolicies/[^/]+",
        lambda c: snapshots.patch_policy(c.store, c.path, parse(ResourcePolicyPatch, c.body)),
        "patch",
    ),
    Route("DELETE", rf"{REGION}/resourcePolicies/[^/]+", lambda c: snapshots.delete_policy(c.store, c.path), "delete"),
    Route("GET", rf"{ZONE}/instances", _instances),
    Route("GET", rf"{ZONE}/instances/(?P<name>[^/]+)", _instance),
    Route("POST", rf"{ZONE}/instances/(?P<name>[^/]+)/attachDisk", _attach, "attachDisk", ("forceAttach",)),
    Route("POST", rf"{ZONE}/instances/(?P<name>[^/]+)/detachDisk", _detach, "detachDisk", ("deviceName",)),
    Route("GET", r"projects/(?P<project>[^/]+)/zones", _zones),
    Route("GET", r"projects/(?P<project>[^/]+)/zones/(?P<zone>[^/]+)", _zone),
    Route("GET", rf"{PLACES}/diskTypes/(?P<name>[^/]+)", _disk_type),
    Route("GET", rf"{GLOBAL}/networks", _list),
    Route("GET", rf"{GLOBAL}/networks/[^/]+", _network),
    Route("POST", rf"{GLOBAL}/networks", _insert_network, "insert"),
    Route("DELETE", rf"{GLOBAL}/networks/[^/]+", lambda c: snapshots.delete_network(c.store, c.path), "delete"),
    Route("GET", rf"(?:{PLACES[:-1]}|projects/[^/]+/global))/operations/[^/]+", _look),
    Route(
        "POST",
        rf"(?:{PLACES[:-1]}|projects/[^/]+/global))/operations/[^/]+/wait",
        lambda c: disks.find(c.store, c.above),
    ),
)


def answer(store: Store, method: str, path: str, query: dict[str, str], body: Any) -> Record:
    """Do what a request asks; `path` is from `projects/` on."""
    for route in ROUTES:
        found = re.fullmatch(route.pattern, path)
        if found and route.method == method:
            unknown = sorted(set(query) - {*route.query, *(ALWAYS if route.verb else LOOKS)})
            if unknown:
                raise not_implemented(f"the query parameter '{unknown[0]}' of {path}")
            parts = {name: value for name, value in found.groupdict().items() if value}
            _check(parts)
            return _run(route, Call(store, path, parts, query, body))
    raise not_implemented(f"{method} {PREFIX}{path}")


def _check(parts: dict[str, str]) -> None:
    project = parts.get("project", "")
    if project and not names.PROJECT.fullmatch(project):
        raise invalid(
            f"Invalid value for field 'project': '{project}'. Must be a match of regex '{names.PROJECT.pattern}'"
        )
    place = parts.get("place", "").split("/", 2)[-1]
    if place.startswith(("zones/", "regions/")):
        names.check_place(place)


def _run(route: Route, call: Call) -> Record:
    if not route.verb:
        with call.store.view():
            record: Record = route.run(call)
        return record
    with call.store.change():
        before = call.store.get(call.path) or {}
        target = route.run(call)
        record = call.store.get(target) or before
        place = call.place
        return operations.done(call.store, place, route.verb, target, str(record.get("id", "0")))
