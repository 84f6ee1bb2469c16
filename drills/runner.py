"""Runs experiments: a client pod around all of them, and around each the load and the invariants."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from drills import interrupts
from drills.checks import invariants
from drills.checks.check import Check
from drills.errors import DrillError, UnreachableError
from drills.experiments.experiment import Experiment
from drills.experiments.stage import Stage
from drills.faults.journal import Journal
from drills.load.client import Client
from drills.load.figures import figures
from drills.load.notes import Seen, State
from drills.load.watch import PER_WRITER, Watch
from drills.report import Report, Result
from drills.scene import Site
from drills.target import Target, members
from drills.waiting import Patience, UnmetError, insist, until

if TYPE_CHECKING:
    from drills.kube import Cluster

Show = Callable[[str], None]
PER_EXPERIMENT = 5 * PER_WRITER
"""Rows between the first ones of two experiments: no two of a run use one number."""
READY = "every member is Ready again"


class RunInterruptedError(Exception):
    """Ctrl-C, with what there is to report; everything has been put back."""

    def __init__(self, report: Report) -> None:
        super().__init__()
        self.report = report


class Run:
    """One run of experiments on one set."""

    def __init__(self, cluster: Cluster, target: Target, show: Show, patience: Patience | None = None) -> None:
        self._cluster, self._target, self._show = cluster, target, show
        self._patience = patience or Patience()
        self._journal, self._client = Journal(Site(cluster, target)), Client(cluster, target)
        self._results: list[Result] = []
        self._started = datetime.now(UTC).isoformat(timespec="seconds")

    def run(self, experiments: Sequence[Experiment]) -> Report:
        """All of them in turn; what was made and changed is gone and put back when this ends, however it ends."""
        possible = [each for each in experiments if not self._skip(each)]
        if possible:
            with interrupts.as_interrupts():
                try:
                    self._run(possible)
                except KeyboardInterrupt:
                    raise RunInterruptedError(self._report()) from None
        return self._report()

    def _run(self, experiments: Sequence[Experiment]) -> None:
        self._journal.open()
        try:
            self._show(f"making the client pod {self._target.own}")
            self._client.open()
            for number, each in enumerate(experiments):
                if not self._one(each, first_row=1 + number * PER_EXPERIMENT):
                    self._give_up(experiments[number + 1 :])
                    break
        finally:
            with interrupts.held(self._show):
                self._clear()

    def _clear(self) -> None:
        insist(lambda: self._journal.put_back(self._show))
        insist(self._client.close)
        self._journal.close()
        self._show("the client pod and its table are gone")

    def _skip(self, experiment: Experiment) -> bool:
        why = experiment.cannot(self._cluster, self._target)
        if why:
            self._results.append(Result(experiment.name, experiment.plan(self._target), "skipped", why))
            self._show(f"{experiment.name}: skipped: {why}")
        return bool(why)

    def _give_up(self, rest: Sequence[Experiment]) -> None:
        for each in rest:
            reason = "the set did not recover from the drill before"
            self._results.append(Result(each.name, each.plan(self._target), "skipped", reason))

    def _one(self, experiment: Experiment, first_row: int) -> bool:
        """One experiment; whether the set is fit for the next."""
        result = Result(experiment.name, experiment.plan(self._target))
        self._results.append(result)
        self._show(f"\n{experiment.name}: {'; '.join(result.plan)}")
        start = time.monotonic()
        try:
            self._perform(experiment, result, first_row)
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

    def _perform(self, experiment: Experiment, result: Result, first_row: int) -> None:
        start, servers = time.monotonic(), self._in_order()
        watch = Watch(self._client, range(self._target.replicas), first_row, poll=self._patience.poll)
        with watch.running("the first rows and reads", 120):
            stage = Stage(watch, self._journal, result, self._show, servers, self._patience, start)
            try:
                experiment.run(stage)
            except DrillError as error:
                result.reason = str(error)
                stage.say(f"failed: {error}")
            self._judge(stage, result)

    def _in_order(self) -> dict[int, int]:
        """The server id of each ordinal, once all members answer and are Ready."""
        ordinals = range(self._target.replicas)
        states = self._client.states(ordinals)
        answered = invariants.all_answer(states, [self._target.host(n) for n in ordinals])
        if not answered.ok:
            raise DrillError(f"the set is not in order: {answered.detail}")

        def ready() -> bool:
            there = members(self._cluster, self._target)
            return all(n in there and there[n].ready for n in ordinals)

        until(f"{', '.join(map(self._target.pod, ordinals))} Ready", ready, 60, self._patience.poll)
        by_host = {state.host: state.server for state in states}
        return {n: by_host[self._target.host(n)] for n in ordinals}

    def _judge(self, stage: Stage, result: Result) -> None:
        """What must hold after every experiment, whether it went well or not."""
        ordinals, record = range(self._target.replicas), stage.watch.record
        result.checks.append(_reached(READY, lambda: stage.wait_ready(ordinals, self._patience.recovery)))
        before = stage.rows_so_far()
        goes_on = "rows are acknowledged again"
        more = partial(stage.wait, "new rows", lambda: stage.rows_so_far() > before, 120)
        result.checks.append(_reached(goes_on, more))
        stage.watch.stop()
        states = self._agreed()
        rows = {each.row for each in record.acknowledged}
        held = self._held(rows)
        looks: list[Seen | State] = [one for looks in record.seen.values() for one in looks]
        result.figures, result.lost_rows = figures(record), invariants.lost(rows, held)
        result.checks += [
            invariants.all_answer(states, [self._target.host(n) for n in ordinals]),
            invariants.no_row_lost(rows, held),
            invariants.same_transactions(states),
            invariants.one_writable([*looks, *states], self._target.host(0)),
            invariants.distinct_servers(states),
        ]

    def _agreed(self) -> list[State]:
        """What the members say once they hold the same, or in the end."""
        deadline = time.monotonic() + self._patience.agreement
        while True:
            states = self._client.states(range(self._target.replicas))
            agreed = len(states) == self._target.replicas and invariants.same_transactions(states).ok
            if agreed or time.monotonic() > deadline:
                return states
            time.sleep(1)

    def _held(self, wanted: set[int]) -> dict[str, set[int]]:
        """The rows of each member; without GTIDs only they tell when a member has caught up."""
        held: dict[str, set[int]] = {}
        for ordinal in range(self._target.replicas):
            deadline = time.monotonic() + self._patience.catch_up
            rows: set[int] = set()
            while True:
                try:
                    rows = self._client.rows(ordinal)
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


def _reached(name: str, wait: Callable[[], None]) -> Check:
    """Whether what is waited for comes."""
    try:
        wait()
    except UnmetError as unmet:
        return Check(name, False, str(unmet))
    return Check(name, True)
