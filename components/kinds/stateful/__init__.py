"""A workload of any image whose replicas keep data, such as Redis or PostgreSQL, without a line of Python."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import cast

from ...model.base import args_of
from ...model.errors import Finding
from ...model.target import Target
from ...stateful.any_image import StatefulServiceSpec, check_any_image
from ..contract import Outputs, Secret, Site, StatefulKind


class AnyImageKind(StatefulKind[StatefulServiceSpec]):
    """The kind that a stack file calls `stateful`."""

    word = "stateful"
    component = "statefulsets:stateful_service:StatefulService"
    spec = StatefulServiceSpec

    def problems(self, name: str, spec: StatefulServiceSpec, target: Target | None = None) -> Iterable[Finding]:
        return check_any_image(name, spec, target)

    def secrets(self, spec: StatefulServiceSpec) -> Iterator[Secret]:
        for variable, key in spec.secret_env.items():
            yield Secret(path=("secretEnv", variable), key=key, is_password=False)

    def deploy(self, name: str, spec: StatefulServiceSpec, site: Site) -> Outputs:
        from ...stateful.args import StatefulServiceArgs
        from ...stateful.service import StatefulService

        args = args_of(spec, namespace=site.namespace, project=site.project)
        if spec.secret_env:
            args["secret_env"] = {variable: site.secrets[key] for variable, key in spec.secret_env.items()}
        service = StatefulService(name, cast(StatefulServiceArgs, args), site.opts)
        return {
            "hosts": service.hosts,
            "claims": service.claims,
            "volumes": service.volumes,
            "host": service.host,
        }


KIND = AnyImageKind()
