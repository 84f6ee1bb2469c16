"""Cloud SQL's resource types."""

from __future__ import annotations

from typing import Any, ClassVar

from localcloud.gce.http.client import RefusedError
from localcloud.gce.provider.kind import Cloud, Kind, found, gone
from localcloud.gce.provider.properties import Properties

RENAMED = {
    "diskSize": "dataDiskSizeGb",
    "diskType": "dataDiskType",
    "diskAutoresize": "storageAutoResize",
    "diskAutoresizeLimit": "storageAutoResizeLimit",
}
"""The API's name of each setting that has another name in Pulumi."""


class DatabaseInstance(Kind):
    """The type gcp.sql.DatabaseInstance, as far as it is MySQL."""

    token = "gcp:sql/databaseInstance:DatabaseInstance"  # noqa: S105  Pulumi's word for a type's name
    shape: ClassVar[dict[str, Any]] = {
        "name": None,
        "project": None,
        "region": None,
        "databaseVersion": None,
        "masterInstanceName": None,
        "deletionProtection": None,
        "deletionPolicy": None,
        "settings": {
            "tier": None,
            "edition": None,
            "availabilityType": None,
            **dict.fromkeys(RENAMED),
            "locationPreference": {"zone": None, "secondaryZone": None},
            "backupConfiguration": {
                "enabled": None,
                "binaryLogEnabled": None,
                "startTime": None,
                "location": None,
                "transactionLogRetentionDays": None,
                "backupRetentionSettings": {"retainedBackups": None, "retentionUnit": None},
            },
            "finalBackupConfig": {"enabled": None, "retentionDays": None},
            "retainBackupsOnDelete": None,
            "deletionProtectionEnabled": None,
            "maintenanceWindow": {"day": None, "hour": None, "updateTrack": None},
            "databaseFlags": [{"name": None, "value": None}],
            "ipConfiguration": {
                "ipv4Enabled": None,
                "privateNetwork": None,
                "allocatedIpRange": None,
                "sslMode": None,
                "authorizedNetworks": [{"name": None, "value": None}],
            },
            "userLabels": None,
        },
    }
    required = ("project", "region", "databaseVersion", "settings")
    replaces = frozenset({"name", "project", "region", "masterInstanceName", "settings.diskType"})
    grows = frozenset({"settings.diskSize", "databaseVersion"})
    kept = frozenset(
        f"settings.{name}"
        for name in ("diskSize", "edition", "backupConfiguration", "ipConfiguration", "locationPreference")
    )
    own = ("deletionPolicy", "deletionProtection")
    computed = (
        "connectionName",
        "firstIpAddress",
        "instanceType",
        "ipAddresses",
        "privateIpAddress",
        "publicIpAddress",
        "replicaNames",
        "selfLink",
        "serverCaCerts",
        "serviceAccountEmailAddress",
    )

    def defaults(self, cloud: Cloud) -> Properties:
        return {**super().defaults(cloud), "region": cloud.region or None, "deletionProtection": True}

    def preview(self, inputs: Properties, state: Properties) -> Properties:
        return {"masterInstanceName": "", **super().preview(inputs, state)}

    def create(self, cloud: Cloud, inputs: Properties) -> str:
        instances = f"projects/{inputs['project']}/instances"
        body = {
            key: inputs[key] for key in ("name", "region", "databaseVersion", "masterInstanceName") if key in inputs
        }
        cloud.sql("POST", instances, {**body, "settings": _to_api(inputs["settings"])})
        if "masterInstanceName" not in inputs:
            # Google makes root@% without a password; Terraform's provider deletes it at once.
            gone(cloud.sql, f"{instances}/{inputs['name']}/users?name=root&host=%")
        return str(inputs["name"])

    def _path(self, cloud: Cloud, identity: str, state: Properties) -> str:
        if identity.startswith("projects/"):
            return identity
        project, _, name = identity.rpartition("/")
        return f"projects/{project or state.get('project') or cloud.project}/instances/{name}"

    def read(self, cloud: Cloud, identity: str, state: Properties) -> Properties | None:
        instance = found(cloud.sql, self._path(cloud, identity, state))
        if instance is None:
            return None
        addresses = {each["type"]: each["ipAddress"] for each in instance["ipAddresses"]}
        master = instance.get("masterInstanceName", "").rpartition(":")[2]
        authority = instance["serverCaCert"]
        return {
            **{key: instance[key] for key in ("name", "project", "region", "databaseVersion", "instanceType")},
            **({"masterInstanceName": master} if master else {}),
            "settings": _from_api(instance["settings"]),
            "connectionName": instance["connectionName"],
            "firstIpAddress": next(iter(addresses.values()), ""),
            "ipAddresses": [{"ipAddress": ip, "type": kind, "timeToRetire": ""} for kind, ip in addresses.items()],
            "publicIpAddress": addresses.get("PRIMARY", ""),
            "privateIpAddress": addresses.get("PRIVATE", ""),
            "replicaNames": instance.get("replicaNames", []),
            "selfLink": instance["selfLink"],
            "serverCaCerts": [
                {
                    key: authority[key]
                    for key in ("cert", "commonName", "createTime", "expirationTime", "sha1Fingerprint")
                }
            ],
            "serviceAccountEmailAddress": instance["serviceAccountEmailAddress"],
        }

    def update(self, cloud: Cloud, identity: str, old: Properties, new: Properties) -> None:
        body = {"databaseVersion": new["databaseVersion"], "settings": _to_api(new["settings"])}
        if {**old, "deletionProtection": None} != {**new, "deletionProtection": None}:
            cloud.sql("PUT", self._path(cloud, identity, new), body)

    def delete(self, cloud: Cloud, identity: str, state: Properties) -> None:
        if state.get("deletionProtection"):
            raise RefusedError(
                400, "deletionProtection", f"{identity}: set deletionProtection to false, `up`, then delete"
            )
        gone(cloud.sql, self._path(cloud, identity, state))


