"""What calls to Cloud SQL do: each changes or shows records, and has the servers behind them do the same."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Final

from localcloud.gce.clock import now
from localcloud.gce.http.bodies import parse
from localcloud.gce.http.errors import ApiError, already_exists, invalid, not_found
from localcloud.gce.http.routing import Call
from localcloud.gce.sql import certificates, instances
from localcloud.gce.sql.bodies import (
    DatabaseInsert,
    InstanceInsert,
    InstanceUpdate,
    SslCertInsert,
    UserInsert,
    UserUpdate,
)
from localcloud.gce.sql.servers import Servers
from localcloud.gce.store import Record, Store

RESERVED: Final = ("standin", "mysql.", "cloudsql")
"""What an account's name must not begin with."""
SYSTEM: Final = ("information_schema", "mysql", "performance_schema", "sys")
"""The databases that are MySQL's own."""


@dataclass(frozen=True)
class CloudSql:
    """What calls work on: the records, and the servers behind the instances."""

    store: Store
    servers: Servers


def instances_of(call: Call) -> str:
    """The path in the store of the instances of the project that a call names."""
    return f"sql/projects/{call.parts['project']}/instances"


def instance_of(call: Call) -> str:
    """The path in the store of the instance that a call names."""
    return f"{instances_of(call)}/{call.parts['instance']}"


def done(sql: CloudSql, call: Call, verb: str, target: str) -> Record:
    """Record that a change was made, and return its operation; `verb` is Google's name for the change.

    `target` is the path in the store of what was changed.
    """
    project, number, time = call.parts["project"], sql.store.next_id(), now()
    operation = {
        "kind": "sql#operation",
        "id": str(number),
        "name": f"operation-{number}",
        "operationType": verb,
        "status": "DONE",
        "targetProject": project,
        "targetId": target.rpartition("/")[2],
        "targetLink": f"{call.request.base}{call.prefix}{target.removeprefix('sql/')}",
        "insertTime": time,
        "startTime": time,
        "endTime": time,
    }
    sql.store.put(f"sql/projects/{project}/operations/operation-{number}", operation)
    sql.store.prune_operations(number)
    return operation


# Looks ----------------------------------------------------------------------------------------------------------------


def operation(sql: CloudSql, call: Call) -> Record:
    """The operation of an earlier change."""
    return instances.find(sql.store, f"sql/{call.path}")


def list_instances(sql: CloudSql, call: Call) -> Record:
    """The project's instances, in the order of their names."""
    found = [record for path, record in sql.store.under(f"{instances_of(call)}/") if path.count("/") == 4]
    return {"kind": "sql#instancesList", "items": [_shown(sql, call, one) for one in found]}


def get_instance(sql: CloudSql, call: Call) -> Record:
    """An instance, as it and its server are at this moment."""
    return _shown(sql, call, instances.find(sql.store, instance_of(call)))


def list_part(sql: CloudSql, call: Call) -> Record:
    """An instance's databases, users or client certificates: what the path's last word says."""
    instances.find(sql.store, instance_of(call))
    items = [record for _, record in sql.store.under(f"sql/{call.path}/")]
    return {"kind": f"sql#{call.path.rpartition('/')[2]}List", "items": items}


def get_part(sql: CloudSql, call: Call) -> Record:
    """One of an instance's databases, users or client certificates."""
    instances.find(sql.store, instance_of(call))
    return instances.find(sql.store, f"sql/{call.path}")


def _shown(sql: CloudSql, call: Call, record: Record) -> Record:
    return {**instances.shown(record, call.request.base), **sql.servers.shown(record)}


# Changes of instances -------------------------------------------------------------------------------------------------


def insert_instance(sql: CloudSql, call: Call) -> Record:
    """Make an instance, and the server behind it.

    The record comes first, as PENDING_CREATE, so that a start after a break knows what to clear away.
    """
    body, store, servers = parse(InstanceInsert, call.body), sql.store, sql.servers
    named = {"project": call.parts["project"], "masterInstanceName": body.master_instance_name or ""}
    server = servers.engine(instances.primary_of(store, named))
    with store.change():
        path = instances.insert(store, call.parts["project"], body, server, servers.wiring)
        record = instances.find(store, path)
        servers.check(record)
    try:
        servers.create(record, instances.primary_of(store, record))
    except ApiError:
        with contextlib.suppress(ApiError):
            servers.remove(record)
        with store.change():
            instances.forget(store, path)
        raise
    with store.change():
        instances.ready(store, path)
        return done(sql, call, "CREATE", path)


def update_instance(sql: CloudSql, call: Call) -> Record:
    """Give an instance other settings, all of them; nothing changes if its server does not run with them."""
    path, store = instance_of(call), sql.store
    instances.find(store, path)
    body = parse(InstanceUpdate, call.body)
    with store.view():
        old = instances.find(store, path)
        new = instances.updated(store, path, body, sql.servers.wiring)
        users = [record for _, record in store.under(f"{path}/users/")]
    sql.servers.check(new)
    sql.servers.change(old, new, instances.primary_of(store, new), users)
    with store.change():
        store.put(path, new)
        return done(sql, call, "UPDATE", path)


