"""Stack files that are refused for directories, provisioners, shared claims: each with exactly what is said."""

from __future__ import annotations

from typing import Any

from tests.unit.components.programs import (
    LOCAL,
    SHARED,
    TARGET,
    nginx,
    only_kubia,
    stored,
    volume,
)

W = "statefulsets:workloads."

Cases = dict[str, tuple[Any, Any, list[str]]]

REFUSED: Cases = {
    "storage without a kind": (
        stored({"volumes": LOCAL["volumes"]}),
        TARGET,
        [W + "kubia.storage.kind: missing; say which kind it is"],
    ),
    "storage of a misspelt kind": (
        stored({"kind": "gce-disk"}),
        TARGET,
        [
            W
            + (
                'kubia.storage.kind: "gce-disk" is no kind there is; write local, gce-disks, regional-'
                "disks, dynamic or shared-claim; did you mean gce-disks?"
            )
        ],
    ),
    "storage that is a text": (
        only_kubia(storage="local"),
        TARGET,
        [W + 'kubia.storage: "local" is not a map; write its keys below it, indented'],
    ),
    "no volumes": (stored(LOCAL, volumes=[]), TARGET, [W + "kubia.storage.volumes: too few items; list at least 1"]),
    "volumes that are a map": (
        stored(LOCAL, volumes={"a": 1}),
        TARGET,
        [W + "kubia.storage.volumes: not a list; write one item a line, each after a dash"],
    ),
    "a volume without a node": (
        only_kubia(storage=volume(1, node=None)),
        TARGET,
        [W + "kubia.storage.volumes[1].node: missing; add it"],
    ),
    "a volume with a capital": (
        only_kubia(storage=volume(0, name="PV-A")),
        TARGET,
        [
            W
            + (
                'kubia.storage.volumes[0].name: "PV-A" is not a DNS-1123 name; write lower-case letters, '
                "digits, '-' and '.', with a letter or digit at both ends"
            )
        ],
    ),
    "a relative path": (
        only_kubia(storage=volume(0, path="srv/volumes/0")),
        TARGET,
        [
            W
            + (
                'kubia.storage.volumes[0].path: "srv/volumes/0" is not a plain absolute path; write one '
                "at least two deep, such as /var/lib/volumes/a"
            )
        ],
    ),
    "a path that climbs": (
        only_kubia(storage=volume(0, path="/srv/../etc")),
        TARGET,
        [
            W
            + (
                'kubia.storage.volumes[0].path: "/srv/../etc" is not a plain absolute path; write one at '
                "least two deep, such as /var/lib/volumes/a"
            )
        ],
    ),
    "a path of the root's": (
        only_kubia(storage=volume(0, path="/srv")),
        TARGET,
        [
            W
            + (
                'kubia.storage.volumes[0].path: "/srv" is not a plain absolute path; write one at least '
                "two deep, such as /var/lib/volumes/a"
            )
        ],
    ),
    "a path with an end slash": (
        only_kubia(storage=volume(0, path="/srv/a/")),
        TARGET,
        [
            W
            + (
                'kubia.storage.volumes[0].path: "/srv/a/" is not a plain absolute path; write one at '
                "least two deep, such as /var/lib/volumes/a"
            )
        ],
    ),
    "a size without a unit": (
        stored(LOCAL, claimSize=10),
        TARGET,
        [W + "kubia.storage.claimSize: 10 is not a text; write it in quotes"],
    ),
    "a size of nothing": (
        stored(LOCAL, claimSize="0Gi"),
        TARGET,
        [W + 'kubia.storage.claimSize: "0Gi" is no room at all; write a size above zero, such as 1Gi'],
    ),
    "a negative size": (
        stored(LOCAL, claimSize="-1Gi"),
        TARGET,
        [
            W
            + (
                'kubia.storage.claimSize: "-1Gi" is not a quantity; write a number with a unit, such as '
                "10Gi, 1Mi or 500m"
            )
        ],
    ),
    "a claim above its volume": (
        stored(LOCAL, claimSize="2Gi", volumeSize="1Gi"),
        TARGET,
        [
            W
            + (
                "kubia.storage.volumeSize: 1Gi is less than the claims' 2Gi, which would stay pending; "
                "raise it or lower claimSize"
            )
        ],
    ),
    "a seed's claim above its volume": (
        stored(LOCAL, volumeSize="1Ki"),
        TARGET,
        [
            W
            + (
                "kubia.storage.volumeSize: 1Ki is less than the claims' 1Mi, which would stay pending; "
                "raise it or lower claimSize"
            )
        ],
    ),
    "a class with a capital": (
        stored({"kind": "dynamic"}, className="Standard"),
        TARGET,
        [
            W
            + (
                'kubia.storage.className: "Standard" is not a DNS-1123 name; write lower-case letters, '
                "digits, '-' and '.', with a letter or digit at both ends"
            )
        ],
    ),
    "many writers on disks": (
        stored({"kind": "dynamic"}, accessMode="ReadWriteMany"),
        TARGET,
        [W + ('kubia.storage.accessMode: "ReadWriteMany" is not allowed; write ReadWriteOnce or ReadWriteOncePod')],
    ),
    "the seeds' mistake": (
        {"nginx": nginx(replicas=3, storage=SHARED)},
        TARGET,
        [
            W
            + (
                "nginx.storage: 3 replicas on one ReadWriteOnce claim (helloweb-disk): one pod would "
                "start and the others wait for ever (Multi-Attach); write kind: dynamic or gce-disks, "
                "which give each replica a claim of its own, or replicas: 1"
            )
        ],
    ),
    "the mistake with one pod's claim": (
        {"nginx": nginx(replicas=2, storage={**SHARED, "accessMode": "ReadWriteOncePod"})},
        TARGET,
        [
            W
            + (
                "nginx.storage: 2 replicas on one ReadWriteOncePod claim (helloweb-disk): one pod would "
                "start and the others wait for ever (Multi-Attach); write kind: dynamic or gce-disks, "
                "which give each replica a claim of its own, or replicas: 1"
            )
        ],
    ),
}
