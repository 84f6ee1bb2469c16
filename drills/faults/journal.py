"""What the drills have changed and must put back, kept in the cluster: it outlives a drill that is killed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Final

from drills.errors import DrillError
from drills.faults.undo import Undo, perform
from drills.load.pod import LABEL, scripts
from drills.scene import Site

KEY: Final = "undo"


class Journal:
    """The ConfigMap `<set>-drills`: whoever made it drills, its `undo` is what is to be put back, and it holds the
    scripts of the client pod."""

    def __init__(self, site: Site) -> None:
        self._site, self._cluster, self._target = site, site.cluster, site.target
        self._path = site.cluster.path(f"configmaps/{site.target.own}")

    def open(self) -> None:
        """Take the set for this run; refused while another run has it, or left it."""
        body: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": self._target.own, "labels": LABEL},
            "data": {**scripts(), KEY: "[]"},
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
        """Notes what is about to be changed, by what puts it back."""
        self._write([*self.read(), undo])

    def strike(self, undo: Undo) -> None:
        """Strikes out what was put back."""
        self._write([each for each in self.read() if each != undo])

    def put_back(self, say: Callable[[str], None]) -> None:
        """Puts back all that is noted, newest first."""
        for undo in reversed(self.read()):
            say(f"put back: {undo}")
            perform(self._site, undo)
            self.strike(undo)

    def close(self) -> None:
        """Lets go of the set: nothing is left to put back."""
        self._cluster.delete(self._path)

    def _write(self, undos: list[Undo]) -> None:
        self._cluster.patch(self._path, {"data": {KEY: json.dumps([asdict(each) for each in undos])}})
