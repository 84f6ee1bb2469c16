"""Scripts that run in a member's own container; they find there what its root logs in with."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

from drills.errors import DrillError
from drills.scene import Site

BREAK: Final = Path(__file__).parent / "scripts" / "break.sh"


def breaking(site: Site, pod: str, how: str, what: Literal["break", "mend"]) -> None:
    """Breaks a member, or mends it; `how`: `applier` or `freeze`, as break.sh knows them. Twice does no harm."""
    script = f"set -- {how} {what}\n{BREAK.read_text()}"
    answer = site.cluster.exec(pod, site.target.container, script, timeout=30)
    if answer.code != 0:
        raise DrillError(f"{what} {how} in {pod}: {answer.err.strip().splitlines()[-1:] or answer.code}")


def run_in(site: Site, ordinal: int, script: str) -> None:
    """Runs a bash script in the container of a member's server, which must succeed."""
    pod = site.target.pod(ordinal)
    answer = site.cluster.exec(pod, site.target.container, script)
    if answer.code != 0:
        raise DrillError(f"in {pod}: {answer.err.strip() or answer.code}")
