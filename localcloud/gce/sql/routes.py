"""Cloud SQL Admin's paths: which call does what. Everything else is refused by name."""

from __future__ import annotations

import contextlib
import re
from typing import Any, Final

from localcloud.gce import names
from localcloud.gce.clock import now
from localcloud.gce.http.bodies import parse
from localcloud.gce.http.errors import ApiError, already_exists, invalid, not_found, not_implemented
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

PREFIX: Final = "/sql/v1beta4/"
RESERVED: Final = ("standin", "mysql.", "cloudsql")
SYSTEM: Final = ("information_schema", "mysql", "performance_schema", "sys")


def answer(
    store: Store, servers: Servers, method: str, path: str, query: dict[str, str], body: Any, base: str
) -> Record:
    """Do what a request asks; `path` is from `projects/` on."""
    found = re.fullmatch(
        r"projects/(?P<project>[^/]+)/"
        r"(?:operations/(?P<operation>[^/]+)|instances(?:/(?P<instance>[^/]+)(?:/(?P<part>[a-zA-Z]+)(?:/(?P<name>[^/]+))?)?)?)",
        path,
    )
    if found is None or not names.PROJECT.fullmatch(found["project"]):
        raise not_implemented(f"{method} {PREFIX}{path}")
    allowed = {"alt", "prettyPrint"} | ({"name", "host"} if found["part"] == "users" else set())
    if set(query) - allowed:
        raise not_implemented(f"the query parameter '{min(set(query) - allowed)}' of {path}")
    part = found["part"] or ""
    call = _Call(store, servers, found["project"], found["instance"], part, found["name"], query, body, base)
    if method == "GET":
        with store.view():
            return call.operation(found["operation"]) if found["operation"] else call.look()
    with servers.lock:
        return call.change(method)


