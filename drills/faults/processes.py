"""Processes in a member's container are killed or stand still."""

from __future__ import annotations

from drills.errors import DrillError
from drills.faults.breaking import run_in
from drills.faults.fault import Fault, whose
from drills.scene import Scene, Site
from drills.waiting import until

KILL_SERVER = "kill -KILL $(cat /run/mysqld/mysqld.pid)"
# A role script's own subshells have its command line, too; its parent alone is the container's first process.
ROLE = """
for file in $(grep -lzE 'scripts/(primary|replica)[.]sh$' /proc/[0-9]*/cmdline 2>/dev/null); do
  process=${file%/cmdline}
  if grep -qE '^PPid:[[:space:]]+1$' "$process/status" 2>/dev/null; then echo "${process#/proc/}"; fi
done
"""


def kill_server(site: Site, ordinal: int) -> None:
    """Kills a member's mysqld with SIGKILL."""
    run_in(site, ordinal, KILL_SERVER)


def server_killed(ordinal: int) -> Fault[Scene]:
    """The container lives on, and starts the server again."""
    return Fault(f"server of {whose(ordinal)} killed", lambda scene: kill_server(scene, ordinal))


def role(site: Site, ordinal: int) -> str:
    """Process ID of a member's role script, inside its container; empty while none runs."""
    return site.cluster.exec(site.target.pod(ordinal), site.target.container, ROLE).out.strip()


def kill_role(site: Site, ordinal: int) -> None:
    """Kills a member's role script with SIGKILL, and waits for the next one."""
    first, pod = role(site, ordinal), site.target.pod(ordinal)
    if not first.isdigit():
        raise DrillError(f"not one role script runs in {pod}: {first!r}")
    run_in(site, ordinal, f"kill -KILL {first}")
    until(f"{pod} has a role script again", lambda: role(site, ordinal) not in ("", first), 15, poll=0.1)
