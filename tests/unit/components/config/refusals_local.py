"""Stack files with mistakes in directories, provisioners or shared claims, each with the lines that refuse it."""

from __future__ import annotations

from tests.unit.components.config.refusals import refused
from tests.unit.components.programs import LOCAL, SHARED, kubia, nginx, stored, volume

REFUSED = (
    refused(
        "storage without a kind",
        stored({"volumes": LOCAL["volumes"]}),
        "kubia.storage.kind: missing; say which kind it is",
    ),
    refused(
        "storage of a misspelt kind",
        stored({"kind": "gce-disk"}),
        'kubia.storage.kind: "gce-disk" is no kind there is; write local, gce-disks, regional-disks, dynamic or'
        " shared-claim; did you mean gce-disks?",
    ),
    refused(
        "storage that is a text",
        kubia(storage="local"),
        'kubia.storage: "local" is not a map; write its keys below it, indented',
    ),
    refused("no volumes", stored(LOCAL, volumes=[]), "kubia.storage.volumes: too few items; list at least 1"),
    refused(
        "volumes that are a map",
        stored(LOCAL, volumes={"a": 1}),
        "kubia.storage.volumes: not a list; write one item a line, each after a dash",
    ),
    refused(
        "a volume without a node", kubia(storage=volume(1, node=None)), "kubia.storage.volumes[1].node: missing; add it"
    ),
    refused(
        "a volume with a capital",
        kubia(storage=volume(0, name="PV-A")),
        "kubia.storage.volumes[0].name: \"PV-A\" is not a DNS-1123 name; write lower-case letters, digits, '-' and"
        " '.', with a letter or digit at both ends",
    ),
    refused(
        "a relative path",
        kubia(storage=volume(0, path="srv/volumes/0")),
        'kubia.storage.volumes[0].path: "srv/volumes/0" is not a plain absolute path; write one at least two deep,'
        " such as /var/lib/volumes/a",
    ),
    refused(
        "a path that climbs",
        kubia(storage=volume(0, path="/srv/../etc")),
        'kubia.storage.volumes[0].path: "/srv/../etc" is not a plain absolute path; write one at least two deep,'
        " such as /var/lib/volumes/a",
    ),
    refused(
        "a path of the root's",
        kubia(storage=volume(0, path="/srv")),
        'kubia.storage.volumes[0].path: "/srv" is not a plain absolute path; write one at least two deep, such as'
        " /var/lib/volumes/a",
    ),
    refused(
        "a path with an end slash",
        kubia(storage=volume(0, path="/srv/a/")),
        'kubia.storage.volumes[0].path: "/srv/a/" is not a plain absolute path; write one at least two deep, such'
        " as /var/lib/volumes/a",
    ),
    refused(
        "a size without a unit",
        stored(LOCAL, claimSize=10),
        "kubia.storage.claimSize: 10 is not a text; write it in quotes",
    ),
    refused(
        "a size of nothing",
        stored(LOCAL, claimSize="0Gi"),
        'kubia.storage.claimSize: "0Gi" is no room at all; write a size above zero, such as 1Gi',
    ),
    refused(
        "a negative size",
        stored(LOCAL, claimSize="-1Gi"),
        'kubia.storage.claimSize: "-1Gi" is not a quantity; write a number with a unit, such as 10Gi, 1Mi or 500m',
    ),
    refused(
        "a claim above its volume",
        stored(LOCAL, claimSize="2Gi", volumeSize="1Gi"),
        "kubia.storage.volumeSize: 1Gi is less than the claims' 2Gi, which would stay pending; raise it or lower"
        " claimSize",
    ),
    refused(
        "a tutorial's claim above its volume",
        stored(LOCAL, volumeSize="1Ki"),
        "kubia.storage.volumeSize: 1Ki is less than the claims' 1Mi, which would stay pending; raise it or lower"
        " claimSize",
    ),
    refused(
        "a class with a capital",
        stored({"kind": "dynamic"}, className="Standard"),
        "kubia.storage.className: \"Standard\" is not a DNS-1123 name; write lower-case letters, digits, '-' and"
        " '.', with a letter or digit at both ends",
    ),
    refused(
        "many writers on disks",
        stored({"kind": "dynamic"}, accessMode="ReadWriteMany"),
        'kubia.storage.accessMode: "ReadWriteMany" is not allowed; write ReadWriteOnce or ReadWriteOncePod',
    ),
    refused(
        "the tutorials' mistake",
        nginx(replicas=3, storage=SHARED),
        "nginx.storage: 3 replicas on one ReadWriteOnce claim (helloweb-disk): one pod would start and the others"
        " wait for ever (Multi-Attach); write kind: dynamic or gce-disks, which give each replica a claim of its"
        " own, or replicas: 1",
    ),
    refused(
        "the mistake with one pod's claim",
        nginx(replicas=2, storage={**SHARED, "accessMode": "ReadWriteOncePod"}),
        "nginx.storage: 2 replicas on one ReadWriteOncePod claim (helloweb-disk): one pod would start and the"
        " others wait for ever (Multi-Attach); write kind: dynamic or gce-disks, which give each replica a claim of"
        " its own, or replicas: 1",
    ),
)
