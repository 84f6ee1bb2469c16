"""What the drills send to an API server, and what they make of its refusals, over a real connection."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from drills.errors import DrillError, UnreachableError
from drills.kube import Cluster
from tests.unit.drills.server import served

POD = "/api/v1/namespaces/shop/pods/mysql-0"


class Server:
    """Notes each request as (method, path with its query, content type, body), and answers `status`."""

    def __init__(self) -> None:
        self.status = 200
        self.asked: list[tuple[str, str, str | None, Any]] = []
        noted = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                sent = json.loads(body) if body else None
                noted.asked.append((self.command, self.path, self.headers["Content-Type"], sent))
                answer = json.dumps({"message": "because", "items": []}).encode()
                self.send_response(noted.status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_POST = do_PATCH = do_DELETE = do_GET  # noqa: N815  the names are http.server's

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


def test_each_call_is_sent_as_the_api_wants_it(server: Server, cluster: Cluster) -> None:
    cluster.items("pods", selector="app=mysql")
    cluster.create("pods", {"kind": "Pod"})
    cluster.patch(POD, {"spec": {}})
    cluster.delete(POD, grace=0)
    cluster.log("mysql-0", "mysql", lines=3)
    of_shop = "/api/v1/namespaces/shop"
    assert server.asked == [
        ("GET", f"{of_shop}/pods?labelSelector=app%3Dmysql", "application/json", None),
        ("POST", f"{of_shop}/pods", "application/json", {"kind": "Pod"}),
        ("PATCH", POD, "application/merge-patch+json", {"spec": {}}),
        ("DELETE", POD, "application/json", {"gracePeriodSeconds": 0}),
        ("GET", f"{POD}/log?container=mysql&tailLines=3", "application/json", None),
    ]


def test_an_answer_that_says_no_is_no_error_where_it_is_expected(server: Server, cluster: Cluster) -> None:
    server.status = 404
    assert cluster.get(POD) is None
    assert cluster.patch(POD, {}) is None
    assert cluster.delete(POD) is False
    assert cluster.log("mysql-0", "mysql") == ""
    server.status = 409
    assert cluster.create("pods", {}) is None
    server.status = 429
    assert cluster.evict("mysql-0") is False


@pytest.mark.parametrize(("status", "kind"), [(403, DrillError), (409, DrillError), (503, UnreachableError)])
def test_any_other_refusal_is_one_line_with_the_servers_reason(
    status: int, kind: type[DrillError], server: Server, cluster: Cluster
) -> None:
    server.status = status
    with pytest.raises(DrillError, match=rf"^GET {POD}: because$") as refusal:
        cluster.get(POD)
    assert refusal.type is kind
