"""The package for other languages: its schema describes everything, and a refusal reaches its user as it is written."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pytest
from pulumi.errors import InputPropertiesError
from pulumi.provider.experimental.analyzer import PropertyDefinition, PropertyType

from components import package
from tests.support.recording import record

REPLICAS = PropertyDefinition(type=PropertyType.INTEGER)
TEXT = PropertyDefinition(type=PropertyType.STRING)
TEXTS = PropertyDefinition(type=PropertyType.OBJECT, additional_properties=TEXT)
OBJECT = PropertyDefinition(ref="#/types/statefulsets:index:Port")
OBJECTS = PropertyDefinition(type=PropertyType.ARRAY, items=OBJECT)


@pytest.fixture(scope="module")
def host() -> package.Host:
    """A host of the package as if it were installed in version 9.8.7."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(package, "version", lambda name: {"statefulsets": "9.8.7"}[name])
        return package.Host()


def test_the_schema_has_the_packages_version_and_names_that_other_sdks_read_well(host: package.Host) -> None:
    schema = json.loads(host.schema or "")
    assert schema["version"] == "9.8.7"
    assert not [name for name in schema["types"] if name.endswith("Args")]
    assert "#/types/statefulsets:index:Port" in (host.schema or "")
    assert schema["language"]["go"]["generateExtraInputTypes"] is True


def test_everything_in_the_schema_is_described_with_its_default(host: package.Host) -> None:
    schema = json.loads(host.schema or "")
    resources = schema["resources"]
    for name, found in {**resources, **schema["types"]}.items():
        for field, property_ in {**found["properties"], **found.get("inputProperties", {})}.items():
            assert property_.get("description"), f"{name}.{field}"
    told = resources["statefulsets:index:Nginx"]["inputProperties"]
    assert told["replicas"]["description"].endswith("Default: 3.")
    assert told["clientService"]["description"].endswith("Default: false.")
    assert "Default" not in resources["statefulsets:index:StatefulService"]["inputProperties"]["image"]["description"]


def construct(host: package.Host, kind: str, inputs: dict[str, Any]) -> Any:
    """Asks the host for a component, as the engine does, and records how that fails."""
    return record(lambda: host.construct("cache", f"statefulsets:index:{kind}", inputs), raises=Exception)


def test_a_component_is_made_of_the_inputs_of_another_language(host: package.Host) -> None:
    inputs = {
        "replicas": 2.0,
        "ports": [{"name": "redis", "port": 6379.0}],
        "mounts": [{"path": "/data", "subPath": "x"}],
        "env": {"B": "2", "A": "1"},
    }

    def program() -> None:
        given = {**inputs, "image": pulumi.Output.from_input("redis:8")}
        result = host.construct("cache", "statefulsets:index:StatefulService", given)
        pulumi.export("hosts", result.state["hosts"])

    recorded = record(program)
    spec = recorded.one("StatefulSet").inputs["spec"]
    (container,) = spec["template"]["spec"]["containers"]
    assert spec["replicas"] == 2
    assert container["image"] == "redis:8"
    assert [variable["name"] for variable in container["env"][2:]] == ["A", "B"], "the engine keeps no order of maps"
    assert container["volumeMounts"] == [{"name": "data", "mountPath": "/data", "subPath": "x"}]
    assert len(recorded.stack_outputs["hosts"]) == 2
    assert recorded.one("statefulsets:stateful_service:StatefulService").name == "cache"


def test_a_refusal_reaches_the_user_as_it_is_written(host: package.Host) -> None:
    inputs = {"ports": [{"name": "redis", "port": 6379}], "mounts": [{"path": "data"}], "image": "redis:8", "uid": 0.0}
    error = construct(host, "StatefulService", inputs).error
    assert type(error) is InputPropertiesError
    assert str(error).splitlines()[0] == (
        'cache.mounts[0].path: "data" is not a plain absolute path; write one such as /data'
    )


def test_a_mistake_of_ours_keeps_its_traceback(host: package.Host, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> None:
        raise KeyError("ours")

    monkeypatch.setitem(host._components, "Kubia", fails)
    assert type(construct(host, "Kubia", {}).error) is not InputPropertiesError


@pytest.mark.parametrize(("property_", "path"), [(OBJECT, "storage"), (REPLICAS, "replicas")])
def test_what_would_be_lost_on_its_way_is_refused(property_: PropertyDefinition, path: str) -> None:
    def program() -> None:
        package.sound(pulumi.Output.secret({"kind": "local"}), property_, path)

    error = record(program, raises=InputPropertiesError).error
    assert str(error).startswith(f"{path}: an Output or a secret as a whole; write its fields")


def test_an_object_within_a_list_is_not_lost_either() -> None:
    def program() -> None:
        package.sound([{"name": "a"}, pulumi.Output.secret({})], OBJECTS, "ports")

    assert str(record(program, raises=InputPropertiesError).error).startswith("ports[1]: an Output or a secret")


def test_values_that_arrive_whole_are_left_as_they_are() -> None:
    def program() -> None:
        secret = pulumi.Output.secret("x")
        assert package.sound(secret, TEXT, "image") is secret
        assert list(package.sound({"b": secret, "a": "1"}, TEXTS, "env")) == ["a", "b"]
        assert package.sound([{"name": "a"}], OBJECTS, "ports") == [{"name": "a"}]

    record(program)
