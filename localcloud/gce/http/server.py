"""The stand-in's HTTP: it reads requests of those who may call, and writes what they are answered."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import sys
import time
import urllib.parse
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from localcloud.gce.http import access
from localcloud.gce.http.errors import ApiError, error, invalid
from localcloud.gce.http.routing import Request
from localcloud.gce.store import Record

LONGEST_BODY: Final = 1 << 20
"""How many bytes a request's body may have."""
LINGER: Final = 1.0
"""How many seconds whoever is refused has to end what he is sending."""


class Handler(BaseHTTPRequestHandler):
    """One connection. Requests of several run side by side, and their changes take turns in the store."""

    protocol_version = "HTTP/1.1"
    timeout = 60
    server: Server

    def parse_request(self) -> bool:
        """Whether there is a request to answer. One of somebody who may not call is refused here, whatever it asks."""
        return super().parse_request() and self._admitted()

    def handle_expect_100(self) -> bool:
        """Ask for the body that a caller has announced, unless he may not call."""
        return self._admitted() and super().handle_expect_100()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer in Google's shape what the base class says of no request, or of a method that nobody knows."""
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
        """Read on for a moment and forget it: a connection that is closed under a sender takes the answer along."""
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
        query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        base = f"http://{self.headers['Host']}"  # `access` has seen to it that this is the stand-in's own address
        return self.server.answers(Request(self.command, urllib.parse.unquote(url.path), query, body, base))

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
        """Log changes and refusals, but no looks, as drivers look all the time."""
        if self.command != "GET" or code != 200:
            super().log_request(code, size)

    def log_error(self, format: str, *args: Any) -> None:
        """Log nothing: a refusal is in the log already, and that an idle connection is closed is no error."""

    def log_message(self, format: str, *args: Any) -> None:
        """Write a line to standard error, in printable ASCII only."""
        line = re.sub(
            r"[^ -~]", lambda character: ascii(character[0])[1:-1], format % args
        )  # a stranger may have sent it
        print(line, file=sys.stderr, flush=True)


class Server(ThreadingHTTPServer):
    """A server on a port of loopback, for those who have the token."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], token: str, answers: Callable[[Request], Record]) -> None:
        """`answers` says what a request is answered; it may raise ApiError, and runs in several threads at once."""
        super().__init__(address, Handler)
        self.token, self.answers = token, answers
