"""Stack files with mistakes in single fields, each with the lines that refuse it."""

from __future__ import annotations

from tests.unit.components.config.refusals import refused
from tests.unit.components.programs import kubia

REFUSED = (
    refused(
        "replicas in quotes", kubia(replicas="2"), 'kubia.replicas: "2" is not a whole number; write one without quotes'
    ),
    refused(
        "replicas with a fraction",
        kubia(replicas=2.5),
        "kubia.replicas: 2.5 is not a whole number; write one without quotes",
    ),
    refused(
        "replicas that are true",
        kubia(replicas=True),
        "kubia.replicas: true is not a whole number; write one without quotes",
    ),
    refused("negative replicas", kubia(replicas=-1), "kubia.replicas: -1 is too small; write 0 or more"),
    refused("too many replicas", kubia(replicas=1001), "kubia.replicas: 1001 is too large; write 1000 or less"),
    refused(
        "replicas as large as a number gets",
        kubia(replicas=10**30),
        "kubia.replicas: 1000000000000000000000000000000 is too large; write 1000 or less",
    ),
    refused(
        "replicas of nothing",
        {**kubia(), "replicas": None},
        "kubia.replicas: null is not a whole number; write one without quotes",
    ),
    refused(
        "more replicas than disks",
        kubia(replicas=4),
        "kubia.replicas: 4 replicas but 3 disks (v-0, v-1, v-2); add a disk or lower replicas",
    ),
    refused(
        "far more replicas than disks",
        kubia(replicas=7),
        "kubia.replicas: 7 replicas but 3 disks (v-0, v-1, v-2); add 4 disks or lower replicas",
    ),
    refused(
        "a first ordinal past the disks",
        kubia(ordinals={"start": 2}),
        "kubia.replicas: 2 replicas from ordinal 2 but 3 disks (v-0, v-1, v-2); add a disk or lower ordinals.start",
    ),
    refused(
        "settings of MySQL that may lose writes",
        {"kind": "mysql", "settings": {"skip_log_bin": "1", "max_binlog_size": "1G", "sql_mode": ""}},
        "db.settings.max_binlog_size: kept by the program, so that no answered write is lost; leave it out and"
        " write binaryLogs.maxFileSize",
        "db.settings.skip_log_bin: kept by the program, so that no answered write is lost; leave it out",
        "db.settings.sql_mode: not among the settings known to be harmless; leave it out (docs/mysql.md,"
        ' "Settings", lists them)',
    ),
    refused(
        "a setting of MySQL by the beginning of its name",
        {"kind": "mysql", "settings": {"max_connection": "500"}},
        "db.settings.max_connection: not among the settings known to be harmless; leave it out (docs/mysql.md,"
        ' "Settings", lists them); did you mean max_connections?',
    ),
    refused("a misspelt key", kubia(replica=2), "kubia.replica: unknown key; did you mean replicas?"),
    refused(
        "a key of another kind",
        kubia(volumeClaimTemplates=[]),
        "kubia.volumeClaimTemplates: unknown key; write storage.claimSize; the claim template's name belongs to"
        " the kind",
    ),
    refused(
        "a reclaim policy",
        kubia(reclaimPolicy="Retain"),
        "kubia.reclaimPolicy: unknown key; write durability: keep (Retain) or durability: discard",
    ),
    refused(
        "a namespace of its own",
        kubia(namespace="other"),
        "kubia.namespace: unknown key; write namespace in statefulsets:target; claims and volumes follow it",
    ),
    refused(
        "a key like no other",
        kubia(xyzzy="hunter2"),
        "kubia.xyzzy: unknown key; the known ones are clientService, clients, durability, image, kind,"
        " minReadySeconds, ordinals, podManagementPolicy, replicas, resources, storage,"
        " terminationGracePeriodSeconds, updateStrategy",
    ),
    refused(
        "Recycle",
        kubia(durability="Recycle"),
        'kubia.durability: "Recycle" is a reclaim policy that never worked on GCE disks; write keep (data outlives'
        " the stack) or discard (data goes with it)",
    ),
    refused("Retain", kubia(durability="Retain"), 'kubia.durability: "Retain" is a reclaim policy; write keep'),
    refused("Delete", kubia(durability="Delete"), 'kubia.durability: "Delete" is a reclaim policy; write discard'),
    refused(
        "a durability that is misspelt",
        kubia(durability="keeep"),
        'kubia.durability: "keeep" is not allowed; write keep or discard',
    ),
    refused(
        "an image with a space",
        kubia(image="luksa/kubia pet"),
        'kubia.image: "luksa/kubia pet" is not an image reference; write one such as luksa/kubia-pet or'
        " registry.example/name:tag",
    ),
    refused(
        "an empty image",
        kubia(image=""),
        'kubia.image: "" is not an image reference; write one such as luksa/kubia-pet or registry.example/name:tag',
    ),
    refused(
        "an order of pods that is not one",
        kubia(podManagementPolicy="Serial"),
        'kubia.podManagementPolicy: "Serial" is not allowed; write OrderedReady or Parallel',
    ),
    refused(
        "a partition without rolling update",
        kubia(updateStrategy={"type": "OnDelete", "partition": 1}),
        "kubia.updateStrategy.partition: 1 with type OnDelete, which has no partitions; write type RollingUpdate"
        " or drop it",
    ),
    refused(
        "a negative grace period",
        kubia(terminationGracePeriodSeconds=-1),
        "kubia.terminationGracePeriodSeconds: -1 is too small; write 0 or more",
    ),
    refused(
        "a grace period of hours",
        kubia(terminationGracePeriodSeconds=7200),
        "kubia.terminationGracePeriodSeconds: 7200 is too large; write 3600 or less",
    ),
    refused(
        "memory without quotes",
        kubia(resources={"limits": {"memory": 64}}),
        "kubia.resources.limits.memory: 64 is not a text; write it in quotes",
    ),
    refused(
        "memory that is not a quantity",
        kubia(resources={"limits": {"memory": "64MB"}}),
        'kubia.resources.limits.memory: "64MB" is not a quantity; write a number with a unit, such as 10Gi, 1Mi or'
        " 500m",
    ),
    refused(
        "a quantity past the largest",
        kubia(resources={"limits": {"memory": "16Ei"}}),
        'kubia.resources.limits.memory: "16Ei" is larger than a quantity can be (2^63-1); write a smaller number',
    ),
    refused(
        "clients that are not a word",
        kubia(clients="everyone"),
        'kubia.clients: "everyone" is not allowed; write namespace, cluster or anywhere',
    ),
    refused(
        "a client Service in quotes",
        kubia(clientService="yes"),
        'kubia.clientService: "yes" is neither true nor false; write one of them without quotes',
    ),
)
