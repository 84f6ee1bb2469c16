"""Names, places and references as Google writes them, in both services."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from typing import Final

from localcloud.gce.http.errors import invalid

NAME: Final = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
"""The names of resources, by RFC 1035: at most 63 characters (Compute Engine, "Naming resources")."""
PROJECT: Final = re.compile(r"[a-z][-a-z0-9]{4,28}[a-z0-9]")
REGION: Final = re.compile(r"[a-z]+-[a-z]+[0-9]{1,2}")
ZONES: Final = {"europe-west1": "bcd", "us-east1": "bcd", "us-central1": "abcf"}
"""The letters of zones, in regions where they are not a, b and c (Compute Engine, "Regions and zones")."""
LABEL_KEY: Final = re.compile(r"[a-z][-_a-z0-9]{0,62}")
LABEL_VALUE: Final = re.compile(r"[-_a-z0-9]{0,63}")
MOST_LABELS: Final = 64


def check_name(field: str, name: str) -> None:
    """Raise ApiError, which names the field, unless Compute Engine would take the name."""
    if not NAME.fullmatch(name):
        raise invalid(
            f"Invalid value for field '{field}': '{name}'. Must be a match of regex"
            f" '{NAME.pattern}', at most 63 characters"
        )


def check_labels(labels: Mapping[str, str]) -> None:
    """Raise ApiError unless these may be labels (Google Cloud, "Labels overview"; letters beyond a-z are left out)."""
    if len(labels) > MOST_LABELS:
        raise invalid(f"Invalid value for field 'resource.labels': {len(labels)} labels; at most {MOST_LABELS}")
    for key, value in labels.items():
        if not LABEL_KEY.fullmatch(key) or not LABEL_VALUE.fullmatch(value):
            raise invalid(f"Invalid value for field 'resource.labels': '{key}': '{value}'")


def fingerprint(labels: Mapping[str, str]) -> str:
    """A short text that changes whenever the labels do."""
    return base64.urlsafe_b64encode(hashlib.sha256(json.dumps(labels, sort_keys=True).encode()).digest()[:8]).decode()


def region_of(zone: str) -> str:
    """The region of a zone, such as europe-west1 of europe-west1-b."""
    return zone.rpartition("-")[0]


def is_zone(zone: str) -> bool:
    """Whether there is such a zone, as far as a name can tell."""
    region, _, letter = zone.rpartition("-")
    return bool(REGION.fullmatch(region)) and len(letter) == 1 and letter in ZONES.get(region, "abc")


def check_place(place: str) -> None:
    """Raise ApiError unless `zones/Z` or `regions/R` is a place, as far as a name can tell."""
    kind, _, name = place.partition("/")
    if not (is_zone(name) if kind == "zones" else REGION.fullmatch(name)):
        raise invalid(f"Invalid value for field '{kind[:-1]}': '{name}'. Unknown {kind[:-1]}.")


def reference(project: str, value: str, default: str = "") -> str:
    """The path from `projects/` on that a reference means: a full URL, a partial one, or a bare name in `default`."""
    path = re.sub(r"^https?://[^/]+/(compute/(v1|beta|alpha)/)?", "", value).lstrip("/")
    if path.startswith("projects/"):
        return path
    if path.startswith(("zones/", "regions/", "global/")):
        return f"projects/{project}/{path}"
    return f"projects/{project}/{default}{path}"
