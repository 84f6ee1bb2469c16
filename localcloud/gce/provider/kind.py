"""What all resource types have in common, and the connection to the stand-in that they share."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from localcloud.gce.http import client
from localcloud.gce.provider.properties import UNKNOWN, Properties

SQL_PATIENCE = 600.0
"""How many seconds a call to Cloud SQL may take: each waits for a real server, and calls take turns."""
NAME = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")


@dataclass(frozen=True)
class Cloud:
    """The addresses of the stand-in, the token that calls need, and the places that resources are in by default."""

    compute_base: str
    sql_base: str
    token: str = field(repr=False)
    project: str = ""
    region: str = ""
    zone: str = ""

    def compute(self, method: str, path: str, body: Any = None) -> Any:
        """Call Compute Engine; `path` is the one from `projects/` on. Raises RefusedError and OSError."""
        return client.request(self.compute_base, method, path, body, token=self.token)

    def sql(self, method: str, path: str, body: Any = None) -> Any:
        """Call Cloud SQL Admin; `path` is the one from `projects/` on. Raises RefusedError and OSError."""
        return client.request(self.sql_base, method, path, body, SQL_PATIENCE, token=self.token)


class Kind(ABC):
    """A resource type: what its inputs may be, and which calls make, read, change and delete a resource.

    Properties are Pulumi's, in camelCase. Methods with a `cloud` raise RefusedError and OSError.
    """

    token: ClassVar[str]
    """Pulumi's name of the type."""
    shape: ClassVar[Mapping[str, Any]]
    """Every input that is known, as a map of names to shapes; whatever is not here is refused by name."""
    required: ClassVar[tuple[str, ...]] = ()
    """Inputs that have to be given, or to have a default."""
    replaces: ClassVar[frozenset[str]] = frozenset()
    """Inputs, as dotted paths, whose change makes a new resource: Terraform's ForceNew."""
    grows: ClassVar[frozenset[str]] = frozenset()
    """Inputs that change in place while they grow, and make a new resource when they shrink."""
    kept: ClassVar[frozenset[str]] = frozenset()
    """Inputs that stay as they are once they are no longer given: Terraform's Optional and Computed."""
    computed: ClassVar[tuple[str, ...]] = ()
    """Outputs that only the stand-in knows."""
    own: ClassVar[tuple[str, ...]] = ("deletionPolicy",)
    """Inputs that Google is never told: they are the provider's, and live in the state alone."""
    named: ClassVar[bool] = True
    """Whether a name is made up where none is given."""

    def defaults(self, cloud: Cloud) -> Properties:
        """The values of inputs that are not given; an input whose value is None has none."""
        return {"project": cloud.project or None}

    def problems(self, inputs: Properties) -> Iterator[tuple[str, str]]:
        """Each input that is wrong, and what is wrong with it, as far as it can be told without a call."""
        name = inputs.get("name")
        if isinstance(name, str) and name != UNKNOWN and self.named and not NAME.fullmatch(name):
            yield "name", f"'{name}' is not 1 to 63 lower-case letters, digits and hyphens, a letter first"

    def preview(self, inputs: Properties, state: Properties) -> Properties:
        """The outputs, as far as a preview can tell them."""
        return {**{name: state.get(name, UNKNOWN) for name in self.computed}, **inputs}

    @abstractmethod
    def create(self, cloud: Cloud, inputs: Properties) -> str:
        """Make the resource, and return its ID."""

    @abstractmethod
    def read(self, cloud: Cloud, identity: str, state: Properties) -> Properties | None:
        """All that is to be told of the resource now, inputs among them; None when it is gone."""

    def update(self, cloud: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Change the resource in place."""
        raise AssertionError(f"{self.token} is replaced, never changed: {identity}")

    @abstractmethod
    def delete(self, cloud: Cloud, identity: str, state: Properties) -> None:
        """Delete the resource, unless it is gone."""


def found(call: Any, *arguments: Any) -> Any:
    """What `call` answers to a GET, or None for what is not there; raises RefusedError for other refusals."""
    try:
        return call("GET", *arguments)
    except client.RefusedError as refusal:
        if refusal.code == 404:
            return None
        raise


def gone(call: Any, path: str) -> None:
    """Delete what is at a path, unless it is gone; raises RefusedError for other refusals."""
    try:
        call("DELETE", path)
    except client.RefusedError as refusal:
        if refusal.code != 404:
            raise


def last(link: str) -> str:
    """The name at the end of a link."""
    return link.rpartition("/")[2]
