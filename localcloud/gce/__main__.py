"""`python -m localcloud.gce DIRECTORY PORT`: serve the stand-in on loopback until SIGTERM."""

from __future__ import annotations

import fcntl
import signal
import sys
import threading
from pathlib import Path

from localcloud.gce.server import Server
from localcloud.gce.store import Store


def main(directory: Path, port: int) -> None:
    """One server a directory: a second one would not see the first one's changes to files."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (directory / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit(f"another GCE stand-in serves {directory}")
        store = Store(directory)
        server = Server(("127.0.0.1", port), store)
        signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
        print(f"GCE stand-in on http://127.0.0.1:{server.server_address[1]}, state in {directory}", flush=True)
        server.serve_forever()
        server.server_close()
        store.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), int(sys.argv[2]))
