"""A stand-in for the two Google APIs that this program uses: Compute Engine's disks and Cloud SQL's instances.

Its HTTP contract, and what it promises: docs/gce-standin.md. `python -m localcloud.gce` serves it, `daemon` makes that
part of the local cluster, and `provider` is Pulumi's side of it.
"""

from __future__ import annotations

from localcloud.host.layout import DNS_HEALTH_PORT

PORT = DNS_HEALTH_PORT + 27
"""On loopback; every slot of the machine has its own."""
URL = f"http://127.0.0.1:{PORT}"
COMPUTE = f"{URL}/compute/v1/"
"""What pulumi-gcp calls `computeCustomEndpoint`."""
SQL = f"{URL}/sql/v1beta4/"
"""What pulumi-gcp calls `sqlCustomEndpoint`, with the version that it adds by itself."""