class _Call:
    """One request, and the place in the store that it is about."""

    def __init__(
        self,
        store: Store,
        servers: Servers,
        project: str,
        instance: str | None,
        part: str,
        name: str | None,
        query: dict[str, str],
        body: Any,
        base: str,
    ) -> None:
        self.store, self.servers, self.project, self.part, self.name = store, servers, project, part, name
        self.query, self.body, self.base = query, body, base
        self.instances = f"sql/projects/{project}/instances"
        self.instance = f"{self.instances}/{instance}" if instance else ""
        self.owner: Record = {}
        """The instance, while a change of something in it is at work."""

    def operation(self, name: str) -> Record:
        """An operation of before."""
        return instances.find(self.store, f"sql/projects/{self.project}/operations/{name}")

    def look(self) -> Record:
        """GET."""
        if not self.instance:
            found = [record for path, record in self.store.under(f"{self.instances}/") if path.count("/") == 4]
            return {"kind": "sql#instancesList", "items": [self._shown(one) for one in found]}
        record = instances.find(self.store, self.instance)
        if not self.part:
            return self._shown(record)
        if self.part not in ("databases", "users", "sslCerts"):
            raise not_implemented(f"{self.part} of a Cloud SQL instance")
        if self.name:
            return instances.find(self.store, f"{self.instance}/{self.part}/{self.name}")
        items = [record for _, record in self.store.under(f"{self.instance}/{self.part}/")]
        return {"kind": f"sql#{self.part}List", "items": items}

    def change(self, method: str) -> Record:
        """POST, PUT and DELETE."""
        if not self.instance:
            if method != "POST":
                raise not_implemented(f"{method} on instances")
            return self._insert_instance(parse(InstanceInsert, self.body))
        instances.find(self.store, self.instance)
        if not self.part and method == "PUT":
            return self._update_instance(parse(InstanceUpdate, self.body))
        if not self.part and method == "DELETE":
            return self._delete_instance()
        handler = {
            ("POST", "databases"): self._insert_database,
            ("DELETE", "databases"): self._delete_named,
            ("PUT", "databases"): self._update_database,
            ("POST", "users"): self._insert_user,
            ("PUT", "users"): self._update_user,
            ("DELETE", "users"): self._delete_user,
            ("POST", "sslCerts"): self._insert_certificate,
            ("DELETE", "sslCerts"): self._delete_named,
        }.get((method, self.part))
        if handler is None:
            raise not_implemented(f"{method} of {self.part or 'a Cloud SQL instance'}")
        with self.store.change():
            self.owner = instances.find(self.store, self.instance)
            if self.part != "sslCerts" and "masterInstanceName" in self.owner:
                raise invalid(f"Invalid request: {self.owner['name']} is a read replica: its primary decides.")
            return handler()

    def _shown(self, record: Record) -> Record:
        return {**instances.shown(record, self.base), **self.servers.shown(record)}

    def _insert_instance(self, body: InstanceInsert) -> Record:
        """The record first, as PENDING_CREATE, so that a start after a break knows what to clear away."""
        named = {"project": self.project, "masterInstanceName": body.master_instance_name or ""}
        server = self.servers.engine(instances.primary_of(self.store, named))
        with self.store.change():
            path = instances.insert(self.store, self.project, body, server, self.servers.wiring)
            record = instances.find(self.store, path)
            self.servers.check(record)
        try:
            self.servers.create(record, instances.primary_of(self.store, record))
        except ApiError:
            with contextlib.suppress(ApiError):
                self.servers.remove(record)
            with self.store.change():
                instances.forget(self.store, path)
            raise
        with self.store.change():
            instances.ready(self.store, path)
            return self._done("CREATE", path)

    def _update_instance(self, body: InstanceUpdate) -> Record:
        with self.store.view():
            old = instances.find(self.store, self.instance)
            new = instances.updated(self.store, self.instance, body, self.servers.wiring)
            users = [record for _, record in self.store.under(f"{self.instance}/users/")]
        self.servers.check(new)
        self.servers.change(old, new, instances.primary_of(self.store, new), users)
        with self.store.change():
            self.store.put(self.instance, new)
            return self._done("UPDATE", self.instance)

    def _delete_instance(self) -> Record:
        with self.store.change():
            record = instances.leave(self.store, self.instance)
        self.servers.remove(record)
        if primary := instances.primary_of(self.store, record):
            with contextlib.suppress(ApiError):  # an account too many at a primary that does not run
                self.servers.leave(record, primary)
        with self.store.change():
            instances.forget(self.store, self.instance)
            return self._done("DELETE", self.instance)

    def _insert_database(self) -> Record:
        body = parse(DatabaseInsert, self.body)
        if body.name.lower() in SYSTEM:
            raise invalid(f"Invalid request: database {body.name} is MySQL's own.")
        path = f"{self.instance}/databases/{body.name}"
        if self.store.get(path) is not None:
            raise already_exists(path.removeprefix("sql/"))
        self.store.put(path, {"kind": "sql#database", "project": self.project, **body.model_dump()})
        self.servers.put_database(self.owner, body.name, body.charset, body.collation)
        return self._done("CREATE_DATABASE", path)

    def _update_database(self) -> Record:
        body, path = parse(DatabaseInsert, self.body), f"{self.instance}/databases/{self.name}"
        record = instances.find(self.store, path)
        self.store.put(path, {**record, "charset": body.charset, "collation": body.collation})
        self.servers.put_database(self.owner, str(self.name), body.charset, body.collation)
        return self._done("UPDATE_DATABASE", path)

    def _delete_named(self) -> Record:
        path = f"{self.instance}/{self.part}/{self.name}"
        record = instances.find(self.store, path)
        self.store.delete(path)
        if self.part == "databases":
            self.servers.drop_database(self.owner, str(self.name))
        else:
            revoked = [*self.owner.get(instances.REVOKED, ()), int(record["certSerialNumber"])]
            self.store.put(self.instance, {**self.owner, instances.REVOKED: revoked})
            self.servers.trust(self.store, self.instance)
        return self._done(f"DELETE_{self.part.upper()}", path)

    def _insert_user(self) -> Record:
        """An account that exists gets the new password, as in Cloud SQL. The password itself is kept nowhere."""
        body = parse(UserInsert, self.body)
        if body.name.lower().startswith(RESERVED):
            raise invalid(f"Invalid request: Invalid user name {body.name}: it is reserved.")
        path = f"{self.instance}/users/{body.name}@{body.host}"
        record = {"kind": "sql#user", "name": body.name, "host": body.host, "type": "BUILT_IN"}
        self.store.put(path, {**record, "standinPasswordSet": now() if body.password else ""})
        self.servers.put_user(self.owner, body.name, body.host, body.password)
        return self._done("CREATE_USER", path)

    def _user_path(self) -> str:
        path = f"{self.instance}/users/{self.query.get('name', '')}@{self.query.get('host', '%')}"
        if self.store.get(path) is None:
            raise not_found(path.removeprefix("sql/"))
        return path

    def _update_user(self) -> Record:
        body, path = parse(UserUpdate, self.body), self._user_path()
        record = instances.find(self.store, path)
        self.store.put(path, {**record, "standinPasswordSet": now()})
        self.servers.put_user(self.owner, record["name"], record["host"], body.password)
        return self._done("UPDATE_USER", path)

    def _delete_user(self) -> Record:
        path = self._user_path()
        record = instances.find(self.store, path)
        self.store.delete(path)
        self.servers.drop_user(self.owner, record["name"], record["host"])
        return self._done("DELETE_USER", path)

    def _insert_certificate(self) -> Record:
        body = parse(SslCertInsert, self.body)
        owner = self.owner
        held = [record for _, record in self.store.under(f"{self.instance}/sslCerts/")]
        if any(one["commonName"] == body.common_name for one in held):
            raise ApiError("alreadyExists", f"The client certificate {body.common_name} already exists")
        made = certificates.client(body.common_name, owner["serverCaCert"]["cert"], owner["caKey"])
        info = {"kind": "sql#sslCert", "instance": owner["name"], **made.info}
        path = f"{self.instance}/sslCerts/{made.info['sha1Fingerprint']}"
        self.store.put(path, info)
        return {
            "kind": "sql#sslCertsInsert",
            "clientCert": {"certInfo": info, "certPrivateKey": made.key},
            "serverCaCert": owner["serverCaCert"],
            "operation": self._done("CREATE_SSL_CERT", path),
        }

    def _done(self, verb: str, target: str) -> Record:
        number, time = self.store.next_id(), now()
        operation = {
            "kind": "sql#operation",
            "id": str(number),
            "name": f"operation-{number}",
            "operationType": verb,
            "status": "DONE",
            "targetProject": self.project,
            "targetId": target.rpartition("/")[2],
            "targetLink": f"{self.base}{PREFIX}{target.removeprefix('sql/')}",
            "insertTime": time,
            "startTime": time,
            "endTime": time,
        }
        self.store.put(f"sql/projects/{self.project}/operations/operation-{number}", operation)
        self.store.prune_operations(number)
        return operation
