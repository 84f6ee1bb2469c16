"""The contract between a kind of workload and the rest of the program.

A new kind is a folder beside this file with a `KIND`, and one line in the registry. The checks across workloads, the
JSON Schema, the passwords and the images of a local cluster all follow from what this contract asks of a kind.
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
    """The field that names the secret, as a path below the workload."""
    key: str
    """Key of the secret in the stack's config."""
    of_a_replica: bool = False
    """Whether a MySQL replica logs in to its primary with it, for which MySQL keeps 32 bytes only."""
    is_password: bool = True
    """Whether it must be a password that MySQL takes. Otherwise any text is allowed."""


@dataclass(frozen=True, kw_only=True)
class Site:
    """What a stack gives to each of its workloads."""

    namespace: str
    project: str | None
    """Google project of the disks; None where the stack names none."""
    secrets: Mapping[str, pulumi.Output[str]]
    """The stack's secrets by their config keys."""
    opts: pulumi.ResourceOptions
    """Options with the provider of the target's cluster."""


class Kind(ABC, Generic[S]):
    """One kind of workload. `S` is its model, which says what a stack file may say of such a workload."""

    word: ClassVar[str]
    """The value of `kind` in the stack file."""
    engine: ClassVar[str] = ""
    """The value of `engine` in the stack file, where several kinds share a word. The first one is the default."""
    component: ClassVar[str]
    """Type token of the component. What the last `up` made is recognised by it, so it never changes."""
    data_elsewhere: ClassVar[bool] = False
    """Whether the data are outside the cluster, so that the state shows them by the component alone."""
    spec: type[S]

    @abstractmethod
    def deploy(self, name: str, spec: S, site: Site) -> Outputs:
        """Registers the workload's component and returns its outputs, which the stack has under the workload's name.

        Each kind imports its component in this method and not at the top of the module, because tools read stack files
        without Pulumi and its providers.
        """

    def problems(self, name: str, spec: S, target: Target | None = None) -> Iterable[Finding]:
        """All that is wrong with the workload beyond its single fields, each with its path below the workload.

        `target` is the stack's cluster; it is None where a component is used without a stack file.
        """
        return check_name(name)

    def secrets(self, spec: S) -> Iterable[Secret]:
        """The secrets that the workload needs from the stack's config."""
        return ()

    def services(self, name: str, spec: S) -> Iterator[tuple[str, Path]]:
        """Names of the Services that the workload makes, each with the path of the field that asks for it.

        No two workloads of a stack may make a Service of the same name.
        """
        yield name, ()

    def images(self, spec: S) -> Iterable[str]:
        """The images that the workload's pods run; a local cluster imports them before `up`."""
        return ()

    def google(self, spec: S) -> Iterable[str]:
        """The services of Google that the workload needs, of `compute` and `sql`."""
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
