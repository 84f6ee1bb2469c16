"""Compute Engine's paths: which call does what. Everything else is refused by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from typing import Final

from localcloud.gce import names
from localcloud.gce.compute import disks, instances, networks, operations, places, policies, records, snapshots
from localcloud.gce.compute.bodies import (
    AttachDisk,
    CreateSnapshot,
    DiskInsert,
    NetworkInsert,
    Policies,
    Resize,
    ResourcePolicyInsert,
    ResourcePolicyPatch,
    SetLabels,
)
from localcloud.gce.http.bodies import B, parse
from localcloud.gce.http.errors import ApiError, invalid, not_implemented
from localcloud.gce.http.routing import Call, Route, Router
from localcloud.gce.store import Record, Store

PREFIX: Final = "/compute/v1/"
"""How refusals write the beginning of the paths, whichever version was called."""
VERSIONS: Final = r"/compute/(?:v1|beta|alpha)/"
"""The beginnings of the paths. Google's CSI driver makes and reads disks through beta; all three say the same here."""
ALWAYS: Final = ("alt", "prettyPrint")
"""The query parameters of every call."""
LOOKS: Final = (*ALWAYS, "fields", "filter")
"""The query parameters of every look; more fields than were asked for do no harm."""
PROJECT: Final = "projects/{project}"
GLOBAL: Final = f"{PROJECT}/global"
REGION: Final = f"{PROJECT}/regions/{{region}}"
ZONE: Final = f"{PROJECT}/zones/{{zone}}"


def router(store: Store) -> Router[Store]:
    """The router of Compute Engine's paths over the records of a store."""
    return Router(store, VERSIONS, ROUTES, PREFIX)


# How a call becomes an answer -----------------------------------------------------------------------------------------


def look(template: str, run: Callable[[Store, Call], Record], method: str = "GET") -> Route[Store]:
    """A route that shows a record; nothing changes while `run` reads."""

    def answer(store: Store, call: Call) -> Record:
        _check(call)
        with store.view():
            record = run(store, call)
        return _shown(store, call, record)

    return Route(method, template, answer, LOOKS)


def listing(template: str, run: Callable[[Store, Call], list[Record]]) -> Route[Store]:
    """A route that shows the records of one kind, which the template's last word names in the plural."""
    kind = template.rpartition("/")[2].removesuffix("s")
    return look(
        template, lambda store, call: {"kind": f"compute#{kind}List", "items": _filtered(call, run(store, call))}
    )


def change(
    method: str, template: str, verb: str, run: Callable[[Store, Call], str], query: Collection[str] = ()
) -> Route[Store]:
    """A route that changes something and answers the operation; `run` returns the path of what it changed.

    `verb` is Google's name for the change.
    """

    def answer(store: Store, call: Call) -> Record:
        _check(call)
        with store.change():
            before = store.get(call.path) or {}
            target = run(store, call)
            record = store.get(target) or before
            operation = operations.done(store, _place(call), verb, target, str(record.get("id", "0")))
        return _shown(store, call, operation)

    return Route(method, template, answer, (*query, *ALWAYS))


def insert(template: str, model: type[B], run: Callable[[Store, str, B], str]) -> Route[Store]:
    """A route that makes something: `run` gets the place to make it in and the body, and returns the new path."""
    return change("POST", template, "insert", lambda store, call: run(store, _place(call), parse(model, call.body)))


def delete(template: str, run: Callable[[Store, str], str]) -> Route[Store]:
    """A route that deletes what is at its path."""
    return change("DELETE", template, "delete", lambda store, call: run(store, call.path))


def on_disk(disk: str, word: str, model: type[B], run: Callable[[Store, str, B], str], verb: str = "") -> Route[Store]:
    """The route `POST <disk>/<word>`; Google's name for the change is the same word where no `verb` is given."""
    return change(
        "POST", f"{disk}/{word}", verb or word, lambda store, call: run(store, _above(call), parse(model, call.body))
    )


def _check(call: Call) -> None:
    project = call.parts.get("project", "")
    if project and not names.PROJECT.fullmatch(project):
        raise invalid(
            f"Invalid value for field 'project': '{project}'. Must be a match of regex '{names.PROJECT.pattern}'"
        )
    for kind in ("zone", "region"):
        if kind in call.parts:
            names.check_place(f"{kind}s/{call.parts[kind]}")


def _place(call: Call) -> str:
    """The zone or region that a call is about, or its project's `global`."""
    words = call.path.split("/")
    return "/".join(words[:3] if words[2] == "global" else words[:4])


def _above(call: Call) -> str:
    """The path without its last word: of `.../disks/D/resize` it is the disk's."""
    return call.path.rpartition("/")[0]


def _shown(store: Store, call: Call, record: Record) -> Record:
    shown: Record = records.linked(record, call.request.base + call.prefix, store.root)
    return shown


