"""A member's claim: it must be the same one, with the same volume, whatever happened to the pod."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from drills.experiments.stage import Stage


def claim_of(stage: Stage, ordinal: int) -> dict[str, Any]:
    """A member's claim, as the API has it."""
    return stage.cluster.must_get(stage.cluster.path(f"persistentvolumeclaims/{stage.target.claim(ordinal)}"))


def check_same_claim(stage: Stage, ordinal: int, before: dict[str, Any]) -> None:
    """The claim and its volume are the ones of before, and the pod uses them."""
    after = claim_of(stage, ordinal)
    same = (
        after["metadata"]["uid"] == before["metadata"]["uid"]
        and after["spec"].get("volumeName") == before["spec"].get("volumeName")
        and stage.members()[ordinal].claim == before["metadata"]["name"]
    )
    detail = f"{before['metadata']['name']} on {after['spec'].get('volumeName', '?')}"
    stage.check(f"{stage.target.pod(ordinal)} has its claim again", same, detail)
