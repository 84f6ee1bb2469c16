"""The cluster: objects as plain JSON and commands in pods, with one line for each thing that goes wrong.

The package `kubernetes` takes a second to import, which help texts must not wait for: it is imported where it is used.
"""

from __future__ import annotations

import json
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote, urlsplit

import urllib3
import yaml

from drills.errors import DrillError, UnreachableError

if TYPE_CHECKING:
    from kubernetes.stream.ws_client import WSClient

LOCAL_CONTEXT = "statefulsets-local"
WATCHED = 5  # seconds for which one request follows changes
Json = dict[str, Any]
Query = dict[str, str]


@dataclass(frozen=True)
class Answer:
    """How a command in a pod ended."""

    code: int
    out: str
    err: str


class Cluster:
    """One context of a kubeconfig, and one namespace of it."""

    def __init__(
        self, kubeconfig: Path | None, context: str | None, namespace: str | None, timeout: float = 15
    ) -> None:
        """`kubeconfig`, `context`, `namespace`: None means as kubectl would. Nothing is asked of the cluster yet.

        `timeout`: seconds for the API server to answer.
        """
        from kubernetes import config

        file = str(kubeconfig) if kubeconfig else None
        try:
            contexts, current = config.list_kube_config_contexts(file)
            chosen = next((each for each in contexts if each["name"] == context), None) if context else current
            if chosen is None:
                known = ", ".join(sorted(each["name"] for each in contexts))
                raise DrillError(f"no context {context!r} in the kubeconfig; contexts: {known}")
            self._api = config.new_client_from_config(file, chosen["name"])
        except config.ConfigException as error:
            raise DrillError(
                f'no kubeconfig to go by ({_one_line(error)}); name one with --kubeconfig, or `eval "$(make -s env)"`'
            ) from None
        except (OSError, yaml.YAMLError) as error:
            raise DrillError(f"the kubeconfig cannot be read: {_one_line(error)}") from None
        self._api.configuration.retries = False
        self._timeout = timeout
        self.context: str = chosen["name"]
        self.namespace: str = namespace or chosen["context"].get("namespace") or "default"
        self.server: str = self._api.configuration.host

    @property
    def is_local(self) -> bool:
        """Whether it is this machine's own: named so, and at an address of this machine."""
        if self.context != LOCAL_CONTEXT:
            return False
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
                probe.bind((urlsplit(self.server).hostname, 0))
        except OSError:
            return False
        return True

    def get(self, path: str, **query: str) -> Json | None:
        """An object or a list; None if there is none."""
        return self._ask("GET", path, query=query)

    def must_get(self, path: str, **query: str) -> Json:
        """An object that has to be there."""
        found = self.get(path, **query)
        if found is None:
            raise DrillError(f"{path} is not there")
        return found

    def items(self, kind: str, selector: str = "") -> list[Json]:
        """The objects of a kind in the namespace, such as `pods` or `apis/apps/v1/statefulsets`."""
        found = self.must_get(self.path(kind), **({"labelSelector": selector} if selector else {}))
        return cast(list[Json], found["items"])

    def create(self, kind: str, body: Json) -> Json | None:
        """A new object; None if one of that name is there."""
        return self._ask("POST", self.path(kind), body, absent=409)

    def patch(self, path: str, body: Json) -> Json | None:
        """Changes fields; None if the object is not there."""
        return self._ask("PATCH", path, body)

    def delete(self, path: str, grace: int | None = None) -> bool:
        """Whether there was something to delete. It may take its time to go."""
        body: Json = {} if grace is None else {"gracePeriodSeconds": grace}
        return self._ask("DELETE", path, body) is not None

    def evict(self, pod: str) -> bool:
        """Asks for a pod to go as `kubectl drain` does; False if a disruption budget forbids it now."""
        body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": self.namespace}}
        return self._ask("POST", self.path(f"pods/{pod}/eviction"), body, absent=429) is not None

    def log(self, pod: str, container: str, lines: int = 1) -> str:
        """The last lines of a container's log; nothing if it has none yet."""
        path = self.path(f"pods/{pod}/log")
        status, data = self._request("GET", path, query={"container": container, "tailLines": str(lines)})
        return data.decode(errors="replace").strip() if status == 200 else ""

    def path(self, rest: str) -> str:
        """Path of a namespaced thing: `pods/x` of the core API, or one that begins with `apis/`."""
        group, _, kind = ("api/v1", "", rest) if not rest.startswith("apis/") else _split(rest)
        return f"/{group}/namespaces/{quote(self.namespace)}/{kind}"

    def exec(self, pod: str, container: str, script: str, timeout: float = 60) -> Answer:
        """A bash script in a container. It is on a command line there: nothing secret belongs in it."""
        with self._running(pod, container, script) as socket_:
            return _finished(socket_, pod, timeout)

    def lines(self, pod: str, container: str, script: str, over: Event) -> Iterator[str]:
        """What a bash script in a container prints, line by line as it comes: until it ends, or `over` is set."""
        rest = ""
        with self._running(pod, container, script) as socket_:
            while socket_.is_open() and not over.is_set():
                socket_.update(timeout=1)
                rest += socket_.read_stdout() if 1 in socket_._channels else ""
                *whole, rest = rest.split("\n")
                yield from whole

    def changes(self, kind: str, selector: str, over: Event, pause: float = 0.3) -> Iterator[tuple[str, Json]]:
        """The objects of a kind, and then each change of one as it happens, until `over` is set.

        Each comes with ADDED, MODIFIED or DELETED. `over` is heard some seconds later where nothing happens. Who may
        list but not watch is told what there is after each `pause`.
        """
        known: dict[str, Json] = {}
        while not over.is_set():
            found = self.must_get(self.path(kind), labelSelector=selector)
            there = {each["metadata"]["name"]: each for each in found["items"]}
            yield from (("DELETED", each) for name, each in known.items() if name not in there)
            yield from (("ADDED", each) for each in there.values())
            known, version = there, found["metadata"]["resourceVersion"]
            while version and not over.is_set():
                for event in self._watched(self.path(kind), selector, version):
                    if event["type"] == "ERROR":  # it is forbidden, or what happened since that version is not known
                        version = ""
                        break
                    version = event["object"]["metadata"]["resourceVersion"]
                    if event["type"] == "DELETED":
                        known.pop(event["object"]["metadata"]["name"], None)
                    elif event["type"] != "BOOKMARK":
                        known[event["object"]["metadata"]["name"]] = event["object"]
                    if event["type"] != "BOOKMARK":
                        yield event["type"], event["object"]
            over.wait(pause)

    def _watched(self, path: str, selector: str, version: str) -> Iterator[Json]:
        query = {"watch": "true", "labelSelector": selector, "resourceVersion": version}
        query |= {"timeoutSeconds": str(WATCHED), "allowWatchBookmarks": "true"}
        answer = self._call("GET", path, query=query)
        try:
            if answer.status >= 300:
                yield {"type": "ERROR"}
                return
            yield from map(json.loads, answer.response)
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:  # or it was cut off within a line
            raise UnreachableError(f"the cluster at {self.server} does not answer: {_one_line(error)}") from None
        finally:
            answer.response.close()

    @contextmanager
    def _running(self, pod: str, container: str, script: str) -> Iterator[WSClient]:
        from kubernetes import client
        from kubernetes.stream.ws_client import WSClient
        from websocket import WebSocketException

        query = [("container", container), ("stdout", "true"), ("stderr", "true")]
        query += [("command", part) for part in ("bash", "-c", script)]
        _, url, headers, *_ = self._api.param_serialize(
            "GET", self.path(f"pods/{pod}/exec"), query_params=query, auth_settings=["BearerToken"]
        )
        try:
            socket_ = WSClient(self._api.configuration, url.replace("http", "ws", 1), headers, capture_all=False)
        except (OSError, WebSocketException, client.ApiException, ssl.SSLError) as error:
            raise UnreachableError(f"no command can be run in pod {pod}: {_one_line(error)}") from None
        try:
            yield socket_
        except (OSError, WebSocketException) as error:
            raise UnreachableError(f"the connection to pod {pod} was lost: {_one_line(error)}") from None
        finally:
            socket_.close()
            socket_.sock.shutdown()  # also where the other side has said good-bye first

    def _ask(
        self, method: str, path: str, body: Json | None = None, query: Query | None = None, absent: int = 404
    ) -> Json | None:
        status, data = self._request(method, path, body, query)
        if status == absent:
            return None
        answer: Json = json.loads(data)
        if status >= 300:
            raise (UnreachableError if status >= 500 else DrillError)(
                f"{method} {path}: {answer.get('message', f'HTTP {status}')}".replace("\n", " ")
            )
        return answer

    def _request(
        self, method: str, path: str, body: Json | None = None, query: Query | None = None
    ) -> tuple[int, bytes]:
        answer = self._call(method, path, body, query)
        try:
            return int(answer.status), bytes(answer.read() or b"")
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise UnreachableError(f"the cluster at {self.server} does not answer: {_one_line(error)}") from None

    def _call(self, method: str, path: str, body: Json | None = None, query: Query | None = None) -> Any:
        """The answer's head; its body is still to be read."""
        from kubernetes import client

        content = "application/merge-patch+json" if method == "PATCH" else "application/json"
        parts = self._api.param_serialize(
            method,
            path,
            query_params=list((query or {}).items()),
            header_params={"Accept": "application/json", "Content-Type": content},
            body=body,
            auth_settings=["BearerToken"],
        )
        try:
            return self._api.call_api(*parts, _request_timeout=self._timeout)
        except (urllib3.exceptions.HTTPError, OSError, client.ApiException) as error:
            raise UnreachableError(f"the cluster at {self.server} does not answer: {_one_line(error)}") from None


def _finished(socket_: WSClient, pod: str, timeout: float) -> Answer:
    out: list[str] = []
    err: list[str] = []
    deadline = time.monotonic() + timeout
    while socket_.is_open():
        if time.monotonic() > deadline:
            raise UnreachableError(f"a command in pod {pod} did not end within {timeout:.0f} s")
        socket_.update(timeout=1)
        # Taken out as it comes: the client would join one long text again with every frame.
        out.append(socket_.read_stdout() if 1 in socket_._channels else "")
        err.append(socket_.read_stderr() if 2 in socket_._channels else "")
    try:
        code = socket_.returncode
    except (TypeError, KeyError, ValueError):
        raise UnreachableError(f"a command in pod {pod} was cut off") from None
    return Answer(code, "".join(out), "".join(err))


def _split(rest: str) -> tuple[str, str, str]:
    apis, group, version, kind = rest.split("/", 3)
    return f"{apis}/{group}/{version}", "/", kind


def _one_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__
