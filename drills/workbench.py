"""The client pod: where writer, reader and watcher run, inside the cluster as an application does."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from drills import observations
from drills.errors import DrillError, UnreachableError
from drills.journal import LABEL
from drills.kube import Answer, Cluster
from drills.observations import Observed, State
from drills.target import Target

TABLE = "statefulsets_drills"
CONTAINER = "client"
PATIENCE = 180.0  # seconds for the pod to come up: a node may have to pull the image
LIFETIME = 4 * 3600  # seconds after which the pod ends, whatever became of the drills
UID = 999


def pod(target: Target) -> dict[str, Any]:
    """A pod like an application's: the label that lets it in, the Secret to log in with, and the server's own image."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": target.own, "labels": {**LABEL, f"{target.name}-client": "true"}},
        "spec": {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 1,
            "activeDeadlineSeconds": LIFETIME,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": UID,
                "runAsGroup": UID,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [_container(target)],
            "volumes": [
                {"name": "scripts", "configMap": {"name": target.own}},
                {"name": "tmp", "emptyDir": {"sizeLimit": "256Mi"}},
            ],
        },
    }


def _container(target: Target) -> dict[str, Any]:
    return {
        "name": CONTAINER,
        "image": target.image,
        "command": ["bash", "/drills/idle.sh"],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}},
        "env": _environment(target),
        "volumeMounts": [
            {"name": "scripts", "mountPath": "/drills", "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108  the pod's own
        ],
    }


