"""Cloud SQL instances and replicas: records with Cloud SQL's rules. No MySQL runs behind them."""

from __future__ import annotations

import re
from typing import Any, Final

from localcloud.gce import certificates, names
from localcloud.gce.clock import now
from localcloud.gce.errors import ApiError, already_exists, invalid, not_found
from localcloud.gce.sql_bodies import InstanceInsert, InstanceUpdate, Settings
from localcloud.gce.store import Record, Store

LONGEST_NAME: Final = 98
"""Project and instance name together, with the colon (Cloud SQL, "About instance settings", Instance ID)."""
ROOT: Final = {"name": "root", "host": "%", "type": "BUILT_IN"}


def find(store: Store, path: str) -> Record:
    """The instance of that path; raises if there is none."""
    record = store.get(path)
    if record is None:
        raise not_found(path.removeprefix("sql/"))
    return record


def insert(store: Store, project: str, body: InstanceInsert) -> str:
    """Make an instance, or with `masterInstanceName` a read replica; returns its path."""
    if not names.NAME.fullmatch(body.name) or len(f"{project}:{body.name}") > LONGEST_NAME:
        raise invalid(f"Invalid value for field 'name': '{body.name}'")
    if not names.REGION.fullmatch(body.region):
        raise invalid(f"Invalid value for field 'region': '{body.region}'")
    path = f"sql/projects/{project}/instances/{body.name}"
    if store.get(path) is not None:
        raise already_exists(path.removeprefix("sql/"))
    settings = _settings(store, project, body.region, body.settings)
    number, ca = store.next_id(), certificates.authority(f"Cloud SQL stand-in CA of {body.name}")
    record: Record = {
        "kind": "sql#instance",
        "id": str(number),
        "name": body.name,
        "project": project,
        "region": body.region,
        "databaseVersion": body.database_version,
        "backendType": "SECOND_GEN",
        "instanceType": "CLOUD_SQL_INSTANCE",
        "state": "RUNNABLE",
        "connectionName": f"{project}:{body.region}:{body.name}",
        "serviceAccountEmailAddress": f"p{number}@gcp-sa-cloud-sql.iam.gserviceaccount.com",
        "createTime": now(),
        "ipAddresses": _addresses(body.settings, number),
        "serverCaCert": {"kind": "sql#sslCert", "instance": body.name, **ca.info},
        "caKey": ca.key,
    }
    if body.master_instance_name:
        record |= _replica(store, project, body)
        settings["dataDiskSizeGb"] = record.pop("dataDiskSizeGb") if "dataDiskSizeGb" in record else None
    settings["dataDiskSizeGb"] = str(settings.get("dataDiskSizeGb") or 10)
    store.put(path, {**record, "settings": {**settings, "settingsVersion": "1"}})
    if not body.master_instance_name:
        store.put(f"{path}/users/root@%", dict(ROOT))
    return path


def _settings(store: Store, project: str, region: str, settings: Settings) -> Record:
    """What was asked for, as far as its parts agree with each other."""
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


def _addresses(settings: Settings, number: int) -> list[Record]:
    """Addresses that no machine has (RFC 5737, networks for documentation): nothing listens there."""
    kinds = {"PRIMARY": ("203.0.113", settings.ip_configuration.ipv4_enabled)}
    kinds["PRIVATE"] = ("198.51.100", settings.ip_configuration.private_network is not None)
    return [{"type": kind, "ipAddress": f"{net}.{number % 254 + 1}"} for kind, (net, wanted) in kinds.items() if wanted]


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


def update(store: Store, path: str, body: InstanceUpdate) -> str:
    """New settings, all of them; some may never change and the disk only grows."""
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
    addresses = _addresses(body.settings, int(record["id"]))
    store.put(path, {**record, "settings": settings, "databaseVersion": version, "ipAddresses": addresses})
    return path


def _order(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"[0-9]+", version)]


def delete(store: Store, path: str) -> str:
    """Delete an instance with its databases and accounts, unless it is protected or has replicas."""
    record = find(store, path)
    if record["settings"]["deletionProtectionEnabled"]:
        raise invalid("Invalid request: The instance is protected from deletion. Disable deletion protection first.")
    if record.get("replicaNames"):
        raise ApiError("invalid", f"Invalid request: The instance has replicas: {', '.join(record['replicaNames'])}.")
    master = record.get("masterInstanceName", "").rpartition(":")[2]
    if master:
        primary_path = f"{path.rpartition('/')[0]}/{master}"
        primary = find(store, primary_path)
        left = [name for name in primary["replicaNames"] if name != record["name"]]
        store.put(primary_path, {**primary, "replicaNames": left})
    for inner, _ in store.under(f"{path}/"):
        store.delete(inner)
    store.delete(path)
    return path


def shown(record: Record, base: str) -> Record:
    """An instance as the API shows it: without its authority's key."""
    link = f"{base}/sql/v1beta4/projects/{record['project']}/instances/{record['name']}"
    return {**{key: value for key, value in record.items() if key != "caKey"}, "selfLink": link}
