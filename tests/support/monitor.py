"""A stand-in for Pulumi's engine that remembers each request whole, its options included.

`pulumi.runtime.Mocks` sees a resource's type, name and inputs; the options that decide whether data survives
(`protect`, `retainOnDelete`, `aliases`, the parent and the rest) pass it by. This monitor reads the request.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from google.protobuf import empty_pb2  # type: ignore[import-untyped]
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.proto import alias_pb2, engine_pb2, resource_pb2

from tests.support.wire import decode, decode_struct, encode_struct

STACK_TYPE = "pulumi:pulumi:Stack"
ProviderOutputs = Mapping[str, Any] | Callable[["Resource"], Mapping[str, Any]]


class DuplicateUrnError(Exception):
    """Raised when two resources of a program have the same URN, of which the engine would refuse the second."""


class UnansweredCallError(Exception):
    """Raised when the program calls a provider's function for which the test gives no answer."""


@dataclass(frozen=True)
class Resource:
    """One RegisterResource or ReadResource request, and the answer to it."""

    type: str
    name: str
    urn: str
    custom: bool
    inputs: Mapping[str, Any]
    parent_urn: str
    protect: bool | None = None
    retain_on_delete: bool | None = None
    delete_before_replace: bool | None = None
    dependency_urns: tuple[str, ...] = ()
    property_dependency_urns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ignore_changes: tuple[str, ...] = ()
    replace_on_changes: tuple[str, ...] = ()
    replacement_trigger: Any = None
    additional_secret_outputs: tuple[str, ...] = ()
    import_id: str | None = None
    aliases: tuple[str | Mapping[str, Any], ...] = ()
    provider: str | None = None
    providers: Mapping[str, str] = field(default_factory=dict)
    custom_timeouts: Mapping[str, str] = field(default_factory=dict)
    deleted_with_urn: str | None = None
    replace_with_urns: tuple[str, ...] = ()
    hooks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    version: str | None = None
    read_id: str | None = None
    outputs: Mapping[str, Any] | None = None
    """The provider's answer. For a component it is what the component registered, or None if it registered nothing."""

    @property
    def parent(self) -> str | None:
        """The parent's name. It is None for a child of the stack itself."""
        return name_of(self.parent_urn) if has_parent(self.parent_urn) else None

    @property
    def depends_on(self) -> tuple[str, ...]:
        """Names of all resources that must exist first, through `depends_on` or through an input."""
        return tuple(sorted(name_of(urn) for urn in self.dependency_urns))


@dataclass(frozen=True)
class Call:
    """One call of a provider's function."""

    token: str
    args: Mapping[str, Any]


def name_of(urn: str) -> str:
    """The resource name at the end of a URN."""
    return urn.split("::", 3)[3]


def has_parent(parent_urn: str) -> bool:
    """Whether a parent's URN is part of its children's URNs, as every parent's is but the stack's."""
    return bool(parent_urn) and f"::{STACK_TYPE}::" not in parent_urn


