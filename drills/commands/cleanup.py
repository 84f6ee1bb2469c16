"""Takes away what drills left, and on request the workload: never data without the set's name being typed."""

from __future__ import annotations

from collections.abc import Callable

from drills.commands.status import spare_claims
from drills.errors import DrillError
from drills.faults.journal import Journal
from drills.kube import Cluster, Json
from drills.load.client import Client
from drills.scene import Site
from drills.target import SETS, Target

Say = Callable[[str], None]
# What belongs to a set besides its pods, by the label that the tutorial's objects and ours have.
BELONGING = (
    "services",
    "configmaps",
    "secrets",
    "serviceaccounts",
    "apis/policy/v1/poddisruptionbudgets",
    "apis/networking.k8s.io/v1/networkpolicies",
)


def leftovers(cluster: Cluster, target: Target, say: Say) -> None:
    """What a killed drill changed is put back; its table, pod and ConfigMap go. Again, where it was cut short."""
    journal = Journal(Site(cluster, target))
    pod = cluster.path(f"pods/{target.own}")
    if not journal.exists() and cluster.get(pod) is None:
        say("the drills left nothing")
        return
    journal.put_back(say)
    client = Client(cluster, target)
    if journal.exists():
        client.reopen()
    client.close()
    journal.close()
    say("what the drills left is gone")


def workload(
    cluster: Cluster, target: Target, say: Say, everything: bool, spare: bool, agreed: Callable[[], bool]
) -> None:
    """`everything`: the set, and what belongs to it; claims stay unless they are `spare`. `agreed` asks, and raises."""
    found = cluster.must_get(cluster.path(f"{SETS}/{target.name}"))
    if everything:
        refuse_if_managed(found, target)
    if spare:
        delete_spare(cluster, target, say, agreed)
    if everything:
        _delete_set(cluster, target, say)


def refuse_if_managed(found: Json, target: Target) -> None:
    """An object that a Pulumi state still names must go by Pulumi."""
    if found["metadata"].get("labels", {}).get("app.kubernetes.io/managed-by") == "pulumi":
        raise DrillError(
            f"{target.name} was made by Pulumi, whose state would still name it: `pulumi destroy` (local: `make "
            "destroy`) takes it down and leaves what its durability keeps"
        )


def delete_spare(cluster: Cluster, target: Target, say: Say, agreed: Callable[[], bool]) -> None:
    """The claims of ordinals that the set has no more, each with what becomes of its data."""
    claims = {item["metadata"]["name"]: item for item in cluster.items("persistentvolumeclaims")}
    names = spare_claims(target, list(claims))
    if not names:
        say("no claim is spare")
        return
    kept = []
    for name in names:
        volume = claims[name]["spec"].get("volumeName", "")
        found = cluster.get(f"/api/v1/persistentvolumes/{volume}") if volume else None
        say(f"claim {name} on volume {volume or '-'}: {fate(found)}")
        if found and found["spec"].get("persistentVolumeReclaimPolicy") == "Retain":
            kept.append(volume)
    agreed()
    for name in names:
        cluster.delete(cluster.path(f"persistentvolumeclaims/{name}"))
    say(f"deleted: {', '.join(names)}")
    if kept:
        say(
            f"volumes {', '.join(kept)} keep their data and bind to no new claim until docs/runbooks.md's first command"
        )


def fate(volume: Json | None) -> str:
    """What becomes of a volume's data when its claim goes."""
    if volume is None:
        return "it holds no data"
    policy = volume["spec"].get("persistentVolumeReclaimPolicy")
    return "its data stay on the volume (Retain)" if policy == "Retain" else f"ITS DATA WILL BE GONE ({policy})"


def _delete_set(cluster: Cluster, target: Target, say: Say) -> None:
    app = f"app={target.name}"
    cluster.delete(cluster.path(f"{SETS}/{target.name}"))
    say(f"deleted: statefulset {target.name}")
    for kind in BELONGING:
        for item in cluster.items(kind, app):
            name = item["metadata"]["name"]
            cluster.delete(cluster.path(f"{kind}/{name}"))
            say(f"deleted: {kind.rpartition('/')[2]} {name}")
    say("claims stay; `kubectl delete pvc` lets go of them")