def _environment(target: Target) -> list[dict[str, Any]]:
    plain = {"DRILL_TABLE": TABLE, "HOME": "/tmp"}  # noqa: S108
    if not target.has_secret:
        plain |= {
            "DRILL_HOST": target.host(0),
            "DRILL_READ_HOST": f"{target.name}-read",
            "DRILL_USER": "root",
            "DRILL_DATABASE": "drills",
            "DRILL_TLS": "PREFERRED",
        }
        return [{"name": key, "value": value} for key, value in plain.items()]
    plain["DRILL_TLS"] = "REQUIRED"
    keys = {
        "DRILL_HOST": "host",
        "DRILL_READ_HOST": "read-host",
        "DRILL_USER": "user",
        "DRILL_DATABASE": "database",
        "MYSQL_PWD": "password",
    }
    secret = f"{target.name}-client"
    return [{"name": key, "value": value} for key, value in plain.items()] + [
        {"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}} for name, key in keys.items()
    ]


class Workbench:
    """The pod while it runs."""

    def __init__(self, cluster: Cluster, target: Target) -> None:
        self._cluster, self._target = cluster, target
        self.clock_ahead = 0.0
        """Seconds by which the pod's clock is ahead of this machine's."""

    def open(self) -> None:
        """Make the pod and the table."""
        if self._cluster.create("pods", pod(self._target)) is None:
            raise DrillError(f"a pod {self._target.own} is there already; `python -m drills cleanup` removes it")
        self._wait_until_it_runs()
        before = time.time()
        answer = self._run("date +%s.%N")
        self.clock_ahead = float(answer.out) - (before + time.time()) / 2
        made = self._run("bash /drills/table.sh make")
        if made.code != 0:
            raise DrillError(f"no table can be made at the primary: {_last(made)}")

    def close(self) -> None:
        """Drop the table and delete the pod. As long as the table is there the pod stays, to try again."""
        if self.runs():
            self._run("bash /drills/stop.sh")
            dropped = self._run("bash /drills/table.sh drop")
            if dropped.code != 0:
                raise DrillError(
                    f"table {TABLE} cannot be dropped: {_last(dropped)}; `python -m drills cleanup` tries again"
                )
        self._remove()

    def reopen(self) -> None:
        """A pod that runs, where an earlier one ended or is gone: the table may still be there."""
        if not self.runs():
            self._remove()
            self._cluster.create("pods", pod(self._target))
            self._wait_until_it_runs()

    def runs(self) -> bool:
        """Whether commands can be run in the pod."""
        statuses = (self._cluster.get(self._path) or {}).get("status", {}).get("containerStatuses") or [{}]
        return "running" in statuses[0].get("state", {})

    def start(self, first_row: int, ordinals: Sequence[int]) -> None:
        """Start the loops, with empty notes."""
        self._must(f"bash /drills/start.sh {first_row} {' '.join(map(self._target.host, ordinals))}")

    def stop(self) -> None:
        """End the loops."""
        self._must("bash /drills/stop.sh")

    def watch(self, ordinals: Sequence[int]) -> None:
        """Whom the watcher asks from now on."""
        hosts = " ".join(map(self._target.host, ordinals))
        self._must(f"printf '%s\\n' {hosts} >/tmp/drills/new && mv /tmp/drills/new /tmp/drills/members")

    def renew(self) -> None:
        """The loops are still wanted."""
        self._must("printf '%(%s)T\\n' -1 >/tmp/drills/new-lease && mv /tmp/drills/new-lease /tmp/drills/lease")

    def ease(self, slow: bool) -> None:
        """Whether the writers hold back."""
        self._must(f"{'touch' if slow else 'rm -f'} /tmp/drills/slow")

    def rows_so_far(self) -> int:
        """How many rows were acknowledged."""
        return int(self._must("cat /tmp/drills/acknowledged.* | wc -l").out)

    def reads(self) -> list[observations.Read]:
        """The reader's notes so far."""
        return observations.reads(self._must("cat /tmp/drills/reads").out)

    def acknowledged(self, writers: str = "*") -> list[observations.Acknowledged]:
        """The writers' notes so far, oldest first."""
        return observations.acknowledged(self._must(f"cat /tmp/drills/acknowledged.{writers}").out)

    def observed(self) -> Observed:
        """All notes."""
        return Observed(
            acknowledged=self.acknowledged(),
            first_writer=self.acknowledged("0"),
            reads=self.reads(),
            states=observations.states(self._must("cat /tmp/drills/watch").out),
            errors=observations.errors(self._must("cat /tmp/drills/errors").out),
        )

    def states(self, ordinals: Sequence[int]) -> list[State]:
        """What the members say of themselves now."""
        hosts = " ".join(map(self._target.host, ordinals))
        return observations.states(self._must(f"bash /drills/state.sh {hosts}").out)

    def rows(self, ordinal: int) -> set[int]:
        """The rows that a member has."""
        answer = self._run(f"bash /drills/rows.sh {self._target.host(ordinal)}")
        if answer.code != 0:
            raise UnreachableError(f"{self._target.pod(ordinal)} does not show its rows: {_last(answer)}")
        return set(map(int, answer.out.split()))

    @property
    def _path(self) -> str:
        return self._cluster.path(f"pods/{self._target.own}")

    def _run(self, script: str) -> Answer:
        return self._cluster.exec(self._target.own, CONTAINER, script)

    def _must(self, script: str) -> Answer:
        answer = self._run(script)
        if answer.code != 0:
            raise DrillError(f"in pod {self._target.own}: {_last(answer)}")
        return answer

    def _wait_until_it_runs(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            if self.runs():
                return
            if time.monotonic() > deadline:
                statuses = (self._cluster.get(self._path) or {}).get("status", {}).get("containerStatuses") or [{}]
                why = statuses[0].get("state", {}).get("waiting", {}).get("reason", "it is not scheduled")
                raise DrillError(f"the client pod {self._target.own} did not start within {PATIENCE:.0f} s: {why}")
            time.sleep(0.2)

    def _remove(self) -> None:
        self._cluster.delete(self._path, grace=1)
        deadline = time.monotonic() + 30
        while self._cluster.get(self._path) is not None and time.monotonic() < deadline:
            time.sleep(0.2)


def _last(answer: Answer) -> str:
    lines = [line for line in (answer.err or answer.out).strip().splitlines() if line]
    return lines[-1] if lines else f"exit code {answer.code}"