def _to_api(settings: Properties) -> dict[str, Any]:
    return {RENAMED.get(key, key): value for key, value in settings.items()}


def _from_api(settings: dict[str, Any]) -> Properties:
    names = {api: name for name, api in RENAMED.items()}
    told = {names.get(key, key): value for key, value in settings.items() if key != "settingsVersion"}
    return {**told, "diskSize": int(told["diskSize"]), "version": int(settings["settingsVersion"])}


class _Part(Kind):
    """The type of something that belongs to an instance."""

    required: ClassVar[tuple[str, ...]] = ("project", "instance", "name")
    named = False

    def path(self, inputs: Properties) -> str:
        """The path of the instance that it belongs to."""
        return f"projects/{inputs['project']}/instances/{inputs['instance']}"


class Database(_Part):
    """The type gcp.sql.Database."""

    token = "gcp:sql/database:Database"  # noqa: S105
    shape: ClassVar[dict[str, Any]] = dict.fromkeys(
        ("name", "project", "instance", "charset", "collation", "deletionPolicy")
    )
    replaces = frozenset({"name", "project", "instance"})
    kept = frozenset({"charset", "collation"})
    computed = ("selfLink", "charset", "collation")

    def create(self, cloud: Cloud, inputs: Properties) -> str:
        cloud.sql("POST", f"{self.path(inputs)}/databases", _database(inputs))
        return f"{self.path(inputs)}/databases/{inputs['name']}"

    def read(self, cloud: Cloud, identity: str, state: Properties) -> Properties | None:
        database = found(cloud.sql, identity)
        if database is None:
            return None
        _, project, _, instance, *_ = identity.split("/")
        told = {key: database[key] for key in ("name", "charset", "collation")}
        return {**told, "project": project, "instance": instance, "selfLink": f"{cloud.sql_base}{identity}"}

    def update(self, cloud: Cloud, identity: str, old: Properties, new: Properties) -> None:
        if _database(old) != _database(new):
            cloud.sql("PUT", identity, _database(new))

    def delete(self, cloud: Cloud, identity: str, state: Properties) -> None:
        gone(cloud.sql, identity)


def _database(inputs: Properties) -> dict[str, Any]:
    return {key: inputs[key] for key in ("name", "charset", "collation") if key in inputs}


