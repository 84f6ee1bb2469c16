"""The other unit tests see a program's resources through the recording monitor, so what it misses, they all miss."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import pulumi
import pytest
from pulumi.runtime import settings

from tests.support.monitor import DuplicateUrnError, UnansweredCallError
from tests.support.recording import Recorded, record
from tests.support.wire import UNKNOWN, Reference, Secret


class Disk(pulumi.CustomResource):
    """The smallest resource a provider would manage; `address` is only known after an update."""

    address: pulumi.Output[str]

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None, **inputs: Any) -> None:
        super().__init__("cloud:storage:Disk", name, {"address": None, **inputs}, opts)


class Rack(pulumi.ComponentResource):
    """A component that may register outputs."""

    def __init__(
        self, name: str, outputs: dict[str, Any] | None = None, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("cloud:storage:Rack", name, None, opts)
        if outputs is not None:
            self.register_outputs(outputs)


def one_disk(opts: pulumi.ResourceOptions) -> Any:
    return record(lambda: Disk("a", opts)).one("cloud:storage:Disk", "a")


@pytest.mark.parametrize(
    ("opts", "field", "expected"),
    [
        ({"protect": True}, "protect", True),
        ({"protect": False}, "protect", False),
        ({}, "protect", None),
        ({"retain_on_delete": True}, "retain_on_delete", True),
        ({"delete_before_replace": True}, "delete_before_replace", True),
        ({"delete_before_replace": False}, "delete_before_replace", False),
        ({}, "delete_before_replace", None),
        ({"ignore_changes": ["labels"]}, "ignore_changes", ("labels",)),
        ({"replace_on_changes": ["size"]}, "replace_on_changes", ("size",)),
        ({"replacement_trigger": "v2"}, "replacement_trigger", "v2"),
        ({"additional_secret_outputs": ["key"]}, "additional_secret_outputs", ("key",)),
        ({"import_": "projects/p/disks/a"}, "import_id", "projects/p/disks/a"),
        ({"aliases": ["urn:pulumi:old"]}, "aliases", ("urn:pulumi:old",)),
        ({"aliases": [pulumi.Alias(name="b", type_="x:y:Z")]}, "aliases", ({"name": "b", "type": "x:y:Z"},)),
        ({"custom_timeouts": pulumi.CustomTimeouts(create="9m")}, "custom_timeouts", {"create": "9m"}),
        ({"version": "1.2.3"}, "version", "1.2.3"),
    ],
)
def test_an_option_of_a_resource_is_recorded(opts: dict[str, Any], field: str, expected: Any) -> None:
    assert getattr(one_disk(pulumi.ResourceOptions(**opts)), field) == expected


def test_the_relations_between_resources_are_recorded_by_name() -> None:
    def program() -> None:
        rack = Rack("rack")
        child = Disk("child", pulumi.ResourceOptions(parent=rack))
        opts = pulumi.ResourceOptions(parent=child, depends_on=[rack], deleted_with=rack, replace_with=[child])
        Disk("leaf", opts, label=Disk("named").address)

    recorded = record(program, outputs={"cloud:storage:Disk": {"address": "10.0.0.1"}})
    leaf = recorded.one("Disk", "leaf")
    assert leaf.parent == "child"
    assert leaf.depends_on == ("child", "named")  # a component stands for its children
    assert leaf.property_dependency_urns["label"] == (recorded.one("Disk", "named").urn,)
    assert leaf.deleted_with_urn == recorded.one("Rack").urn
    assert leaf.replace_with_urns == (recorded.one("Disk", "child").urn,)
    assert [r.name for r in recorded.children("rack")] == ["child"]
    assert recorded.one("Rack").parent is None


def test_a_urn_holds_the_types_of_all_ancestors_as_the_engines_does() -> None:
    def program() -> None:
        middle = Rack("middle", opts=pulumi.ResourceOptions(parent=Rack("top")))
        Disk("leaf", pulumi.ResourceOptions(parent=middle))

    expected = "urn:pulumi:test::statefulsets::cloud:storage:Rack$cloud:storage:Rack$cloud:storage:Disk::leaf"
    assert record(program).one("Disk").urn == expected


def test_providers_are_recorded_by_name() -> None:
    def program() -> None:
        provider = pulumi.ProviderResource("cloud", "west", {})
        Disk("a", pulumi.ResourceOptions(provider=provider))
        Rack("rack", opts=pulumi.ResourceOptions(providers=[provider]))

    recorded = record(program)
    assert recorded.one("Disk").provider == "west"
    assert recorded.one("Rack").providers == {"cloud": "west"}


def test_hooks_are_recorded_and_two_of_one_name_refused() -> None:
    def program(names: tuple[str, ...]) -> None:
        hooks = [pulumi.ResourceHook(name, lambda _: None) for name in names]
        Disk("a", pulumi.ResourceOptions(hooks=pulumi.ResourceHookBinding(before_delete=[*hooks])))

    assert record(lambda: program(("snapshot",))).one("Disk").hooks == {"before_delete": ("snapshot",)}
    with pytest.raises(DuplicateUrnError, match="two hooks are called snapshot"):
        record(lambda: program(("snapshot", "snapshot")))


def test_inputs_are_resolved_and_keep_their_marks() -> None:
    def program() -> None:
        other = Disk("other")
        Disk(
            "a",
            size=pulumi.Output.from_input(3).apply(lambda n: n + 1),
            ratio=0.5,
            key=pulumi.Output.secret("s3cret"),
            nested={"list": [pulumi.Output.secret("x"), True]},
            disk=other,
        )

    recorded = record(program)
    assert recorded.one("Disk", "a").inputs == {
        "size": 4,
        "ratio": 0.5,
        "key": Secret("s3cret"),
        "nested": {"list": [Secret("x"), True]},
        "disk": Reference(recorded.one("Disk", "other").urn),
    }


def test_what_a_provider_answers_reaches_the_program_and_the_record() -> None:
    def program() -> None:
        disk = Disk("a", size=1)
        pulumi.export("address", disk.address)
        pulumi.export("id", disk.id)

    answer = {"cloud:storage:Disk": lambda disk: {"id": f"disks/{disk.name}", "address": Secret("10.0.0.1")}}
    recorded = record(program, outputs=answer)
    assert recorded.stack_outputs == {"address": Secret("10.0.0.1"), "id": "disks/a"}
    assert recorded.one("Disk").outputs == {"address": Secret("10.0.0.1"), "size": 1}


def test_in_a_preview_ids_and_provider_outputs_are_unknown_but_inputs_are_known() -> None:
    seen: list[object] = []

    def program() -> None:
        disk = Disk("a", size=1)
        disk.address.apply(seen.append)
        pulumi.export("address", disk.address)
        pulumi.export("id", disk.id)
        Disk("b", of=disk.id, size=1)

    recorded = record(program, preview=True, outputs={"cloud:storage:Disk": {"address": "10.0.0.1"}})
    assert recorded.stack_outputs == {"address": UNKNOWN, "id": UNKNOWN}
    assert recorded.one("Disk", "b").inputs == {"of": UNKNOWN, "size": 1}
    assert seen == []


def test_a_component_that_registers_no_outputs_is_told_from_one_that_registers_none_to_show() -> None:
    def program() -> None:
        Rack("silent")
        Rack("empty", {})
        Rack("full", {"address": pulumi.Output.secret("x")})

    recorded = record(program)
    assert recorded.one("Rack", "silent").outputs is None
    assert recorded.one("Rack", "empty").outputs == {}
    assert recorded.one("Rack", "full").outputs == {"address": Secret("x")}


def test_two_resources_of_one_urn_are_refused() -> None:
    def program() -> None:
        Disk("a")
        Disk("a")

    with pytest.raises(DuplicateUrnError, match="cloud:storage:Disk::a"):
        record(program)


def test_the_same_name_under_different_parents_types_is_no_duplicate() -> None:
    def program() -> None:
        Disk("a", pulumi.ResourceOptions(parent=Rack("rack")))
        Disk("a")

    assert len(record(program).of_type("Disk")) == 2


def test_an_assertion_in_an_apply_that_nobody_awaits_fails_the_run() -> None:
    def check(value: int) -> None:
        assert value == 2, "not two"

    def program() -> None:
        pulumi.Output.from_input(1).apply(check)

    with pytest.raises(AssertionError, match="not two"):
        record(program)


def test_an_assertion_in_a_task_that_nobody_awaits_fails_the_run() -> None:
    async def late() -> None:
        await asyncio.sleep(0.01)
        raise AssertionError("late")

    async def early() -> None:
        raise AssertionError("early")

    def program(coroutine: Any) -> None:
        asyncio.ensure_future(coroutine())  # noqa: RUF006 (lost on purpose)

    for coroutine in (late, early):
        with pytest.raises(AssertionError, match=coroutine.__name__):
            record(partial(program, coroutine))


def test_a_program_that_raises_raises_from_record() -> None:
    def program() -> None:
        raise pulumi.RunError("4 replicas but 3 disks")

    with pytest.raises(pulumi.RunError, match="4 replicas but 3 disks"):
        record(program)


def test_a_refusal_is_given_back_with_what_was_registered_before_it() -> None:
    def program() -> None:
        Disk("a")
        raise pulumi.RunError("no")

    recorded = record(program, raises=pulumi.RunError)
    assert str(recorded.error) == "no"
    assert [r.name for r in recorded.resources] == ["a"]


def test_a_refusal_that_does_not_come_fails() -> None:
    with pytest.raises(AssertionError, match="should raise RunError"):
        record(lambda: None, raises=pulumi.RunError)


def test_another_exception_than_the_refusal_comes_out() -> None:
    def program() -> None:
        raise KeyError("bug")

    with pytest.raises(KeyError, match="bug"):
        record(program, raises=pulumi.RunError)


def test_config_is_read_as_from_a_stack_file() -> None:
    def program() -> None:
        config = pulumi.Config()
        pulumi.export("replicas", config.require_object("workloads")["kubia"])
        pulumi.export("password", config.require_secret("password"))
        pulumi.export("project", pulumi.Config("gcp").require("project"))
        pulumi.export("stack", pulumi.get_stack())

    recorded = record(
        program,
        config={"workloads": {"kubia": 2}, "password": "pw", "gcp:project": "p"},
        secret_keys=["password"],
        stack="dev",
    )
    assert recorded.stack_outputs == {
        "replicas": 2,
        "password": Secret("pw"),
        "project": "p",
        "stack": "dev",
    }


def test_calls_of_provider_functions_are_recorded_and_answered() -> None:
    def program() -> None:
        pulumi.export("zone", pulumi.runtime.invoke("cloud:index:getZone", {"region": "r"}).value["zone"])

    recorded = record(program, calls={"cloud:index:getZone": {"zone": "r-b"}})
    assert recorded.stack_outputs == {"zone": "r-b"}
    assert recorded.calls[0].args == {"region": "r"}
    with pytest.raises(UnansweredCallError, match="cloud:index:getZone is called"):
        record(program)


def test_looking_up_an_existing_resource_is_recorded() -> None:
    disk = record(lambda: Disk("a", pulumi.ResourceOptions(id="disks/a"))).one("Disk")
    assert disk.read_id == "disks/a"


def test_what_the_program_logs_is_recorded() -> None:
    assert record(lambda: pulumi.log.warn("old")).logs == (("warning", "old"),)


def test_nothing_of_a_run_is_left_for_the_next() -> None:
    def first() -> None:
        pulumi.runtime.set_config("statefulsets:left", "over")
        Disk("a")
        pulumi.export("left", "over")
        raise pulumi.RunError("stop")

    before = (settings.get_project(), settings.get_stack(), settings.get_monitor())
    record(first, project="other", stack="prod", preview=True, config={"k": "v"}, raises=pulumi.RunError)
    assert (settings.get_project(), settings.get_stack(), settings.get_monitor()) == before
    assert settings.get_root_resource() is None
    assert not settings.is_dry_run()

    def second() -> None:
        pulumi.export("left", pulumi.Config().get("left"))
        pulumi.export("preview", pulumi.runtime.is_dry_run())
        Disk("a")

    recorded = record(second)
    assert recorded.stack_outputs == {"preview": False}
    assert [r.name for r in recorded.resources] == ["a"]


def test_requests_are_recorded_in_the_order_the_program_makes_them() -> None:
    names = [f"disk-{i}" for i in range(50)]
    recorded = record(lambda: [Disk(name) for name in names])
    assert [r.name for r in recorded.resources] == names


def test_asking_for_one_of_several_resources_lists_what_there_is() -> None:
    recorded = record(lambda: [Disk("a"), Disk("b")])
    with pytest.raises(AssertionError, match="2 resources are Disk; there are:\n  cloud:storage:Disk a"):
        recorded.one("Disk")
    with pytest.raises(AssertionError, match="0 resources are Disk c"):
        recorded.one("Disk", "c")


def test_kubernetes_objects_come_out_rendered_with_secrets_masked() -> None:
    from pulumi_kubernetes.core.v1 import Secret as KubernetesSecret

    def program() -> None:
        KubernetesSecret("s", metadata={"name": "s"}, string_data={"password": "pw"})
        Disk("a")

    recorded: Recorded = record(program)
    assert recorded.kubernetes_objects() == (
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "s"},
            "stringData": {"password": "[secret]"},
        },
    )
    assert recorded.one("Secret").inputs["stringData"] == Secret({"password": "pw"})
