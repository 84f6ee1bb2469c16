"""Compute Engine's resource types: disks, their schedules and what ties them together."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, ClassVar

from localcloud.gce.provider.kind import Cloud, Kind, found, gone, last
from localcloud.gce.provider.properties import Properties

ATTRIBUTION = {"goog-pulumi-provisioned": "true"}
"""The label that pulumi-gcp adds to everything (`addPulumiAttributionLabel`)."""
LONGEST_PREFIX = 48
"""How many characters may stand before the date in a snapshot's name."""


class Disk(Kind):
    """The type gcp.compute.Disk."""

    token = "gcp:compute/disk:Disk"  # noqa: S105  Pulumi's word for a type's name
    shape: ClassVar[dict[str, Any]] = {
        "name": None,
        "project": None,
        "zone": None,
        "size": None,
        "type": None,
        "description": None,
        "labels": None,
        "snapshot": None,
        "physicalBlockSizeBytes": None,
        "createSnapshotBeforeDestroy": None,
        "createSnapshotBeforeDestroyPrefix": None,
        "deletionPolicy": None,
    }
    required: ClassVar[tuple[str, ...]] = ("project", "zone")
    replaces = frozenset({"name", "project", "zone", "type", "description", "snapshot", "physicalBlockSizeBytes"})
    grows = frozenset({"size"})
    kept = frozenset({"size", "physicalBlockSizeBytes"})
    own = ("createSnapshotBeforeDestroy", "createSnapshotBeforeDestroyPrefix", "deletionPolicy")
    computed = (
        "creationTimestamp",
        "diskId",
        "effectiveLabels",
        "labelFingerprint",
        "lastAttachTimestamp",
        "lastDetachTimestamp",
        "physicalBlockSizeBytes",
        "pulumiLabels",
        "selfLink",
        "size",
        "users",
    )

    def defaults(self, cloud: Cloud) -> Properties:
        return {**super().defaults(cloud), "zone": cloud.zone or None, "type": "pd-standard"}

    def problems(self, inputs: Properties) -> Iterator[tuple[str, str]]:
        yield from super().problems(inputs)
        prefix = inputs.get("createSnapshotBeforeDestroyPrefix") or inputs.get("name")
        if inputs.get("createSnapshotBeforeDestroy") and isinstance(prefix, str) and len(prefix) > LONGEST_PREFIX:
            yield "createSnapshotBeforeDestroyPrefix", f"'{prefix}' is longer than {LONGEST_PREFIX} characters"

    def place(self, inputs: Properties) -> str:
        """The path of the zone or region in which the disk is to be."""
        return f"projects/{inputs['project']}/zones/{last(inputs['zone'])}"

    def body(self, inputs: Properties) -> dict[str, Any]:
        """The body of the request that makes the disk."""
        wanted = {
            "name": inputs["name"],
            "type": f"{self.place(inputs)}/diskTypes/{last(inputs['type'])}",
            "labels": {**ATTRIBUTION, **inputs.get("labels", {})},
            "description": inputs.get("description"),
            "sourceSnapshot": inputs.get("snapshot"),
            "sizeGb": inputs.get("size"),
        }
        return {key: value for key, value in wanted.items() if value is not None}

    def create(self, cloud: Cloud, inputs: Properties) -> str:
        place = self.place(inputs)
        cloud.compute("POST", f"{place}/disks", self.body(inputs))
        return f"{place}/disks/{inputs['name']}"

    def read(self, cloud: Cloud, identity: str, state: Properties) -> Properties | None:
        disk = found(cloud.compute, identity)
        if disk is None:
            return None
        told = state.get("labels") or {}
        labels = {key: value for key, value in disk["labels"].items() if key in told}
        return {
            "name": disk["name"],
            "project": identity.split("/")[1],
            **self.whereabouts(disk),
            "size": int(disk["sizeGb"]),
            "type": last(disk["type"]),
            "description": disk["description"] or None,
            "snapshot": disk.get("sourceSnapshot"),
            "labels": labels,
            "pulumiLabels": {**ATTRIBUTION, **labels},
            "effectiveLabels": disk["labels"],
            "labelFingerprint": disk["labelFingerprint"],
            "physicalBlockSizeBytes": int(disk["physicalBlockSizeBytes"]),
            "creationTimestamp": disk["creationTimestamp"],
            "lastAttachTimestamp": disk.get("lastAttachTimestamp", ""),
            "lastDetachTimestamp": disk.get("lastDetachTimestamp", ""),
            "diskId": disk["id"],
            "selfLink": disk["selfLink"],
            "users": disk.get("users", []),
        }

    def whereabouts(self, disk: dict[str, Any]) -> Properties:
        """The zone or region of a disk, as the inputs that say it."""
        return {"zone": last(disk["zone"])}

    def update(self, cloud: Cloud, identity: str, old: Properties, new: Properties) -> None:
        if new.get("size") and new["size"] != old.get("size"):
            cloud.compute("POST", f"{identity}/resize", {"sizeGb": str(new["size"])})
        if new.get("labels") != old.get("labels"):
            disk = cloud.compute("GET", identity)
            others = {key: value for key, value in disk["labels"].items() if key not in (old.get("labels") or {})}
            labels = {**others, **(new.get("labels") or {})}
            cloud.compute(
                "POST", f"{identity}/setLabels", {"labels": labels, "labelFingerprint": disk["labelFingerprint"]}
            )

    def delete(self, cloud: Cloud, identity: str, state: Properties) -> None:
        """Take a snapshot if one is asked for, detach the disk and delete it, as Terraform's provider does."""
        disk = found(cloud.compute, identity)
        if disk is None:
            return
        if state.get("createSnapshotBeforeDestroy"):
            prefix = state.get("createSnapshotBeforeDestroyPrefix") or disk["name"]
            name = f"{prefix}-{time.strftime('%Y%m%d-%H%M%S')}"
            snapshots = f"projects/{identity.split('/')[1]}/global/snapshots"
            cloud.compute("POST", snapshots, {"name": name, "sourceDisk": identity})
        for user in disk.get("users", []):
            instance = user[user.index("projects/") :]
            for attached in (found(cloud.compute, instance) or {}).get("disks", []):
                if attached["source"] == disk["selfLink"]:
                    cloud.compute("POST", f"{instance}/detachDisk?deviceName={attached['deviceName']}")
        gone(cloud.compute, identity)