def delete_instance(sql: CloudSql, call: Call) -> Record:
    """Delete an instance, its server and its data."""
    path, store = instance_of(call), sql.store
    with store.change():
        record = instances.leave(store, path)
    sql.servers.remove(record)
    if primary := instances.primary_of(store, record):
        with contextlib.suppress(ApiError):  # a primary that does not run keeps an account too many
            sql.servers.leave(record, primary)
    with store.change():
        instances.forget(store, path)
        return done(sql, call, "DELETE", path)


# Changes in an instance, whose record is `owner`: each is in a change of the store, undone if the server fails --------


def insert_database(sql: CloudSql, call: Call, owner: Record) -> Record:
    """Make a database."""
    body = parse(DatabaseInsert, call.body)
    if body.name.lower() in SYSTEM:
        raise invalid(f"Invalid request: database {body.name} is MySQL's own.")
    path = f"{instance_of(call)}/databases/{body.name}"
    if sql.store.get(path) is not None:
        raise already_exists(path.removeprefix("sql/"))
    sql.store.put(path, {"kind": "sql#database", "project": call.parts["project"], **body.model_dump()})
    sql.servers.put_database(owner, body.name, body.charset, body.collation)
    return done(sql, call, "CREATE_DATABASE", path)


def update_database(sql: CloudSql, call: Call, owner: Record) -> Record:
    """Give a database another character set and collation, which hold for tables made later."""
    body, path = parse(DatabaseInsert, call.body), f"sql/{call.path}"
    record = instances.find(sql.store, path)
    sql.store.put(path, {**record, "charset": body.charset, "collation": body.collation})
    sql.servers.put_database(owner, call.parts["name"], body.charset, body.collation)
    return done(sql, call, "UPDATE_DATABASE", path)


def delete_database(sql: CloudSql, call: Call, owner: Record) -> Record:
    """Drop a database with its tables."""
    path = f"sql/{call.path}"
    instances.find(sql.store, path)
    sql.store.delete(path)
    sql.servers.drop_database(owner, call.parts["name"])
    return done(sql, call, "DELETE_DATABASES", path)


def insert_user(sql: CloudSql, call: Call, owner: Record) -> Record:
    """Make an account, or give one that exists the new password, as Cloud SQL does. Passwords are kept nowhere."""
    body = parse(UserInsert, call.body)
    if body.name.lower().startswith(RESERVED):
        raise invalid(f"Invalid request: Invalid user name {body.name}: it is reserved.")
    path = f"{instance_of(call)}/users/{body.name}@{body.host}"
    record = {"kind": "sql#user", "name": body.name, "host": body.host, "type": "BUILT_IN"}
    sql.store.put(path, {**record, "standinPasswordSet": now() if body.password else ""})
    sql.servers.put_user(owner, body.name, body.host, body.password)
    return done(sql, call, "CREATE_USER", path)


def update_user(sql: CloudSql, call: Call, owner: Record) -> Record:
    """Give an account another password; the query says which account, by `name` and `host`."""
    body, path = parse(UserUpdate, call.body), _user(sql, call)
    record = instances.find(sql.store, path)
    sql.store.put(path, {**record, "standinPasswordSet": now()})
    sql.servers.put_user(owner, record["name"], record["host"], body.password)
    return done(sql, call, "UPDATE_USER", path)


def delete_user(sql: CloudSql, call: Call, owner: Record) -> Record:
    """Drop an account; the query says which one, by `name` and `host`."""
    path = _user(sql, call)
    record = instances.find(sql.store, path)
    sql.store.delete(path)
    sql.servers.drop_user(owner, record["name"], record["host"])
    return done(sql, call, "DELETE_USER", path)


def _user(sql: CloudSql, call: Call) -> str:
    path = f"{instance_of(call)}/users/{call.query.get('name', '')}@{call.query.get('host', '%')}"
    if sql.store.get(path) is None:
        raise not_found(path.removeprefix("sql/"))
    return path


def insert_certificate(sql: CloudSql, call: Call, owner: Record) -> Record:
    """Make a client's certificate of the instance's authority; its key is in this answer and nowhere else."""
    body = parse(SslCertInsert, call.body)
    held = [record for _, record in sql.store.under(f"{instance_of(call)}/sslCerts/")]
    if any(one["commonName"] == body.common_name for one in held):
        raise ApiError("alreadyExists", f"The client certificate {body.common_name} already exists")
    made = certificates.client(body.common_name, owner["serverCaCert"]["cert"], owner["caKey"])
    info = {"kind": "sql#sslCert", "instance": owner["name"], **made.info}
    path = f"{instance_of(call)}/sslCerts/{made.info['sha1Fingerprint']}"
    sql.store.put(path, info)
    return {
        "kind": "sql#sslCertsInsert",
        "clientCert": {"certInfo": info, "certPrivateKey": made.key},
        "serverCaCert": owner["serverCaCert"],
        "operation": done(sql, call, "CREATE_SSL_CERT", path),
    }


def delete_certificate(sql: CloudSql, call: Call, owner: Record) -> Record:
    """Delete a client's certificate; servers refuse it from then on."""
    path, instance = f"sql/{call.path}", instance_of(call)
    record = instances.find(sql.store, path)
    sql.store.delete(path)
    revoked = [*owner.get(instances.REVOKED, ()), int(record["certSerialNumber"])]
    sql.store.put(instance, {**owner, instances.REVOKED: revoked})
    sql.servers.trust(sql.store, instance)
    return done(sql, call, "DELETE_SSLCERTS", path)
