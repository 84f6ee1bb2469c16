"""Members' pods go, and the set makes new ones."""

from __future__ import annotations

from drills.errors import DrillError
from drills.faults.fault import Fault, whose
from drills.scene import Scene, Site


def delete(site: Site, *ordinals: int, force: bool = False) -> None:
    """Deletes members' pods, and does not wait. `force`: without time to stop, and though their node may not answer."""
    for pod in map(site.target.pod, ordinals):
        if not site.cluster.delete(site.cluster.path(f"pods/{pod}"), grace=0 if force else None):
            raise DrillError(f"there is no pod {pod} to delete")


def pods_deleted(*ordinals: int, force: bool = False, variant: bool = False) -> Fault[Scene]:
    """All of these at once. The time until each is another pod is the members' own."""

    def strike(scene: Scene) -> None:
        delete(scene, *ordinals, force=force)
        scene.struck()

    def meanwhile(scene: Scene) -> None:
        for ordinal in ordinals:
            what = f"{scene.target.pod(ordinal)} is another pod"
            scene.wait(what, lambda ordinal=ordinal: scene.pod_replaced(ordinal), 180)  # type: ignore[misc]

    whole = "all pods deleted" if len(ordinals) > 1 else f"pod of {whose(ordinals[0])} deleted"
    return Fault(f"{whole} with --force" if force else whole, strike, meanwhile, variant=variant)