class RegionDisk(Disk):
    """The type gcp.compute.RegionDisk."""

    token = "gcp:compute/regionDisk:RegionDisk"  # noqa: S105
    shape: ClassVar[dict[str, Any]] = {
        **{key: value for key, value in Disk.shape.items() if key != "zone"},
        "region": None,
        "replicaZones": None,
    }
    required = ("project", "region", "replicaZones")
    replaces = (Disk.replaces - {"zone"}) | {"region", "replicaZones"}

    def defaults(self, cloud: Cloud) -> Properties:
        return {**Kind.defaults(self, cloud), "region": cloud.region or None, "type": "pd-standard"}

    def place(self, inputs: Properties) -> str:
        return f"projects/{inputs['project']}/regions/{last(inputs['region'])}"

    def body(self, inputs: Properties) -> dict[str, Any]:
        zones = [f"projects/{inputs['project']}/zones/{last(zone)}" for zone in inputs["replicaZones"]]
        return {**super().body(inputs), "replicaZones": zones}

    def whereabouts(self, disk: dict[str, Any]) -> Properties:
        return {"region": last(disk["region"]), "replicaZones": [last(zone) for zone in disk["replicaZones"]]}


class ResourcePolicy(Kind):
    """The type gcp.compute.ResourcePolicy, as far as it is about snapshots."""

    token = "gcp:compute/resourcePolicy:ResourcePolicy"  # noqa: S105
    shape: ClassVar[dict[str, Any]] = {
        "name": None,
        "project": None,
        "region": None,
        "description": None,
        "deletionPolicy": None,
        "snapshotSchedulePolicy": {
            "schedule": {"dailySchedule": {"daysInCycle": None, "startTime": None}},
            "retentionPolicy": {"maxRetentionDays": None, "onSourceDiskDelete": None},
        },
    }
    required = ("project", "region", "snapshotSchedulePolicy")
    replaces = frozenset({"name", "project", "region"})
    computed = ("selfLink",)

    def defaults(self, cloud: Cloud) -> Properties:
        return {**super().defaults(cloud), "region": cloud.region or None}

    def create(self, cloud: Cloud, inputs: Properties) -> str:
        place = f"projects/{inputs['project']}/regions/{last(inputs['region'])}"
        cloud.compute("POST", f"{place}/resourcePolicies", self._body(inputs))
        return f"{place}/resourcePolicies/{inputs['name']}"

    def _body(self, inputs: Properties) -> dict[str, Any]:
        return {key: inputs[key] for key in ("name", "description", "snapshotSchedulePolicy") if key in inputs}

    def read(self, cloud: Cloud, identity: str, state: Properties) -> Properties | None:
        policy = found(cloud.compute, identity)
        if policy is None:
            return None
        return {
            "name": policy["name"],
            "project": identity.split("/")[1],
            "region": last(policy["region"]),
            "description": policy["description"] or None,
            "snapshotSchedulePolicy": policy["snapshotSchedulePolicy"],
            "selfLink": policy["selfLink"],
        }

    def update(self, cloud: Cloud, identity: str, old: Properties, new: Properties) -> None:
        cloud.compute("PATCH", identity, self._body(new))

    def delete(self, cloud: Cloud, identity: str, state: Properties) -> None:
        gone(cloud.compute, identity)


