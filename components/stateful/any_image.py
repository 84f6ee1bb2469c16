"""The fields of a `stateful` workload, which runs any image, and what they must agree on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field

from ..kubernetes.quantities import Quantity
from ..model.base import ConfigKey, Image, Label, Model, Size, form
from ..model.errors import Finding, Path, choices, shown
from ..model.target import Target
from ..storage.backends import DynamicStorage, Storage
from .checks import check_stateful
from .spec import SMALL, Replicas, Resources, StatefulSpec

AbsolutePath = Annotated[
    str,
    Field(max_length=4096),
    *form(r"(/(?!\.{1,2}(/|$))[^/:\x00-\x1f]+)+", "not a plain absolute path; write one such as /data"),
]
SubPath = Annotated[
    str,
    Field(max_length=4096),
    *form(
        r"(?!\.{1,2}(/|$))[^/:\x00-\x1f]+(/(?!\.{1,2}(/|$))[^/:\x00-\x1f]+)*",
        "not a directory of the claim; write one such as wal",
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
"""A port's name: an IANA_SVC_NAME (Kubernetes API, ContainerPort.name)."""
PortNumber = Annotated[int, Field(ge=1, le=65535)]
Reason = Annotated[str, Field(min_length=10, max_length=500)]
"""A sentence that a reviewer can agree or disagree with."""


class PortSpec(Model):
    """A port that the image listens on and the governing Service names."""

    name: PortName
    """Name of the port, such as redis. A probe that names no port asks the first one."""
    port: PortNumber
    """The port's number on the Services."""
    container_port: PortNumber | None = None
    """The port's number in the pod. Default: the same as `port`."""


class MountSpec(Model):
    """Where a replica's claim appears in the container."""

    path: AbsolutePath
    """Directory in the container, such as /data."""
    sub_path: SubPath | None = None
    """Directory of the claim, made if absent. Default: the whole claim, which on a fresh ext4 disk has `lost+found`."""
    read_only: bool = False
    """Whether the container may only read there."""


class ScratchSpec(Model):
    """A directory that is empty whenever the pod starts, for what the image writes besides its data."""

    path: AbsolutePath
    """Directory in the container, such as /tmp."""
    size: Size = Quantity("64Mi")
    """The most that it may hold: Kubernetes evicts the pod when there is more in it."""
    memory: bool = False
    """Whether it is in memory and never on a disk, as for keys and passwords. It counts against the memory limit."""


class HttpSpec(Model):
    """A probe that requests a path; any status from 200 to 399 passes."""

    path: Annotated[str, *form(r"/\S*", "not a path; write one such as /healthz")] = "/"
    """Path that is requested with GET."""
    port: PortName | None = None
    """Name of the port that is asked. Default: the first of the workload's ports."""


class TcpSpec(Model):
    """A probe that passes when a port accepts a connection."""

    port: PortName | None = None
    """Name of the port that is asked. Default: the first of the workload's ports."""


class ProbeSpec(Model):
    """A question that the kubelet asks the container again and again, in exactly one of three ways."""

    http: HttpSpec | None = None
    """Request a path over HTTP."""
    tcp: TcpSpec | None = None
    """Open a connection to a port."""
    exec: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    """Run this command in the container, one item a word; exit code 0 passes. There is no shell unless you name one."""
    period_seconds: Annotated[int, Field(ge=1, le=3600)] = 5
    """Seconds from one question to the next."""
    timeout_seconds: Annotated[int, Field(ge=1, le=600)] = 2
    """Seconds after which a missing answer counts as a failure."""
    failures: Annotated[int, Field(ge=1, le=100_000)] = 3
    """How many failures in a row it takes before anything is done."""


