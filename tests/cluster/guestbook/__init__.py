"""A kind that a test adds to a copy of the project: pods of kubia's image whose texts an init container begins."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from ...model.base import args_of
from ..contract import Outputs, Site, StatefulKind
from .spec import GuestbookSpec


class GuestbookKind(StatefulKind[GuestbookSpec]):
    """`kind: guestbook`."""

    word = "guestbook"
    component = "statefulsets:guestbook:Guestbook"
    spec = GuestbookSpec

    def images(self, spec: GuestbookSpec) -> Iterable[str]:
        return spec.image, spec.writer_image

    def deploy(self, name: str, spec: GuestbookSpec, site: Site) -> Outputs:
        from .component import Guestbook, GuestbookArgs

        args = args_of(spec, namespace=site.namespace, project=site.project)
        return Guestbook(name, cast(GuestbookArgs, args), site.opts).outputs


KIND = GuestbookKind()
