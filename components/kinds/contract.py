"""What a kind of workload is to the rest of the program. A new kind is a folder here with a `KIND`, and one line in the
registry; the checks across workloads, the schema, passwords and images follow from what this contract asks.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from ..model.base import Workload, check_name
from ..model.errors import Finding, Path
from ..model.target import Target
from ..stateful.checks import check_stateful
from ..stateful.spec import StatefulSpec
from ..storage.backends import GceBackend

if TYPE_CHECKING:
    import pulumi

Outputs = Mapping[str, Any]
S = TypeVar("S", bound=Workload)
T = TypeVar("T", bound=StatefulSpec)


@dataclass(frozen=True, kw_only=True)
class Secret:
    """A secret that a workload needs from its stack's config."""

    path: Path
    """Where the workload names it, below the workload."""
    key: str
    """Its key in the config."""
    of_a_replica: bool = False
    """Whether a MySQL replica gives it to its primary, which allows 32 bytes only."""
    is_password: bool = True
    """Whether it must be a password that MySQL takes; any text otherwise."""


@dataclass(frozen=True, kw_only=True)
class Site:
    """What a stack gives to each of its workloads."""

    namespace: str
    project: str | None
    """Google project of the disks."""
    secrets: Mapping[str, pulumi.Output[str]]
    """By config key."""
    opts: pulumi.ResourceOptions
    """They lead to the target's cluster."""


class Kind(ABC, Generic[S]):
    """One kind of workload. `S` is its model, which says what may stand in the stack file."""

    word: ClassVar[str]
    """Its `kind` in the stack file."""
    engine: ClassVar[str] = ""
    """Its `engine`, where several kinds share a word; the first of them in the registry is meant by default."""
    component: ClassVar[str]
    """Type token of its component, by which the last `up` is recognised."""
    data_elsewhere: ClassVar[bool] = False
    """Whether its data are outside the cluster, so that the component alone tells of them."""
    spec: type[S]

    @abstractmethod
    def deploy(self, name: str, spec: S, site: Site) -> Outputs:
        """Registers the workload's component; its outputs become the stack's under the workload's name.

        The component is imported here and not above: tools read stack files without Pulumi and its providers.
        """

    def problems(self, name: str, spec: S, target: Target | None = None) -> Iterable[Finding]:
        """What its fields must agree on, as paths below the workload. `target`: None where it is not known."""
        return check_name(name)

    def secrets(self, spec: S) -> Iterable[Secret]:
        """The secrets that it needs from the config."""
        return ()

    def services(self, name: str, spec: S) -> Iterator[tuple[str, Path]]:
        """The Services that it makes, each with the path that asks for it: no two workloads may make the same."""
        yield name, ()

    def images(self, spec: S) -> Iterable[str]:
        """The images that its pods run."""
        return ()

    def google(self, spec: S) -> Iterable[str]:
        """The services of Google that it needs: `compute`, `sql`."""
        return ()


class StatefulKind(Kind[T], Generic[T]):
    """A kind whose workload is a StatefulSet."""

    def problems(self, name: str, spec: T, target: Target | None = None) -> Iterable[Finding]:
        return check_stateful(name, spec, target)

    def services(self, name: str, spec: T) -> Iterator[tuple[str, Path]]:
        yield name, ()
        if spec.client_service:
            yield f"{name}-client", ("clientService",)

    def images(self, spec: T) -> Iterable[str]:
        return (spec.image,)

    def google(self, spec: T) -> Iterable[str]:
        return ("compute",) if isinstance(spec.storage, GceBackend) else ()
