"""A member's claim: it must be the same one, with the same volume, whatever happened to the pod."""

from __future__ import annotations

from typing import Any

from drills.scene import Scene


def claim_of(scene: Scene, ordinal: int) -> dict[str, Any]:
    """A member's claim."""
    return scene.cluster.must_get(scene.cluster.path(f"persistentvolumeclaims/{scene.target.claim(ordinal)}"))


def check_same_claim(scene: Scene, ordinal: int, before: dict[str, Any]) -> None:
    """The claim and its volume are the ones of before, and the pod uses them."""
    after = claim_of(scene, ordinal)
    same = (
        after["metadata"]["uid"] == before["metadata"]["uid"]
        and after["spec"].get("volumeName") == before["spec"].get("volumeName")
        and scene.members()[ordinal].claim == before["metadata"]["name"]
    )
    detail = f"{before['metadata']['name']} on {after['spec'].get('volumeName', '?')}"
    scene.check(f"{scene.target.pod(ordinal)} has its claim again", same, detail)
