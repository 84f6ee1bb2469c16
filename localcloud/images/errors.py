"""How building an image fails."""

from __future__ import annotations

from localcloud.host.errors import LocalCloudError


class ImageBuildError(LocalCloudError):
    """An image could not be built: one line that says which, why, and what to do."""
