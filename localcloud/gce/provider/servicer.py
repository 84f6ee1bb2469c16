"""The provider's side of Pulumi's protocol, whose calls and messages its methods are named for."""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NoReturn
from urllib.parse import urlsplit

import grpc  # type: ignore[import-untyped]
from google.protobuf import empty_pb2  # type: ignore[import-untyped]
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, plugin_pb2, provider_pb2, provider_pb2_grpc

from localcloud.gce.http import token_file
from localcloud.gce.http.client import RefusedError
from localcloud.gce.provider import TOKEN_FILE, VERSION, compute, sql
from localcloud.gce.provider.kind import Cloud, Kind
from localcloud.gce.provider.properties import (
    UNKNOWN,
    Properties,
    at,
    differences,
    from_wire,
    is_unknown,
    like,
    to_wire,
    unknown_names,
    within,
)

KINDS: Final = {kind.token: kind for kind in (*compute.KINDS, *sql.KINDS)}
CONFIG: Final = ("project", "region", "zone", "computeCustomEndpoint", "sqlCustomEndpoint")
ENDPOINTS: Final = CONFIG[-2:]
NOTICE: Final = (
    "This is the GCE stand-in of localcloud ({}), not Google Cloud: what is made here exists on this machine only."
)
PropertyDiff = provider_pb2.PropertyDiff
DIFFS: Final = {"add": PropertyDiff.ADD, "delete": PropertyDiff.DELETE, "update": PropertyDiff.UPDATE}
REPLACING: Final = {
    "add": PropertyDiff.ADD_REPLACE,
    "delete": PropertyDiff.DELETE_REPLACE,
    "update": PropertyDiff.UPDATE_REPLACE,
}


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """The provider of one engine. Calls for several resources run side by side."""

    def __init__(self, engine: str, token: str = "") -> None:
        """`engine` is its address, and `token` the path of the file with the stand-in's token."""
        self._engine, self._token_file = engine, token
        self._cloud: Cloud | None = None

    # What it is ------------------------------------------------------------------------------------------------------

    def GetPluginInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        """Tell the version."""
        return plugin_pb2.PluginInfo(version=VERSION)

    def GetSchema(
        self, request: provider_pb2.GetSchemaRequest, context: grpc.ServicerContext
    ) -> provider_pb2.GetSchemaResponse:
        """Tell enough to see what there is; the SDK has types of its own."""
        resources = {
            token: {"requiredInputs": list(kind.required), "inputProperties": {name: _ANY for name in kind.shape}}
            for token, kind in KINDS.items()
        }
        schema = {"name": "gcp", "version": VERSION, "description": NOTICE.format("schema"), "resources": resources}
        return provider_pb2.GetSchemaResponse(schema=json.dumps(schema))

    def Attach(self, request: plugin_pb2.PluginAttach, context: grpc.ServicerContext) -> empty_pb2.Empty:
        """Take the engine's address, where it was not given at the start."""
        self._engine = request.address
        return empty_pb2.Empty()

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:
        """Let every call finish, as each lasts milliseconds."""
        return empty_pb2.Empty()

    # Its configuration -----------------------------------------------------------------------------------------------

    def CheckConfig(
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        """Refuse settings that are not known, and addresses of other machines."""
        config = from_wire(request.news)
        failures = [
            provider_pb2.CheckFailure(property=name, reason=f"gcp:{name} is not known to the GCE stand-in")
            for name in sorted(set(config) - {*CONFIG, "version", "pluginDownloadURL", "__internal"})
        ]
        for name in ENDPOINTS:
            host = urlsplit(str(config.get(name, ""))).hostname
            if host not in ("127.0.0.1", "localhost"):
                reason = f"gcp:{name} is {config.get(name) or 'not set'}: this provider is the GCE stand-in, and takes"
                reason += " only an address of this machine; for Google itself take CLOUD=real"
                failures.append(provider_pb2.CheckFailure(property=name, reason=reason))
        return provider_pb2.CheckResponse(inputs=request.news, failures=failures)

    def DiffConfig(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        """Tell of no replacement: another port or default project changes no resource by itself."""
        response = provider_pb2.DiffResponse
        same = from_wire(request.olds) == from_wire(request.news)
        return response(changes=response.DIFF_NONE if same else response.DIFF_SOME)

    def Configure(
        self, request: provider_pb2.ConfigureRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConfigureResponse:
        """Take the settings, and show the warning that this is not Google."""
        config = from_wire(request.args)
        self._cloud = Cloud(
            str(config["computeCustomEndpoint"]),
            str(config["sqlCustomEndpoint"]),
            self._token(context),
            *(str(config.get(name, "")) for name in ("project", "region", "zone")),
        )
        self._log(NOTICE.format(self._cloud.compute_base))
        return provider_pb2.ConfigureResponse(acceptSecrets=False, supportsPreview=True, acceptResources=False)

    def _token(self, context: grpc.ServicerContext) -> str:
        """The token that the stand-in's server wants with each call."""
        if not self._token_file:
            self._refuse(context, f"{TOKEN_FILE} is not set; `make up CLOUD=standin` installs this provider with it")
        try:
            return token_file.read(Path(self._token_file))
        except token_file.TokenError as error:
            return self._refuse(context, str(error))

    def _log(self, message: str) -> None:
        """Have the engine show a warning, which stands above all other output and is never folded away."""
        if not self._engine:
            return
        with grpc.insecure_channel(self._engine) as channel:
            log = engine_pb2.LogRequest(severity=engine_pb2.WARNING, message=message)
            engine_pb2_grpc.EngineStub(channel).Log(log)

    # Resources -------------------------------------------------------------------------------------------------------

    def Check(self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext) -> provider_pb2.CheckResponse:
        """Give inputs that are not given their defaults; refuse those that are unknown, missing or wrong."""
        kind, inputs, old = self._kind(request, context), from_wire(request.news), from_wire(request.olds)
        short = kind.token.rpartition(":")[2]
        failures = [
            (name, f"{name} of {short} is not known to the GCE stand-in; docs/gce-standin.md lists what is")
            for name in unknown_names({key: value for key, value in inputs.items() if key != "__defaults"}, kind.shape)
        ]
        for name, value in kind.defaults(self._configured(context)).items():
            if value is not None:
                inputs.setdefault(name, value)
        inputs.pop("__defaults", None)
        if kind.named and "name" not in inputs:
            made = old.get("name") if "name" in old.get("__defaults", []) else None
            inputs |= {"name": made or f"{_name_of(request.urn)}-{_random(request.randomSeed)}", "__defaults": ["name"]}
        failures += [(name, f"{name} is needed, and not given") for name in kind.required if name not in inputs]
        failures += kind.problems(inputs)
        return provider_pb2.CheckResponse(
            inputs=to_wire(inputs),
            failures=[provider_pb2.CheckFailure(property=name, reason=reason) for name, reason in failures],
        )

    def Diff(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        """Tell which inputs differ, and which of them replace the resource."""
        kind = self._kind(request, context)
        old, new = from_wire(request.old_inputs), from_wire(request.news)
        detailed, replaces = {}, []
        for path, how in differences(old, new):
            if path.startswith("__") or (how == "delete" and path in kind.kept):
                continue
            replace = _replaces(kind, path, old, new)
            detailed[path] = provider_pb2.PropertyDiff(kind=(REPLACING if replace else DIFFS)[how], inputDiff=True)
            if replace:
                replaces.append(path)
        response = provider_pb2.DiffResponse
        return response(
            changes=response.DIFF_SOME if detailed else response.DIFF_NONE,
            diffs=sorted({path.partition(".")[0] for path in detailed}),
            replaces=replaces,
            # There cannot be two of one name, unless it is made up: the second gets another.
            deleteBeforeReplace=bool(replaces) and old.get("name") == new.get("name") and "__defaults" not in new,
            detailedDiff=detailed,
            hasDetailedDiff=True,
        )

    def Create(self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext) -> provider_pb2.CreateResponse:
        """Make a resource, or in a preview tell what is known of it."""
        kind, inputs = self._kind(request, context), from_wire(request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(properties=to_wire(_shown(kind.preview(inputs, {}))))
        cloud = self._configured(context)
        identity = self._asked(context, lambda: kind.create(cloud, inputs))
        return provider_pb2.CreateResponse(id=identity, properties=self._state(kind, identity, inputs, context))

    def Read(self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext) -> provider_pb2.ReadResponse:
        """Tell a refresh what became of the inputs that the program gives, and an import, which has none yet, all."""
        kind, state, inputs = self._kind(request, context), from_wire(request.properties), from_wire(request.inputs)
        cloud = self._configured(context)
        live = self._asked(context, lambda: kind.read(cloud, request.id, {**inputs, **state}))
        if live is None:
            return provider_pb2.ReadResponse()
        kept = {name: inputs[name] for name in (*kind.own, "__defaults") if name in inputs}
        asked = {name: value for name, value in inputs.items() if name not in kept}
        known = {name: value for name, value in live.items() if name in kind.shape and value is not None}
        new_inputs = {**like(asked, known), **kept} if inputs else within(kind.shape, known)
        outputs = {**live, **{name: state[name] for name in kind.own if name in state}, **kept}
        return provider_pb2.ReadResponse(id=request.id, properties=to_wire(_shown(outputs)), inputs=to_wire(new_inputs))

    def Update(self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext) -> provider_pb2.UpdateResponse:
        """Change a resource in place, or in a preview tell what is known of it."""
        kind = self._kind(request, context)
        state, old, new = from_wire(request.olds), from_wire(request.old_inputs), from_wire(request.news)
        if request.preview:
            return provider_pb2.UpdateResponse(properties=to_wire(_shown(kind.preview(new, state))))
        cloud = self._configured(context)
        self._asked(context, lambda: kind.update(cloud, request.id, old, new))
        return provider_pb2.UpdateResponse(
            properties=self._state(kind, request.id, {**_of(kind, state), **new}, context)
        )

    def Delete(self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:
        """Delete a resource, unless its deletionPolicy says otherwise."""
        kind, state = self._kind(request, context), from_wire(request.properties)
        policy = state.get("deletionPolicy", "DELETE")
        if policy == "PREVENT":
            self._refuse(context, f"{request.id}: deletionPolicy is PREVENT; change it, `up`, then delete")
        if policy != "ABANDON":
            cloud = self._configured(context)
            self._asked(context, lambda: kind.delete(cloud, request.id, state))
        return empty_pb2.Empty()

    def Invoke(self, request: provider_pb2.InvokeRequest, context: grpc.ServicerContext) -> provider_pb2.InvokeResponse:
        """Refuse every function by name."""
        return self._refuse(context, f"the function {request.tok} is not known to the GCE stand-in")

    def _state(self, kind: Kind, identity: str, inputs: Properties, context: grpc.ServicerContext) -> Any:
        """The properties of what is there now, with those that only the provider knows."""
        cloud = self._configured(context)
        live = self._asked(context, lambda: kind.read(cloud, identity, inputs)) or {}
        own = {name: inputs[name] for name in kind.own if name in inputs}
        return to_wire(_shown({**inputs, **live, **own}))

    def _kind(self, request: Any, context: grpc.ServicerContext) -> Kind:
        token = request.type or request.urn.split("::")[2].rpartition("$")[2]
        if token not in KINDS:
            known = ", ".join(sorted(each.rpartition(":")[2] for each in KINDS))
            self._refuse(context, f"the resource type {token} is not known to the GCE stand-in, which has {known}")
        return KINDS[token]

    def _configured(self, context: grpc.ServicerContext) -> Cloud:
        return self._cloud or self._refuse(context, "the GCE stand-in has not been configured")

    def _asked(self, context: grpc.ServicerContext, call: Callable[[], Any]) -> Any:
        """What a call to the server answers; its refusal becomes the engine's error, in Google's words."""
        try:
            return call()
        except RefusedError as refusal:
            return self._refuse(context, f"GCE stand-in: {refusal}")
        except OSError as error:
            where = self._cloud.compute_base if self._cloud else ""
            return self._refuse(context, f"the GCE stand-in at {where} does not answer ({error}); `make up` starts it")

    def _refuse(self, context: grpc.ServicerContext, message: str) -> NoReturn:
        context.abort(grpc.StatusCode.UNKNOWN, message)
        sys.exit(message)  # this is never reached, as abort raises


_ANY: Final = {"$ref": "pulumi.json#/Any"}


def _replaces(kind: Kind, path: str, old: Properties, new: Properties) -> bool:
    parts = path.split(".")
    if any(".".join(parts[:depth]) in kind.replaces for depth in range(1, len(parts) + 1)):
        return True
    before, after = at(old, path), at(new, path)
    return path in kind.grows and before is not None and after is not None and not is_unknown(after) and after < before


def _shown(properties: Properties) -> Properties:
    return {name: value for name, value in properties.items() if name != "__defaults" and value is not None}


def _of(kind: Kind, state: Properties) -> Properties:
    """The part of a state that only the provider knows."""
    return {name: state[name] for name in kind.own if name in state and name not in kind.shape}


def _name_of(urn: str) -> str:
    return urn.rpartition("::")[2]


def _random(seed: bytes) -> str:
    """Seven hexadecimal digits, made from the engine's seed so that what a preview shows is what comes."""
    return (seed.hex() if seed else secrets.token_hex(4))[:7]


__all__ = ["KINDS", "UNKNOWN", "Provider"]
