"""Finds or makes every program that the local cluster and its stacks need.

For each tool, in this order: what is on PATH and new enough; the vendor's release; a build from the pinned Go module
in this folder. What was fetched or built is kept by the content of its pins in the user's cache directory, so another
checkout starts at once, and is used only when whole (a directory appears under its final name, or not at all).
"""

from localcloud.toolchain.catalog import SDKGEN, TOOLS, YAML_HOST, Tool
from localcloud.toolchain.install import Resolved, resolve, verify

__all__ = ["SDKGEN", "TOOLS", "YAML_HOST", "Resolved", "Tool", "resolve", "verify"]