class User(_Part):
    """The type gcp.sql.User. The engine keeps the password as a secret; the stand-in keeps only that there is one."""

    token = "gcp:sql/user:User"  # noqa: S105
    shape: ClassVar[dict[str, Any]] = dict.fromkeys(
        ("name", "project", "instance", "host", "password", "deletionPolicy")
    )
    replaces = frozenset({"name", "project", "instance", "host"})
    own = ("deletionPolicy", "password")

    def create(self, cloud: Cloud, inputs: Properties) -> str:
        body = {key: inputs[key] for key in ("name", "host", "password") if inputs.get(key)}
        cloud.sql("POST", f"{self.path(inputs)}/users", body)
        return f"{inputs['name']}/{inputs.get('host', '')}/{inputs['instance']}"

    def read(self, cloud: Cloud, identity: str, state: Properties) -> Properties | None:
        name, host, instance = _user(identity)
        project = state.get("project") or cloud.project
        answer = found(cloud.sql, f"projects/{project}/instances/{instance}/users") or {}
        for user in answer.get("items", []):
            if (user["name"], user["host"]) == (name, host or "%"):
                return {"name": name, "host": user["host"], "instance": instance, "project": project}
        return None

    def update(self, cloud: Cloud, identity: str, old: Properties, new: Properties) -> None:
        name, host, _ = _user(identity)
        if new.get("password") != old.get("password"):
            path = f"{self.path(new)}/users?name={name}&host={host or '%'}"
            cloud.sql("PUT", path, {"password": new.get("password")})

    def delete(self, cloud: Cloud, identity: str, state: Properties) -> None:
        name, host, _ = _user(identity)
        gone(cloud.sql, f"{self.path(state)}/users?name={name}&host={host or '%'}")


def _user(identity: str) -> tuple[str, str, str]:
    """The name, host and instance in a user's ID. The host may have a slash in it, as in 10.0.0.0/255.0.0.0."""
    name, _, rest = identity.partition("/")
    host, _, instance = rest.rpartition("/")
    return name, host, instance


class SslCert(_Part):
    """The type gcp.sql.SslCert. The private key is told once, when it is made, and lives in the state as a secret."""

    token = "gcp:sql/sslCert:SslCert"  # noqa: S105
    shape: ClassVar[dict[str, Any]] = dict.fromkeys(("commonName", "project", "instance", "deletionPolicy"))
    required = ("project", "instance", "commonName")
    replaces = frozenset({"commonName", "project", "instance"})
    computed = (
        "cert",
        "certSerialNumber",
        "createTime",
        "expirationTime",
        "privateKey",
        "serverCaCert",
        "sha1Fingerprint",
    )
    own = ("deletionPolicy", "privateKey", "serverCaCert")

    def __init__(self) -> None:
        self._made: dict[str, Properties] = {}

    def create(self, cloud: Cloud, inputs: Properties) -> str:
        made = cloud.sql("POST", f"{self.path(inputs)}/sslCerts", {"commonName": inputs["commonName"]})
        info = made["clientCert"]["certInfo"]
        identity = f"{self.path(inputs)}/sslCerts/{info['sha1Fingerprint']}"
        key, authority = made["clientCert"]["certPrivateKey"], made["serverCaCert"]["cert"]
        self._made[identity] = {"privateKey": key, "serverCaCert": authority}
        return identity

    def read(self, cloud: Cloud, identity: str, state: Properties) -> Properties | None:
        info = found(cloud.sql, identity)
        if info is None:
            return None
        _, project, _, instance, *_ = identity.split("/")
        told = {key: info[key] for key in ("cert", "certSerialNumber", "commonName", "createTime", "expirationTime")}
        once = self._made.pop(identity, None) or {key: state.get(key) for key in ("privateKey", "serverCaCert")}
        return {**told, **once, "sha1Fingerprint": info["sha1Fingerprint"], "project": project, "instance": instance}

    def delete(self, cloud: Cloud, identity: str, state: Properties) -> None:
        gone(cloud.sql, identity)


KINDS: tuple[Kind, ...] = (DatabaseInstance(), Database(), User(), SslCert())