class AllowSpec(Model):
    """What the image may do beyond Pod Security `restricted` and a read-only root file system.

    The value of each word is the reason for it, of 10 to 500 characters, which the StatefulSet has as an annotation.
    """

    writable_root: Reason | None = None
    """The image may write to its root file system. Prefer `scratch`, which names the directories."""
    privileged_ports: Reason | None = None
    """The image may listen on ports below 1024, by a sysctl of the pod's own, which `restricted` allows."""
    root: Reason | None = None
    """The image may run as user 0; write `uid: 0` as well. The namespace must admit Pod Security `baseline`."""
    capabilities: Reason | None = None
    """The image keeps the container runtime's usual capabilities, to start as root and then change its user."""
    api_token: Reason | None = None
    """The image gets the token of its ServiceAccount `<name>`, to talk to Kubernetes. Grant that what it needs."""

    @property
    def words(self) -> Mapping[str, str]:
        """The words that are given, as in the stack file, each with its reason."""
        return self.model_dump(by_alias=True, exclude_none=True)


class StatefulServiceSpec(StatefulSpec):
    """A workload of any image whose replicas keep data, such as Redis or PostgreSQL."""

    compared: ClassVar[frozenset[str]] = StatefulSpec.compared | {
        *("ports", "mounts", "scratch", "configFiles", "env", "secretEnv", "claimTemplate", "uid", "allow"),
        *("readiness", "liveness", "startup"),
    }
    default_claim_size: ClassVar[Quantity] = Quantity("1Gi")

    kind: Literal["stateful"] = "stateful"
    replicas: Replicas = 1
    """Number of pods, each with a claim of its own. They are independent: nothing here replicates data between them."""
    image: Image
    """Image of the pods."""
    storage: Storage = DynamicStorage()
    """Where the replicas' data lie. Default: volumes of the StorageClass `standard`."""
    claim_template: Label = "data"
    """Name of the claim template: claims are `<template>-<workload>-<ordinal>`. A change is refused: new claims would
    be empty."""
    ports: Annotated[tuple[PortSpec, ...], Field(min_length=1)]
    """The ports that the image listens on. The NetworkPolicy admits connections to no others."""
    mounts: Annotated[tuple[MountSpec, ...], Field(min_length=1)]
    """Where each replica's claim appears in its container. With several mounts, name another `subPath` in each."""
    command: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    """Command in place of the image's entry point, one item a word. Default: the image's own."""
    args: tuple[str, ...] = ()
    """Arguments of the entry point, one item a word. Kubernetes puts variables in, such as `$(POD_NAME)`."""
    env: Mapping[EnvName, str] = Field(default_factory=dict)
    """Environment variables by their names. POD_NAME and POD_NAMESPACE are always there besides."""
    secret_env: Mapping[EnvName, ConfigKey] = Field(default_factory=dict)
    """Environment variables with secret values: name -> key in the config (`pulumi config set --secret <key>`)."""
    config_files: Mapping[AbsolutePath, str] = Field(default_factory=dict)
    """Text files by their path in the container. A changed file rolls the pods; a pod that has not been restarted yet
    keeps the file that it was made with."""
    scratch: tuple[ScratchSpec, ...] = ()
    """Directories that are empty whenever the pod starts, for what the image writes besides its data."""
    readiness: ProbeSpec = ProbeSpec(tcp=TcpSpec())
    """Until it passes, the pod gets no connections and a roll-out waits. Default: the first port is open."""
    liveness: ProbeSpec | None = None
    """When it fails, the container is restarted. Default: none; it is restarted only when its process ends."""
    startup: ProbeSpec | None = None
    """The other two probes wait until it has passed once, so that a long recovery is no failure. Default: none."""
    uid: Annotated[int, Field(ge=0, le=2**31 - 1)] = 65532
    """Number of the user and group that the pods run as, and of the group that owns their volumes."""
    publish_not_ready: bool = False
    """Whether DNS lists pods that are not ready, too, for clusters whose members must find each other first."""
    resources: Resources = SMALL
    """CPU and memory of each container."""
    allow: AllowSpec = AllowSpec()
    """What the image may do beyond Pod Security `restricted`, each with the reason for it."""

    @property
    def template(self) -> str:
        return self.claim_template

    @property
    def parts(self) -> Mapping[str, str]:
        return {mount.sub_path or "": mount.path for mount in self.mounts}


