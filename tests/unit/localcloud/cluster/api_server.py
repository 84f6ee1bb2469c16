"""An API server for tests: real TLS with the cluster's own certificates, and objects in memory behind it."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from localcloud.cluster import certificates
from localcloud.host.paths import State
from localcloud.host.slot import Slot

Answer = Callable[[str, str, Any, str], tuple[int, Any]]
"""Method, path, decoded body and content type of a call -> HTTP status and what becomes the answer's JSON."""


@dataclass(frozen=True)
class OnLoopback(Slot):
    """A slot whose API server is the test's, and of which this machine has no bridge, cable or lock."""

    name: str = "0"
    bridge: str = "nobodys"
    bridge_ip: str = "127.0.0.1"
    api_port: int = 0
    lock: Path = Path("lock")


@contextmanager
def serving(root: Path, answer: Answer) -> Iterator[State]:
    """The state below `root` of a cluster whose API server answers as it is told."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self) -> None:
            self.raw_requestline = self.rfile.readline(65537)
            if not self.raw_requestline or not self.parse_request():
                self.close_connection = True
                return
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            kind = self.headers.get("Content-Type", "")
            status, told = answer(self.command, self.path, json.loads(body) if body else None, kind)
            data = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing: a test reads what it wants to know."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        state = State(root, OnLoopback(api_port=server.server_port, lock=root.with_name("lock")))
        certificates.ensure(state)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(state.pki / "apiserver.crt", state.pki / "apiserver.key")
        context.load_verify_locations(state.pki / "ca.crt")
        context.verify_mode = ssl.CERT_REQUIRED
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield state
        finally:
            server.shutdown()
            thread.join()
