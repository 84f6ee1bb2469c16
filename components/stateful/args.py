"""What any program gives to a component made of a StatefulSet.

The fields are those of the stack file, in Python's spelling, and mean the same: the models say what each may be and
what it is by default (`StatefulSpec`, `StatefulServiceSpec`, and the backends in `storage.backends`). A field that is a
`pulumi.Input` may be another resource's Output; what decides which objects there are may not. Where the stack file has
a choice of forms, such as the storage's, these have all their fields, and the model says which go together.
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
    """What a container is promised and what it may not exceed."""

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
    """What every component made of a StatefulSet may be given."""

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
    """GET a path."""

    path: str
    port: str


class TcpArgs(TypedDict, total=False):
    """Open a connection."""

    port: str


class ProbeArgs(TypedDict, total=False):
    """A question that the kubelet asks: http, tcp or exec."""

    http: HttpArgs
    tcp: TcpArgs
    exec: Sequence[str]
    period_seconds: int
    timeout_seconds: int
    failures: int


class AllowArgs(TypedDict, total=False):
    """What an image needs beyond Pod Security `restricted`: a word, and why."""

    writable_root: str
    privileged_ports: str
    root: str
    capabilities: str
    api_token: str


class StatefulServiceArgs(StatefulArgs, total=False):
    """What StatefulService needs to know; as `kind: stateful` of the stack file, but for `secret_env`."""

    ports: Required[Sequence[PortArgs]]
    mounts: Required[Sequence[MountArgs]]
    claim_template: str
    command: Sequence[pulumi.Input[str]]
    args: Sequence[pulumi.Input[str]]
    env: Mapping[str, pulumi.Input[str]]
    secret_env: Mapping[str, pulumi.Input[str]]
    """Variables whose values are secrets: the values themselves, which are marked as secrets here too."""
    config_files: Mapping[str, pulumi.Input[str]]
    scratch: Sequence[ScratchArgs]
    readiness: ProbeArgs
    liveness: ProbeArgs
    startup: ProbeArgs
    uid: int
    publish_not_ready: bool
    allow: AllowArgs