def _filtered(call: Call, items: list[Record]) -> list[Record]:
    """The items that `filter=FIELD eq PATTERN` leaves: of Google's ways to say it, the one that its CSI driver uses."""
    wanted = call.query.get("filter", "")
    if not wanted:
        return items
    found = re.fullmatch(r"(\w+) eq (\S+)", wanted)
    if found is None:
        raise not_implemented(f"the filter '{wanted}'")
    return [item for item in items if re.fullmatch(found[2], str(item.get(found[1], "")))]


# What calls do --------------------------------------------------------------------------------------------------------


def _record(store: Store, call: Call) -> Record:
    return records.find(store, call.path)


def _records(store: Store, call: Call) -> list[Record]:
    return [record for _, record in store.under(f"{call.path}/")]


def _insert_snapshot(store: Store, call: Call) -> str:
    body = parse(CreateSnapshot, call.body)
    if body.source_disk is None:
        raise ApiError("required", "Required field 'resource.sourceDisk' not specified")
    return snapshots.create(store, names.reference(call.parts["project"], body.source_disk), body)


def _patch_policy(store: Store, call: Call) -> str:
    return policies.patch(store, call.path, parse(ResourcePolicyPatch, call.body))


def _network(store: Store, call: Call) -> Record:
    return networks.default(_place(call)) if call.parts["network"] == "default" else _record(store, call)


def _instance(store: Store, call: Call) -> Record:
    place = _place(call)
    return instances.shown(store, place, instances.find(store, place, call.parts["instance"]))


def _attach(store: Store, call: Call) -> str:
    force = call.query.get("forceAttach", "false") == "true"
    return instances.attach(store, _place(call), call.parts["instance"], parse(AttachDisk, call.body), force)


def _detach(store: Store, call: Call) -> str:
    if "deviceName" not in call.query:
        raise ApiError("required", "Required parameter 'deviceName' not specified")
    return instances.detach(store, _place(call), call.parts["instance"], call.query["deviceName"])


# The table ------------------------------------------------------------------------------------------------------------


def _disks(place: str) -> Iterator[Route[Store]]:
    disk = f"{place}/disks/{{disk}}"
    yield listing(f"{place}/disks", _records)
    yield look(disk, _record)
    yield insert(f"{place}/disks", DiskInsert, disks.insert)
    yield delete(disk, disks.delete)
    yield on_disk(disk, "resize", Resize, disks.resize, verb="resizeDisk")
    yield on_disk(disk, "setLabels", SetLabels, disks.set_labels)
    yield on_disk(disk, "createSnapshot", CreateSnapshot, snapshots.create)
    yield on_disk(disk, "addResourcePolicies", Policies, disks.add_policies)
    yield on_disk(disk, "removeResourcePolicies", Policies, disks.remove_policies)
    yield look(f"{place}/diskTypes/{{type}}", lambda _, call: places.disk_type(call.path))


def _operations(place: str) -> Iterator[Route[Store]]:
    yield look(f"{place}/operations/{{operation}}", _record)
    yield look(
        f"{place}/operations/{{operation}}/wait", lambda store, call: records.find(store, _above(call)), method="POST"
    )


ROUTES: Final = (
    *_disks(ZONE),
    *_disks(REGION),
    listing(f"{GLOBAL}/images", _records),  # there are no images; the CSI driver asks for them
    look(f"{GLOBAL}/images/{{image}}", _record),
    listing(f"{GLOBAL}/snapshots", _records),
    change("POST", f"{GLOBAL}/snapshots", "insert", _insert_snapshot),
    look(f"{GLOBAL}/snapshots/{{snapshot}}", _record),
    delete(f"{GLOBAL}/snapshots/{{snapshot}}", snapshots.delete),
    listing(f"{REGION}/resourcePolicies", _records),
    look(f"{REGION}/resourcePolicies/{{policy}}", _record),
    insert(f"{REGION}/resourcePolicies", ResourcePolicyInsert, policies.insert),
    change("PATCH", f"{REGION}/resourcePolicies/{{policy}}", "patch", _patch_policy),
    delete(f"{REGION}/resourcePolicies/{{policy}}", policies.delete),
    listing(f"{ZONE}/instances", lambda store, call: instances.listed(store, _place(call))),
    look(f"{ZONE}/instances/{{instance}}", _instance),
    change("POST", f"{ZONE}/instances/{{instance}}/attachDisk", "attachDisk", _attach, query=("forceAttach",)),
    change("POST", f"{ZONE}/instances/{{instance}}/detachDisk", "detachDisk", _detach, query=("deviceName",)),
    listing(f"{PROJECT}/zones", lambda store, call: places.zones(store, call.parts["project"])),
    look(ZONE, lambda _, call: places.zone(call.parts["project"], call.parts["zone"])),
    listing(f"{GLOBAL}/networks", lambda store, call: [networks.default(_place(call)), *_records(store, call)]),
    look(f"{GLOBAL}/networks/{{network}}", _network),
    insert(f"{GLOBAL}/networks", NetworkInsert, networks.insert),
    delete(f"{GLOBAL}/networks/{{network}}", networks.delete),
    *_operations(ZONE),
    *_operations(REGION),
    *_operations(GLOBAL),
)
