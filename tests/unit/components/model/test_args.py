"""Every component's arguments have the stack file's fields, and are refused by its rules with its lines."""

from __future__ import annotations

import types
import typing
from typing import Any, cast, get_args, get_origin

import pulumi
import pytest
from pydantic import BaseModel

import components
from components import (
    CloudSqlMySql,
    CloudSqlMySqlArgs,
    GcePersistentDisks,
    GcePersistentDisksArgs,
    Kubia,
    KubiaArgs,
    Nginx,
    NginxArgs,
    PersistentVolumes,
    PersistentVolumesArgs,
    ReplicatedMySql,
    ReplicatedMySqlArgs,
    StatefulServiceArgs,
    XtrabackupMySql,
    XtrabackupMySqlArgs,
)
from components.kinds.cloud_sql.spec import CloudSqlSpec
from components.kinds.kubia.spec import KubiaSpec
from components.kinds.mysql.spec import MySqlSpec
from components.kinds.mysql57.spec import MySql57Spec
from components.kinds.nginx.spec import NginxSpec
from components.stateful.any_image import StatefulServiceSpec
from components.storage.disks import GcePersistentDisksSpec
from components.storage.volumes import PersistentVolumesSpec
from tests.support.recording import Recorded, record
from tests.support.wire import UNKNOWN, Secret
from tests.unit.components.programs import CLOUD_SQL, pod_of

PAIRS: list[tuple[Any, type[BaseModel]]] = [
    (KubiaArgs, KubiaSpec),
    (NginxArgs, NginxSpec),
    (ReplicatedMySqlArgs, MySqlSpec),
    (XtrabackupMySqlArgs, MySql57Spec),
    (StatefulServiceArgs, StatefulServiceSpec),
    (CloudSqlMySqlArgs, CloudSqlSpec),
    (PersistentVolumesArgs, PersistentVolumesSpec),
    (GcePersistentDisksArgs, GcePersistentDisksSpec),
]
TOLD_OTHERWISE = {
    "kind": "the component says it",
    "engine": "the component says it",
    "password_keys": "a program gives the passwords themselves",
    "password_key": "a program gives the password itself",
}
GIVEN_TO_COMPONENTS = {"namespace", "project", "passwords", "password"}
SIMPLE = (str, int, bool, float)


def hints_of(args: Any) -> dict[str, Any]:
    """The annotations of arguments, in which the names of Pulumi's Input are resolved."""
    return typing.get_type_hints(args, localns={"Output": pulumi.Output, "T": Any})


def models_in(annotation: Any) -> list[type[BaseModel]]:
    """The models within an annotation, each of a union's."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in models_in(part)]


def dicts_in(annotation: Any) -> list[Any]:
    """The TypedDicts within an annotation."""
    if typing.is_typeddict(annotation):
        return [annotation]
    return [found for part in get_args(annotation) for found in dicts_in(part)]


def assert_same(args: Any, models: list[type[BaseModel]], path: str) -> None:
    """Checks that arguments have the models' fields at every depth, and require none that no model requires."""
    hints = hints_of(args)
    fields = {name: field for model in models for name, field in model.model_fields.items()}
    own = {key: hint for key, hint in hints.items() if key not in GIVEN_TO_COMPONENTS or key in fields}
    kept = {name for name in fields if name not in TOLD_OTHERWISE or (name == "kind" and name in own)}
    # A component may take some of the backends only, but its arguments have the fields of all backends.
    assert set(own) >= kept if path == "GcePersistentDisksSpec.storage" else set(own) == kept, path
    for key in args.__required_keys__ & fields.keys() - {"kind"}:
        assert fields[key].is_required(), f"{path}.{key}"
    for name in kept:
        inner = [
            model for of in models if name in of.model_fields for model in models_in(of.model_fields[name].annotation)
        ]
        if inner:
            (nested,) = dicts_in(own[name])
            assert_same(nested, inner, f"{path}.{name}")
        else:
            assert not dicts_in(own[name]), f"{path}.{name}"


@pytest.mark.parametrize(("args", "spec"), PAIRS, ids=[spec.__name__ for _, spec in PAIRS])
def test_a_program_can_say_all_that_a_stack_file_can_and_nothing_else(args: Any, spec: type[BaseModel]) -> None:
    assert_same(args, [spec], spec.__name__)


def widest(annotation: Any) -> bool:
    """Whether Pulumi's schema can express a type: it knows no unions, except with None and those that are an Input."""
    if get_origin(annotation) in (typing.Union, types.UnionType):
        plain = [part for part in get_args(annotation) if part in SIMPLE or typing.is_typeddict(part)]
        return len(plain) == 1
    return (
        annotation in SIMPLE
        or annotation is Any
        or typing.is_typeddict(annotation)
        or all(map(widest, get_args(annotation)))
    )


@pytest.mark.parametrize(("args", "spec"), PAIRS, ids=[spec.__name__ for _, spec in PAIRS])
def test_other_languages_can_say_it_too(args: Any, spec: type[BaseModel]) -> None:
    for name, hint in hints_of(args).items():
        assert widest(hint), name


