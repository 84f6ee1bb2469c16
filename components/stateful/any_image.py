"""`kind: stateful`: what the stack file says of a workload of any image."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field

from ..kubernetes.quantities import Quantity
from ..model.base import ConfigKey, Image, Label, Model, Size, form
from ..model.errors import Finding, Path, choices, shown
from ..model.target import Target
from ..storage.backends import DynamicStorage, SharedClaim, Storage
from .checks import check_stateful
from .spec import SMALL, Replicas, Resources, StatefulSpec

AbsolutePath = Annotated[
    str,
    Field(max_length=4096),
    *form(r"(/(?!\.{1,2}(/|$))[^/:\n]+)+", "not a plain absolute path; write one such as /data"),
]
SubPath = Annotated[
    str,
    Field(max_length=4096),
    *form(
        r"(?!\.{1,2}(/|$))[^/:\n]+(/(?!\.{1,2}(/|$))[^/:\n]+)*", "not a directory of the claim; write one such as wal"
    ),
]
EnvName = Annotated[
    str, *form(r"[A-Za-z_][A-Za-z0-9_]*", "not a variable's name; write letters, digits and _, no digit first")
]
PortName = Annotated[
    str,
    Field(max_length=15),
    *form(r"(?=.*[a-z])[a-z0-9](-?[a-z0-9])*", "not a port's name; write up to 15 of a-z 0-9 -, with a letter"),
]
"""Kubernetes API, ContainerPort.name: an IANA_SVC_NAME."""
PortNumber = Annotated[int, Field(ge=1, le=65535)]
Reason = Annotated[str, Field(min_length=10, max_length=500)]
"""A sentence that a reviewer can agree or disagree with."""


class PortSpec(Model):
    """A port that the image listens on and the governing Service names."""

    name: PortName
    """Such as redis: the first port's is what probes and clients use by default."""
    port: PortNumber
    """Number on the Services."""
    container_port: PortNumber | None = None
    """Number in the pod. Default: the same."""


class MountSpec(Model):
    """Where a replica's claim appears in the container."""

    path: AbsolutePath
    """Directory in the container, such as /data."""
    sub_path: SubPath | None = None
    """Directory of the claim, made if absent. Default: the claim whole, which on a fresh disk holds `lost+found`."""
    read_only: bool = False


class ScratchSpec(Model):
    """A directory that is empty whenever the pod starts, for what the image writes besides its data."""

    path: AbsolutePath
    """Directory in the container, such as /tmp."""
    size: Size = Quantity("64Mi")
    """The pod is evicted when it holds more."""
    memory: bool = False
    """Keep it in memory, on the container's account, and never on a disk: for keys and passwords."""


class HttpSpec(Model):
    """GET a path; 200 to 399 is well."""

    path: Annotated[str, *form(r"/\S*", "not a path; write one such as /healthz")] = "/"
    port: PortName | None = None
    """Name of one of the ports. Default: the first."""


class TcpSpec(Model):
    """Open a connection."""

    port: PortName | None = None
    """Name of one of the ports. Default: the first."""


class ProbeSpec(Model):
    """A question that the kubelet asks, in one of three ways."""

    http: HttpSpec | None = None
    tcp: TcpSpec | None = None
    exec: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    """A command in the container, word by word; 0 is well. There is no shell but one that you name."""
    period_seconds: Annotated[int, Field(ge=1, le=3600)] = 5
    timeout_seconds: Annotated[int, Field(ge=1, le=600)] = 2
    failures: Annotated[int, Field(ge=1, le=100_000)] = 3
    """So many wrong answers in a row count."""


class AllowSpec(Model):
    """What an image needs beyond Pod Security `restricted` and a read-only root file system: a word, and why."""

    writable_root: Reason | None = None
    """It writes beside its programs. Prefer `scratch`, which says where."""
    privileged_ports: Reason | None = None
    """It listens below 1024: a sysctl of the pod's own, which `restricted` allows."""
    root: Reason | None = None
    """It runs as user 0, with `uid: 0`. The namespace must admit Pod Security `baseline`."""
    capabilities: Reason | None = None
    """It needs the container runtime's usual capabilities, as images do that start as root to change to a user."""
    api_token: Reason | None = None
    """It talks to Kubernetes: the token of its ServiceAccount `<name>` is mounted. Grant that account what it needs."""

    @property
    def words(self) -> Mapping[str, str]:
        """What is allowed, as in the stack file, and why."""
        return self.model_dump(by_alias=True, exclude_none=True)