class RecordingMonitor:
    """Answers as an engine does whose operations all succeed, and keeps every request."""

    def __init__(
        self,
        project: str,
        stack: str,
        preview: bool,
        outputs: Mapping[str, ProviderOutputs],
        calls: Mapping[str, Mapping[str, Any]],
    ) -> None:
        self.resources: dict[str, Resource] = {}
        self.calls: list[Call] = []
        self.hooks: set[str] = set()
        self.stack_outputs: Mapping[str, Any] = {}
        self._project, self._stack, self._preview = project, stack, preview
        self._provider_outputs, self._answers = outputs, calls
        self._lock = threading.Lock()

    # Names are gRPC's.
    def GetDeploymentInfo(self, _: empty_pb2.Empty) -> resource_pb2.DeploymentInfo:  # noqa: N802
        """Claims to support the features that the SDK's own mock claims."""
        mock: Any = MockMonitor
        info: resource_pb2.DeploymentInfo = mock.GetDeploymentInfo(self, _)
        return info

    def SignalAndWaitForShutdown(self, _: empty_pb2.Empty) -> empty_pb2.Empty:  # noqa: N802
        """Returns at once, because nothing of this engine runs on after the program."""
        return empty_pb2.Empty()

    def RegisterResource(  # noqa: N802
        self, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        """Keeps the request; answers with its inputs and, in an update, what the test's provider adds."""
        urn = self._urn(request.parent, request.type, request.name)
        if request.type == STACK_TYPE:
            return resource_pb2.RegisterResourceResponse(urn=urn)
        resource = resource_of(request, urn)
        identifier, answer = self._answer(resource, request.importId)
        state = request.object
        state.MergeFrom(encode_struct(answer))
        outputs = decode_struct(state) if request.custom else None
        self._keep(replace(resource, outputs=outputs))
        return resource_pb2.RegisterResourceResponse(urn=urn, id=identifier, object=state)

    def ReadResource(  # noqa: N802
        self, request: resource_pb2.ReadResourceRequest
    ) -> resource_pb2.ReadResourceResponse:
        """Keeps a look-up of an existing resource like a registration, with `read_id` set."""
        urn = self._urn(request.parent, request.type, request.name)
        resource = Resource(
            type=request.type,
            name=request.name,
            urn=urn,
            custom=True,
            inputs=decode_struct(request.properties),
            parent_urn=request.parent,
            provider=provider_name(request.provider),
            dependency_urns=tuple(sorted(request.dependencies)),
            read_id=request.id,
        )
        _, answer = self._answer(resource, request.id)
        self._keep(replace(resource, outputs=answer))
        return resource_pb2.ReadResourceResponse(urn=urn, properties=encode_struct(answer))

    def RegisterResourceOutputs(  # noqa: N802
        self, request: resource_pb2.RegisterResourceOutputsRequest
    ) -> empty_pb2.Empty:
        """Keeps a component's outputs, and the stack's."""
        outputs = decode_struct(request.outputs)
        with self._lock:
            if request.urn in self.resources:
                self.resources[request.urn] = replace(self.resources[request.urn], outputs=outputs)
            else:
                self.stack_outputs = outputs
        return empty_pb2.Empty()

    def Invoke(self, request: resource_pb2.ResourceInvokeRequest) -> resource_pb2.ResourceInvokeResponse:  # noqa: N802
        """Answers a provider's function from the test's table; there is no network to ask."""
        self.calls.append(Call(request.tok, decode_struct(request.args)))
        if request.tok not in self._answers:
            raise UnansweredCallError(f"{request.tok} is called: give record(calls={{{request.tok!r}: ...}})")
        return resource_pb2.ResourceInvokeResponse(**{"return": encode_struct(self._answers[request.tok])})

    def register_resource_hook(self, hook: Any) -> None:
        """Accepts a hook in place of the SDK's callback server, which would register it with the engine."""
        if hook.name in self.hooks:
            raise DuplicateUrnError(f"two hooks are called {hook.name}")
        self.hooks.add(hook.name)

    register_error_hook = register_resource_hook

    def _answer(self, resource: Resource, known_id: str) -> tuple[str, Mapping[str, Any]]:
        if not resource.custom or self._preview:
            return known_id, {}
        told = self._provider_outputs.get(resource.type, {})
        answer = dict(told(resource) if callable(told) else told)
        identifier = answer.pop("id", known_id or f"{resource.name}-id")
        return str(identifier), answer

    def _keep(self, resource: Resource) -> None:
        with self._lock:
            if resource.urn in self.resources:
                raise DuplicateUrnError(f"two resources of this program have the URN {resource.urn}")
            self.resources[resource.urn] = resource

    def _urn(self, parent: str, type_: str, name: str) -> str:
        if has_parent(parent):
            type_ = f"{parent.split('::')[2]}${type_}"
        return f"urn:pulumi:{self._stack}::{self._project}::{type_}::{name}"


class RecordingEngine:
    """Keeps what the program logs."""

    def __init__(self) -> None:
        self.logs: list[tuple[str, str]] = []

    def Log(self, request: engine_pb2.LogRequest) -> None:  # noqa: N802
        """Debug messages are the SDK's own chatter and are dropped."""
        severity = engine_pb2.LogSeverity.Name(request.severity).lower()
        if severity != "debug":
            self.logs.append((severity, request.message))


def resource_of(request: resource_pb2.RegisterResourceRequest, urn: str) -> Resource:
    """Every field of a registration that decides what the engine does with a resource."""
    timeouts = request.customTimeouts
    return Resource(
        type=request.type,
        name=request.name,
        urn=urn,
        custom=request.custom,
        inputs=decode_struct(request.object),
        parent_urn=request.parent,
        protect=request.protect if request.HasField("protect") else None,
        retain_on_delete=request.retainOnDelete if request.HasField("retainOnDelete") else None,
        delete_before_replace=request.deleteBeforeReplace if request.deleteBeforeReplaceDefined else None,
        dependency_urns=tuple(sorted(request.dependencies)),
        property_dependency_urns={
            key: tuple(sorted(deps.urns)) for key, deps in sorted(request.propertyDependencies.items())
        },
        ignore_changes=tuple(request.ignoreChanges),
        replace_on_changes=tuple(request.replaceOnChanges),
        replacement_trigger=decode(request.replacement_trigger),
        additional_secret_outputs=tuple(request.additionalSecretOutputs),
        import_id=request.importId or None,
        aliases=tuple(alias_of(alias) for alias in request.aliases),
        provider=provider_name(request.provider),
        providers={package: str(provider_name(ref)) for package, ref in sorted(request.providers.items())},
        custom_timeouts={f.name: value for f, value in timeouts.ListFields()},
        deleted_with_urn=request.deletedWith or None,
        replace_with_urns=tuple(request.replace_with),
        hooks={f.name: tuple(names) for f, names in request.hooks.ListFields()},
        version=request.version or None,
    )


def provider_name(reference: str) -> str | None:
    """The provider resource's name in a reference of the form `URN::ID`."""
    return name_of(reference.rpartition("::")[0]) if reference else None


def alias_of(alias: alias_pb2.Alias) -> str | Mapping[str, Any]:
    """An alias as text: a URN, or the parts of the old identity that it names."""
    if alias.WhichOneof("alias") == "urn":
        return alias.urn
    return {descriptor.name: value for descriptor, value in alias.spec.ListFields() if value}
