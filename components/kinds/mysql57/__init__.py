"""The tutorial's own replicated MySQL: version 5.7, whose new members get their data by XtraBackup."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import cast

from ...model.base import args_of
from ...model.errors import Finding, Path
from ...model.target import Target
from ..contract import Outputs, Secret, Site, StatefulKind
from ..mysql.rules import of_any_engine
from .spec import MySql57Spec


class MySql57Kind(StatefulKind[MySql57Spec]):
    """The kind that a stack file calls `mysql` with `engine: xtrabackup`."""

    word = "mysql"
    engine = "xtrabackup"
    component = "statefulsets:mysql:XtrabackupMySql"
    spec = MySql57Spec

    def problems(self, name: str, spec: MySql57Spec, target: Target | None = None) -> Iterable[Finding]:
        yield from super().problems(name, spec, target)
        yield from of_any_engine(spec)

    def secrets(self, spec: MySql57Spec) -> Iterator[Secret]:
        for account, key in spec.password_keys:
            yield Secret(path=("passwordKeys", account), key=key, of_a_replica=account == "replication")

    def services(self, name: str, spec: MySql57Spec) -> Iterator[tuple[str, Path]]:
        yield from super().services(name, spec)
        yield f"{name}-read", ()

    def images(self, spec: MySql57Spec) -> Iterable[str]:
        return spec.image, spec.backup_image

    def deploy(self, name: str, spec: MySql57Spec, site: Site) -> Outputs:
        from .component import XtrabackupMySql, XtrabackupMySqlArgs

        passwords = {account: site.secrets[key] for account, key in spec.password_keys}
        args = args_of(spec, namespace=site.namespace, project=site.project, passwords=passwords)
        args.pop("password_keys", None)
        return XtrabackupMySql(name, cast(XtrabackupMySqlArgs, args), site.opts).outputs


KIND = MySql57Kind()
