"""Instances: the cluster's nodes, which every project sees, and the disks that are attached to them."""

from __future__ import annotations

from typing import Any, Final

from localcloud.gce import names
from localcloud.gce.clock import now
from localcloud.gce.compute import disks, records
from localcloud.gce.compute.bodies import AttachDisk, StandinInstances
from localcloud.gce.http.errors import ApiError, invalid, not_found
from localcloud.gce.store import Record, Store

MOST_DISKS: Final = 127
"""How many disks an instance may have: at Google 128 with the boot disk (Compute Engine, "Disk limits"), which the
stand-in's instances do not have."""
REGISTERED: Final = "standin/instances/"
"""The beginning of the paths in the store under which instances lie, which belong to no project."""


def register(store: Store, body: StandinInstances) -> Record:
    """Have these instances exist, and no others; the disks of one that goes are free again, as when a VM is deleted."""
    wanted = {each.name: each.zone for each in body.instances}
    for name, zone in wanted.items():
        names.check_name("instances.name", name)
        names.check_place(f"zones/{zone}")
    for path, instance in store.under(REGISTERED):
        if wanted.get(instance["name"]) != instance["zone"]:
            for attached in instance["disks"]:
                _leave(store, attached["source"], instance, attached)
            store.delete(path)
    for name, zone in wanted.items():
        if store.get(REGISTERED + name) is None:
            record = {"id": str(store.next_id()), "name": name, "zone": zone, "disks": [], "creationTimestamp": now()}
            store.put(REGISTERED + name, record)
    return {"instances": [{"name": name, "zone": zone} for name, zone in sorted(wanted.items())]}


def listed(store: Store, place: str) -> list[Record]:
    """Every instance of the zone `projects/P/zones/Z`, as that project sees it."""
    zone = place.rpartition("/")[2]
    return [shown(store, place, instance) for _, instance in store.under(REGISTERED) if instance["zone"] == zone]


def find(store: Store, place: str, name: str) -> Record:
    """What is registered of an instance; raises ApiError if there is none of that name in that zone."""
    instance = store.get(REGISTERED + name)
    if instance is None or instance["zone"] != place.rpartition("/")[2]:
        raise not_found(f"{place}/instances/{name}")
    return instance


def shown(store: Store, place: str, instance: Record) -> Record:
    """An instance as a project sees it, with disks of other projects, as they count among those that it may have."""
    return {
        "kind": "compute#instance",
        "id": instance["id"],
        "name": instance["name"],
        "status": "RUNNING",
        "zone": place,
        "selfLink": f"{place}/instances/{instance['name']}",
        "creationTimestamp": instance["creationTimestamp"],
        "disks": [_attached(store, each) for each in instance["disks"]],
    }


def _attached(store: Store, each: Record) -> Record:
    disk = records.find(store, each["source"])
    return {
        "kind": "compute#attachedDisk",
        "type": "PERSISTENT",
        "boot": False,
        "autoDelete": False,
        **each,
        "diskSizeGb": disk["sizeGb"],
        "standinFile": disk["standinFile"],
    }


def attach(store: Store, place: str, name: str, body: AttachDisk, force: bool) -> str:
    """Attach a disk and return the instance's path; `force` takes a regional disk from the instance that has it.

    Raises ApiError where the disk is elsewhere or in use (one instance may write, or any number may read), the device
    name is taken, or the instance has as many disks as it may.
    """
    instance = find(store, place, name)
    project = place.split("/")[1]
    source = names.reference(project, body.source, f"zones/{instance['zone']}/disks/")
    disk = records.find(store, source)
    path = f"{place}/instances/{name}"
    _refuse_other_place(project, source, disk, instance)
    users = _users(store, source)
    if force and "replicaZones" not in disk:
        raise invalid("Force attach is only supported for regional disks")
    if force:
        for user, attached in users:
            _detach(store, user, attached["deviceName"])
        instance, users = find(store, place, name), []
    for user, attached in users:
        if user["name"] == name or "READ_WRITE" in (body.mode, attached["mode"]):
            raise disks.in_use(source, f"projects/{project}/zones/{user['zone']}/instances/{user['name']}")
    taken = {each["deviceName"] for each in instance["disks"]}
    index = next(i for i in range(1, MOST_DISKS + 2) if i not in {each["index"] for each in instance["disks"]})
    device = body.device_name or f"persistent-disk-{index}"
    if device in taken:
        raise invalid(f"Invalid value for field 'resource.deviceName': '{device}'. The device name is in use")
    if len(taken) >= MOST_DISKS:
        raise invalid(f"Exceeded limit 'maximum_persistent_disks' on resource '{name}'. Limit: {MOST_DISKS}.0")
    attached = {"deviceName": device, "source": source, "mode": body.mode, "index": index}
    store.put(REGISTERED + name, {**instance, "disks": [*instance["disks"], attached]})
    store.put(source, {**records.find(store, source), "users": _links(store, source), "lastAttachTimestamp": now()})
    return path


def detach(store: Store, place: str, name: str, device: str) -> str:
    """Detach the disk that was attached under that device name and return the instance's path; raises ApiError."""
    _detach(store, find(store, place, name), device)
    return f"{place}/instances/{name}"


def _detach(store: Store, instance: Record, device: str) -> None:
    gone = [each for each in instance["disks"] if each["deviceName"] == device]
    if not gone:
        raise invalid(f"Invalid value for field 'disk': '{device}'. No attached disk found with device name '{device}'")
    _leave(store, gone[0]["source"], instance, gone[0])


def _leave(store: Store, source: str, instance: Record, attached: Record) -> None:
    now_has = store.get(REGISTERED + instance["name"]) or instance
    left = [each for each in now_has["disks"] if each["deviceName"] != attached["deviceName"]]
    store.put(REGISTERED + instance["name"], {**now_has, "disks": left})
    disk: dict[str, Any] = {**records.find(store, source), "lastDetachTimestamp": now()}
    disk.pop("users", None)
    links = _links(store, source)
    store.put(source, {**disk, "users": links} if links else disk)


def _users(store: Store, source: str) -> list[tuple[Record, Record]]:
    """The instances that have a disk, each with its record of the attachment."""
    return [
        (instance, attached)
        for _, instance in store.under(REGISTERED)
        for attached in instance["disks"]
        if attached["source"] == source
    ]


def _links(store: Store, source: str) -> list[str]:
    project = source.split("/")[1]
    return [f"projects/{project}/zones/{user['zone']}/instances/{user['name']}" for user, _ in _users(store, source)]


def _refuse_other_place(project: str, source: str, disk: Record, instance: Record) -> None:
    if source.split("/")[1] != project:
        raise invalid(f"'{source}' is in another project than the instance")
    zones = [zone.rpartition("/")[2] for zone in disk.get("replicaZones") or [disk.get("zone", "")]]
    if instance["zone"] not in zones:
        raise ApiError(
            "invalid",
            f"Invalid value for field 'resource.source': '{source}'. The disk must be in the instance's zone"
            f" {instance['zone']}, and is in {' and '.join(zones)}",
        )
