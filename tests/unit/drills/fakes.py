"""A cluster of the drills' that is a few dictionaries: a set of members that a writer writes to and a reader asks."""

from __future__ import annotations

import copy
import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from drills.experiments.experiment import Experiment
from drills.kube import Answer, Cluster, Json
from drills.load.client import Client
from drills.load.watch import Watch
from drills.report import Report, Result
from drills.runner import Run
from drills.target import find
from drills.waiting import Patience

NAMES = "/api/v1/namespaces/shop"
SET = "/apis/apps/v1/namespaces/shop/statefulsets/mysql"
QUICK = Patience(
    poll=0.01,
    quiet=0.05,
    settled=0.0,
    recovery=0.2,
    agreement=0.0,
    catch_up=0.0,
    sleep=lambda seconds: time.sleep(0.02),
)
"""For a cluster that answers at once."""


def stateful_set(labels: dict[str, str] | None = None, replicas: int = 3) -> Json:
    """The set's JSON."""
    container = {"name": "mysql", "image": "example/mysql:9"}
    return {
        "metadata": {"name": "mysql", "namespace": "shop", "labels": labels or {}},
        "spec": {
            "replicas": replicas,
            "serviceName": "mysql",
            "selector": {"matchLabels": {"app": "mysql"}},
            "template": {"spec": {"containers": [container], "initContainers": [{"name": "data"}]}},
            "volumeClaimTemplates": [{"metadata": {"name": "data"}}],
        },
    }


def claim(ordinal: int, policy: str = "Retain") -> tuple[Json, Json]:
    """A member's claim and its volume."""
    name = f"data-mysql-{ordinal}"
    body = {"metadata": {"name": name, "uid": f"claim-{ordinal}"}, "spec": {"volumeName": f"pv-{ordinal}"}}
    return body, {"metadata": {"name": f"pv-{ordinal}"}, "spec": {"persistentVolumeReclaimPolicy": policy}}


