"""The drills' way, by a real connection, to an API server that answers as a test wants it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import yaml

from drills.kube import Cluster


@contextmanager
def served(handler: type[BaseHTTPRequestHandler], root: Path) -> Iterator[Cluster]:
    """Namespace `shop` of a server that answers with the handler; the kubeconfig is in `root`."""
    http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=http.serve_forever, args=(0.01,))
    thread.start()
    config = {
        "current-context": "here",
        "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{http.server_port}"}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u", "namespace": "shop"}}],
    }
    (root / "kubeconfig").write_text(yaml.safe_dump(config))
    cluster = Cluster(root / "kubeconfig", None, None)
    try:
        yield cluster
    finally:
        cluster._api.rest_client.pool_manager.clear()
        http.shutdown()
        http.server_close()
        thread.join()
