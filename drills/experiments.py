"""The seed's experiments (002): what each will do, when it cannot, and how it goes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from dataclasses import dataclass
from typing import ClassVar, Literal

from drills import drain, observations
from drills.claims import check_same_claim, claim_of
from drills.journal import Undo, breaking, scale
from drills.kube import Cluster
from drills.scene import Scene
from drills.target import Target
from drills.timeline import ready_between

SETTLED = 2.0  # seconds for a Service to forget a pod that is gone


class Drill(ABC):
    """An experiment. Its invariants are checked by whoever runs it; it adds what is its own."""

    name: ClassVar[str]

    @abstractmethod
    def plan(self, target: Target) -> tuple[str, ...]:
        """What it will do, one line each."""

    def cannot(self, cluster: Cluster, target: Target) -> str:
        """Why it cannot be done here; empty if it can."""
        return ""

    @abstractmethod
    def run(self, scene: Scene) -> None:
        """Do it."""


@dataclass(frozen=True)
class Traffic(Drill):
    """Client traffic: writes through the primary, reads through the read Service."""

    name = "traffic"
    seconds: float = 15

    def plan(self, target: Target) -> tuple[str, ...]:
        return (f"write to {target.pod(0)} and read from {target.name}-read for {self.seconds:.0f} s",)

    def run(self, scene: Scene) -> None:
        scene.sleep(self.seconds)
        rows = scene.bench.rows_so_far()
        scene.say(f"{rows} rows acknowledged")
        scene.check("rows are acknowledged", rows > 0, f"{rows} in {self.seconds:.0f} s")


@dataclass(frozen=True)
class ReadLoop(Drill):
    """The seed's `SELECT @@server_id` loop."""

    name = "read-loop"
    seconds: float = 15

    def plan(self, target: Target) -> tuple[str, ...]:
        return (f"ask {target.name}-read for @@server_id for {self.seconds:.0f} s, each time over a new connection",)

    def run(self, scene: Scene) -> None:
        left = self.seconds
        while left > 0:
            scene.sleep(min(3, left))
            left -= 3
            scene.say(_counted(scene))
        reads = scene.bench.reads()
        unseen = [server for server in scene.servers.values() if not observations.seen(reads, server, 0)]
        name = f"{scene.target.name}-read answers from every member"
        scene.check(name, not unseen, f"never by {unseen}" if unseen else _counted(scene))


@dataclass(frozen=True)
class BreakReadiness(Drill):
    """A member that must not serve leaves the read Service, and returns when it is mended."""

    name = "break-readiness"
    ordinal: int | None = None
    by: Literal["applier", "freeze"] = "applier"

    def _at(self, target: Target) -> int:
        return target.last if self.ordinal is None else self.ordinal

    def plan(self, target: Target) -> tuple[str, ...]:
        pod = target.pod(self._at(target))
        how = "stop applying replication in" if self.by == "applier" else "freeze the server in"
        return (f"{how} {pod}, and see it leave {target.name}-read", "mend it, and see it return")

    def cannot(self, cluster: Cluster, target: Target) -> str:
        at = self._at(target)
        if at == 0 and self.by == "applier":
            return "the primary applies no replication; there must be a replica, or --by freeze"
        return _no_member(target, at)

    def run(self, scene: Scene) -> None:
        ordinal = self._at(scene.target)
        pod, server = scene.target.pod(ordinal), scene.servers[ordinal]
        with scene.undoing(Undo("mend", pod, self.by)):
            breaking(scene.cluster, scene.target, pod, self.by, "break")
            scene.say(f"{pod} is broken ({self.by})")
            scene.wait(f"{pod} not Ready", lambda: not scene.members()[ordinal].ready, 120)
            scene.say(f"{pod} is not Ready")
            unready = scene.now()
            since = scene.wait_unseen(server)
            scene.say(f"{server} has left the read loop: {_counted(scene, since)}")
            scene.sleep(5)
            until = scene.now()
        ready = ready_between(scene.timeline.looks, ordinal, unready, until)
        name = "a member with broken replication is never Ready"
        scene.check(name, ready == 0, f"Ready in {ready} looks" if ready else f"for {until - unready:.0f} s")
        _check_absent(scene, server, since, until)
        scene.wait_ready([ordinal], 120)
        scene.wait_seen([server])
        scene.say(f"{server} is back in the read loop")


