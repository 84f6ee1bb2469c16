"""What puts a fault back, as it is written down in the cluster: it outlives a drill that is killed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from drills.faults.breaking import breaking
from drills.faults.nodes import uncordon
from drills.faults.scaling import scale
from drills.scene import Site


@dataclass(frozen=True)
class Undo:
    """One thing to put back. Doing it twice does no harm."""

    do: Literal["scale", "uncordon", "mend"]
    subject: str
    """The set, the node or the pod."""
    value: str = ""
    """scale: the number of replicas; mend: what was broken."""

    def __str__(self) -> str:
        match self.do:
            case "scale":
                return f"scale {self.subject} to {self.value}"
            case "uncordon":
                return f"uncordon node {self.subject}"
            case "mend":
                return f"mend {self.subject} ({self.value})"


def perform(site: Site, undo: Undo) -> None:
    """Puts back what is noted."""
    match undo.do:
        case "scale":
            scale(site, undo.subject, int(undo.value))
        case "uncordon":
            uncordon(site, undo.subject)
        case "mend":
            if site.cluster.get(site.cluster.path(f"pods/{undo.subject}")) is not None:
                breaking(site, undo.subject, undo.value, "mend")
