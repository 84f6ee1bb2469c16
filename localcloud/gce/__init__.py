"""A stand-in for the two Google APIs that this program uses: Compute Engine's disks and Cloud SQL's instances.

docs/gce-standin.md has its HTTP contract, and says what it promises. `python -m localcloud.gce` serves it, `daemon`
makes that a part of the local cluster, and `provider` is Pulumi's side of it. `compute` and `sql` are the two services,
`http` is what calls to either go through, and `store` keeps their records.
"""

from __future__ import annotations

from localcloud.host.layout import DNS_HEALTH_PORT

PORT = DNS_HEALTH_PORT + 27
"""The port of loopback on which the stand-in listens; every slot of the machine has its own."""
URL = f"http://127.0.0.1:{PORT}"
COMPUTE = f"{URL}/compute/v1/"
"""What pulumi-gcp calls `computeCustomEndpoint`."""
SQL = f"{URL}/sql/v1beta4/"
"""What pulumi-gcp calls `sqlCustomEndpoint`, with the version that it adds by itself."""
