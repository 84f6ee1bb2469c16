"""Replicated MySQL: a primary, replicas that clone their data, and the Services in front of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import cast

from ...model.base import args_of
from ...model.errors import Finding, Path
from ...model.target import Target
from ..contract import Outputs, Secret, Site, StatefulKind
from .rules import of_any_engine, of_clone
from .spec import MySqlSpec


class MySqlKind(StatefulKind[MySqlSpec]):
    """The kind that a stack file calls `mysql`, with `engine: clone` or none."""

    word = "mysql"
    engine = "clone"
    component = "statefulsets:mysql:ReplicatedMySql"
    spec = MySqlSpec

    def problems(self, name: str, spec: MySqlSpec, target: Target | None = None) -> Iterable[Finding]:
        yield from super().problems(name, spec, target)
        yield from of_any_engine(spec)
        yield from of_clone(spec)

    def secrets(self, spec: MySqlSpec) -> Iterator[Secret]:
        for account, key in spec.password_keys:
            yield Secret(path=("passwordKeys", account), key=key, of_a_replica=account == "replication")

    def services(self, name: str, spec: MySqlSpec) -> Iterator[tuple[str, Path]]:
        yield from super().services(name, spec)
        yield f"{name}-read", ()
        yield f"{name}-write", ()

    def deploy(self, name: str, spec: MySqlSpec, site: Site) -> Outputs:
        from .args import ReplicatedMySqlArgs
        from .component import ReplicatedMySql

        passwords = {account: site.secrets[key] for account, key in spec.password_keys}
        args = args_of(spec, namespace=site.namespace, project=site.project, passwords=passwords)
        args.pop("password_keys", None)
        return ReplicatedMySql(name, cast(ReplicatedMySqlArgs, args), site.opts).outputs


KIND = MySqlKind()