def test_every_component_is_there_by_its_name_and_nothing_else() -> None:
    assert all(getattr(components, name).__name__ == name for name in components.__all__)
    assert set(components.__all__) <= set(dir(components))
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        components.Nothing  # noqa: B018


def test_every_components_mistakes_are_told_before_anything_is_made() -> None:
    wrong: list[tuple[Any, dict[str, Any], list[str]]] = [
        (Kubia, {"replicas": -1}, ["x.replicas: -1 is too small; write 0 or more"]),
        (Nginx, {"image": 3}, ["x.image: 3 is not a text; write it in quotes"]),
        (
            ReplicatedMySql,
            {"max_lag_seconds": 0, "passwords": {"root": "", "other": "x"}},
            [
                "x.maxLagSeconds: 0 is too small; write 1 or more",
                "x.passwords.application: missing; add it",
                "x.passwords.clone: missing; add it",
                "x.passwords.monitor: missing; add it",
                "x.passwords.other: unknown account; the known ones are root, replication, clone, monitor, application",
                "x.passwords.replication: missing; add it",
                "x.passwords.root: the password is empty; give one that is not",
            ],
        ),
        (
            XtrabackupMySql,
            {
                "semi_sync": {},
                "passwords": dict.fromkeys(("root", "replication", "backup", "monitor", "application"), "x" * 33),
            },
            [
                "x.passwords.replication: the password has 33 characters and MySQL silently cuts what a replica gives",
                "x.semi_sync: unknown key; the known ones are ",
            ],
        ),
        (
            PersistentVolumes,
            {
                "workload": "w",
                "claim_template": "data",
                "volumes": [
                    {
                        "name": name,
                        "ordinal": 0,
                        "capacity": "1Gi",
                        "source": {},
                        "node_label": "a",
                        "node_values": ["b"],
                    }
                    for name in ("a", "A")
                ],
            },
            ["x.volumes[1].name: \"A\" is not a DNS-1123 name; write lower-case letters, digits, '-' and '.', with a"],
        ),
        (
            GcePersistentDisks,
            {"project": "acme", "storage": {"kind": "dynamic"}},
            ['x.storage.kind: "dynamic" is no kind there is; write gce-disks or regional-disks'],
        ),
        (CloudSqlMySql, {"region": "here"}, ['x.region: "here" is no region; write one such as europe-west1']),
    ]
    for component, args, said in wrong:
        recorded = record(lambda component=component, args=args: component("x", args), raises=pulumi.RunError)  # type: ignore[misc]
        lines = str(recorded.error).splitlines()
        assert recorded.resources == ()
        for line in said:
            assert any(one.startswith(line) for one in lines), (line, lines)


def test_volumes_of_one_ordinal_or_name_are_refused() -> None:
    volume = {"name": "a", "ordinal": 0, "capacity": "1Gi", "source": {}, "node_label": "a", "node_values": ["b"]}
    args = cast(PersistentVolumesArgs, {"workload": "w", "claim_template": "data", "volumes": [volume, volume]})
    recorded = record(lambda: PersistentVolumes("x", args), raises=pulumi.RunError)
    assert str(recorded.error).splitlines() == [
        "x.volumes[1].name: a is there already; give each volume one of its own",
        "x.volumes[1].ordinal: 0 is there already; give each volume one of its own",
    ]


ACCOUNTS = ("root", "replication", "monitor", "application")
PASSWORDS: dict[str, Any] = dict.fromkeys((*ACCOUNTS, "clone"), "hunter2")
PASSWORDS_57: dict[str, Any] = dict.fromkeys((*ACCOUNTS, "backup"), "hunter2")


def test_keys_are_told_as_python_spells_them_where_a_program_wrote_them() -> None:
    recorded = record(
        lambda: Kubia("x", cast(KubiaArgs, {"clientService": True, "min_redy": 1})), raises=pulumi.RunError
    )
    assert str(recorded.error).splitlines() == [
        "x.clientService: unknown key; did you mean client_service?",
        "x.min_redy: unknown key; did you mean min_ready_seconds?",
    ]


def test_a_volume_without_a_source_is_refused() -> None:
    volume = {"name": "a", "ordinal": 0, "capacity": "1Gi", "node_label": "a", "node_values": ["b"]}
    args = cast(PersistentVolumesArgs, {"workload": "w", "claim_template": "data", "volumes": [volume]})
    recorded = record(lambda: PersistentVolumes("x", args), raises=pulumi.RunError)
    assert str(recorded.error) == "x.volumes[0].source: missing; add it"


def mysql(**changes: Any) -> ReplicatedMySqlArgs:
    return cast(ReplicatedMySqlArgs, {"passwords": PASSWORDS, **changes})


def test_plain_passwords_are_secrets_wherever_they_go() -> None:
    recorded = record(lambda: ReplicatedMySql("db", mysql()))
    for secret in recorded.of_type("Secret"):
        assert all(isinstance(value, Secret) for value in secret.inputs["stringData"].values())