def check_any_image(name: str, spec: StatefulServiceSpec, target: Target | None = None) -> Iterator[Finding]:
    """All that is wrong with the workload beyond its single fields."""
    yield from check_stateful(name, spec, target)
    yield from ports_differ(spec)
    yield from places_differ(spec)
    yield from variables_differ(spec)
    yield from probes_ask(spec)
    yield from root_is_allowed(spec)


def ports_differ(spec: StatefulServiceSpec) -> Iterator[Finding]:
    """Ports differ by name and by number on the Services, and by number in the pod."""
    for field in ("name", "port", "container"):
        values = [(p.container_port or p.port) if field == "container" else getattr(p, field) for p in spec.ports]
        for position in repeated(values):
            what = "containerPort" if field == "container" else field
            yield ("ports", position, what), f"{values[position]} is there already; give each port one of its own"


def places_differ(spec: StatefulServiceSpec) -> Iterator[Finding]:
    """Each path of the container shows one thing, and nothing hides a part of the claim."""
    mounts: list[tuple[Path, str]] = [(("mounts", i, "path"), mount.path) for i, mount in enumerate(spec.mounts)]
    places = [*mounts, *((("scratch", i, "path"), scratch.path) for i, scratch in enumerate(spec.scratch))]
    places += [(("configFiles", path), path) for path in spec.config_files]
    for position in repeated([path for _, path in places]):
        where, path = places[position]
        yield where, f"{path} shows something else already; write another path"
    for where, path in places:
        for _, claim in mounts:
            if path.startswith(f"{claim}/"):
                yield where, f"{path} lies within {claim} and would hide a part of the claim; write a path outside"
    parts = [mount.sub_path or "" for mount in spec.mounts]
    for position in repeated(parts):
        part = f"directory {parts[position]}" if parts[position] else "whole claim"
        yield ("mounts", position, "subPath"), f"another mount shows the {part}; name another directory of the claim"
    if spec.claim_template in (CONFIG_FILES, *(scratch_name(i) for i in range(len(spec.scratch)))):
        yield (
            ("claimTemplate",),
            f"{spec.claim_template} is a volume of the pod's own; write another name, such as data",
        )


def variables_differ(spec: StatefulServiceSpec) -> Iterator[Finding]:
    """A variable is in one of `env` and `secretEnv` only, and is none that the program sets itself."""
    for name in spec.env.keys() & spec.secret_env.keys():
        yield ("secretEnv", name), "in env too; leave it out there"
    for field, names in (("env", spec.env), ("secretEnv", spec.secret_env)):
        for name in names.keys() & RESERVED:
            yield (field, name), "set by the program; leave it out"


CONFIG_FILES: Final = "config-files"
"""The pods' volume with the files."""


def scratch_name(position: int) -> str:
    """The pods' volume of one scratch directory."""
    return f"scratch-{position}"


RESERVED: Final = frozenset({"POD_NAME", "POD_NAMESPACE"})


def probes_ask(spec: StatefulServiceSpec) -> Iterator[Finding]:
    """Each probe has exactly one of http, tcp and exec, and names a port that the workload has."""
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
    """Root takes both `uid: 0` and `allow.root`, so that nothing runs as root by a slip; low ports take a word, too."""
    if spec.uid == 0 and spec.allow.root is None:
        yield ("uid",), "0 is root; write another user, or say why in allow.root"
    if spec.uid != 0 and spec.allow.root is not None:
        yield ("allow", "root"), f"the uid is {spec.uid}; leave it out, or write uid: 0"
    for i, port in enumerate(spec.ports):
        number = port.container_port or port.port
        may = spec.allow.privileged_ports or (spec.uid == 0 and spec.allow.capabilities)
        if number < 1024 and not may:
            yield (
                ("ports", i, "containerPort"),
                f"{number} is below 1024, where only root listens; write a higher one, or say why in"
                " allow.privilegedPorts",
            )


def repeated(values: Sequence[object]) -> Iterator[int]:
    """Positions of values that stand further up in the list already."""
    seen: set[object] = set()
    for position, value in enumerate(values):
        if value in seen:
            yield position
        seen.add(value)
