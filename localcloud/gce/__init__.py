"""A stand-in for the two Google APIs that this program uses: Compute Engine's disks and Cloud SQL's instances.

docs/gce-standin.md has its HTTP contract, and says what it promises. `python -m localcloud.gce` serves it, `daemon`
makes that a part of the local cluster, and `provider` is Pulumi's side of it. `compute` and `sql` are the two services,
`http` is what calls to either go through, and `store` keeps their records.
"""

from __future__ import annotations

from localcloud.host.slot import Slot


def url(slot: Slot) -> str:
    """Where the stand-in of a slot's cluster listens, on loopback."""
    return f"http://127.0.0.1:{slot.gce_port}"


def compute_url(slot: Slot) -> str:
    """What pulumi-gcp calls `computeCustomEndpoint`."""
    return f"{url(slot)}/compute/v1/"


def sql_url(slot: Slot) -> str:
    """What pulumi-gcp calls `sqlCustomEndpoint`, with the version that it adds by itself."""
    return f"{url(slot)}/sql/v1beta4/"
