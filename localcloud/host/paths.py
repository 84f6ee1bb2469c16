"""Where everything lies, and what it is called: the only place that says so."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from localcloud.host import atomic
from localcloud.host.slot import CLUSTER, Node, Slot

CONTEXT = "statefulsets-local"
KUBERNETES_VERSION = "1.34.4"
CLUSTER_DOMAIN = "cluster.local"
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class State:
    """The files of one checkout's cluster, all under `root` (`.localcloud/`), and the slot that the cluster is in."""

    root: Path
    slot: Slot

    @classmethod
    def at(cls, root: Path, slot: str = "") -> State:
        """The state under a directory. `slot`: a slot's name; empty for the one that the cluster there was made in,
        which is the first one where there is no cluster yet."""
        made_in = cls(root, Slot("0")).made_in
        return cls(root, Slot(slot or (made_in.read_text() if made_in.exists() else "0")))

    @property
    def made_in(self) -> Path:
        """The file that holds the name of the slot in which this cluster was made."""
        return self.root / "slot"

    @property
    def pki(self) -> Path:
        return self.root / "pki"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def etcd(self) -> Path:
        return self.root / "etcd"

    @property
    def bin(self) -> Path:
        return self.root / "bin"

    @property
    def pulumi(self) -> Path:
        """Pulumi's side of the cluster: what lies in it is of stacks that belong together."""
        return self.root

    @property
    def kubeconfig(self) -> Path:
        return self.pulumi / "kubeconfig"

    @property
    def pulumi_home(self) -> Path:
        return self.pulumi / "pulumi-home"

    @property
    def pulumi_state(self) -> Path:
        return self.pulumi / "pulumi-state"

    @property
    def pulumi_project(self) -> Path:
        """A folder with the project's name and nothing else, in which Pulumi makes stacks without seeing our files."""
        return self.pulumi / "project"

    def stack_file(self, name: str) -> Path:
        """The file that Pulumi is given for a stack: a copy of the tracked one, with secrets of this machine."""
        return self.pulumi / f"Pulumi.{name}.yaml"

    @property
    def passphrase(self) -> Path:
        return self.root / "passphrase"

    def node(self, node: Node) -> Path:
        """What the node has on its disk."""
        return self.root / "nodes" / node.name

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The cluster's nodes: as many as the last `up` was asked for, one at first."""
        try:
            return self.slot.nodes(int((self.root / "node-count").read_text()))
        except (OSError, ValueError):
            return self.slot.nodes(1)

    def keep_nodes(self, count: int) -> None:
        """Have `nodes` answer with the first `count`, whole or not at all."""
        self.root.mkdir(parents=True, exist_ok=True)
        atomic.write(self.root / "node-count", f"{count}\n")


@dataclass(frozen=True)
class Checkout:
    """A copy of this project: its folder, with the stack files, its cluster's state and the cache that it shares."""

    root: Path
    state: State
    cache: Path
    """Finished binaries and images, shared by every checkout of this user."""

    def stacks(self) -> list[str]:
        """The names of the stacks that this checkout has a file of."""
        return sorted(path.stem.removeprefix("Pulumi.") for path in self.root.glob("Pulumi.*.yaml"))

    def stack_file(self, name: str) -> Path:
        """Where the tracked file of a stack lies."""
        return self.root / f"Pulumi.{name}.yaml"


def state(environment: Mapping[str, str] = os.environ) -> State:
    """This checkout's state. `LOCALCLOUD_STATE` moves it elsewhere, `LOCALCLOUD_SLOT` names the slot."""
    root = Path(environment.get("LOCALCLOUD_STATE", ROOT / ".localcloud")).resolve()
    return State.at(root, environment.get("LOCALCLOUD_SLOT", ""))


def cache(environment: Mapping[str, str] = os.environ) -> Path:
    """Finished binaries and images, shared by every checkout of this user (XDG base directories)."""
    base = environment.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / CLUSTER


def checkout(environment: Mapping[str, str] = os.environ) -> Checkout:
    """The checkout that this code is part of."""
    return Checkout(ROOT, state(environment), cache(environment))
