"""What faults are made in: a set, and the load that goes on meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from drills.checks import members as checks
from drills.load.watch import Watch
from drills.target import members
from drills.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from drills.kube import Cluster
    from drills.target import Member, Target


@dataclass
class Site:
    """A set of a cluster: all that it takes to put something back."""

    cluster: Cluster
    target: Target


class Scene(Site):
    """A set under load. The drills' stage and the tests' scene are this, and know more besides."""

    def __init__(self, watch: Watch, poll: float = 0.1) -> None:
        """`watch`: one that runs, and so has seen every member and its pod. `poll`: seconds between two looks."""
        super().__init__(watch.client.cluster, watch.client.target)
        self.watch, self._poll = watch, poll
        self.found = {ordinal: watch.uid(ordinal) for ordinal in watch.ordinals}
        """The pod of each ordinal, as it was found."""
        self.since: float | None = None
        """Since when the members could put right what was broken."""
        self.note = ""
        """What a report should say besides."""

    def now(self) -> float:
        """The time by the client pod's clock, as all notes have it."""
        return self.watch.now()

    def members(self) -> dict[int, Member]:
        """The set's pods as they are now."""
        return members(self.cluster, self.target)

    def struck(self) -> None:
        """Has the members' own time count from now on; without this, it counts from when the fault is mended."""
        self.since = self.now()

    def wait(self, what: str, condition: Callable[[], bool], seconds: float) -> None:
        """Waits until it is so; what was waited for is the failure's text."""
        until(what, condition, seconds, self._poll)

    def pod_replaced(self, ordinal: int) -> bool:
        """Whether another pod has taken the place of the one that was found."""
        return self.watch.uid(ordinal) != self.found[ordinal]

    def not_ready(self, ordinal: int, seconds: float = 60) -> None:
        """Waits until the member has left the readers' Service."""
        self.wait(f"{self.target.pod(ordinal)} not Ready", lambda: not self.watch.ready(ordinal), seconds)

    def settle(self, seconds: float = 240) -> float:
        """Waits until all is as it was; the seconds that it took since `since`."""
        since, moments = self.since or self.now(), list[float]()

        def recovered() -> bool:
            moment = checks.recovered(self.watch.record, self.watch.ordinals, since)
            moments.extend([] if moment is None else [moment])
            return moment is not None

        self.wait("every member Ready, with new rows", recovered, seconds)
        return moments[-1] - since
