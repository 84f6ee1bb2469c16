"""What runs behind Cloud SQL's instances on this machine: real servers, or none where that is not possible."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

from localcloud.gce.sql import mysqld
from localcloud.gce.sql.backend import FailedError, Server
from localcloud.gce.sql.server import Mysqld
from localcloud.gce.sql.servers import NONE, Servers
from localcloud.gce.sql.wiring import Wiring
from localcloud.host.errors import LocalCloudError
from localcloud.host.paths import State


def real(folder: Path, images: Path, wiring: Wiring, user: int | None = None) -> Servers:
    """Servers with data below `folder`, of the best mysqld that is there when an instance is made.

    `images`: the folder with the archives of built images. `user`: who runs this, if not the process' own user.
    """
    runs_as = os.geteuid() if user is None else user
    found: list[mysqld.Engine] = []
    made: dict[int, Mysqld] = {}
    owner = State(folder.parent.parent, wiring.slot)

    def engine() -> str:
        if runs_as != 0:
            return f"{NONE}: the stand-in is not root's, and cannot give a server a network namespace"
        if not wiring.exists:
            return f"{NONE}: there is no bridge {wiring.bridge}, the local cluster's, to plug a server into"
        if not found:
            try:
                best = mysqld.find(folder, images)
            except (LocalCloudError, OSError, tarfile.TarError) as error:
                best = str(error)
            if isinstance(best, str):
                return f"{NONE}: {best}"
            found.append(best)
        return found[0].told

    def make(number: int) -> Server:
        told = engine()
        if not found:
            raise FailedError(told)
        if number not in made:
            made[number] = Mysqld(number, folder / str(number), found[0], wiring, owner)
        return made[number]

    return Servers(engine, make, wiring)
