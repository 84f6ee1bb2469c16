"""Runs drills: a client pod around all of them, and around each the writer, the reader and the invariants."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from drills import interrupts, invariants, observations
from drills.errors import DrillError, UnreachableError
from drills.experiments import Drill
from drills.invariants import Check
from drills.journal import Journal
from drills.kube import Cluster
from drills.report import Report, Result
from drills.scene import Scene, UnmetError, insist
from drills.target import Target
from drills.timeline import Timeline
from drills.workbench import Workbench

Show = Callable[[str], None]
RECOVERY = 300.0  # seconds for the members to be Ready again after a drill
AGREEMENT = 60.0  # seconds for them to hold the same, once nothing is written any more
CATCH_UP = 10.0  # seconds for a member to show the last row, where no GTID tells
PER_DRILL = 100_000_000  # rows: no two drills of a run use one number


class RunInterruptedError(Exception):
    """Ctrl-C, with what there is to report; everything has been put back."""

    def __init__(self, report: Report) -> None:
        super().__init__()
        self.report = report


class Run:
    """One run of drills on one set."""

    def __init__(self, cluster: Cluster, target: Target, show: Show) -> None:
        self._cluster, self._target, self._show = cluster, target, show
        self._journal, self._bench = Journal(cluster, target), Workbench(cluster, target)
        self._results: list[Result] = []
        self._started = datetime.now(UTC).isoformat(timespec="seconds")

    def run(self, drills: Sequence[Drill]) -> Report:
        """All of them in turn; what was made and changed is gone and put back when this ends, however it ends."""
        possible = [drill for drill in drills if not self._skip(drill)]
        if possible:
            with interrupts.as_interrupts():
                try:
                    self._run(possible)
                except KeyboardInterrupt:
                    raise RunInterruptedError(self._report()) from None
        return self._report()

    def _run(self, drills: Sequence[Drill]) -> None:
        self._journal.open()
        try:
            self._show(f"making the client pod {self._target.own}")
            self._bench.open()
            for number, drill in enumerate(drills):
                if not self._one(drill, first_row=1 + number * PER_DRILL):
                    self._give_up(drills[number + 1 :])
                    break
        finally:
            with interrupts.held(self._show):
                self._clear()

    def _clear(self) -> None:
        insist(lambda: self._journal.put_back(self._show))
        insist(self._bench.close)
        self._journal.close()
        self._show("the client pod and its table are gone")

    def _skip(self, drill: Drill) -> bool:
        why = drill.cannot(self._cluster, self._target)
        if why:
            self._results.append(Result(drill.name, drill.plan(self._target), "skipped", why))
            self._show(f"{drill.name}: skipped: {why}")
        return bool(why)

    def _give_up(self, rest: Sequence[Drill]) -> None:
        for drill in rest:
            reason = "the set did not recover from the drill before"
            self._results.append(Result(drill.name, drill.plan(self._target), "skipped", reason))

    def _one(self, drill: Drill, first_row: int) -> bool:
        """One drill; whether the set is fit for the next."""
        result = Result(drill.name, drill.plan(self._target))
        self._results.append(result)
        self._show(f"\n{drill.name}: {'; '.join(result.plan)}")
        start = time.monotonic()
        try:
            with Timeline(self._cluster, self._target, self._bench) as timeline:
                self._perform(drill, result, timeline, first_row)
        except KeyboardInterrupt:
            result.reason = "interrupted; what was changed has been put back"
            raise
        except DrillError as error:
            result.reason = result.reason or str(error)
        finally:
            result.seconds = time.monotonic() - start
            result.settle()
            self._show_result(result)
        return all(check.ok for check in result.checks if check.name == READY)

    def _perform(self, drill: Drill, result: Result, timeline: Timeline, first_row: int) -> None:
        ordinals = range(self._target.replicas)
        states = self._bench.states(ordinals)
        answered = invariants.all_answer(states, [self._target.host(n) for n in ordinals])
        if not answered.ok:
            raise DrillError(f"the set is not in order: {answered.detail}")
        by_host = {state.host: state.server for state in states}
        servers = {n: by_host[self._target.host(n)] for n in ordinals}
        scene = Scene(self._cluster, self._target, self._bench, self._journal, timeline, result, self._show, servers)
        scene.wait_ready(ordinals, 60)
        self._bench.start(first_row, ordinals)
        scene.wait("the first rows and reads", lambda: self._bench.rows_so_far() > 0 and bool(self._bench.reads()), 120)
        try:
            drill.run(scene)
        except DrillError as error:
            result.reason = str(error)
            scene.say(f"failed: {error}")
        self._judge(scene, result)

    def _judge(self, scene: Scene, result: Result) -> None:
        """What must hold after every drill, whether it went well or not."""
        ordinals = range(self._target.replicas)
        result.checks.append(_reached(READY, lambda: scene.wait_ready(ordinals, RECOVERY)))
        before = self._bench.rows_so_far()
        goes_on = "rows are acknowledged again"
        result.checks.append(_reached(goes_on, lambda: scene.wait("new rows", lambda: self._rows() > before, 120)))
        self._bench.stop()
        seen = self._bench.observed()
        states = self._agreed()
        rows = {each.row for each in seen.acknowledged}
        held = self._held(rows)
        hosts = [self._target.host(n) for n in ordinals]
        result.figures, result.lost_rows = observations.figures(seen), invariants.lost(rows, held)
        result.checks += [
            invariants.all_answer(states, hosts),
            invariants.no_row_lost(rows, held),
            invariants.same_transactions(states),
            invariants.one_writable([*seen.states, *states], self._target.host(0)),
            invariants.distinct_servers(states),
        ]

    def _rows(self) -> int:
        return self._bench.rows_so_far()

    def _agreed(self) -> list[observations.State]:
        """What the members say once they hold the same, or in the end."""
        deadline = time.monotonic() + AGREEMENT
        while True:
            states = self._bench.states(range(self._target.replicas))
            agreed = len(states) == self._target.replicas and invariants.same_transactions(states).ok
            if agreed or time.monotonic() > deadline:
                return states
            time.sleep(1)

    def _held(self, wanted: set[int]) -> dict[str, set[int]]:
        """The rows of each member; without GTIDs only they tell when a member has caught up."""
        held: dict[str, set[int]] = {}
        for ordinal in range(self._target.replicas):
            deadline = time.monotonic() + CATCH_UP
            rows: set[int] = set()
            while True:
                try:
                    rows = self._bench.rows(ordinal)
                except UnreachableError:
                    if time.monotonic() > deadline:
                        break
                if wanted <= rows or time.monotonic() > deadline:
                    break
                time.sleep(1)
            held[self._target.host(ordinal)] = rows
        return held

    def _show_result(self, result: Result) -> None:
        for check in result.checks:
            mark = "[green]✓[/green]" if check.ok else "[red]✗[/red]"
            self._show(f"  {mark} {check.name}{': ' if check.detail else ''}{check.detail}")
        f = result.figures
        if f.rows:
            self._show(
                f"  {f.rows} rows acknowledged ({f.rows_per_second:.0f}/s), {result.lost_rows} lost, longest pause "
                f"{f.longest_pause:.1f} s; {f.reads} reads, {f.failed_reads} failed, stalest {f.stalest_read:.2f} s"
            )
        color = "green" if result.outcome == "passed" else "red"
        why = f": {result.reason}" if result.reason else ""
        self._show(f"[{color}]{result.drill} {result.outcome}[/{color}] ({result.seconds:.0f} s){why}")

    def _report(self) -> Report:
        return Report(
            cluster=self._cluster.server,
            context=self._cluster.context,
            namespace=self._cluster.namespace,
            target=self._target.name,
            image=self._target.image,
            started=self._started,
            results=self._results,
        )


READY = "every member is Ready again"


def _reached(name: str, wait: Callable[[], None]) -> Check:
    try:
        wait()
    except UnmetError as unmet:
        return Check(name, False, str(unmet))
    return Check(name, True)
