"""The components as a Pulumi package, which programs in YAML, TypeScript, Go and other languages use.

Pulumi's SDK infers the package's schema from the arguments' and outputs' types. What it cannot know is added here: the
descriptions, which the models have, and names that the SDKs of other languages need.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import Any, Final, get_args

import pulumi
from pulumi.errors import InputPropertiesError
from pulumi.provider import ConstructResult, main
from pulumi.provider.experimental.analyzer import PropertyDefinition, PropertyType
from pulumi.provider.experimental.component import ComponentProvider
from pulumi.provider.server import ComponentInitError
from pydantic import BaseModel

from . import CloudSqlMySql, GcePersistentDisks, Kubia, Nginx, PersistentVolumes, ReplicatedMySql, StatefulService
from .kinds import KINDS
from .kubernetes.quantities import Quantity
from .storage.disks import GcePersistentDisksSpec
from .storage.volumes import PersistentVolumesSpec

NAME: Final = "statefulsets"
COMPONENTS: Final[Mapping[type[pulumi.ComponentResource], type[BaseModel]]] = {
    **{
        component: next(kind.spec for kind in KINDS if kind.component.endswith(f":{component.__name__}"))
        for component in (CloudSqlMySql, Kubia, Nginx, ReplicatedMySql, StatefulService)
    },
    GcePersistentDisks: GcePersistentDisksSpec,
    PersistentVolumes: PersistentVolumesSpec,
}
"""Component -> the model of its arguments."""
GIVEN: Final = {
    "namespace": "Namespace of every namespaced object. It must exist. Default: default.",
    "project": "Google project of the disks, where there are any.",
    "passwords": "Passwords of the members' accounts and of the application's. Secrets wherever they come from.",
}
"""Arguments that components have beside their models' fields -> their descriptions."""


class Host(ComponentProvider):
    """Makes components for other languages' programs, and tells them what is wrong in the components' own words."""

    def __init__(self) -> None:
        super().__init__(list(COMPONENTS), NAME, version=version(NAME))
        self.schema = json.dumps(described(json.loads(self.schema or "{}"), self))

    def construct(
        self,
        name: str,
        resource_type: str,
        inputs: Mapping[str, Any],
        options: pulumi.ResourceOptions | None = None,
    ) -> ConstructResult:
        """Refusals go back as they are written; anything else is a mistake of ours and keeps its traceback."""
        try:
            return super().construct(name, resource_type, dict(inputs), options)
        except ComponentInitError as error:
            if isinstance(error.inner, pulumi.RunError):
                raise InputPropertiesError(str(error.inner), []) from None
            raise

    def map_input_properties(
        self,
        inputs: Mapping[str, Any],
        properties: dict[str, PropertyDefinition],
        mapping: dict[str, str],
        component_name: str,
        property_path: str,
    ) -> Any:
        """Calls the SDK's method with inputs that it handles.

        By itself it loses an object that is an Output as a whole, and makes no number of an Output.
        """
        start = f"{property_path}." if property_path else ""
        known = {
            key: sound(value, properties[key], f"{start}{key}") for key, value in inputs.items() if key in properties
        }
        return super().map_input_properties(known, properties, mapping, component_name, property_path)


def sound(value: Any, property_: PropertyDefinition, path: str) -> Any:
    """An input as the component can take it. The engine keeps no order of a map's keys, so they are sorted."""
    if isinstance(value, pulumi.Output) and (property_.ref or property_.type is PropertyType.INTEGER):
        raise InputPropertiesError(
            f"{path}: an Output or a secret as a whole; write its fields, and Outputs or secrets as their values", []
        )
    if isinstance(value, list) and property_.items:
        return [sound(item, property_.items, f"{path}[{position}]") for position, item in enumerate(value)]
    if isinstance(value, dict) and property_.additional_properties:
        return {key: sound(value[key], property_.additional_properties, f"{path}.{key}") for key in sorted(value)}
    return value


def described(schema: dict[str, Any], host: ComponentProvider) -> dict[str, Any]:
    """The schema with the models' descriptions, and with what the SDKs of Go and TypeScript need."""
    text = json.dumps(schema)
    # An SDK adds Args to the name of each type: PortArgs would become PortArgsArgs.
    found: dict[str, Any] = json.loads(re.sub(rf'("(?:#/types/)?{NAME}:index:\w+?)Args"', r'\1"', text))
    for component, model in COMPONENTS.items():
        resource = found["resources"][f"{NAME}:index:{component.__name__}"]
        resource["description"] = inspect.cleandoc(component.__doc__ or "")
        describe(resource["inputProperties"], [model], found["types"])
        for name, python_name in host.analyzer.analyze_component(component).outputs_mapping.items():
            texts = (host.analyzer.get_docstring(each, python_name) for each in component.__mro__)
            resource["properties"][name]["description"] = next(filter(None, texts), "")
    found["language"]["go"] |= {"generateExtraInputTypes": True, "importBasePath": f"example.com/{NAME}/sdk/go/{NAME}"}
    found["language"]["nodejs"] |= {"packageName": f"@{NAME}/{NAME}"}
    return found


def describe(properties: dict[str, Any], models: list[type[BaseModel]], types: dict[str, Any]) -> None:
    """Gives properties, and those of the types within, the descriptions of the models' fields of the same names."""
    for name, property_ in properties.items():
        fields = [(m, key) for m in models for key, field in m.model_fields.items() if name == (field.alias or key)]
        inner = [part for model, key in fields for part in models_in(model.model_fields[key].annotation)]
        texts = [text for model, key in fields for text in texts_of(model, key)]
        texts += [part.__doc__ or "" for part in inner] + [GIVEN.get(name, "")]
        text = next(filter(None, texts), "")
        if text:
            property_.setdefault("description", inspect.cleandoc(text))
        for reference in references(property_):
            type_ = types.get(reference.removeprefix("#/types/"))
            if type_ is not None and inner:
                describe(type_["properties"], inner, types)


def texts_of(model: type[BaseModel], key: str) -> Iterator[str]:
    """What a field's class says of it, or a class above that; with the default, where that is a word or a number."""
    default = model.model_fields[key].default
    for each in model.__mro__:
        field = each.model_fields.get(key) if issubclass(each, BaseModel) else None
        if field is not None and field.description:
            told = isinstance(default, str | int | Quantity) and "Default" not in field.description
            text = str(default).lower() if isinstance(default, bool) else str(default)
            yield f"{field.description} Default: {text}." if told else field.description


def models_in(annotation: Any) -> list[type[BaseModel]]:
    """The models within an annotation, each of a union's."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in models_in(part)]


def references(property_: Mapping[str, Any]) -> Iterator[str]:
    """The types that a property refers to, by itself or as a list's or a map's items."""
    if "$ref" in property_:
        yield property_["$ref"]
    for key in ("items", "additionalProperties"):
        if key in property_:
            yield from references(property_[key])


def serve() -> None:
    """Serves the package to the engine that started this process."""
    main(Host(), sys.argv[1:])