class FakeCluster(Cluster):
    """Answers as the API server and the client pod would; `happened` tells what was asked of it."""

    def __init__(self, replicas: int = 3) -> None:
        self.context, self.namespace, self.server = "test", "shop", "https://203.0.113.1"
        self.objects: dict[str, Json] = {
            SET: stateful_set(replicas=replicas),
            f"{NAMES}/secrets/mysql-client": {"metadata": {"name": "mysql-client"}},
        }
        self.happened: list[str] = []
        self.rows: list[int] = []
        self.generation, self.noted = 0, dict[int, list[str]]()
        """Of the last start or stop; what the loops of the last start noted, by theirs."""
        self.loops = False
        """Whether they run in the client pod."""
        self.starts: list[list[str]] = []
        """The arguments of each start of the loops."""
        self.mute: set[int] = set()
        """Whom the watchers get no answer from."""
        self.stale: set[int] = set()
        """Who does not leave the read Service, though it is broken."""
        self.lost: dict[int, set[int]] = {}
        """By ordinal: rows that a member does not show."""
        self.writable = {0}
        self.broken: set[int] = set()
        self.pinned = False
        """Whether the volumes are on one node each."""
        self.budget: set[int] = set()
        """Whom the disruption budget keeps."""
        self.on_ask: Callable[[str], None] = lambda what: None
        """Called with each path and script that the drill itself asks for, not those that are asked for beside it."""
        self.objects["/api/v1/nodes"] = {"items": [node("n1"), node("n2")]}
        self.objects["/api/v1/nodes/n1"] = node("n1")
        for ordinal in range(replicas):
            self._add(ordinal)

    def _add(self, ordinal: int) -> None:
        body, volume = claim(ordinal)
        self.objects.setdefault(f"{NAMES}/persistentvolumeclaims/{body['metadata']['name']}", body)
        self.objects.setdefault(f"/api/v1/persistentvolumes/pv-{ordinal}", volume)
        self.objects[f"{NAMES}/pods/mysql-{ordinal}"] = self.pod(ordinal)

    def pod(self, ordinal: int) -> Json:
        volume = {"persistentVolumeClaim": {"claimName": f"data-mysql-{ordinal}"}}
        return {
            "metadata": {"name": f"mysql-{ordinal}", "uid": f"pod-{ordinal}-{time.monotonic_ns()}"},
            "spec": {"nodeName": "n1", "volumes": [volume]},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
        }

    is_local = False

    @property
    def ordinals(self) -> list[int]:
        return [n for n in range(9) if f"{NAMES}/pods/mysql-{n}" in self.objects]

    @property
    def own(self) -> set[str]:
        """What of the drills is there."""
        return {path.rpartition("/")[2] for path in self.objects if path.endswith("mysql-drills")}

    def _asked(self, what: str) -> None:
        if threading.current_thread() is threading.main_thread():
            self.on_ask(what)

    def get(self, path: str, **query: str) -> Json | None:
        self._asked(path)
        found = self.objects.get(path)
        if found is not None and "/pods/mysql-" in path and not path.endswith("drills"):
            ready = "False" if int(path.rpartition("-")[2]) in self.broken else "True"
            found["status"]["conditions"][0]["status"] = ready
        return copy.deepcopy(found)

    def items(self, kind: str, selector: str = "") -> list[Json]:
        prefix = self.path(kind) + "/"
        found = [self.get(path) for path in list(self.objects) if path.startswith(prefix)]
        return [each for each in found if each is not None]

    def create(self, kind: str, body: Json) -> Json | None:
        path = self.path(f"{kind}/{body['metadata']['name']}")
        if path in self.objects:
            return None
        if kind == "pods":
            body = {**body, "status": {"containerStatuses": [{"state": {"running": {}}}]}}
        self.objects[path] = body
        self.happened.append(f"create {kind}")
        return body

    def patch(self, path: str, body: Json) -> Json | None:
        if path.endswith("/scale"):
            replicas = body["spec"]["replicas"]
            self.happened.append(f"scale {replicas}")
            for ordinal in range(replicas):
                if ordinal not in self.ordinals:
                    self._add(ordinal)
            for ordinal in self.ordinals[replicas:]:
                del self.objects[f"{NAMES}/pods/mysql-{ordinal}"]
            return body
        if path.startswith("/api/v1/nodes/"):
            cordoned = body["spec"]["unschedulable"]
            self.happened.append(f"{'cordon' if cordoned else 'uncordon'} {path.rpartition('/')[2]}")
            if not cordoned:
                for ordinal in self.ordinals:
                    self.objects[f"{NAMES}/pods/mysql-{ordinal}"]["spec"]["nodeName"] = "n1"
                self.broken.clear()
            return body
        self.objects[path]["data"] |= body["data"]
        return body

    def delete(self, path: str, grace: int | None = None) -> bool:
        self.happened.append(f"delete {path.rpartition('/')[2]}")
        there = self.objects.pop(path, None) is not None
        name = path.rpartition("/")[2]
        if there and "/pods/" in path and name.removeprefix("mysql-").isdigit():
            self._add(int(name.rpartition("-")[2]))  # as the set's controller does
        return there

    def evict(self, pod: str) -> bool:
        ordinal = int(pod.rpartition("-")[2])
        if ordinal in self.budget:
            return False
        self.happened.append(f"evict {pod}")
        new = self.objects[f"{NAMES}/pods/{pod}"] = self.pod(ordinal)
        new["spec"]["nodeName"] = "" if self.pinned else "n2"
        if self.pinned:
            new["status"]["phase"] = "Pending"
            self.broken.add(ordinal)
        return True

    def exec(self, pod: str, container: str, script: str, timeout: float = 60) -> Answer:
        self._asked(script)
        if script.startswith("set -- "):
            _, _, how, what = script.splitlines()[0].split()
            self.happened.append(f"{what} {how} {pod}")
            ordinal = int(pod.rpartition("-")[2])
            (self.broken.add if what == "break" else self.broken.discard)(ordinal)
            return Answer(0, "", "")
        return self._client(script)

    def lines(self, pod: str, container: str, script: str, over: threading.Event) -> Iterator[str]:
        after, generation = int(script.split(" -n +")[1].split()[0]) - 1, _generation(script)
        while not over.wait(0.002) and generation in self.noted:
            self._go_on()
            new = self.noted.get(generation, [])[after:]
            after += len(new)
            yield from new

    def changes(
        self, kind: str, selector: str, over: threading.Event, pause: float = 0.01
    ) -> Iterator[tuple[str, Json]]:
        """As to one who may list and not watch: the pods as they are, again and again."""
        while not over.is_set():
            yield from (("ADDED", pod) for pod in self.items(kind))
            over.wait(pause)

    def _client(self, script: str) -> Answer:
        words = script.split()
        match words[:2]:
            case ["date", _]:
                return Answer(0, f"{time.time():.6f}", "")
            case ["bash", "/drills/start.sh"] if int(words[2]) <= self.generation:
                return Answer(1, "", "a later start or stop was here before")
            case ["bash", "/drills/start.sh"]:
                self.starts.append(words[2:])
                self.generation, self.noted = int(words[2]), {int(words[2]): []}
                self.rows, self.loops = [*self.rows, int(words[3]) + int(words[4])], True
                self.rows = self.rows if int(words[4]) else self.rows[-1:]
                self._go_on()
            case ["bash", "/drills/stop.sh"]:
                self.generation, self.loops = int(words[2]), False
            case ["bash", "/drills/renew.sh"]:
                return Answer(0 if self.loops else 3, "", "")
            case ["bash", "/drills/table.sh"]:
                self.happened.append(f"table {words[2]}")
            case ["bash", "/drills/state.sh"]:
                return Answer(0, "".join(f"{host} {self._state(host)}\n" for host in words[2:]), "")
            case ["bash", "/drills/rows.sh"]:
                ordinal = int(words[2].partition(".")[0].rpartition("-")[2])
                shown = (str(row) for row in self.rows if row not in self.lost.get(ordinal, ()))
                return Answer(0, "\n".join(shown), "")
            case ["tail", "-n"]:
                noted = self.noted.get(_generation(script))
                return Answer(
                    int(noted is None), "".join(f"{note}\n" for note in (noted or [])[int(words[2]) - 1 :]), ""
                )
        return Answer(0, "", "")

    def _go_on(self) -> None:
        """A row, an answer of each member that serves, and a look at each."""
        if self.loops:
            now, ordinals, row = f"{time.time():.6f}", self.ordinals, self.rows[-1] + 1
            self.rows.append(row)
            notes = [f"row {now} 0 {row}"]
            serving = [n for n in ordinals if n not in self.broken or n in self.stale]
            notes += [f"read {now} {100 + n} {row}" for n in serving]
            looks = [n for n in ordinals if n not in self.mute]
            notes += [f"look {now} mysql-{n}.mysql {100 + n} {int(n not in self.writable)} {row}" for n in looks]
            next(iter(self.noted.values())).extend(notes)

    def _state(self, host: str) -> str:
        ordinal = int(host.partition(".")[0].rpartition("-")[2])
        read_only = 0 if ordinal in self.writable else 1
        return f"{100 + ordinal} uuid-{ordinal} {read_only} {read_only} 3e11fa47-71ca-11e1-9e33-c80aa9429562:1-77"

    @property
    def undo(self) -> Any:
        """What the journal holds."""
        return json.loads(self.objects[f"{NAMES}/configmaps/mysql-drills"]["data"]["undo"])


def _generation(script: str) -> int:
    return int(script.split("/tmp/drills/notes.")[1].split()[0])


def node(name: str, **spec: Any) -> Json:
    """A node that takes pods."""
    return {
        "metadata": {"name": name},
        "spec": spec,
        "status": {"conditions": [{"type": "Ready", "status": "True"}]},
    }


def watch_of(cluster: Cluster, *ordinals: int) -> Watch:
    """A quick watch of these members."""
    client = Client(cluster, find(cluster, "mysql"), poll=0.01)
    return Watch(client, ordinals, poll=0.01, retry=0.01, renew=0.02)


def run(cluster: FakeCluster, *experiments: Experiment, patience: Patience = QUICK) -> Report:
    """A quick run."""
    return Run(cluster, find(cluster, "mysql"), lambda text: None, patience).run(experiments)


def only(report: Report) -> Result:
    """The one result."""
    (result,) = report.results
    return result


def failed(result: Result) -> list[str]:
    """The names of the checks that did not hold."""
    return [check.name for check in result.checks if not check.ok]
