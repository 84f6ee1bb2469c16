"""The GCE stand-in's server in the process of the tests, and a client that calls it."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from localcloud.gce.http.server import Server
from localcloud.gce.sql.backend import FailedError
from localcloud.gce.sql.backend import Server as Mysqld
from localcloud.gce.sql.servers import NONE, Servers
from localcloud.gce.sql.wiring import Wiring
from localcloud.gce.standin import answers
from localcloud.gce.store import Store
from localcloud.host.slot import Slot

PROJECT = "acme-test"
ZONE = "europe-west1-b"
TOKEN = "the-token-that-tests-and-their-servers-know"
COMPUTE = f"/compute/v1/projects/{PROJECT}"
SQL = f"/sql/v1beta4/projects/{PROJECT}"
DISKS = f"{COMPUTE}/zones/{ZONE}/disks"


class Google:
    """A client of one server, which knows its token."""

    def __init__(self, port: int, token: str = TOKEN) -> None:
        self.port, self.token = port, token

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Make one request, and return the HTTP status and the JSON value that is answered."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    def get(self, path: str) -> Any:
        """The JSON value at a path; fails where a GET is refused."""
        status, answer = self.call("GET", path)
        assert status == 200, answer
        return answer

    def do(self, method: str, path: str, body: Any = None) -> Any:
        """Make a change that is taken, and return its answer; fails where it is refused."""
        status, answer = self.call(method, path, body)
        assert status == 200, answer
        return answer

    def refusal(self, method: str, path: str, body: Any = None) -> tuple[int, str, str]:
        """Make a request that is refused, and return the HTTP status, Google's word for the reason, and the message."""
        status, answer = self.call(method, path, body)
        assert status >= 400, answer
        (detail,) = answer["error"]["errors"]
        assert answer["error"]["code"] == status
        assert answer["error"]["message"] == detail["message"]
        return status, detail["reason"], detail["message"]

    def disk(self, name: str = "pv-a", zone: str = ZONE, **fields: Any) -> Any:
        """Makes a disk of 1 GB and returns it as the server shows it."""
        disks = f"{COMPUTE}/zones/{zone}/disks"
        self.do("POST", disks, {"name": name, "sizeGb": "1", **fields})
        return self.get(f"{disks}/{name}")

    def nodes(self, **zones: str) -> None:
        """Have instances of these names in these zones, and no others."""
        instances = [{"name": name, "zone": zone} for name, zone in zones.items()]
        self.do("PUT", "/standin/instances", {"instances": instances})

    def attach(self, instance: str, source: str, zone: str = ZONE, query: str = "", **fields: Any) -> tuple[int, Any]:
        """Attach a disk, and return status and answer; `source` is its path from `zones/` or `regions/` on."""
        body = {"source": f"projects/{PROJECT}/{source}", "deviceName": source.rpartition("/")[2], **fields}
        return self.call("POST", f"{COMPUTE}/zones/{zone}/instances/{instance}/attachDisk{query}", body)

    def detach(self, instance: str, device: str, zone: str = ZONE) -> tuple[int, Any]:
        """Detach the disk of a device name, and return status and answer."""
        return self.call("POST", f"{COMPUTE}/zones/{zone}/instances/{instance}/detachDisk?deviceName={device}")


def write_token(file: Path) -> Path:
    """Write the token into a file that only its owner reads, and return the file."""
    file.write_text(TOKEN)
    file.chmod(0o600)
    return file


def records_only() -> Servers:
    """No servers: Cloud SQL's instances are records, as on a machine on which none can run."""

    def never(number: int) -> Mysqld:
        raise FailedError(f"no server has number {number}")

    return Servers(lambda: f"{NONE}: this server was started without", never, Wiring.of(Slot("0")))


@contextmanager
def serving(folder: Path, servers: Servers | None = None) -> Iterator[Google]:
    """Serve on a port of its own until the block ends; without `servers` Cloud SQL's instances are records only."""
    store = Store(folder)
    behind = servers or records_only()
    server = Server(("127.0.0.1", 0), TOKEN, answers(store, behind))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield Google(server.server_address[1])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        store.close()
