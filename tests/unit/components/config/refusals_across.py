"""Stack files with mistakes in versions, overlaps, databases or several things, each with the lines that refuse it."""

from __future__ import annotations

from tests.unit.components.config.refusals import refused
from tests.unit.components.programs import CLOUD_SQL, DISKS, SHARED, changed, kubia, nginx, stored, target, volume

REFUSED = (
    refused(
        "a first ordinal before 1.27",
        kubia(ordinals={"start": 1}, replicas=1),
        "kubia.ordinals.start: needs Kubernetes 1.27 and the target is 1.26; leave it out or raise"
        " statefulsets:target.kubernetesVersion once the cluster is newer",
        target=target(kubernetesVersion="1.26"),
    ),
    refused(
        "discarded claims before 1.27",
        kubia(durability="discard"),
        "kubia.durability: needs Kubernetes 1.27 and the target is 1.26; write durability: keep or raise"
        " statefulsets:target.kubernetesVersion once the cluster is newer",
        target=target(kubernetesVersion="1.26"),
    ),
    refused(
        "one pod's claim before 1.27",
        stored(DISKS, accessMode="ReadWriteOncePod"),
        "kubia.storage.accessMode: needs Kubernetes 1.27 and the target is 1.26; leave it out or raise"
        " statefulsets:target.kubernetesVersion once the cluster is newer",
        target=target(kubernetesVersion="1.26"),
    ),
    refused(
        "one disk twice",
        stored(DISKS, disks=[{"name": "pv-a"}, {"name": "pv-a"}]),
        'kubia.storage.disks[1].name: "pv-a" is already the volume of'
        " statefulsets:workloads.kubia.storage.disks[0].name; give it a name of its own",
    ),
    refused(
        "one disk under two workloads",
        {"a": kubia(storage=DISKS), "b": kubia(storage={**DISKS, "disks": [{"name": "x"}, {"name": "pv-c"}]})},
        'b.storage.disks[1].name: "pv-c" is already the volume of statefulsets:workloads.a.storage.disks[2].name;'
        " give it a name of its own",
    ),
    refused(
        "one directory twice",
        kubia(storage=volume(1, node="node-0", path="/srv/volumes/0")),
        'kubia.storage.volumes[1].path: "/srv/volumes/0" on node-0 is already the directory of'
        " statefulsets:workloads.kubia.storage.volumes[0].path; replicas would write over each other, so give it a"
        " directory of its own",
    ),
    refused(
        "a directory within another",
        kubia(storage=volume(1, node="node-0", path="/srv/volumes/0/1")),
        'kubia.storage.volumes[1].path: "/srv/volumes/0/1" on node-0 lies inside the directory of'
        " statefulsets:workloads.kubia.storage.volumes[0].path; replicas would write over each other, so give it a"
        " directory of its own",
    ),
    refused(
        "two Services of one name",
        {"kubia": kubia(clientService=True), "kubia-client": nginx()},
        'kubia-client: "kubia-client" is already a Service of statefulsets:workloads.kubia.clientService; rename'
        " one of the two",
    ),
    refused(
        "a database's Service of one name",
        {"db": CLOUD_SQL, "db-read": nginx()},
        'db-read: "db-read" is already a Service of statefulsets:workloads.db; rename one of the two',
    ),
    refused(
        "one claim under two workloads",
        {"a": nginx(replicas=1, storage=SHARED), "b": nginx(replicas=1, storage=SHARED)},
        'b.storage.claim: "helloweb-disk" is already a claim of statefulsets:workloads.a.storage.claim; give it a'
        " name of its own",
    ),
    refused(
        "a claim that a StatefulSet makes",
        {"nginx": nginx(), "x": nginx(replicas=1, storage={**SHARED, "claim": "www-nginx-1"})},
        'x.storage.claim: "www-nginx-1" is already a claim of statefulsets:workloads.nginx; give it a name of its own',
    ),
    refused("a database without a region", changed(CLOUD_SQL, {"region": None}), "db.region: missing; add it"),
    refused(
        "a database open to all",
        {**CLOUD_SQL, "authorizedNetworks": [{"name": "all", "value": "0.0.0.0/0"}]},
        "db.authorizedNetworks[0].value: 0.0.0.0/0 lets strangers try passwords; write your clients' network, or"
        " acknowledge it with allowWholeInternet: true",
    ),
    refused(
        "a database without an address",
        {**CLOUD_SQL, "publicIp": False},
        "db.privateNetwork: the instance has no address; name a network, or set publicIp: true",
    ),
    refused(
        "a database with a misspelt key",
        {**CLOUD_SQL, "publicIP": True},
        "db.publicIP: unknown key; did you mean publicIp?",
    ),
    refused(
        "several things at once",
        {"kubia": kubia(replicas=9, durability="Recycle"), "nginx": nginx(replicas=-1, imgae="x")},
        "statefulsets:target: neither context nor kubeconfig; name the cluster, so that the stack cannot land on"
        " another",
        "statefulsets:target.namespace: \"A B\" is not a DNS-1123 label; write lower-case letters, digits and '-',"
        " with a letter or digit at both ends",
        'kubia.durability: "Recycle" is a reclaim policy that never worked on GCE disks; write keep (data outlives'
        " the stack) or discard (data goes with it)",
        "kubia.replicas: 9 replicas but 3 disks (v-0, v-1, v-2); add 6 disks or lower replicas",
        "nginx.imgae: unknown key; did you mean image?",
        "nginx.replicas: -1 is too small; write 0 or more",
        target=target(namespace="A B", context=None),
    ),
)
