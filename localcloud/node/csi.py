"""Storage as on GKE: Google's own Persistent Disk CSI driver, against the stand-in for its API.

The controller (driver, provisioner, attacher and resizer in one process) runs on the host, a node service in each node.
What it does and where it differs from GKE: docs/csi.md.
"""

from __future__ import annotations

from localcloud import gce
from localcloud.gce import daemon as standin
from localcloud.host.daemons import Daemon
from localcloud.host.paths import State
from localcloud.host.slot import ZONES, Node

PROJECT = "statefulsets-local"
"""Where disks are made that a claim asks for; disks that a stack makes are in the project which it names."""
DISKS = "/run/gce-disks"
"""Where a node sees the files of the stand-in's disks (node-init.sh)."""
CONTROLLER, NODE = "csi-controller", "csi-node"


def controller(state: State) -> Daemon:
    """The driver's controller service with the upstream controllers; wants the API server and the stand-in."""
    command = [
        str(state.bin / CONTROLLER),
        f"--compute-endpoint={gce.url(state.slot)}",
        f"--token-file={standin.token(state)}",
        f"--project={PROJECT}",
        f"--zone={ZONES[0]}",
        f"--socket={state.root}/csi.sock",
        f"--kubeconfig={state.pki}/{CONTROLLER}.kubeconfig",
    ]
    return Daemon(CONTROLLER, command, environment=FRUGAL, renewed=True)


def node(node: Node, state: State, pid: int | None) -> Daemon:
    """The driver's node service: in the node's mounts, for these are its work, but on the host's network, where the
    stand-in listens; a machine reaches its disks without its network, too. `pid`: the node's init."""
    command = [
        str(state.bin / NODE),
        f"--compute-endpoint={gce.url(state.slot)}",
        f"--token-file={standin.token(state)}",
        f"--project={PROJECT}",
        f"--zone={node.zone}",
        f"--instance={node.name}",
        f"--disks={DISKS}",
    ]
    namespaces = ("mount", "pid", "uts")
    name = f"{node.name}-{NODE}"
    return Daemon(name, command, inside=pid, namespaces=namespaces, environment=FRUGAL, renewed=True)


FRUGAL = {"GOMAXPROCS": "1", "GOGC": "50"}  # as GKE runs the driver; it idles nearly always
