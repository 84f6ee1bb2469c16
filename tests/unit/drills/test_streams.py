"""What comes piece by piece from an API server: changes of pods, and what a command in a pod prints."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from drills.errors import UnreachableError
from drills.kube import Cluster, Json
from tests.unit.drills.server import served

PODS = "/api/v1/namespaces/shop/pods"


def pod(name: str, version: int) -> Json:
    return {"metadata": {"name": name, "resourceVersion": str(version)}}


class Server:
    """Lists `pods`, then tells of `events`, a list for each request that watches; runs commands that print `frames`."""

    def __init__(self) -> None:
        self.pods: list[Json] = []
        self.events: list[list[Json | str]] = []
        self.watch_status = 200
        self.frames: list[str] = []
        self.asked: list[dict[str, list[str]]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                url = urlsplit(self.path)
                query = parse_qs(url.query)
                server.asked.append(query)
                if url.path.endswith("/exec"):
                    self.run_command()
                elif "watch" in query:
                    self.tell(server.events.pop(0) if server.events else [])
                else:
                    listed = {"metadata": {"resourceVersion": "5"}, "items": server.pods}
                    self.send(200, json.dumps(listed).encode())

            def send(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def tell(self, events: list[Json | str]) -> None:
                if server.watch_status != 200:
                    self.send(server.watch_status, b'{"message": "forbidden"}')
                    return
                self.send_response(200)
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                for event in events:
                    line = event if isinstance(event, str) else json.dumps(event) + "\n"
                    self.wfile.write(f"{len(line):x}\r\n{line}\r\n".encode())
                self.wfile.write(b"0\r\n\r\n")

            def run_command(self) -> None:
                key = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
                self.send_response(101)
                self.send_header("Upgrade", "websocket")
                self.send_header("Connection", "Upgrade")
                self.send_header("Sec-WebSocket-Protocol", "v4.channel.k8s.io")
                accepted = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()  # noqa: S324  the protocol's
                self.send_header("Sec-WebSocket-Accept", accepted)
                self.end_headers()
                for text in server.frames:
                    data = b"\x01" + text.encode()
                    self.wfile.write(bytes((0x82, len(data))) + data)
                self.wfile.write(bytes((0x88, 0)))
                self.close_connection = True

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.handler = Handler


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def cluster(server: Server, tmp_path: Path) -> Iterator[Cluster]:
    with served(server.handler, tmp_path) as cluster:
        yield cluster


def told(cluster: Cluster, count: int) -> list[tuple[str, str]]:
    """The first changes that are told of."""
    over, found = threading.Event(), list[tuple[str, str]]()
    changes = cluster.changes("pods", "app=mysql", over, pause=0.01)
    for kind, each in changes:
        found.append((kind, each["metadata"]["name"]))
        if len(found) == count:
            changes.close()  # type: ignore[attr-defined]
            break
    return found


def test_pods_are_told_of_as_they_are_and_then_as_they_change(server: Server, cluster: Cluster) -> None:
    server.pods = [pod("mysql-0", 3)]
    server.events = [
        [{"type": "MODIFIED", "object": pod("mysql-0", 6)}, {"type": "BOOKMARK", "object": pod("", 8)}],
        [{"type": "DELETED", "object": pod("mysql-0", 9)}, {"type": "ADDED", "object": pod("mysql-0", 10)}],
    ]
    assert [kind for kind, _ in told(cluster, 4)] == ["ADDED", "MODIFIED", "DELETED", "ADDED"]
    assert [query.get("resourceVersion") for query in server.asked] == [None, ["5"], ["8"]]
    assert all(query["labelSelector"] == ["app=mysql"] for query in server.asked)


def test_what_happened_while_nobody_could_tell_is_found_by_a_new_list(server: Server, cluster: Cluster) -> None:
    server.pods = [pod("mysql-0", 3), pod("mysql-1", 4)]
    gone = {"type": "ERROR", "object": {"kind": "Status", "code": 410}}

    class Moves(list[list[Json | str]]):
        def pop(self, index: Any = -1) -> list[Json | str]:
            server.pods = [pod("mysql-1", 4)]
            return super().pop(index)

    server.events = Moves([[gone]])
    names = told(cluster, 4)
    assert names == [("ADDED", "mysql-0"), ("ADDED", "mysql-1"), ("DELETED", "mysql-0"), ("ADDED", "mysql-1")]


def test_who_may_list_but_not_watch_is_told_again_and_again(server: Server, cluster: Cluster) -> None:
    server.pods, server.watch_status = [pod("mysql-0", 3)], 403
    assert told(cluster, 3) == [("ADDED", "mysql-0")] * 3


def test_an_answer_that_is_cut_off_within_a_line_is_no_answer(server: Server, cluster: Cluster) -> None:
    server.pods, server.events = [pod("mysql-0", 3)], [['{"type": "MODI']]
    with pytest.raises(UnreachableError, match="does not answer"):
        told(cluster, 2)


def test_a_commands_lines_come_whole_whatever_the_frames_are(server: Server, cluster: Cluster) -> None:
    server.frames = ["row 1.0 0 1\nrow 1", ".5 0 2\n", "row 2.0 0 3\nrow 2.5 0"]
    lines = list(cluster.lines("mysql-drills", "client", "exec tail", threading.Event()))
    assert lines == ["row 1.0 0 1", "row 1.5 0 2", "row 2.0 0 3"], "the last one was cut off"
    assert server.asked[0]["command"] == ["bash", "-c", "exec tail"]


def test_a_command_is_left_alone_once_nobody_wants_to_hear_it(server: Server, cluster: Cluster) -> None:
    server.frames, over = ["row 1.0 0 1\n"], threading.Event()
    over.set()
    assert list(cluster.lines("mysql-drills", "client", "exec tail", over)) == []
