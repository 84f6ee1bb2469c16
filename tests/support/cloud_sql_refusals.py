"""Mistakes in a `cloud-sql` workload, each with the exact line that refuses it."""

from __future__ import annotations

from typing import Any

REPLICA = {"zone": "europe-west1-c"}
WRONG_FORMS: list[tuple[dict[str, Any], str]] = [
    ({"region": "europe"}, "region: no region; write one such as europe-west1"),
    ({"zone": "europe-west1"}, "zone: no zone; write one such as europe-west1-b"),
    (
        {"databaseVersion": "MYSQL_5_7"},
        "databaseVersion: not supported; write MYSQL_8_4 or MYSQL_8_0 (5.x is end-of-life)",
    ),
    (
        {"databaseVersion": "POSTGRES_17"},
        "databaseVersion: not supported; write MYSQL_8_4 or MYSQL_8_0 (5.x is end-of-life)",
    ),
    ({"project": "Prod"}, "project: no project ID; write its 6 to 30 characters, as in gcloud's list"),
    (
        {"instanceName": "Db"},
        "instanceName: not a name; write lower-case letters, digits and hyphens, a letter first",
    ),
    (
        {"instanceName": "db\n"},
        "instanceName: not a name; write lower-case letters, digits and hyphens, a letter first",
    ),
    ({"tier": "standard"}, "tier: no machine type; write one such as db-n1-standard-1"),
    (
        {"sslMode": "ALLOW_UNENCRYPTED_AND_ENCRYPTED"},
        "sslMode: Input should be 'ENCRYPTED_ONLY' or 'TRUSTED_CLIENT_CERTIFICATE_REQUIRED'",
    ),
    ({"diskSizeGb": 9}, "diskSizeGb: Input should be greater than or equal to 10"),
    ({"diskSizeGb": "10"}, "diskSizeGb: Input should be a valid integer"),
    ({"databaseFlags": {"max_connections": 200}}, "databaseFlags.max_connections: Input should be a valid string"),
    ({"databases": [{"name": "mysql"}]}, "databases.0.name: MySQL's own; write another name, such as app"),
    ({"databases": [{"name": "a" * 65}]}, "databases.0.name: String should have at most 64 characters"),
    (
        {"users": [{"name": "cloudsqladmin", "passwordKey": "p"}]},
        "users.0.name: reserved (mysql.*, cloudsql*); write another name, such as app",
    ),
    (
        {"users": [{"name": "mysql.sys", "passwordKey": "p"}]},
        "users.0.name: reserved (mysql.*, cloudsql*); write another name, such as app",
    ),
    ({"users": [{"name": "a" * 33, "passwordKey": "p"}]}, "users.0.name: String should have at most 32 characters"),
    ({"users": [{"name": "app"}]}, "users.0.passwordKey: Field required"),
    (
        {"users": [{"name": "app", "password": "x", "passwordKey": "p"}]},
        "users.0.password: Extra inputs are not permitted",
    ),
    ({"privateNetwork": "default"}, "privateNetwork: no network; write projects/P/global/networks/N"),
    (
        {"authorizedNetworks": [{"name": "office", "value": "203.0.113.7/24"}]},
        "authorizedNetworks.0.value: an address within its network; write 203.0.113.0/24, or 203.0.113.7 for it alone",
    ),
    (
        {"authorizedNetworks": [{"name": "o", "value": "office"}]},
        "authorizedNetworks.0.value: no network; write CIDR, such as 203.0.113.0/24",
    ),
    ({"backups": {"startTime": "3:00"}}, "backups.startTime: no time; write HH:MM in quotes, such as '03:00'"),
    ({"backups": {"startTime": "24:00"}}, "backups.startTime: no time; write HH:MM in quotes, such as '03:00'"),
    ({"backups": {"retained": 366}}, "backups.retained: Input should be less than or equal to 365"),
    ({"backups": {"location": "mars"}}, "backups.location: no location; write eu or europe-west1"),
    ({"backups": {"enabled": False}}, "backups.enabled: Extra inputs are not permitted"),
    (
        {"maintenance": {"day": "sun"}},
        "maintenance.day: Input should be"
        " 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday' or 'sunday'",
    ),
    ({"maintenance": {"hour": 24}}, "maintenance.hour: Input should be less than or equal to 23"),
    ({"readReplicas": {"b": {"zone": "b"}}}, "readReplicas.b.zone: no zone; write one such as europe-west1-b"),
    (
        {"readReplicas": {"B_1": {"zone": "europe-west1-b"}}},
        "readReplicas.B_1.[key]: not a name; write lower-case letters, digits and hyphens",
    ),
    (
        {"labels": {"Team": "data"}},
        "labels.Team.[key]: not a label's key; write up to 63 of a-z 0-9 _ -, a letter first",
    ),
    ({"labels": {"team": "Data"}}, "labels.team: not a label's value; write up to 63 of a-z 0-9 _ -"),
    ({"deletionProtection": False}, "deletionProtection: Extra inputs are not permitted"),
    (
        {"databases": [{"name": "1a"}]},
        "databases.0.name: not a name; write letters, digits, - and _, a letter first",
    ),
    (
        {"databases": [{"name": "app", "charset": "UTF-8"}]},
        "databases.0.charset: no character set; write one such as utf8mb4",
    ),
    (
        {"databases": [{"name": "app", "collation": "utf8-bin"}]},
        "databases.0.collation: no collation; write one such as utf8mb4_0900_ai_ci",
    ),
    (
        {"users": [{"name": "a@b", "passwordKey": "p"}]},
        "users.0.name: not a name; write letters, digits, -, _ and ., a letter first",
    ),
    (
        {"users": [{"name": "a", "host": "localhost", "passwordKey": "p"}]},
        "users.0.host: no host; write %, an address or 10.0.0.0/255.0.0.0",
    ),
    (
        {"users": [{"name": "a", "passwordKey": "p w"}]},
        "users.0.passwordKey: no config key; write one such as appPassword",
    ),
    ({"databaseFlags": {"Max": "1"}}, "databaseFlags.Max.[key]: no flag; write one such as max_connections"),
    ({"diskSizeGb": 65537}, "diskSizeGb: Input should be less than or equal to 65536"),
    (
        {"diskAutoresizeLimitGb": 65537},
        "diskAutoresizeLimitGb: Input should be less than or equal to 65536",
    ),
    ({"diskAutoresizeLimitGb": -1}, "diskAutoresizeLimitGb: Input should be greater than or equal to 0"),
    ({"backups": {"retained": 0}}, "backups.retained: Input should be greater than or equal to 1"),
    ({"backups": {"logDays": 0}}, "backups.logDays: Input should be greater than or equal to 1"),
    ({"backups": {"logDays": 36}}, "backups.logDays: Input should be less than or equal to 35"),
    ({"backups": {"finalDays": 0}}, "backups.finalDays: Input should be greater than or equal to 1"),
    ({"backups": {"finalDays": 366}}, "backups.finalDays: Input should be less than or equal to 365"),
    ({"maintenance": {"hour": -1}}, "maintenance.hour: Input should be greater than or equal to 0"),
    (
        {"authorizedNetworks": [{"name": "", "value": "203.0.113.7"}]},
        "authorizedNetworks.0.name: String should have at least 1 character",
    ),
    (
        {"authorizedNetworks": [{"name": "n" * 101, "value": "203.0.113.7"}]},
        "authorizedNetworks.0.name: String should have at most 100 characters",
    ),
    ({"allocatedIpRange": "r" * 64}, "allocatedIpRange: String should have at most 63 characters"),
    (
        {"readReplicas": {"r" * 21: {"zone": "europe-west1-b"}}},
        f"readReplicas.{'r' * 21}.[key]: String should have at most 20 characters",
    ),
]

