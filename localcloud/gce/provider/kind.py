"""What all resource types have in common, and the connection to the stand-in that they share."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from localcloud.gce.http import client
from localcloud.gce.provider.properties import UNKNOWN, Properties

SQL_PATIENCE = 600.0  # seconds: each call waits for a real server, and calls take turns
NAME = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")


@dataclass(frozen=True)
class Cloud:
    """Where calls go and what they have to know, and what resources default to."""

    compute_base: str
    sql_base: str
    token: str = field(repr=False)
    project: str = ""
    region: str = ""
    zone: str = ""

    def compute(self, method: str, path: str, body: Any = None) -> Any:
        """A call to Compute Engine; `path` from `projects/` on."""
        return client.request(self.compute_base, method, path, body, token=self.token)

    def sql(self, method: str, path: str, body: Any = None) -> Any:
        """A call to Cloud SQL Admin; `path` from `projects/` on."""
        return client.request(self.sql_base, method, path, body, SQL_PATIENCE, token=self.token)


class Kind(ABC):
    """One resource type. Properties are Pulumi's, in camelCase."""

    token: ClassVar[str]
    shape: ClassVar[Mapping[str, Any]]
    """Every input that is known; whatever is not here is refused by name."""
    required: ClassVar[tuple[str, ...]] = ()
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
        """What an input is when it is not given; None is left out."""
        return {"project": cloud.project or None}

    def problems(self, inputs: Properties) -> Iterator[tuple[str, str]]:
        """(input, what is wrong with it) as far as it can be told without asking."""
        name = inputs.get("name")
        if isinstance(name, str) and name != UNKNOWN and self.named and not NAME.fullmatch(name):
            yield "name", f"'{name}' is not 1 to 63 lower-case letters, digits and hyphens, a letter first"

    def preview(self, inputs: Properties, state: Properties) -> Properties:
        """Outputs as far as a preview can tell."""
        return {**{name: state.get(name, UNKNOWN) for name in self.computed}, **inputs}

    @abstractmethod
    def create(self, cloud: Cloud, inputs: Properties) -> str:
        """Make it; returns its ID."""

    @abstractmethod
    def read(self, cloud: Cloud, identity: str, state: Properties) -> Properties | None:
        """Everything that is to be told of it now, inputs among them; None when it is gone."""

    def update(self, cloud: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Change it in place."""
        raise AssertionError(f"{self.token} is replaced, never changed: {identity}")

    @abstractmethod
    def delete(self, cloud: Cloud, identity: str, state: Properties) -> None:
        """Delete it; it may be gone."""


def found(call: Any, *arguments: Any) -> Any:
    """What a GET answers, or None for what is not there."""
    try:
        return call("GET", *arguments)
    except client.RefusedError as refusal:
        if refusal.code == 404:
            return None
        raise


def gone(call: Any, path: str) -> None:
    """DELETE, of what may be gone."""
    try:
        call("DELETE", path)
    except client.RefusedError as refusal:
        if refusal.code != 404:
            raise


def last(link: str) -> str:
    """The name at the end of a link."""
    return link.rpartition("/")[2]