def test_passwords_may_come_as_one_output_as_engines_of_other_languages_send_them() -> None:
    def program() -> None:
        ReplicatedMySql("db", mysql(passwords=pulumi.Output.secret(PASSWORDS)))

    accounts = record(program).one("Secret", "db-accounts").inputs["stringData"]
    assert accounts["replication"] == Secret("hunter2")


@pytest.mark.parametrize(
    ("password", "said"), [("x" * 33, "silently cuts"), ("", "is empty"), (None, "missing; add it")]
)
def test_a_password_is_checked_once_it_is_known(password: Any, said: str) -> None:
    def program() -> None:
        late: dict[str, Any] = {"replication": pulumi.Output.secret(password)}
        ReplicatedMySql("db", mysql(passwords={**PASSWORDS, **late}))

    recorded = record(program, raises=pulumi.RunError)
    assert f"db.passwords.replication: {said}" in str(recorded.error) or said in str(recorded.error)


def run(component: Any, **args: Any) -> Recorded:
    """Records a component whose namespace and images are Outputs."""

    def program() -> None:
        told = args.keys() & {"namespace", "image", "backup_image"}
        component("app", {**args, **{key: pulumi.Output.from_input(args[key]) for key in told}})

    return record(program)


@pytest.mark.parametrize("component", [Kubia, Nginx])
def test_a_namespace_and_an_image_of_other_resources_reach_all_that_is_made(component: Any) -> None:
    local = {"kind": "local", "volumes": [{"name": "v", "node": "n", "path": "/srv/v"}]}
    recorded = run(component, namespace="shop", image="a/b:1", replicas=1, storage=local)
    namespaces = {o["metadata"].get("namespace") for o in recorded.kubernetes_objects()}
    assert namespaces == {"shop", "kube-system", None}
    job = recorded.one("Job").inputs
    assert job["spec"]["template"]["spec"]["containers"][0]["image"] == "a/b:1"
    plain = record(lambda: component("app", {"namespace": "shop", "image": "a/b:1", "replicas": 1, "storage": local}))
    assert recorded.kubernetes_objects() == plain.kubernetes_objects()
    assert recorded.one(component.__name__).outputs == plain.one(component.__name__).outputs


@pytest.mark.parametrize(
    ("component", "args"),
    [
        (ReplicatedMySql, {"passwords": PASSWORDS, "image": "a/b:1"}),
        (XtrabackupMySql, {"passwords": PASSWORDS_57, "image": "a/b:1", "backup_image": "a/c:1"}),
    ],
)
def test_a_mysql_with_what_other_resources_tell_is_the_same_as_a_plain_one(
    component: Any, args: dict[str, Any]
) -> None:
    late = run(component, namespace="shop", **args)
    plain = record(lambda: component("app", {"namespace": "shop", **args}))
    assert late.kubernetes_objects() == plain.kubernetes_objects()
    assert late.one(component.__name__).outputs == plain.one(component.__name__).outputs
    images = {c["image"] for c in pod_of(late)["containers"]}
    assert images == {image for key, image in args.items() if key.endswith("image")}


def test_a_secret_with_certificates_may_be_another_resources() -> None:
    recorded = record(lambda: ReplicatedMySql("db", mysql(tls_secret=pulumi.Output.from_input("db-tls"))))
    volumes = recorded.one("StatefulSet").inputs["spec"]["template"]["spec"]["volumes"]
    assert {"name": "tls", "secret": {"secretName": "db-tls", "defaultMode": 0o440}} in volumes


def test_a_managed_mysql_takes_networks_of_other_resources() -> None:
    def program() -> None:
        network = pulumi.Output.from_input("projects/p/global/networks/n")
        office = {"name": "office", "value": pulumi.Output.from_input("203.0.113.0/24")}
        fields = {key: value for key, value in CLOUD_SQL.items() if key not in ("kind", "publicIp", "users")}
        users = [{"name": "app", "password": "hunter2"}]
        more = {
            "users": users,
            "private_network": network,
            "authorized_networks": [office],
            "allocated_ip_range": network.apply(lambda _: "sql"),
        }
        CloudSqlMySql("db", cast(CloudSqlMySqlArgs, {**fields, **more}))

    recorded = record(
        program,
        preview=False,
        outputs={"gcp:sql/databaseInstance:DatabaseInstance": {"serverCaCerts": [], "privateIpAddress": "10.0.0.1"}},
    )
    told = recorded.one("DatabaseInstance").inputs["settings"]["ipConfiguration"]
    assert told["privateNetwork"] == "projects/p/global/networks/n"
    assert told["allocatedIpRange"] == "sql"
    assert told["authorizedNetworks"] == [{"name": "office", "value": "203.0.113.0/24"}]


def test_what_is_not_known_in_a_preview_is_checked_when_it_is() -> None:
    def program() -> None:
        other = pulumi.CustomResource("a:b:C", "other", {"name": None})
        Kubia("app", cast(KubiaArgs, {"namespace": other.__dict__["name"], "storage": {"kind": "dynamic"}}))

    recorded = record(program, preview=True)
    assert recorded.one("StatefulSet").inputs["metadata"]["namespace"] is UNKNOWN