DISAGREEMENTS: list[tuple[dict[str, Any], str]] = [
    (
        {"privateNetwork": None},
        "privateNetwork: the instance has no address; name a network, or set publicIp: true",
    ),
    (
        {"privateNetwork": None, "publicIp": True, "allocatedIpRange": "r"},
        "allocatedIpRange: there is no privateNetwork it could be a range of; add one or take this away",
    ),
    ({"databases": []}, "databases: empty; list at least one"),
    ({"users": []}, "users: empty; list at least one"),
    (
        {"databases": [{"name": "app"}, {"name": "App"}], "clientDatabase": "app"},
        "databases.1.name: App is there already; take one of the two away",
    ),
    (
        {"users": [{"name": "a", "passwordKey": "p"}] * 2, "clientUser": "a"},
        "users.1.name: a is there already; take one of the two away",
    ),
    (
        {"databases": [{"name": "a"}, {"name": "b"}]},
        "clientDatabase: missing; say which of a, b the applications get",
    ),
    (
        {"users": [{"name": "a", "passwordKey": "p"}, {"name": "b", "passwordKey": "q"}]},
        "clientUser: missing; say which of a, b the applications get",
    ),
    ({"clientUser": "root"}, "clientUser: root is none of app; write one of them or add it"),
    ({"clientDatabase": "other"}, "clientDatabase: other is none of app; write one of them or add it"),
    ({"zone": "europe-west4-a"}, "zone: europe-west4-a is not in europe-west1; write one of its zones"),
    (
        {"secondaryZone": "europe-west4-a", "availabilityType": "REGIONAL"},
        "secondaryZone: europe-west4-a is not in europe-west1; write one of its zones",
    ),
    (
        {"secondaryZone": "europe-west1-c"},
        "secondaryZone: there is no standby to put there; set availabilityType: REGIONAL",
    ),
    (
        {"zone": "europe-west1-c", "secondaryZone": "europe-west1-c", "availabilityType": "REGIONAL"},
        "secondaryZone: europe-west1-c is the primary's too, and one outage would take both; write another",
    ),
    (
        {"tier": "db-perf-optimized-N-2"},
        "tier: db-perf-optimized-N-2 is not in edition ENTERPRISE; write one such as db-n1-standard-1",
    ),
    (
        {"edition": "ENTERPRISE_PLUS"},
        "tier: db-n1-standard-1 is not in edition ENTERPRISE_PLUS; write one such as db-perf-optimized-N-2",
    ),
    (
        {"readReplicas": {"c": {**REPLICA, "tier": "db-c4a-highmem-4"}}},
        "readReplicas.c.tier: db-c4a-highmem-4 is not in edition ENTERPRISE; write one such as db-n1-standard-1",
    ),
    (
        {"backups": {"logDays": 8, "retained": 8}},
        "backups.logDays: 8 is more than edition ENTERPRISE keeps; write 7 or less",
    ),
    (
        {"backups": {"logDays": 7, "retained": 6}},
        "backups.logDays: 7 days of log need as many daily backups; raise backups.retained",
    ),
    (
        {"diskAutoresize": False, "diskAutoresizeLimitGb": 50},
        "diskAutoresizeLimitGb: the disk does not grow by itself; take this away or set diskAutoresize",
    ),
    (
        {"diskSizeGb": 100, "diskAutoresizeLimitGb": 50},
        "diskAutoresizeLimitGb: 50 is below diskSizeGb 100; raise it",
    ),
    (
        {"instanceName": "a" * 68},
        f"instanceName: {'a' * 68} has 68 characters and the project leaves 67; shorten it",
    ),
    (
        {"instanceName": "a" * 60, "readReplicas": {"reports": REPLICA}},
        f"instanceName: {'a' * 60}-reports has 68 characters and the project leaves 67; shorten it",
    ),
]
