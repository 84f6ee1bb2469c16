"""Cloud SQL Admin's paths: which call does what. Everything else is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from localcloud.gce import names
from localcloud.gce.http.errors import invalid, not_implemented
from localcloud.gce.http.routing import ANY_METHOD, Call, Route, Router
from localcloud.gce.sql import calls, instances
from localcloud.gce.sql.calls import CloudSql
from localcloud.gce.sql.servers import Servers
from localcloud.gce.store import Record, Store

PREFIX: Final = "/sql/v1beta4/"
ALWAYS: Final = ("alt", "prettyPrint")
"""The query parameters of every call."""
USER: Final = (*ALWAYS, "name", "host")
"""The query parameters of calls that are about accounts."""
INSTANCES: Final = "projects/{project}/instances"
INSTANCE: Final = f"{INSTANCES}/{{instance}}"


def router(store: Store, servers: Servers) -> Router[CloudSql]:
    """The router of Cloud SQL's paths over the records of a store and the servers behind them."""
    return Router(CloudSql(store, servers), PREFIX, ROUTES, PREFIX)


def look(template: str, run: Callable[[CloudSql, Call], Record], query: tuple[str, ...] = ALWAYS) -> Route[CloudSql]:
    """A route that shows a record; nothing changes while `run` reads."""

    def answer(sql: CloudSql, call: Call) -> Record:
        _check(call)
        with sql.store.view():
            return run(sql, call)

    return Route("GET", template, answer, query)


def change(
    method: str, template: str, run: Callable[[CloudSql, Call], Record], query: tuple[str, ...] = ALWAYS
) -> Route[CloudSql]:
    """A route that changes instances. Such calls take turns, and each may last as long as a server takes to start."""

    def answer(sql: CloudSql, call: Call) -> Record:
        _check(call)
        with sql.servers.lock:
            return run(sql, call)

    return Route(method, template, answer, query)


def inside(
    method: str,
    template: str,
    run: Callable[[CloudSql, Call, Record], Record],
    query: tuple[str, ...] = ALWAYS,
    *,
    replicas: bool = False,
) -> Route[CloudSql]:
    """A route that changes something in an instance, whose record `run` gets; with `replicas` also in a replica."""

    def answer(sql: CloudSql, call: Call) -> Record:
        with sql.store.change():
            owner = instances.find(sql.store, calls.instance_of(call))
            if not replicas and "masterInstanceName" in owner:
                raise invalid(f"Invalid request: {owner['name']} is a read replica: its primary decides.")
            return run(sql, call, owner)

    return change(method, template, answer, query)


def _check(call: Call) -> None:
    if not names.PROJECT.fullmatch(call.parts["project"]):
        raise not_implemented(f"{call.method} {PREFIX}{call.path}")


def _no_such_method(sql: CloudSql, call: Call) -> Record:
    """Refuse a method that no route before has; raises `notFound` if the instance itself is not there."""
    _check(call)
    if "instance" not in call.parts:
        raise not_implemented(f"{call.method} on instances")
    instances.find(sql.store, calls.instance_of(call))
    part = call.parts.get("part", "")
    if call.method == "GET":
        raise not_implemented(f"{part} of a Cloud SQL instance")
    raise not_implemented(f"{call.method} of {part or 'a Cloud SQL instance'}")


ROUTES: Final = (
    look("projects/{project}/operations/{operation}", calls.operation),
    look(INSTANCES, calls.list_instances),
    change("POST", INSTANCES, calls.insert_instance),
    look(INSTANCE, calls.get_instance),
    change("PUT", INSTANCE, calls.update_instance),
    change("DELETE", INSTANCE, calls.delete_instance),
    look(f"{INSTANCE}/databases", calls.list_part),
    look(f"{INSTANCE}/databases/{{name}}", calls.get_part),
    inside("POST", f"{INSTANCE}/databases", calls.insert_database),
    inside("PUT", f"{INSTANCE}/databases/{{name}}", calls.update_database),
    inside("DELETE", f"{INSTANCE}/databases/{{name}}", calls.delete_database),
    look(f"{INSTANCE}/users", calls.list_part, USER),
    look(f"{INSTANCE}/users/{{name}}", calls.get_part, USER),
    inside("POST", f"{INSTANCE}/users", calls.insert_user, USER),
    inside("PUT", f"{INSTANCE}/users", calls.update_user, USER),
    inside("DELETE", f"{INSTANCE}/users", calls.delete_user, USER),
    look(f"{INSTANCE}/sslCerts", calls.list_part),
    look(f"{INSTANCE}/sslCerts/{{name}}", calls.get_part),
    inside("POST", f"{INSTANCE}/sslCerts", calls.insert_certificate, replicas=True),
    inside("DELETE", f"{INSTANCE}/sslCerts/{{name}}", calls.delete_certificate, replicas=True),
    Route(ANY_METHOD, INSTANCES, _no_such_method, ALWAYS),
    Route(ANY_METHOD, INSTANCE, _no_such_method, ALWAYS),
    Route(ANY_METHOD, f"{INSTANCE}/{{part}}", _no_such_method, USER),
    Route(ANY_METHOD, f"{INSTANCE}/{{part}}/{{name}}", _no_such_method, USER),
)
