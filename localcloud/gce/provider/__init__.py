"""`pulumi-resource-gcp` for the stand-in, between Pulumi's real engine and SDK and the stand-in's server.

It takes the place of Google's provider only in a PULUMI_HOME of its own (`install`), refuses every endpoint but this
machine's, and says in each run that it is not Google. It behaves as pulumi-gcp 10 does, by its documentation and by
Terraform's provider for Google that it bridges; docs/gce-standin.md names what is compared.
"""

from __future__ import annotations

from typing import Final

VERSION: Final = "10.2.0"
"""The version of pulumi-gcp whose place it takes: the SDK asks for exactly this version of the plugin."""
TOKEN_FILE: Final = "STATEFULSETS_STANDIN_TOKEN_FILE"  # noqa: S105  a name, not the token
"""The environment variable that says in which file the stand-in's token lies."""
