"""Stack files that are refused for versions, overlaps, databases, several things: each with exactly what is said."""

from __future__ import annotations

from typing import Any

from tests.unit.components.programs import (
    CLOUD_SQL,
    DISKS,
    SHARED,
    TARGET,
    kubia,
    nginx,
    only_kubia,
    stored,
    target,
    volume,
)

W = "statefulsets:workloads."

Cases = dict[str, tuple[Any, Any, list[str]]]

REFUSED: Cases = {
    "a first ordinal before 1.27": (
        only_kubia(ordinals={"start": 1}, replicas=1),
        target(kubernetesVersion="1.26"),
        [
            W
            + (
                "kubia.ordinals.start: needs Kubernetes 1.27 and the target is 1.26; leave it out or "
                "raise statefulsets:target.kubernetesVersion once the cluster is newer"
            )
        ],
    ),
    "discarded claims before 1.27": (
        only_kubia(durability="discard"),
        target(kubernetesVersion="1.26"),
        [
            W
            + (
                "kubia.durability: needs Kubernetes 1.27 and the target is 1.26; write durability: keep "
                "or raise statefulsets:target.kubernetesVersion once the cluster is newer"
            )
        ],
    ),
    "one pod's claim before 1.27": (
        stored(DISKS, accessMode="ReadWriteOncePod"),
        target(kubernetesVersion="1.26"),
        [
            W
            + (
                "kubia.storage.accessMode: needs Kubernetes 1.27 and the target is 1.26; leave it out or "
                "raise statefulsets:target.kubernetesVersion once the cluster is newer"
            )
        ],
    ),
    "one disk twice": (
        stored(DISKS, disks=[{"name": "pv-a"}, {"name": "pv-a"}]),
        TARGET,
        [
            W
            + (
                'kubia.storage.disks[1].name: "pv-a" is already the volume of '
                "statefulsets:workloads.kubia.storage.disks[0].name; give it a name of its own"
            )
        ],
    ),
    "one disk under two workloads": (
        {"a": kubia(storage=DISKS), "b": kubia(storage={**DISKS, "disks": [{"name": "x"}, {"name": "pv-c"}]})},
        TARGET,
        [
            W
            + (
                'b.storage.disks[1].name: "pv-c" is already the volume of '
                "statefulsets:workloads.a.storage.disks[2].name; give it a name of its own"
            )
        ],
    ),
    "one directory twice": (
        only_kubia(storage=volume(1, node="node-0", path="/srv/volumes/0")),
        TARGET,
        [
            W
            + (
                'kubia.storage.volumes[1].path: "/srv/volumes/0" on node-0 is already the directory of '
                "statefulsets:workloads.kubia.storage.volumes[0].path; replicas would write over each "
                "other, so give it a directory of its own"
            )
        ],
    ),
    "a directory within another": (
        only_kubia(storage=volume(1, node="node-0", path="/srv/volumes/0/1")),
        TARGET,
        [
            W
            + (
                'kubia.storage.volumes[1].path: "/srv/volumes/0/1" on node-0 lies inside the directory of'
                " statefulsets:workloads.kubia.storage.volumes[0].path; replicas would write over each "
                "other, so give it a directory of its own"
            )
        ],
    ),
    "two Services of one name": (
        {"kubia": kubia(clientService=True), "kubia-client": nginx()},
        TARGET,
        [
            W
            + (
                'kubia-client: "kubia-client" is already a Service of '
                "statefulsets:workloads.kubia.clientService; rename one of the two"
            )
        ],
    ),
    "a database's Service of one name": (
        {"db": CLOUD_SQL, "db-read": nginx()},
        TARGET,
        [W + ('db-read: "db-read" is already a Service of statefulsets:workloads.db; rename one of the two')],
    ),
    "one claim under two workloads": (
        {"a": nginx(replicas=1, storage=SHARED), "b": nginx(replicas=1, storage=SHARED)},
        TARGET,
        [
            W
            + (
                'b.storage.claim: "helloweb-disk" is already a claim of '
                "statefulsets:workloads.a.storage.claim; give it a name of its own"
            )
        ],
    ),
    "a claim that a StatefulSet makes": (
        {"nginx": nginx(), "x": nginx(replicas=1, storage={**SHARED, "claim": "www-nginx-1"})},
        TARGET,
        [
            W
            + (
                'x.storage.claim: "www-nginx-1" is already a claim of statefulsets:workloads.nginx; give '
                "it a name of its own"
            )
        ],
    ),
    "a database without a region": (
        {"db": {k: v for k, v in CLOUD_SQL.items() if k != "region"}},
        TARGET,
        [W + "db.region: missing; add it"],
    ),
    "a database open to all": (
        {"db": {**CLOUD_SQL, "authorizedNetworks": [{"name": "all", "value": "0.0.0.0/0"}]}},
        TARGET,
        [
            W
            + (
                "db.authorizedNetworks[0].value: 0.0.0.0/0 lets strangers try passwords; write your "
                "clients' network, or acknowledge it with allowWholeInternet: true"
            )
        ],
    ),
    "a database without an address": (
        {"db": {**CLOUD_SQL, "publicIp": False}},
        TARGET,
        [W + "db.privateNetwork: the instance has no address; name a network, or set publicIp: true"],
    ),
    "a database with a misspelt key": (
        {"db": {**CLOUD_SQL, "publicIP": True}},
        TARGET,
        [W + "db.publicIP: unknown key; did you mean publicIp?"],
    ),
    "several things at once": (
        {"kubia": kubia(replicas=9, durability="Recycle"), "nginx": nginx(replicas=-1, imgae="x")},
        target(namespace="A B", context=None),
        [
            (
                "statefulsets:target: neither context nor kubeconfig; name the cluster, so that the stack"
                " cannot land on another"
            ),
            (
                'statefulsets:target.namespace: "A B" is not a DNS-1123 label; write lower-case letters, '
                "digits and '-', with a letter or digit at both ends"
            ),
            W
            + (
                'kubia.durability: "Recycle" is a reclaim policy that never worked on GCE disks; write '
                "keep (data outlives the stack) or discard (data goes with it)"
            ),
            W + "kubia.replicas: 9 replicas but 3 disks (v-0, v-1, v-2); add 6 disks or lower replicas",
            W + "nginx.imgae: unknown key; did you mean image?",
            W + "nginx.replicas: -1 is too small; write 0 or more",
        ],
    ),
}
