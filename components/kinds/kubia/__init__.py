"""Kubia, the web application of the tutorials that keeps one text per pod."""

from __future__ import annotations

from typing import cast

from ...model.base import args_of
from ..contract import Outputs, Site, StatefulKind
from .spec import KubiaSpec


class KubiaKind(StatefulKind[KubiaSpec]):
    """The kind that a stack file calls `kubia`."""

    word = "kubia"
    component = "statefulsets:kubia:Kubia"
    spec = KubiaSpec

    def deploy(self, name: str, spec: KubiaSpec, site: Site) -> Outputs:
        from .component import Kubia, KubiaArgs

        args = args_of(spec, namespace=site.namespace, project=site.project)
        return Kubia(name, cast(KubiaArgs, args), site.opts).outputs


KIND = KubiaKind()