class Attachment(Kind):
    """The type gcp.compute.DiskResourcePolicyAttachment."""

    token = "gcp:compute/diskResourcePolicyAttachment:DiskResourcePolicyAttachment"  # noqa: S105
    kind: ClassVar[str] = "zone"
    shape: ClassVar[dict[str, Any]] = {
        "name": None,
        "project": None,
        "zone": None,
        "disk": None,
        "deletionPolicy": None,
    }
    required: ClassVar[tuple[str, ...]] = ("name", "project", "zone", "disk")
    replaces: ClassVar[frozenset[str]] = frozenset({"name", "project", "zone", "disk"})
    named = False

    def defaults(self, cloud: Cloud) -> Properties:
        return {**super().defaults(cloud), "zone": cloud.zone or None}

    def create(self, cloud: Cloud, inputs: Properties) -> str:
        project, place, disk, name = (inputs[key] for key in ("project", self.kind, "disk", "name"))
        self._change(cloud, project, last(place), disk, name, "addResourcePolicies")
        return f"{project}/{last(place)}/{disk}/{name}"

    def _change(self, cloud: Cloud, project: str, place: str, disk: str, name: str, verb: str) -> None:
        region = place if self.kind == "region" else place.rpartition("-")[0]
        policy = f"projects/{project}/regions/{region}/resourcePolicies/{name}"
        path = f"projects/{project}/{self.kind}s/{place}/disks/{disk}/{verb}"
        cloud.compute("POST", path, {"resourcePolicies": [policy]})

    def read(self, cloud: Cloud, identity: str, state: Properties) -> Properties | None:
        project, place, disk, name = identity.removeprefix("projects/").split("/")
        record = found(cloud.compute, f"projects/{project}/{self.kind}s/{place}/disks/{disk}")
        if record is None or name not in map(last, record["resourcePolicies"]):
            return None
        return {"name": name, "project": project, self.kind: place, "disk": disk}

    def delete(self, cloud: Cloud, identity: str, state: Properties) -> None:
        if self.read(cloud, identity, state) is not None:
            project, place, disk, name = identity.split("/")
            self._change(cloud, project, place, disk, name, "removeResourcePolicies")


class RegionAttachment(Attachment):
    """The type gcp.compute.RegionDiskResourcePolicyAttachment."""

    token = "gcp:compute/regionDiskResourcePolicyAttachment:RegionDiskResourcePolicyAttachment"  # noqa: S105
    kind = "region"
    shape: ClassVar[dict[str, Any]] = {
        "name": None,
        "project": None,
        "region": None,
        "disk": None,
        "deletionPolicy": None,
    }
    required = ("name", "project", "region", "disk")
    replaces = frozenset({"name", "project", "region", "disk"})

    def defaults(self, cloud: Cloud) -> Properties:
        return {**Kind.defaults(self, cloud), "region": cloud.region or None}


KINDS: tuple[Kind, ...] = (Disk(), RegionDisk(), ResourcePolicy(), Attachment(), RegionAttachment())
