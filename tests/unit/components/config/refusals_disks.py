"""Stack files that are refused for disks: each with exactly what is said."""

from __future__ import annotations

from typing import Any

from tests.unit.components.programs import (
    DISKS,
    REGIONAL,
    TARGET,
    stored,
    target,
)

W = "statefulsets:workloads."

Cases = dict[str, tuple[Any, Any, list[str]]]

REFUSED: Cases = {
    "a volume above its disk": (
        stored(DISKS, volumeSize="2Gi"),
        TARGET,
        [W + "kubia.storage.size: 1Gi is less than the volumes' 2Gi; raise it or lower volumeSize"],
    ),
    "a claim above its disk": (
        stored(DISKS, claimSize="2Gi"),
        TARGET,
        [W + "kubia.storage.size: 1Gi is less than the claims' 2Gi; raise it or lower claimSize"],
    ),
    "a disk of no whole GiB": (
        stored(DISKS, size="1500Mi"),
        TARGET,
        [
            W
            + (
                'kubia.storage.size: "1500Mi" is not a whole number of Gi; disks are sized in whole GiB, '
                "so write 1Gi, 2Gi and so on"
            )
        ],
    ),
    "a disk larger than any": (
        stored(DISKS, size="65Ti"),
        TARGET,
        [W + "kubia.storage.size: 65Ti is more than a disk can have; write 64Ti or less"],
    ),
    "a disk with a capital": (
        stored(DISKS, disks=[{"name": "PV-A"}, {"name": "pv-b"}]),
        TARGET,
        [
            W
            + (
                'kubia.storage.disks[0].name: "PV-A" is not a Google resource\'s name; write lower-case '
                "letters, digits and '-', a letter first and no '-' last"
            )
        ],
    ),
    "a disk name too long": (
        stored(DISKS, disks=[{"name": "p" * 64}, {"name": "pv-b"}]),
        TARGET,
        [
            W
            + (
                "kubia.storage.disks[0].name: "
                '"pppppppppppppppppppppppppppppppppppppppppppppppppppppppp... is too long; write at most '
                "63 characters"
            )
        ],
    ),
    "disks as bare names": (
        stored(DISKS, disks=["pv-a", "pv-b"]),
        TARGET,
        [
            W + 'kubia.storage.disks[0]: "pv-a" is not a map; write its keys below it, indented',
            W + 'kubia.storage.disks[1]: "pv-b" is not a map; write its keys below it, indented',
        ],
    ),
    "a zone that is not one": (
        stored(DISKS, zone="europe-west1"),
        TARGET,
        [W + 'kubia.storage.zone: "europe-west1" is no zone; write one such as europe-west1-b'],
    ),
    "a disk type that is not one": (
        stored(DISKS, type="ssd"),
        TARGET,
        [W + 'kubia.storage.type: "ssd" is not allowed; write pd-standard, pd-balanced or pd-ssd'],
    ),
    "a file system that is not one": (
        stored(DISKS, fsType="zfs"),
        TARGET,
        [W + 'kubia.storage.fsType: "zfs" is not allowed; write ext4 or xfs'],
    ),
    "snapshots at half past": (
        stored(DISKS, snapshots={"startTime": "03:30"}),
        TARGET,
        [W + ("kubia.storage.snapshots.startTime: \"03:30\" is not a full hour; write one in quotes, such as '03:00'")],
    ),
    "snapshots kept for no day": (
        stored(DISKS, snapshots={"keepDays": 0}),
        TARGET,
        [W + "kubia.storage.snapshots.keepDays: 0 is too small; write 1 or more"],
    ),
    "a label with a capital": (
        stored(DISKS, labels={"Team": "a"}),
        TARGET,
        [
            W
            + ('kubia.storage.labels.Team: "Team" is not a label\'s key; write up to 63 of a-z 0-9 _ -, a letter first')
        ],
    ),
    "a label's value with a space": (
        stored(DISKS, labels={"team": "a b"}),
        TARGET,
        [W + 'kubia.storage.labels.team: "a b" is not a label\'s value; write up to 63 of a-z 0-9 _ -'],
    ),
    "a disk where no node is": (
        stored(DISKS, zone="europe-west1-d"),
        target(zones=["europe-west1-b", "europe-west1-c"]),
        [
            W
            + (
                'kubia.storage.zone: "europe-west1-d" has no nodes; write one of '
                "statefulsets:target.zones (europe-west1-b, europe-west1-c)"
            )
        ],
    ),
    "one disk of three where no node is": (
        stored(DISKS, disks=[{"name": "pv-a"}, {"name": "pv-b", "zone": "us-east1-b"}]),
        target(zones=["europe-west1-b"]),
        [
            W
            + (
                'kubia.storage.disks[1].zone: "us-east1-b" has no nodes; write one of '
                "statefulsets:target.zones (europe-west1-b)"
            )
        ],
    ),
    "a replica zone where no node is": (
        stored(REGIONAL),
        target(zones=["europe-west1-b"]),
        [
            W
            + (
                'kubia.storage.replicaZones[1]: "europe-west1-c" has no nodes; write one of '
                "statefulsets:target.zones (europe-west1-b)"
            )
        ],
    ),
    "a regional disk below its smallest": (
        stored(REGIONAL, type="pd-standard"),
        TARGET,
        [
            W
            + (
                "kubia.storage.size: 10Gi is less than a regional pd-standard disk can have; write 200Gi "
                "or more, or type: pd-balanced, which starts at 10Gi"
            )
        ],
    ),
    "a small regional SSD": (
        stored(REGIONAL, size="5Gi"),
        TARGET,
        [W + "kubia.storage.size: 5Gi is less than a regional pd-ssd disk can have; write 10Gi or more"],
    ),
    "a regional disk in one zone": (
        stored(REGIONAL, replicaZones=["europe-west1-b"]),
        TARGET,
        [W + "kubia.storage.replicaZones: too few items; list at least 2"],
    ),
    "a regional disk in one zone twice": (
        stored(REGIONAL, replicaZones=["europe-west1-b", "europe-west1-b"]),
        TARGET,
        [
            W
            + (
                "kubia.storage.replicaZones: not two zones of one region; write two such as europe-"
                "west1-b and europe-west1-c"
            )
        ],
    ),
    "a regional disk in two regions": (
        stored(REGIONAL, replicaZones=["europe-west1-b", "us-east1-b"]),
        TARGET,
        [
            W
            + (
                "kubia.storage.replicaZones: not two zones of one region; write two such as europe-"
                "west1-b and europe-west1-c"
            )
        ],
    ),
    "zones outside the region": (
        stored(REGIONAL, region="us-east1"),
        TARGET,
        [
            W
            + (
                'kubia.storage.replicaZones[0]: "europe-west1-b" is not in region us-east1; write one of '
                "its zones, such as us-east1-b"
            ),
            W
            + (
                'kubia.storage.replicaZones[1]: "europe-west1-c" is not in region us-east1; write one of '
                "its zones, such as us-east1-b"
            ),
        ],
    ),
    "an in-tree regional disk": (
        stored(REGIONAL, source="in-tree"),
        TARGET,
        [
            W
            + (
                "kubia.storage.source: unknown key; the known ones are accessMode, claimSize, disks, "
                "fsType, kind, labels, region, replicaZones, size, snapshots, type, volumeSize"
            )
        ],
    ),
}
