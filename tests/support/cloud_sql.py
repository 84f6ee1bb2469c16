"""Every key of a `cloud-sql` workload, a value for it, and where in which resource that value must turn up."""

from __future__ import annotations

from typing import Any

INSTANCE = "gcp:sql/databaseInstance:DatabaseInstance"
PLUS = {"edition": "ENTERPRISE_PLUS", "tier": "db-perf-optimized-N-2"}
SMALLEST: dict[str, Any] = {
    "kind": "cloud-sql",
    "region": "europe-west1",
    "privateNetwork": "projects/p/global/networks/n",
    "databases": [{"name": "app"}],
    "users": [{"name": "app", "passwordKey": "appPassword"}],
}
FULL: dict[str, Any] = {
    **SMALLEST,
    "publicIp": True,
    "authorizedNetworks": [{"name": "office", "value": "203.0.113.0/24"}],
    "readReplicas": {"c": {"zone": "europe-west1-c"}, "us": {"zone": "us-central1-a"}},
}
USER = {"name": "app", "passwordKey": "appPassword"}
REPLICA = "readReplicas.c"
PRIMARY, COPY = (INSTANCE, "db-primary"), (INSTANCE, "db-replica-c")
DATABASE, ACCOUNT = ("Database", "db-database-app"), ("User", "db-user-app")
CLIENT = ("Secret", "db-client")
REACHES: list[tuple[str, dict[str, Any], tuple[str, str], str, Any]] = [
    ("durability", {"durability": "discard"}, PRIMARY, "deletionProtection", False),
    ("project", {"project": "acme-dev"}, PRIMARY, "project", "acme-dev"),
    ("instanceName", {"instanceName": "orders"}, PRIMARY, "name", "orders"),
    ("instanceName", {"instanceName": "orders"}, COPY, "name", "orders-c"),
    ("databaseVersion", {"databaseVersion": "MYSQL_8_0"}, PRIMARY, "databaseVersion", "MYSQL_8_0"),
    ("databaseVersion", {"databaseVersion": "MYSQL_8_0"}, COPY, "databaseVersion", "MYSQL_8_0"),
    ("edition", PLUS, PRIMARY, "settings.edition", "ENTERPRISE_PLUS"),
    ("edition", PLUS, COPY, "settings.edition", "ENTERPRISE_PLUS"),
    ("tier", {"tier": "db-n1-standard-4"}, PRIMARY, "settings.tier", "db-n1-standard-4"),
    ("tier", {"tier": "db-n1-standard-4"}, COPY, "settings.tier", "db-n1-standard-4"),
    ("region", {"region": "europe-west4"}, PRIMARY, "region", "europe-west4"),
    ("zone", {"zone": "europe-west1-b"}, PRIMARY, "settings.locationPreference.zone", "europe-west1-b"),
    (
        "secondaryZone",
        {"secondaryZone": "europe-west1-d", "availabilityType": "REGIONAL"},
        PRIMARY,
        "settings.locationPreference.secondaryZone",
        "europe-west1-d",
    ),
    ("availabilityType", {"availabilityType": "REGIONAL"}, PRIMARY, "settings.availabilityType", "REGIONAL"),
    ("diskType", {"diskType": "PD_HDD"}, PRIMARY, "settings.diskType", "PD_HDD"),
    ("diskType", {"diskType": "PD_HDD"}, COPY, "settings.diskType", "PD_HDD"),
    ("diskSizeGb", {"diskSizeGb": 50}, PRIMARY, "settings.diskSize", 50),
    ("diskAutoresize", {"diskAutoresize": False}, PRIMARY, "settings.diskAutoresize", False),
    ("diskAutoresizeLimitGb", {"diskAutoresizeLimitGb": 99}, PRIMARY, "settings.diskAutoresizeLimit", 99),
    (
        "databaseFlags",
        {"databaseFlags": {"max_connections": "200", "long_query_time": "1"}},
        COPY,
        "settings.databaseFlags",
        [{"name": "long_query_time", "value": "1"}, {"name": "max_connections", "value": "200"}],
    ),
    ("databases.name", {}, DATABASE, "name", "app"),
    ("databases.charset", {"databases": [{"name": "app", "charset": "latin1"}]}, DATABASE, "charset", "latin1"),
    (
        "databases.collation",
        {"databases": [{"name": "app", "collation": "utf8mb4_bin"}]},
        DATABASE,
        "collation",
        "utf8mb4_bin",
    ),
    ("users.name", {}, ACCOUNT, "name", "app"),
    ("users.host", {"users": [{**USER, "host": "10.0.0.%"}]}, ACCOUNT, "host", "10.0.0.%"),
    ("clientUser", {"users": [USER, {**USER, "name": "b"}], "clientUser": "b"}, CLIENT, "stringData.user", "b"),
    (
        "clientDatabase",
        {"databases": [{"name": "app"}, {"name": "b"}], "clientDatabase": "b"},
        CLIENT,
        "stringData.database",
        "b",
    ),
    ("privateNetwork", {}, PRIMARY, "settings.ipConfiguration.privateNetwork", "projects/p/global/networks/n"),
    ("privateNetwork", {}, COPY, "settings.ipConfiguration.privateNetwork", "projects/p/global/networks/n"),
    ("allocatedIpRange", {"allocatedIpRange": "sql"}, PRIMARY, "settings.ipConfiguration.allocatedIpRange", "sql"),
    ("publicIp", {"publicIp": False}, PRIMARY, "settings.ipConfiguration.ipv4Enabled", False),
    ("authorizedNetworks.name", {}, PRIMARY, "settings.ipConfiguration.authorizedNetworks.0.name", "office"),
    ("authorizedNetworks.value", {}, COPY, "settings.ipConfiguration.authorizedNetworks.0.value", "203.0.113.0/24"),
    (
        "allowWholeInternet",
        {"allowWholeInternet": True, "authorizedNetworks": [{"name": "all", "value": "0.0.0.0/0"}]},
        PRIMARY,
        "settings.ipConfiguration.authorizedNetworks.0.value",
        "0.0.0.0/0",
    ),
    (
        "sslMode",
        {"sslMode": "TRUSTED_CLIENT_CERTIFICATE_REQUIRED"},
        COPY,
        "settings.ipConfiguration.sslMode",
        "TRUSTED_CLIENT_CERTIFICATE_REQUIRED",
    ),
    (
        "backups.startTime",
        {"backups": {"startTime": "22:15"}},
        PRIMARY,
        "settings.backupConfiguration.startTime",
        "22:15",
    ),
    ("backups.location", {"backups": {"location": "eu"}}, PRIMARY, "settings.backupConfiguration.location", "eu"),
    (
        "backups.retained",
        {"backups": {"retained": 30}},
        PRIMARY,
        "settings.backupConfiguration.backupRetentionSettings.retainedBackups",
        30,
    ),
    (
        "backups.logDays",
        {"backups": {"logDays": 3}},
        PRIMARY,
        "settings.backupConfiguration.transactionLogRetentionDays",
        3,
    ),
    ("backups.finalDays", {"backups": {"finalDays": 90}}, PRIMARY, "settings.finalBackupConfig.retentionDays", 90),
    ("maintenance.day", {"maintenance": {"day": "tuesday"}}, PRIMARY, "settings.maintenanceWindow.day", 2),
    ("maintenance.hour", {"maintenance": {"hour": 23}}, PRIMARY, "settings.maintenanceWindow.hour", 23),
    (
        "maintenance.track",
        {"maintenance": {"track": "week5"}},
        PRIMARY,
        "settings.maintenanceWindow.updateTrack",
        "week5",
    ),
    ("readReplicas.zone", {}, COPY, "settings.locationPreference.zone", "europe-west1-c"),
    ("readReplicas.zone", {}, (INSTANCE, "db-replica-us"), "region", "us-central1"),
    (
        "readReplicas.tier",
        {"readReplicas": {"c": {"zone": "europe-west1-c", "tier": "db-g1-small"}}},
        COPY,
        "settings.tier",
        "db-g1-small",
    ),
    ("labels", {"labels": {"team": "data"}}, PRIMARY, "settings.userLabels.team", "data"),
    ("labels", {"labels": {"team": "data"}}, COPY, "settings.userLabels.team", "data"),
]
REACH_NO_RESOURCE = {
    "kind": "it chooses this component",
    "users.passwordKey": "it names the config key the password is read from",
}
