"""`python -m localcloud.gce DIRECTORY PORT TOKEN_FILE`: serve the stand-in on loopback until SIGTERM."""

from __future__ import annotations

import fcntl
import os
import signal
import sys
import threading
from pathlib import Path

from localcloud.gce.http import token_file
from localcloud.gce.http.server import Server
from localcloud.gce.sql.machine import real
from localcloud.gce.sql.servers import Servers
from localcloud.gce.sql.wiring import Wiring
from localcloud.gce.standin import answers
from localcloud.gce.store import Store
from localcloud.host.paths import cache
from localcloud.host.slot import Slot


def main(directory: Path, port: int, token: str, slot: Slot) -> None:
    """Serve the state in `directory` on a port of loopback, to callers who know the token, until SIGTERM.

    `slot`: the one of the cluster whose bridge its servers are plugged into.

    A directory has one server at a time, as a second one would not see the first one's changes to files: it exits.
    """
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (directory / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit(f"another GCE stand-in serves {directory}")
        store = Store(directory)
        servers = real(directory / "sql", cache() / "images", Wiring.of(slot))
        server = Server(("127.0.0.1", port), token, answers(store, servers))
        over = threading.Event()
        keeper = threading.Thread(target=_keep, args=(servers, store, over), daemon=True)
        keeper.start()
        servers.begun.wait()  # from here on calls that change an instance wait until all run again
        signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
        print(f"GCE stand-in on http://127.0.0.1:{server.server_address[1]}, state in {directory}", flush=True)
        server.serve_forever()
        over.set()
        server.server_close()
        keeper.join(3.0)
        store.close()


def _keep(servers: Servers, store: Store, over: threading.Event) -> None:
    try:
        servers.restore(store)
    finally:
        servers.begun.set()
    servers.watch(store, over)


def _token(file: Path) -> str:
    try:
        return token_file.read(file)
    except token_file.TokenError as error:
        sys.exit(f"the GCE stand-in does not start: {error}")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit("usage: python -m localcloud.gce DIRECTORY PORT TOKEN_FILE")
    here = Slot(os.environ.get("LOCALCLOUD_SLOT") or "0")
    main(Path(sys.argv[1]).resolve(), int(sys.argv[2]), _token(Path(sys.argv[3])), here)
