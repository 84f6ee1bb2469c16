"""Cloud SQL instances and replicas: records with Cloud SQL's rules; `servers` has the servers behind them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from localcloud.gce import names
from localcloud.gce.clock import now
from localcloud.gce.http.errors import ApiError, already_exists, invalid, not_found
from localcloud.gce.sql import certificates
from localcloud.gce.sql.bodies import InstanceInsert, InstanceUpdate, Settings
from localcloud.gce.sql.wiring import MOST, Wiring
from localcloud.gce.store import Record, Store

LONGEST_NAME: Final = 98
"""How many characters project and instance name may have together, with the colon between them (Cloud SQL, "About
instance settings", Instance ID)."""
REVOKED: Final = "standinRevoked"
"""The field with the serial numbers of an instance's certificates that were deleted."""
HIDDEN: Final = ("caKey", "standinNumber", REVOKED)
ROOT: Final = {"name": "root", "host": "%", "type": "BUILT_IN"}


def find(store: Store, path: str) -> Record:
    """The record of that path; raises ApiError if there is none."""
    record = store.get(path)
    if record is None:
        raise not_found(path.removeprefix("sql/"))
    return record


def every(store: Store) -> Iterator[tuple[str, Record]]:
    """The instances of every project, with their paths."""
    for path, record in store.under("sql/projects/"):
        if path.count("/") == 4 and path.split("/")[3] == "instances":
            yield path, record


def primary_of(store: Store, record: Record) -> Record | None:
    """The record of a replica's primary; None for what is no replica."""
    name = record.get("masterInstanceName", "").rpartition(":")[2]
    return store.get(f"sql/projects/{record['project']}/instances/{name}") if name else None


def _free_number(store: Store) -> int:
    """The lowest number that no instance has, which decides the addresses; raises ApiError if all are given."""
    taken = {record.get("standinNumber") for _, record in every(store)}
    free = [number for number in range(1, MOST + 1) if number not in taken]
    if not free:
        raise invalid(f"Quota exceeded: the GCE stand-in has room for {MOST} Cloud SQL instances.")
    return free[0]


def insert(store: Store, project: str, body: InstanceInsert, server: str, wiring: Wiring) -> str:
    """Make an instance, or with `masterInstanceName` a read replica; returns its path.

    `server` says what will run behind it, in words. Until that does, the instance is PENDING_CREATE. Raises ApiError.
    """
    path = _free_path(store, project, body)
    settings = _settings(store, project, body.region, body.settings)
    number, place = store.next_id(), _free_number(store)
    ca = certificates.authority(f"Cloud SQL stand-in CA of {body.name}")
    record: Record = {
        "kind": "sql#instance",
        "id": str(number),
        "name": body.name,
        "project": project,
        "region": body.region,
        "databaseVersion": body.database_version,
        "backendType": "SECOND_GEN",
        "instanceType": "CLOUD_SQL_INSTANCE",
        "state": "PENDING_CREATE",
        "connectionName": f"{project}:{body.region}:{body.name}",
        "serviceAccountEmailAddress": f"p{number}@gcp-sa-cloud-sql.iam.gserviceaccount.com",
        "createTime": now(),
        "ipAddresses": _addresses(body.settings, place, wiring),
        "serverCaCert": {"kind": "sql#sslCert", "instance": body.name, **ca.info},
        "caKey": ca.key,
        "standinNumber": place,
        "standinServer": server,
    }
    if body.master_instance_name:
        record |= _replica(store, project, body)
        settings["dataDiskSizeGb"] = record.pop("dataDiskSizeGb") if "dataDiskSizeGb" in record else None
    settings["dataDiskSizeGb"] = str(settings.get("dataDiskSizeGb") or 10)
    store.put(path, {**record, "settings": {**settings, "settingsVersion": "1"}})
    return path


def _free_path(store: Store, project: str, body: InstanceInsert) -> str:
    """The path of an instance that is to be made; raises ApiError if its name or region is bad, or the name taken."""
    if not names.NAME.fullmatch(body.name) or len(f"{project}:{body.name}") > LONGEST_NAME:
        raise invalid(f"Invalid value for field 'name': '{body.name}'")
    if not names.REGION.fullmatch(body.region):
        raise invalid(f"Invalid value for field 'region': '{body.region}'")
    path = f"sql/projects/{project}/instances/{body.name}"
    if store.get(path) is not None:
        raise already_exists(path.removeprefix("sql/"))
    return path


def ready(store: Store, path: str) -> None:
    """Have an instance that was PENDING_CREATE be usable from now on."""
    record = find(store, path)
    store.put(path, {**record, "state": "RUNNABLE"})
    if "masterInstanceName" not in record:
        store.put(f"{path}/users/root@%", dict(ROOT))


def _settings(store: Store, project: str, region: str, settings: Settings) -> Record:
    """The settings that were asked for, as JSON; raises ApiError where they do not agree with each other."""
    preference = settings.location_preference
    for zone in (preference.zone, preference.secondary_zone) if preference else ():
        if zone and names.region_of(zone) != region:
            raise invalid(f"Invalid request: zone {zone} is not in region {region}.")
    ip = settings.ip_configuration
    if not ip.ipv4_enabled and ip.private_network is None:
        raise invalid("Invalid request: At least one of Public IP or Private IP connectivity must be enabled.")
    if ip.authorized_networks and not ip.ipv4_enabled:
        raise invalid("Invalid request: Authorized networks need a public address.")
    if ip.private_network:
        network = names.reference(project, ip.private_network)
        if not network.endswith("/global/networks/default") and store.get(network) is None:
            raise not_found(network)
        ip = ip.model_copy(update={"private_network": network})
    backups = settings.backup_configuration
    backed_up = backups is not None and backups.enabled and backups.binary_log_enabled
    if settings.availability_type == "REGIONAL" and not backed_up:
        raise invalid("Invalid request: a REGIONAL MySQL instance needs backups and the binary log.")
    if backups and settings.edition == "ENTERPRISE" and backups.transaction_log_retention_days > 7:
        raise invalid("Invalid request: transactionLogRetentionDays is at most 7 in edition ENTERPRISE.")
    return settings.model_copy(update={"ip_configuration": ip}).model_dump(by_alias=True, exclude_none=True)


def _addresses(settings: Settings, place: int, wiring: Wiring) -> list[Record]:
    ip = settings.ip_configuration
    shown = [{"type": "PRIMARY", "ipAddress": wiring.public(place)}] if ip.ipv4_enabled else []
    return shown + ([{"type": "PRIVATE", "ipAddress": wiring.private(place)}] if ip.private_network else [])


def _replica(store: Store, project: str, body: InstanceInsert) -> dict[str, Any]:
    name = (body.master_instance_name or "").rpartition(":")[2]
    path = f"sql/projects/{project}/instances/{name}"
    primary = find(store, path)
    backups = primary["settings"].get("backupConfiguration", {})
    if not (backups.get("enabled") and backups.get("binaryLogEnabled")):
        raise invalid(f"Invalid request: {name} needs backups and the binary log before it can have a replica.")
    if primary["databaseVersion"] != body.database_version:
        raise invalid(f"Invalid request: a replica of {name} has its version, {primary['databaseVersion']}.")
    store.put(path, {**primary, "replicaNames": sorted([*primary.get("replicaNames", []), body.name])})
    size = max(int(primary["settings"]["dataDiskSizeGb"]), body.settings.data_disk_size_gb or 0)
    return {
        "instanceType": "READ_REPLICA_INSTANCE",
        "masterInstanceName": f"{project}:{name}",
        "dataDiskSizeGb": size,
    }


def updated(store: Store, path: str, body: InstanceUpdate, wiring: Wiring) -> Record:
    """An instance's record with new settings, all of them; the store still has the old one.

    Raises ApiError where something would change that never may, the disk would shrink, or the version would fall.
    """
    record = find(store, path)
    settings = _settings(store, record["project"], record["region"], body.settings)
    old = record["settings"]
    size = int(settings.get("dataDiskSizeGb") or old["dataDiskSizeGb"])
    if size < int(old["dataDiskSizeGb"]):
        raise invalid(f"Invalid request: Disk size cannot be decreased, from {old['dataDiskSizeGb']} GB to {size} GB.")
    if settings["dataDiskType"] != old["dataDiskType"]:
        raise invalid("Invalid request: Disk type cannot be changed.")
    version = body.database_version or record["databaseVersion"]
    if _order(version) < _order(record["databaseVersion"]):
        raise invalid(f"Invalid request: {record['databaseVersion']} cannot become {version}.")
    settings |= {"dataDiskSizeGb": str(size), "settingsVersion": str(int(old["settingsVersion"]) + 1)}
    place = record.get("standinNumber") or _free_number(store)
    addresses = _addresses(body.settings, place, wiring)
    new = {"settings": settings, "databaseVersion": version, "ipAddresses": addresses, "standinNumber": place}
    return {**record, **new}


def _order(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"[0-9]+", version)]