@dataclass(frozen=True)
class DeletePod(Drill):
    """A deleted pod comes back under its name, with its claim."""

    name = "delete-pod"
    ordinal: int | None = None

    def _at(self, target: Target) -> int:
        return target.last if self.ordinal is None else self.ordinal

    def plan(self, target: Target) -> tuple[str, ...]:
        pod = target.pod(self._at(target))
        return (f"delete pod {pod}", f"see it come back under its name, with claim {target.claim(self._at(target))}")

    def cannot(self, cluster: Cluster, target: Target) -> str:
        return _no_member(target, self._at(target))

    def run(self, scene: Scene) -> None:
        ordinal = self._at(scene.target)
        pod, server = scene.target.pod(ordinal), scene.servers[ordinal]
        before, claim = scene.members()[ordinal], claim_of(scene, ordinal)
        scene.cluster.delete(scene.cluster.path(f"pods/{pod}"))
        scene.say(f"{pod} is deleted")

        def gone() -> bool:
            there = scene.members().get(ordinal)
            return there is None or there.uid != before.uid

        scene.wait(f"the old {pod} is gone", gone, 180)
        since = scene.now() + SETTLED
        scene.wait_ready([ordinal])
        back = _last_unready(scene, ordinal, since)
        scene.say(f"{pod} is Ready again")
        check_same_claim(scene, ordinal, claim)
        if since < back:
            _check_absent(scene, server, since, back)
        scene.wait_seen([server])
        scene.say(f"{server} is back in the read loop")


@dataclass(frozen=True)
class Drain(Drill):
    """A member's node is drained and comes back."""

    name = "drain"
    ordinal: int | None = None

    def _at(self, target: Target) -> int:
        return target.last if self.ordinal is None else self.ordinal

    def plan(self, target: Target) -> tuple[str, ...]:
        return (
            f"cordon the node of {target.pod(self._at(target))} and evict the set's pods from it, as far as the "
            "disruption budget lets them go; other pods of the node stay",
            "see the member move, or wait where its volume is bound to that node; then uncordon",
        )

    def cannot(self, cluster: Cluster, target: Target) -> str:
        return _no_member(target, self._at(target)) or drain.cannot(cluster)

    def run(self, scene: Scene) -> None:
        drain.run(scene, self._at(scene.target))


@dataclass(frozen=True)
class Scale(Drill):
    """More members hold the old data; fewer members leave their claims."""

    name = "scale"
    to: int | None = None

    def _to(self, target: Target) -> int:
        return target.replicas + 2 if self.to is None else self.to

    def plan(self, target: Target) -> tuple[str, ...]:
        more, to = target.replicas, self._to(target)
        return (
            f"scale {target.name} from {more} to {to}, and see the new members answer with the old data",
            f"scale back to {more}; {to} claims stay (`drills cleanup --spare-claims` takes those that are spare)",
        )

    def cannot(self, cluster: Cluster, target: Target) -> str:
        to = self._to(target)
        return "" if to > target.replicas else f"--to {to} is not more than the {target.replicas} members there are"

    def run(self, scene: Scene) -> None:
        target, few, many = scene.target, scene.target.replicas, self._to(scene.target)
        old = {each.row for each in scene.bench.acknowledged()}
        new = range(few, many)
        servers = [scene.servers[0] + ordinal for ordinal in new]
        with scene.undoing(Undo("scale", target.name, str(few))):
            scale(scene.cluster, target.name, many)
            scene.say(f"scaled to {many}")
            scene.wait_ready(range(many), 600)
            scene.say(f"all {many} are Ready")
            scene.bench.watch(range(many))
            scene.wait_seen(servers)
            scene.say(f"{', '.join(map(str, servers))} answer the read loop")
            for ordinal in new:
                lacking = old - scene.bench.rows(ordinal)
                scene.check(
                    f"{target.pod(ordinal)} holds the old data", not lacking, f"{len(old) - len(lacking)} of {len(old)}"
                )
            scene.bench.watch(range(few))
        scene.wait(f"only {few} members", lambda: sorted(scene.members()) == list(range(few)), 300)
        scene.say(f"scaled back to {few}")
        claims = {item["metadata"]["name"] for item in scene.cluster.items("persistentvolumeclaims")}
        lost = [target.claim(ordinal) for ordinal in range(many) if target.claim(ordinal) not in claims]
        scene.check(f"{many} claims remain", not lost, f"gone: {', '.join(lost)}" if lost else "")


def everything() -> tuple[Drill, ...]:
    """All of them, as `drills all` runs them."""
    return (Traffic(), ReadLoop(), BreakReadiness(), DeletePod(), Drain(), Scale())


def _check_absent(scene: Scene, server: int, since: float, until: float) -> None:
    reads = scene.bench.reads()
    answers = observations.seen(reads, server, since, until)
    others = sum(read.server is not None and since <= read.at <= until for read in reads) - answers
    scene.check(f"{server} does not answer meanwhile", answers == 0, f"{answers} of {answers + others} answers")


def _last_unready(scene: Scene, ordinal: int, since: float) -> float:
    """Until when a member is known not to have been Ready, from `since` on: it returned after that look."""
    known = since
    for look in list(scene.timeline.looks):
        if look.began >= since:
            if look.ready(ordinal):
                break
            known = look.began
    return known


def _counted(scene: Scene, since: float = 0) -> str:
    counts = Counter(read.server for read in scene.bench.reads() if read.at >= since)
    return ", ".join(
        f"{'no answer' if server is None else server} x{n}" for server, n in sorted(counts.items(), key=str)
    )


def _no_member(target: Target, ordinal: int) -> str:
    if 0 <= ordinal < target.replicas:
        return ""
    return f"there is no {target.pod(ordinal)}; members: {target.pod(0)} to {target.pod(target.last)}"
