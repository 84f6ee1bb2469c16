"""Cloud SQL: a managed MySQL, and the names under which the cluster's applications find it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import cast

from ...model.base import args_of
from ...model.errors import Finding, Path
from ...model.target import Target
from ..contract import Kind, Outputs, Secret, Site
from . import rules
from .spec import CloudSqlSpec


class CloudSqlKind(Kind[CloudSqlSpec]):
    """The kind that a stack file calls `cloud-sql`."""

    word = "cloud-sql"
    component = "statefulsets:cloud_sql:CloudSqlMySql"
    data_elsewhere = True
    spec = CloudSqlSpec

    def problems(self, name: str, spec: CloudSqlSpec, target: Target | None = None) -> Iterable[Finding]:
        yield from super().problems(name, spec, target)
        yield from rules.problems(name, spec)

    def secrets(self, spec: CloudSqlSpec) -> Iterator[Secret]:
        for position, user in enumerate(spec.users):
            yield Secret(path=("users", position, "passwordKey"), key=user.password_key)

    def services(self, name: str, spec: CloudSqlSpec) -> Iterator[tuple[str, Path]]:
        yield name, ()
        yield f"{name}-read", ()

    def google(self, spec: CloudSqlSpec) -> Iterable[str]:
        return ("sql",)

    def deploy(self, name: str, spec: CloudSqlSpec, site: Site) -> Outputs:
        from .args import CloudSqlMySqlArgs
        from .component import CloudSqlMySql

        args = args_of(spec, namespace=site.namespace)
        for user, fields in zip(spec.users, args["users"], strict=True):
            fields["password"] = site.secrets[user.password_key]
            del fields["password_key"]
        return CloudSqlMySql(name, cast(CloudSqlMySqlArgs, args), site.opts).outputs


KIND = CloudSqlKind()