class StatefulServiceSpec(StatefulSpec):
    """Any image whose replicas keep data: ports, mounts, command, environment, files, probes, and what it may do."""

    seed_claim_size: ClassVar[Quantity] = Quantity("1Gi")

    kind: Literal["stateful"] = "stateful"
    replicas: Replicas = 1
    image: Image
    storage: Storage = DynamicStorage()
    claim_template: Label = "data"
    """Name of the claim template: claims are `<template>-<workload>-<ordinal>`. A change is refused: new claims would
    be empty."""
    ports: Annotated[tuple[PortSpec, ...], Field(min_length=1)]
    """What it listens on; nothing else is reachable."""
    mounts: Annotated[tuple[MountSpec, ...], Field(min_length=1)]
    """Where the claim appears. Several parts of one claim: name a `subPath` in each."""
    command: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    """The image's entry point in other words, word by word. Default: the image's own."""
    args: tuple[str, ...] = ()
    """What follows the entry point. Kubernetes puts environment variables in: `$(POD_NAME)`."""
    env: Mapping[EnvName, str] = Field(default_factory=dict)
    """Environment variables. POD_NAME and POD_NAMESPACE are there already."""
    secret_env: Mapping[EnvName, ConfigKey] = Field(default_factory=dict)
    """Variables whose values are secrets: their keys in the stack's config (`pulumi config set --secret <key>`)."""
    config_files: Mapping[AbsolutePath, str] = Field(default_factory=dict)
    """Files by their path in the container. A changed one rolls the pods; pods of the old set keep the old file."""
    scratch: tuple[ScratchSpec, ...] = ()
    readiness: ProbeSpec = ProbeSpec(tcp=TcpSpec())
    """Whether a pod is listed in DNS and gets connections, and a roll-out goes on. Default: the first port is open."""
    liveness: ProbeSpec | None = None
    """Whether the container is well; if not, it is started anew. Default: while its process lives."""
    startup: ProbeSpec | None = None
    """Until this is well the other two wait, so that a long recovery is not taken for a failure."""
    uid: Annotated[int, Field(ge=0, le=2**31 - 1)] = 65532
    """User and group of the pods, and the group that owns their volumes."""
    publish_not_ready: bool = False
    """Names of pods that are not ready resolve too: for members of a cluster that must find each other first."""
    resources: Resources = SMALL
    allow: AllowSpec = AllowSpec()
    """Beyond the restrictions, each word with its reason."""

    @property
    def template(self) -> str:
        return self.claim_template

    @property
    def parts(self) -> frozenset[str]:
        return frozenset(mount.sub_path or "" for mount in self.mounts)


def check_any_image(name: str, spec: StatefulServiceSpec, target: Target | None = None) -> Iterator[Finding]:
    """What the fields must agree on."""
    yield from check_stateful(name, spec, target)
    yield from ports_differ(spec)
    yield from places_differ(spec)
    yield from variables_differ(spec)
    yield from probes_ask(spec)
    yield from root_is_allowed(spec)


def ports_differ(spec: StatefulServiceSpec) -> Iterator[Finding]:
    """A Service tells ports apart by name and by number, a pod by its own numbers."""
    for field in ("name", "port", "container"):
        values = [(p.container_port or p.port) if field == "container" else getattr(p, field) for p in spec.ports]
        for position in repeated(values):
            what = "containerPort" if field == "container" else field
            yield ("ports", position, what), f"{values[position]} is there already; give each port one of its own"


def places_differ(spec: StatefulServiceSpec) -> Iterator[Finding]:
    """Each path of the container shows one thing."""
    places: list[tuple[Path, str]] = [(("mounts", i, "path"), mount.path) for i, mount in enumerate(spec.mounts)]
    places += [(("scratch", i, "path"), scratch.path) for i, scratch in enumerate(spec.scratch)]
    places += [(("configFiles", path), path) for path in spec.config_files]
    for position in repeated([path for _, path in places]):
        where, path = places[position]
        yield where, f"{path} shows something else already; write another path"
    if isinstance(spec.storage, SharedClaim) or len(spec.mounts) == 1:
        return
    parts = [mount.sub_path or "" for mount in spec.mounts]
    for position in repeated(parts):
        part = f"directory {parts[position]}" if parts[position] else "whole claim"
        yield ("mounts", position, "subPath"), f"another mount shows the {part}; name another directory of the claim"


def variables_differ(spec: StatefulServiceSpec) -> Iterator[Finding]:
    """A variable has one value."""
    for name in spec.env.keys() & spec.secret_env.keys():
        yield ("secretEnv", name), "in env too; leave it out there"
    for field, names in (("env", spec.env), ("secretEnv", spec.secret_env)):
        for name in names.keys() & RESERVED:
            yield (field, name), "set by the program; leave it out"


RESERVED: Final = frozenset({"POD_NAME", "POD_NAMESPACE"})


def probes_ask(spec: StatefulServiceSpec) -> Iterator[Finding]:
    """One question each, to a port that is there."""
    ports = [port.name for port in spec.ports]
    for field in ("readiness", "liveness", "startup"):
        probe: ProbeSpec | None = getattr(spec, field)
        if probe is None:
            continue
        asked = [way for way in ("http", "tcp", "exec") if getattr(probe, way) is not None]
        if len(asked) != 1:
            said = f"{choices(asked)} at once" if asked else "no question"
            yield (field,), f"{said}; write one of http, tcp and exec"
        for way, question in (("http", probe.http), ("tcp", probe.tcp)):
            if question is not None and question.port not in (None, *ports):
                yield (field, way, "port"), f"{shown(question.port)} is none of the ports; write {choices(ports)}"


def root_is_allowed(spec: StatefulServiceSpec) -> Iterator[Finding]:
    """Root is named twice, so that nobody becomes it by a slip."""
    if spec.uid == 0 and spec.allow.root is None:
        yield ("uid",), "0 is root; write another user, or say why in allow.root"
    if spec.uid != 0 and spec.allow.root is not None:
        yield ("allow", "root"), f"the uid is {spec.uid}; leave it out, or write uid: 0"
    for i, port in enumerate(spec.ports):
        number = port.container_port or port.port
        if number < 1024 and spec.uid != 0 and spec.allow.privileged_ports is None:
            yield (
                ("ports", i, "containerPort"),
                f"{number} is below 1024, where only root listens; write a higher one, or say why in"
                " allow.privilegedPorts",
            )


def repeated(values: Sequence[object]) -> Iterator[int]:
    """Positions of values that are there already."""
    seen: set[object] = set()
    for position, value in enumerate(values):
        if value in seen:
            yield position
        seen.add(value)