def leave(store: Store, path: str) -> Record:
    """Begin to delete an instance, and return its record; raises ApiError if it is protected or has replicas."""
    record = find(store, path)
    if record["settings"]["deletionProtectionEnabled"]:
        raise invalid("Invalid request: The instance is protected from deletion. Disable deletion protection first.")
    if record.get("replicaNames"):
        raise ApiError("invalid", f"Invalid request: The instance has replicas: {', '.join(record['replicaNames'])}.")
    store.put(path, {**record, "state": "PENDING_DELETE"})
    return record


def forget(store: Store, path: str) -> None:
    """Delete an instance's record, and those of its databases, accounts and certificates."""
    record = find(store, path)
    primary = primary_of(store, record)
    if primary:
        primary_path = f"{path.rpartition('/')[0]}/{primary['name']}"
        left = [name for name in primary["replicaNames"] if name != record["name"]]
        store.put(primary_path, {**primary, "replicaNames": left})
    for inner, _ in store.under(f"{path}/"):
        store.delete(inner)
    store.delete(path)


def shown(record: Record, base: str) -> Record:
    """An instance as the API shows it: without its authority's key and its number among the stand-in's."""
    link = f"{base}/sql/v1beta4/projects/{record['project']}/instances/{record['name']}"
    return {**{key: value for key, value in record.items() if key not in HIDDEN}, "selfLink": link}
