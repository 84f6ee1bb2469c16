"""A cluster of the drills' that is a few dictionaries: a set of members that a writer writes to and a reader asks."""

from __future__ import annotations

import copy
import json
import threading
import time
from collections.abc import Callable
from typing import Any

from drills.kube import Answer, Cluster, Json

NAMES = "/api/v1/namespaces/shop"
SET = "/apis/apps/v1/namespaces/shop/statefulsets/mysql"


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
        self.reads: list[str] = []
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

    @property
    def is_local(self) -> bool:
        return False

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
        return Answer(0, self._client(script), "")

    def _client(self, script: str) -> str:
        now = f"{time.time():.6f}"
        words = script.split()
        self._go_on(now)
        match words[:2]:
            case ["date", _]:
                return now
            case ["bash", "/drills/start.sh"]:
                self.rows, self.reads = [int(words[2])], []
                self._go_on(now)
            case ["bash", "/drills/table.sh"]:
                self.happened.append(f"table {words[2]}")
            case ["bash", "/drills/state.sh"]:
                return "".join(f"{host} {self._state(host)}\n" for host in words[2:])
            case ["bash", "/drills/rows.sh"]:
                ordinal = int(words[2].partition(".")[0].rpartition("-")[2])
                return "\n".join(str(row) for row in self.rows if row not in self.lost.get(ordinal, ()))
            case ["cat", "/tmp/drills/reads"]:
                return "".join(self.reads)
            case ["cat", "/tmp/drills/watch"]:
                hosts = [f"mysql-{n}.mysql" for n in self.ordinals]
                return "".join(f"1 {now} {host} {self._state(host)}\n" for host in hosts)
            case ["cat", name] if name.startswith("/tmp/drills/acknowledged"):
                return str(len(self.rows)) if "wc" in words else "".join(f"{now} {row}\n" for row in self.rows)
        return ""

    def _go_on(self, now: str) -> None:
        """A row, and an answer of each member that serves."""
        if self.rows:
            self.rows.append(self.rows[-1] + 1)
            serving = [n for n in self.ordinals if n not in self.broken]
            self.reads += [f"{now} {100 + n} {self.rows[-1]}\n" for n in serving]

    def _state(self, host: str) -> str:
        ordinal = int(host.partition(".")[0].rpartition("-")[2])
        read_only = 0 if ordinal in self.writable else 1
        return f"{100 + ordinal} uuid-{ordinal} {read_only} {read_only} 3e11fa47-71ca-11e1-9e33-c80aa9429562:1-77"

    @property
    def undo(self) -> Any:
        """What the journal holds."""
        return json.loads(self.objects[f"{NAMES}/configmaps/mysql-drills"]["data"]["undo"])


def node(name: str, **spec: Any) -> Json:
    """A node that takes pods."""
    return {
        "metadata": {"name": name},
        "spec": spec,
        "status": {"conditions": [{"type": "Ready", "status": "True"}]},
    }
