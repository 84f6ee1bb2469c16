"""Members' containers killed between two steps of a script.

The scripts' ConfigMap is given a hook for as long as the test lasts: the pod's script stops before the chosen command
and says so with a file on its claim; the container is then killed from the node, with all that is in it. The hook is no
part of the product.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from localcloud.node import node
from tests.cluster.mysql.disks import inside
from tools.project import Project, eventually

SCRIPTS = Path(__file__).parents[3] / "components/kinds/mysql/scripts"
HOOK = """
if [[ -e $SCRIPTS/break && ! -e $VOLUME/broke ]]; then
  { read -r break_pod && read -r break_script && read -r break_command; } <"$SCRIPTS/break"
  if [[ $POD == "$break_pod" && ${0##*/} == "$break_script" ]]; then
    break_here() {
      if [[ $1 == "$break_command"* && ! -e $VOLUME/broke ]]; then
        : >"$VOLUME/broke"
        while :; do sleep 0.1; done
      fi
    }
    set -o functrace
    trap 'break_here "$BASH_COMMAND"' DEBUG
  fi
fi
"""
# Commands as bash shows them before it runs them, from their beginning; those that change anything, and those between.
STEPS: dict[str, tuple[str, ...]] = {
    "config.sh": (
        'mv "$CONF/.$1.new" "$CONF/$1"',
        "write 40-server.cnf",
        '"$BASH" "$SCRIPTS/accounts.sh"',
        'log "$POD is the $role',
    ),
    "accounts.sh": (
        "password_of replication",
        'mv "$RUN/$3.new" "$RUN/$3"',
        "statements",
        'mv "$RUN/accounts.sql.new"',
    ),
    "data.sh": (
        "settle",
        "take_from_a_donor",
        'try_donor "$k"',
        "ask",
        "healthy",
        'clone_from "$1"',
        'wait "$cloning"',
        "cloning=''",
        'return "$code"',
        "return",
    ),
    "clone.sh": (
        "start_receiver",
        'rm -rf "$SCRATCH" "$INCOMING"',
        "server=$!",
        'kill -0 "$server"',
        'statement="CLONE INSTANCE',
        "watch_clone",
        'wait "$cloning"',
        'kill -KILL "$server"',
        'sync -f "$INCOMING"',
        'mv "$INCOMING" "$DATA"',
        'sync -f "$VOLUME"',
        'log "cloned member $donor in',
    ),
    "run.sh": (
        "phase data",
        '"$BASH" "$SCRIPTS/data.sh"',
        "preparing=''",
        "phase starting",
        'rm -f "$SOCKET"',
        "server=$!",
        'exec "$BASH" "$SCRIPTS/$script"',
        "role=$!",
        'wait -n "$server"',
        'wait "$1"',
    ),
    "primary.sh": (
        "wait_for_server",
        "each_peer compare",
        "verdict=lead",
        "lead",
        'local_value "SET GLOBAL super_read_only = OFF;"',
        'local_value "SET GLOBAL rpl_semi_sync_source_timeout',
        'local_value "SET GLOBAL read_only = OFF;"',
        "phase serving",
        'log "writable"',
        "house_keeping",
    ),
    "replica.sh": (
        "wait_for_server",
        "follow",
        "local_root",
        "phase following",
        "judge",
        "ask $PRIMARY",
        "extra=${extra#g}",
        "caught_up",
        "phase serving",
        "mend_receiver",
    ),
    "stop.sh": (
        "stop_writes",
        "refusal=$(local_value",
        "wait_for_replicas",
        "each_peer note_behind",
        "close_replicas",
        'kill -TERM "$server"',
    ),
}
ORDINALS = {"primary.sh": 0, "stop.sh": 0, "data.sh": 2, "clone.sh": 2}
"""Whose script it is, where it is not any member's; those of 2 are met with an empty claim."""


def arm(project: Project, ordinal: int, script: str, command: str) -> None:
    """The next pod of this ordinal stops before the command."""
    target = f"mysql-{ordinal}\n{script}\n{command}\n"
    _patch(project, {"lib.sh": (SCRIPTS / "lib.sh").read_text() + HOOK, "break": target})


def disarm(project: Project) -> None:
    """Puts the ConfigMap back as it was."""
    _patch(project, {"lib.sh": (SCRIPTS / "lib.sh").read_text(), "break": None})


def _patch(project: Project, data: dict[str, str | None]) -> None:
    project.kubectl("patch", "configmap", "mysql-scripts", "--type=merge", "-p", json.dumps({"data": data}))


def await_and_kill(project: Project, ordinal: int, broke: Path) -> None:
    """As soon as the script is there, its container ends, and the next one finds no hook."""
    eventually(broke.exists, f"{broke}: the script reached the command", 180)
    kill_container(project, ordinal)


def kill_container(project: Project, ordinal: int) -> None:
    """SIGKILL for the first process of the member's containers that run, and so for all in them."""
    for pid in container_pids(project, ordinal):
        inside(project, "kill", "-KILL", str(pid))


def container_pids(project: Project, ordinal: int) -> list[int]:
    """First processes of a member's containers that run, as the node numbers them; at least one."""
    found = []
    processes = Path(f"/proc/{node.init_pid(project.state, project.state.slot.node(0))}/root/proc")
    for process in processes.glob("[0-9]*"):
        with contextlib.suppress(OSError, StopIteration):
            status = (process / "status").read_text().splitlines()
            namespaces = next(line for line in status if line.startswith("NSpid:")).split()
            environment = (process / "environ").read_bytes().split(b"\0")
            if namespaces[-1] == "1" and len(namespaces) > 2 and b"HOSTNAME=mysql-%d" % ordinal in environment:
                found.append(int(process.name))
    assert found, f"mysql-{ordinal} runs nothing"
    return found
