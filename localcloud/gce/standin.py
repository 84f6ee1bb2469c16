"""The stand-in's own paths, below /standin/, and the one function that answers these and both services' paths."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from localcloud.gce.compute import instances
from localcloud.gce.compute import routes as compute
from localcloud.gce.compute.bodies import StandinInstances
from localcloud.gce.http.bodies import parse
from localcloud.gce.http.routing import Call, Request, Route, Router, dispatch
from localcloud.gce.sql import routes as sql
from localcloud.gce.sql.servers import Servers
from localcloud.gce.store import Record, Store


def _health(store: Store, call: Call) -> Record:
    return {"standin": True}


def _register(store: Store, call: Call) -> Record:
    with store.change():
        return instances.register(store, parse(StandinInstances, call.body))


ROUTES: Final = (
    Route("GET", "/standin/health", _health, query=None),
    Route("PUT", "/standin/instances", _register, query=None),
)


def answers(store: Store, servers: Servers) -> Callable[[Request], Record]:
    """The function that answers every request: of Compute Engine, of Cloud SQL, and of the stand-in's own paths."""
    own = Router(store, "", ROUTES)
    return partial(dispatch, (compute.router(store), sql.router(store, servers), own))
