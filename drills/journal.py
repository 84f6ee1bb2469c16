"""What the drills have changed and must put back, kept in the cluster: it outlives a drill that is killed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

from drills.errors import DrillError
from drills.kube import Cluster
from drills.target import SETS, Target

SCRIPTS: Final = Path(__file__).parent / "scripts"
LABEL: Final = {"app.kubernetes.io/managed-by": "statefulsets-drills"}
KEY: Final = "undo"


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


def perform(cluster: Cluster, target: Target, undo: Undo) -> None:
    """Put it back."""
    match undo.do:
        case "scale":
            scale(cluster, undo.subject, int(undo.value))
        case "uncordon":
            cluster.patch(f"/api/v1/nodes/{undo.subject}", {"spec": {"unschedulable": None}})
        case "mend":
            if cluster.get(cluster.path(f"pods/{undo.subject}")) is not None:
                breaking(cluster, target, undo.subject, undo.value, "mend")


def scale(cluster: Cluster, name: str, replicas: int) -> None:
    """`kubectl scale`."""
    if cluster.patch(cluster.path(f"{SETS}/{name}/scale"), {"spec": {"replicas": replicas}}) is None:
        raise DrillError(f"StatefulSet {name} is gone")


def breaking(cluster: Cluster, target: Target, pod: str, how: str, what: Literal["break", "mend"]) -> None:
    """Break a member, or mend it."""
    script = f"set -- {how} {what}\n{(SCRIPTS / 'break.sh').read_text()}"
    answer = cluster.exec(pod, target.container, script, timeout=30)
    if answer.code != 0:
        raise DrillError(f"{what} {how} in {pod}: {answer.err.strip().splitlines()[-1:] or answer.code}")


class Journal:
    """The ConfigMap `<set>-drills`: whoever made it drills, its `undo` is what is to be put back, and it holds the
    scripts of the client pod."""

    def __init__(self, cluster: Cluster, target: Target) -> None:
        self._cluster, self._target = cluster, target
        self._path = cluster.path(f"configmaps/{target.own}")

    def open(self) -> None:
        """Take the set for this run; refused while another run has it, or left it."""
        data = {path.name: path.read_text() for path in sorted(SCRIPTS.glob("*.sh"))}
        body: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": self._target.own, "labels": LABEL},
            "data": {**data, KEY: "[]"},
        }
        if self._cluster.create("configmaps", body) is None:
            raise DrillError(
                f"another run drills {self._target.name}, or one was killed (ConfigMap {self._target.own} is there); "
                "`python -m drills cleanup` puts back what a killed one left"
            )

    def exists(self) -> bool:
        """Whether a run has the set, or left it."""
        return self._cluster.get(self._path) is not None

    def read(self) -> list[Undo]:
        """What is to be put back, oldest first."""
        found = self._cluster.get(self._path)
        return [Undo(**each) for each in json.loads(found["data"].get(KEY, "[]"))] if found else []

    def note(self, undo: Undo) -> None:
        """Before something is changed."""
        self._write([*self.read(), undo])

    def strike(self, undo: Undo) -> None:
        """After it was put back."""
        self._write([each for each in self.read() if each != undo])

    def put_back(self, say: Callable[[str], None]) -> None:
        """All that is noted, newest first."""
        for undo in reversed(self.read()):
            say(f"put back: {undo}")
            perform(self._cluster, self._target, undo)
            self.strike(undo)

    def close(self) -> None:
        """Nothing is left to put back."""
        self._cluster.delete(self._path)

    def _write(self, undos: list[Undo]) -> None:
        self._cluster.patch(self._path, {"data": {KEY: json.dumps([asdict(each) for each in undos])}})
