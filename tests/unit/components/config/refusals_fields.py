"""Stack files that are refused for plain fields: each with exactly what is said."""

from __future__ import annotations

from typing import Any

from tests.unit.components.programs import (
    TARGET,
    kubia,
    only_kubia,
)

W = "statefulsets:workloads."

Cases = dict[str, tuple[Any, Any, list[str]]]

REFUSED: Cases = {
    "replicas in quotes": (
        only_kubia(replicas="2"),
        TARGET,
        [W + 'kubia.replicas: "2" is not a whole number; write one without quotes'],
    ),
    "replicas with a fraction": (
        only_kubia(replicas=2.5),
        TARGET,
        [W + "kubia.replicas: 2.5 is not a whole number; write one without quotes"],
    ),
    "replicas that are true": (
        only_kubia(replicas=True),
        TARGET,
        [W + "kubia.replicas: true is not a whole number; write one without quotes"],
    ),
    "negative replicas": (only_kubia(replicas=-1), TARGET, [W + "kubia.replicas: -1 is too small; write 0 or more"]),
    "too many replicas": (
        only_kubia(replicas=1001),
        TARGET,
        [W + "kubia.replicas: 1001 is too large; write 1000 or less"],
    ),
    "replicas as large as a number gets": (
        only_kubia(replicas=10**30),
        TARGET,
        [W + "kubia.replicas: 1000000000000000000000000000000 is too large; write 1000 or less"],
    ),
    "replicas of nothing": (
        {"kubia": {**kubia(), "replicas": None}},
        TARGET,
        [W + "kubia.replicas: null is not a whole number; write one without quotes"],
    ),
    "more replicas than disks": (
        only_kubia(replicas=4),
        TARGET,
        [W + "kubia.replicas: 4 replicas but 3 disks (v-0, v-1, v-2); add a disk or lower replicas"],
    ),
    "far more replicas than disks": (
        only_kubia(replicas=7),
        TARGET,
        [W + "kubia.replicas: 7 replicas but 3 disks (v-0, v-1, v-2); add 4 disks or lower replicas"],
    ),
    "a first ordinal past the disks": (
        only_kubia(ordinals={"start": 2}),
        TARGET,
        [
            W
            + (
                "kubia.replicas: 2 replicas from ordinal 2 but 3 disks (v-0, v-1, v-2); add a disk or "
                "lower ordinals.start"
            )
        ],
    ),
    "settings of MySQL that may lose writes": (
        {"db": {"kind": "mysql", "settings": {"skip_log_bin": "1", "max_binlog_size": "1G", "sql_mode": ""}}},
        TARGET,
        [
            W
            + (
                "db.settings.max_binlog_size: kept by the program, so that no answered write is lost; leave it out and "
                "write binaryLogs.maxFileSize"
            ),
            W + "db.settings.skip_log_bin: kept by the program, so that no answered write is lost; leave it out",
            W
            + (
                "db.settings.sql_mode: not among the settings known to be harmless; leave it out (docs/mysql.md, "
                '"Settings", lists them)'
            ),
        ],
    ),
    "a setting of MySQL by the beginning of its name": (
        {"db": {"kind": "mysql", "settings": {"max_connection": "500"}}},
        TARGET,
        [
            W
            + (
                "db.settings.max_connection: not among the settings known to be harmless; leave it out (docs/mysql.md, "
                '"Settings", lists them); did you mean max_connections?'
            )
        ],
    ),
    "a misspelt key": (only_kubia(replica=2), TARGET, [W + "kubia.replica: unknown key; did you mean replicas?"]),
    "a key of another kind": (
        only_kubia(volumeClaimTemplates=[]),
        TARGET,
        [
            W
            + (
                "kubia.volumeClaimTemplates: unknown key; write storage.claimSize; the claim template's "
                "name belongs to the kind"
            )
        ],
    ),
    "a reclaim policy": (
        only_kubia(reclaimPolicy="Retain"),
        TARGET,
        [W + "kubia.reclaimPolicy: unknown key; write durability: keep (Retain) or durability: discard"],
    ),
    "a namespace of its own": (
        only_kubia(namespace="other"),
        TARGET,
        [W + ("kubia.namespace: unknown key; write namespace in statefulsets:target; claims and volumes follow it")],
    ),
    "a key like no other": (
        only_kubia(xyzzy="hunter2"),
        TARGET,
        [
            W
            + (
                "kubia.xyzzy: unknown key; the known ones are clientService, clients, durability, image, "
                "kind, minReadySeconds, ordinals, podManagementPolicy, replicas, resources, storage, "
                "terminationGracePeriodSeconds, updateStrategy"
            )
        ],
    ),
    "Recycle": (
        only_kubia(durability="Recycle"),
        TARGET,
        [
            W
            + (
                'kubia.durability: "Recycle" is a reclaim policy that never worked on GCE disks; write '
                "keep (data outlives the stack) or discard (data goes with it)"
            )
        ],
    ),
    "Retain": (
        only_kubia(durability="Retain"),
        TARGET,
        [W + 'kubia.durability: "Retain" is a reclaim policy; write keep'],
    ),
    "Delete": (
        only_kubia(durability="Delete"),
        TARGET,
        [W + 'kubia.durability: "Delete" is a reclaim policy; write discard'],
    ),
    "a durability that is misspelt": (
        only_kubia(durability="keeep"),
        TARGET,
        [W + 'kubia.durability: "keeep" is not allowed; write keep or discard'],
    ),
    "an image with a space": (
        only_kubia(image="luksa/kubia pet"),
        TARGET,
        [
            W
            + (
                'kubia.image: "luksa/kubia pet" is not an image reference; write one such as luksa/kubia-'
                "pet or registry.example/name:tag"
            )
        ],
    ),
    "an empty image": (
        only_kubia(image=""),
        TARGET,
        [
            W
            + (
                'kubia.image: "" is not an image reference; write one such as luksa/kubia-pet or '
                "registry.example/name:tag"
            )
        ],
    ),
    "an order of pods that is not one": (
        only_kubia(podManagementPolicy="Serial"),
        TARGET,
        [W + 'kubia.podManagementPolicy: "Serial" is not allowed; write OrderedReady or Parallel'],
    ),
    "a partition without rolling update": (
        only_kubia(updateStrategy={"type": "OnDelete", "partition": 1}),
        TARGET,
        [
            W
            + (
                "kubia.updateStrategy.partition: 1 with type OnDelete, which has no partitions; write "
                "type RollingUpdate or drop it"
            )
        ],
    ),
    "a negative grace period": (
        only_kubia(terminationGracePeriodSeconds=-1),
        TARGET,
        [W + "kubia.terminationGracePeriodSeconds: -1 is too small; write 0 or more"],
    ),
    "a grace period of hours": (
        only_kubia(terminationGracePeriodSeconds=7200),
        TARGET,
        [W + "kubia.terminationGracePeriodSeconds: 7200 is too large; write 3600 or less"],
    ),
    "memory without quotes": (
        only_kubia(resources={"limits": {"memory": 64}}),
        TARGET,
        [W + "kubia.resources.limits.memory: 64 is not a text; write it in quotes"],
    ),
    "memory that is not a quantity": (
        only_kubia(resources={"limits": {"memory": "64MB"}}),
        TARGET,
        [
            W
            + (
                'kubia.resources.limits.memory: "64MB" is not a quantity; write a number with a unit, '
                "such as 10Gi, 1Mi or 500m"
            )
        ],
    ),
    "a quantity past the largest": (
        only_kubia(resources={"limits": {"memory": "16Ei"}}),
        TARGET,
        [
            W
            + (
                'kubia.resources.limits.memory: "16Ei" is larger than a quantity can be (2^63-1); write a'
                " smaller number"
            )
        ],
    ),
    "clients that are not a word": (
        only_kubia(clients="everyone"),
        TARGET,
        [W + 'kubia.clients: "everyone" is not allowed; write namespace, cluster or anywhere'],
    ),
    "a client Service in quotes": (
        only_kubia(clientService="yes"),
        TARGET,
        [W + 'kubia.clientService: "yes" is neither true nor false; write one of them without quotes'],
    ),
}
