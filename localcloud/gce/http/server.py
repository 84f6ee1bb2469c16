"""The stand-in over HTTP: Google's paths below /compute/v1/ and /sql/v1beta4/, its own below /standin/."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import sys
import time
import urllib.parse
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from localcloud.gce.compute import instances
from localcloud.gce.compute import routes as compute
from localcloud.gce.http import access
from localcloud.gce.http.bodies import StandinInstances, parse
from localcloud.gce.http.errors import ApiError, error, invalid, not_implemented
from localcloud.gce.sql import routes as sql
from localcloud.gce.sql.machine import records_only
from localcloud.gce.sql.servers import Servers
from localcloud.gce.store import Record, Store

LONGEST_BODY: Final = 1 << 20
LINGER: Final = 1.0  # seconds for whoever is refused to end what he is sending
LINKS: Final = {"selfLink", "targetLink", "zone", "region", "type", "users", "replicaZones", "source", "sourceDisk",
                "sourceSnapshot", "resourcePolicies"}  # fmt: skip
"""Fields that hold addresses of other records."""


class Handler(BaseHTTPRequestHandler):
    """One connection; requests of several run side by side and their changes take turns in the store."""

    protocol_version = "HTTP/1.1"
    timeout = 60
    server: Server

    def parse_request(self) -> bool:
        """Whether there is a request to answer: one of somebody who may not call is refused here, whatever it asks."""
        return super().parse_request() and self._admitted()

    def handle_expect_100(self) -> bool:
        """Nobody is asked for a body who may not send one."""
        return self._admitted() and super().handle_expect_100()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the base class has to say of what is no request, or of a method that nobody knows, in Google's shape."""
        self.close_connection = True
        reason = "notImplemented" if code == HTTPStatus.NOT_IMPLEMENTED else "invalid"
        self._send(code, error(code, reason, message or HTTPStatus(code).phrase))

    def _admitted(self) -> bool:
        token, port = self.server.token, self.server.server_address[1]
        refusal = access.refusal(self.command, self.path, self.headers, port, token)
        if refusal is not None:
            self.close_connection = True
            self._send(refusal.code, refusal.body)
            self._linger()
        return refusal is None

    def _linger(self) -> None:
        """Read on for a moment without a look at it: what is closed under a sender takes the answer along."""
        deadline = time.monotonic() + LINGER
        with contextlib.suppress(OSError):
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(LINGER)
            while time.monotonic() < deadline and self.connection.recv(1 << 16):
                pass

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self._answer()

    def do_PATCH(self) -> None:
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def _answer(self) -> None:
        try:
            code, body = 200, self._run()
        except ApiError as refusal:
            code, body = refusal.code, refusal.body
        except Exception as problem:
            print(f"{self.command} {self.path}: {type(problem).__name__}: {problem}", file=sys.stderr, flush=True)
            code, body = 500, error(500, "internalError", "the GCE stand-in failed; its log says why")
        self._send(code, body)

    def _send(self, code: int, body: Record) -> None:
        data = json.dumps(body, indent=2).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json; charset=UTF-8")
        self.send_header("Content-Length", str(len(data)))
        if code == HTTPStatus.UNAUTHORIZED:
            self.send_header("WWW-Authenticate", "Bearer")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _run(self) -> Record:
        body = self._body()
        url = urllib.parse.urlsplit(self.path)
        path, query = urllib.parse.unquote(url.path), dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        store = self.server.store
        base = f"http://{self.headers['Host']}"  # one of our own: `access` has seen to it
        if version := compute.VERSIONS.match(path):
            record = compute.answer(store, self.command, path.removeprefix(version[0]), query, body)
            answer: Record = linked(record, base + version[0], store.root)
            return answer
        if path.startswith(sql.PREFIX):
            return sql.answer(
                store, self.server.servers, self.command, path.removeprefix(sql.PREFIX), query, body, base
            )
        return own(store, self.command, path, body)

    def _body(self) -> Any:
        length = int(self.headers.get("Content-Length") or 0)
        if length > LONGEST_BODY:
            self.close_connection = True
            raise invalid(f"Request payload size exceeds the limit: {LONGEST_BODY} bytes")
        text = self.rfile.read(length)
        try:
            return json.loads(text) if text.strip() else {}
        except ValueError:
            raise invalid("Invalid JSON payload received.") from None

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Changes and refusals; drivers look all the time."""
        if self.command != "GET" or code != 200:
            super().log_request(code, size)

    def log_error(self, format: str, *args: Any) -> None:
        """Nothing: a refusal is in the log already, and that an idle connection is closed is no error."""

    def log_message(self, format: str, *args: Any) -> None:
        line = re.sub(r"[^ -~]", lambda character: ascii(character[0])[1:-1], format % args)  # as a stranger sent it
        print(line, file=sys.stderr, flush=True)


class Server(ThreadingHTTPServer):
    """A store behind a port, for those who have the token, and the servers of its Cloud SQL instances."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], store: Store, token: str, servers: Servers | None = None) -> None:
        super().__init__(address, Handler)
        self.store, self.token = store, token
        self.servers = servers or records_only("this server was started without")


def own(store: Store, method: str, path: str, body: Any) -> Record:
    """The stand-in's own paths."""
    if (method, path) == ("GET", "/standin/health"):
        return {"standin": True}
    if (method, path) == ("PUT", "/standin/instances"):
        with store.change():
            return instances.register(store, parse(StandinInstances, body))
    raise not_implemented(f"{method} {path}")


def linked(value: Any, base: str, root: Path, key: str = "") -> Any:
    """A record with whole addresses: records hold paths, so that they outlive a change of the port or the folder."""
    if isinstance(value, dict):
        return {name: linked(inner, base, root, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [linked(inner, base, root, key) for inner in value]
    if key in LINKS and isinstance(value, str) and value.startswith("projects/"):
        return base + value
    return str(root / value) if key == "standinFile" else value
