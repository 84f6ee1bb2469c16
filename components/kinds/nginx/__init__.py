"""Nginx, the tutorials' web server with a directory of pages for each replica."""

from __future__ import annotations

from typing import cast

from ...model.base import args_of
from ..contract import Outputs, Site, StatefulKind
from .spec import NginxSpec


class NginxKind(StatefulKind[NginxSpec]):
    """The kind that a stack file calls `nginx`."""

    word = "nginx"
    component = "statefulsets:nginx:Nginx"
    spec = NginxSpec

    def deploy(self, name: str, spec: NginxSpec, site: Site) -> Outputs:
        from .component import Nginx, NginxArgs

        args = args_of(spec, namespace=site.namespace, project=site.project)
        return Nginx(name, cast(NginxArgs, args), site.opts).outputs


KIND = NginxKind()
