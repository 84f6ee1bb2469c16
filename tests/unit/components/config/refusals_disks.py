"""Stack files with mistakes in disks, each with the lines that refuse it."""

from __future__ import annotations

from tests.unit.components.config.refusals import refused
from tests.unit.components.programs import DISKS, REGIONAL, stored, target

REFUSED = (
    refused(
        "a volume above its disk",
        stored(DISKS, volumeSize="2Gi"),
        "kubia.storage.size: 1Gi is less than the volumes' 2Gi; raise it or lower volumeSize",
    ),
    refused(
        "a claim above its disk",
        stored(DISKS, claimSize="2Gi"),
        "kubia.storage.size: 1Gi is less than the claims' 2Gi; raise it or lower claimSize",
    ),
    refused(
        "a disk of no whole GiB",
        stored(DISKS, size="1500Mi"),
        'kubia.storage.size: "1500Mi" is not a whole number of Gi; disks are sized in whole GiB, so write 1Gi, 2Gi'
        " and so on",
    ),
    refused(
        "a disk larger than any",
        stored(DISKS, size="65Ti"),
        "kubia.storage.size: 65Ti is more than a disk can have; write 64Ti or less",
    ),
    refused(
        "a disk with a capital",
        stored(DISKS, disks=[{"name": "PV-A"}, {"name": "pv-b"}]),
        'kubia.storage.disks[0].name: "PV-A" is not a Google resource\'s name; write lower-case letters, digits'
        " and '-', a letter first and no '-' last",
    ),
    refused(
        "a disk name too long",
        stored(DISKS, disks=[{"name": "p" * 64}, {"name": "pv-b"}]),
        'kubia.storage.disks[0].name: "pppppppppppppppppppppppppppppppppppppppppppppppppppppppp... is too long;'
        " write at most 63 characters",
    ),
    refused(
        "disks as bare names",
        stored(DISKS, disks=["pv-a", "pv-b"]),
        'kubia.storage.disks[0]: "pv-a" is not a map; write its keys below it, indented',
        'kubia.storage.disks[1]: "pv-b" is not a map; write its keys below it, indented',
    ),
    refused(
        "a zone that is not one",
        stored(DISKS, zone="europe-west1"),
        'kubia.storage.zone: "europe-west1" is no zone; write one such as europe-west1-b',
    ),
    refused(
        "a disk type that is not one",
        stored(DISKS, type="ssd"),
        'kubia.storage.type: "ssd" is not allowed; write pd-standard, pd-balanced or pd-ssd',
    ),
    refused(
        "a file system that is not one",
        stored(DISKS, fsType="zfs"),
        'kubia.storage.fsType: "zfs" is not allowed; write ext4 or xfs',
    ),
    refused(
        "snapshots at half past",
        stored(DISKS, snapshots={"startTime": "03:30"}),
        "kubia.storage.snapshots.startTime: \"03:30\" is not a full hour; write one in quotes, such as '03:00'",
    ),
    refused(
        "snapshots kept for no day",
        stored(DISKS, snapshots={"keepDays": 0}),
        "kubia.storage.snapshots.keepDays: 0 is too small; write 1 or more",
    ),
    refused(
        "a label with a capital",
        stored(DISKS, labels={"Team": "a"}),
        'kubia.storage.labels.Team: "Team" is not a label\'s key; write up to 63 of a-z 0-9 _ -, a letter first',
    ),
    refused(
        "a label's value with a space",
        stored(DISKS, labels={"team": "a b"}),
        'kubia.storage.labels.team: "a b" is not a label\'s value; write up to 63 of a-z 0-9 _ -',
    ),
    refused(
        "a disk where no node is",
        stored(DISKS, zone="europe-west1-d"),
        'kubia.storage.zone: "europe-west1-d" has no nodes; write one of statefulsets:target.zones'
        " (europe-west1-b, europe-west1-c)",
        target=target(zones=["europe-west1-b", "europe-west1-c"]),
    ),
    refused(
        "one disk of three where no node is",
        stored(DISKS, disks=[{"name": "pv-a"}, {"name": "pv-b", "zone": "us-east1-b"}]),
        'kubia.storage.disks[1].zone: "us-east1-b" has no nodes; write one of statefulsets:target.zones'
        " (europe-west1-b)",
        target=target(zones=["europe-west1-b"]),
    ),
    refused(
        "a replica zone where no node is",
        stored(REGIONAL),
        'kubia.storage.replicaZones[1]: "europe-west1-c" has no nodes; write one of statefulsets:target.zones'
        " (europe-west1-b)",
        target=target(zones=["europe-west1-b"]),
    ),
    refused(
        "a regional disk below its smallest",
        stored(REGIONAL, type="pd-standard"),
        "kubia.storage.size: 10Gi is less than a regional pd-standard disk can have; write 200Gi or more, or type:"
        " pd-balanced, which starts at 10Gi",
    ),
    refused(
        "a small regional SSD",
        stored(REGIONAL, size="5Gi"),
        "kubia.storage.size: 5Gi is less than a regional pd-ssd disk can have; write 10Gi or more",
    ),
    refused(
        "a regional disk in one zone",
        stored(REGIONAL, replicaZones=["europe-west1-b"]),
        "kubia.storage.replicaZones: too few items; list at least 2",
    ),
    refused(
        "a regional disk in one zone twice",
        stored(REGIONAL, replicaZones=["europe-west1-b", "europe-west1-b"]),
        "kubia.storage.replicaZones: not two zones of one region; write two such as europe-west1-b and europe-west1-c",
    ),
    refused(
        "a regional disk in two regions",
        stored(REGIONAL, replicaZones=["europe-west1-b", "us-east1-b"]),
        "kubia.storage.replicaZones: not two zones of one region; write two such as europe-west1-b and europe-west1-c",
    ),
    refused(
        "zones outside the region",
        stored(REGIONAL, region="us-east1"),
        'kubia.storage.replicaZones[0]: "europe-west1-b" is not in region us-east1; write one of its zones, such'
        " as us-east1-b",
        'kubia.storage.replicaZones[1]: "europe-west1-c" is not in region us-east1; write one of its zones, such'
        " as us-east1-b",
    ),
    refused(
        "an in-tree regional disk",
        stored(REGIONAL, source="in-tree"),
        "kubia.storage.source: unknown key; the known ones are accessMode, claimSize, disks, fsType, kind, labels,"
        " region, replicaZones, size, snapshots, type, volumeSize",
    ),
)
