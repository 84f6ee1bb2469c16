"""The arguments of the components that are made of a StatefulSet.

The fields are those of the stack file, in Python's spelling, and mean the same. The models say what each may be and
what it is by default: `StatefulSpec`, `StatefulServiceSpec`, and the backends in `storage.backends`. A field that is a
`pulumi.Input` may be another resource's Output; a field that decides which objects there are may not. Where the stack
file has a choice of forms, as for the storage, the arguments have the fields of all forms, and the model says which
belong together.
"""

# Annotations here are not deferred: Pulumi reads the arguments' types from them to make SDKs for other languages.
from collections.abc import Mapping, Sequence
from typing import Required, TypedDict

import pulumi

from ..storage.args import StorageArgs


class AmountsArgs(TypedDict, total=False):
    """CPU and memory, such as 500m and 1Gi."""

    cpu: str
    memory: str


class ResourcesArgs(TypedDict, total=False):
    """What is reserved for a container (`requests`), and what it may not exceed (`limits`)."""

    requests: AmountsArgs
    limits: AmountsArgs


class UpdateStrategyArgs(TypedDict, total=False):
    """How a changed template reaches the pods."""

    type: str
    partition: int


class OrdinalsArgs(TypedDict, total=False):
    """Which ordinals the replicas get."""

    start: int


class StatefulArgs(TypedDict, total=False):
    """The arguments that every component made of a StatefulSet has."""

    namespace: pulumi.Input[str]
    project: str
    replicas: int
    image: pulumi.Input[str]
    durability: str
    storage: StorageArgs
    pod_management_policy: str
    update_strategy: UpdateStrategyArgs
    min_ready_seconds: int
    ordinals: OrdinalsArgs
    termination_grace_period_seconds: int
    resources: ResourcesArgs
    clients: str
    client_service: bool


class PortArgs(TypedDict, total=False):
    """A port that the image listens on."""

    name: Required[str]
    port: Required[int]
    container_port: int


class MountArgs(TypedDict, total=False):
    """Where a replica's claim appears in the container."""

    path: Required[str]
    sub_path: str
    read_only: bool


class ScratchArgs(TypedDict, total=False):
    """A directory that is empty whenever the pod starts."""

    path: Required[str]
    size: str
    memory: bool


class HttpArgs(TypedDict, total=False):
    """A probe that requests a path; any status from 200 to 399 passes."""

    path: str
    port: str


class TcpArgs(TypedDict, total=False):
    """A probe that passes when a port accepts a connection."""

    port: str


class ProbeArgs(TypedDict, total=False):
    """A question that the kubelet asks the container again and again, by one of http, tcp and exec."""

    http: HttpArgs
    tcp: TcpArgs
    exec: Sequence[str]
    period_seconds: int
    timeout_seconds: int
    failures: int


class AllowArgs(TypedDict, total=False):
    """What the image may do beyond Pod Security `restricted`. The value of each word is the reason for it."""

    writable_root: str
    privileged_ports: str
    root: str
    capabilities: str
    api_token: str


class StatefulServiceArgs(StatefulArgs, total=False):
    """The arguments of StatefulService: the fields of `kind: stateful`, but with secrets themselves in `secret_env`."""

    ports: Required[Sequence[PortArgs]]
    mounts: Required[Sequence[MountArgs]]
    claim_template: str
    command: Sequence[pulumi.Input[str]]
    args: Sequence[pulumi.Input[str]]
    env: Mapping[str, pulumi.Input[str]]
    secret_env: Mapping[str, pulumi.Input[str]]
    """Environment variables with secret values. The values are marked as secrets here, wherever they come from."""
    config_files: Mapping[str, pulumi.Input[str]]
    scratch: Sequence[ScratchArgs]
    readiness: ProbeArgs
    liveness: ProbeArgs
    startup: ProbeArgs
    uid: int
    publish_not_ready: bool
    allow: AllowArgs
