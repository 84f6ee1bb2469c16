"""StatefulService runs any image, under Pod Security `restricted` except for what `allow` says."""

from __future__ import annotations

from typing import Any, cast

import pulumi
import pytest

from components.stateful.any_image import AllowSpec
from components.stateful.args import StatefulServiceArgs
from components.stateful.service import StatefulService
from tests.support.kube_schema import assert_cluster_accepts
from tests.support.monitor import Resource
from tests.support.recording import Recorded, record
from tests.support.wire import UNKNOWN, Secret
from tests.unit.components.programs import DISKS, LOCAL, PASSWORD, changed, deployed, plain, pod_of, problems

CACHE: dict[str, Any] = {
    "kind": "stateful",
    "image": "redis:8",
    "ports": [{"name": "redis", "port": 6379}],
    "mounts": [{"path": "/data"}],
    "uid": 999,
}
WHY = "its image was built so and is not ours"


def named_at_random(resource: Resource) -> dict[str, Any]:
    """The outputs that the Kubernetes provider has for an object without a name: it makes one up."""
    return {"metadata": {**resource.inputs["metadata"], "name": f"{resource.name}-1a2b3c4d"}}


def with_uid(resource: Resource) -> dict[str, Any]:
    """The outputs of an object, to which the API server adds a UID."""
    return {"metadata": {**resource.inputs["metadata"], "uid": f"uid-of-{resource.name}"}}


OUTPUTS = {"kubernetes:core/v1:Secret": named_at_random, "kubernetes:core/v1:ServiceAccount": with_uid}


def cache(**changes: Any) -> dict[str, Any]:
    return changed(CACHE, changes)


def build(**changes: Any) -> Recorded:
    return deployed("cache", cache(**changes), outputs=OUTPUTS)


def container(recorded: Recorded) -> dict[str, Any]:
    (found,) = pod_of(recorded)["containers"]
    return cast(dict[str, Any], found)


def args(**changes: Any) -> StatefulServiceArgs:
    fields = {"image": "redis:8", "ports": [{"name": "redis", "port": 6379}], "mounts": [{"path": "/data"}]}
    return cast(StatefulServiceArgs, {**fields, **changes})


EVERYTHING = cache(
    replicas=2,
    claimTemplate="store",
    ports=[{"name": "redis", "port": 6379}, {"name": "metrics", "port": 80, "containerPort": 9121}],
    mounts=[{"path": "/data", "subPath": "data"}, {"path": "/wal", "subPath": "wal", "readOnly": True}],
    command=["redis-server"],
    args=["/etc/redis/redis.conf", "--port", "6379"],
    env={"TZ": "UTC"},
    secretEnv={"REDIS_PASSWORD": "redisPassword"},
    configFiles={"/etc/redis/redis.conf": "appendonly yes\n", "/etc/acl/redis.conf": "user default on\n"},
    scratch=[{"path": "/tmp"}, {"path": "/run/redis", "size": "1Mi", "memory": True}],
    readiness={"exec": ["redis-cli", "ping"], "periodSeconds": 2},
    liveness={"tcp": {"port": "metrics"}, "failures": 10},
    startup={"http": {"path": "/up", "port": "metrics"}, "timeoutSeconds": 9},
    publishNotReady=True,
    clientService=True,
    resources={"requests": {"cpu": "100m"}},
)


def test_every_field_reaches_the_pods() -> None:
    recorded = deployed("cache", EVERYTHING, outputs=OUTPUTS)
    found = container(recorded)
    files = recorded.one("ConfigMap").inputs
    first, second = sorted(files["data"])
    assert found["image"] == "redis:8"
    assert found["command"] == ["redis-server"]
    assert found["args"] == ["/etc/redis/redis.conf", "--port", "6379"]
    assert found["env"] == [
        {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "POD_NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
        {
            "name": "REDIS_PASSWORD",
            "valueFrom": {"secretKeyRef": {"name": "cache-env-1a2b3c4d", "key": "REDIS_PASSWORD"}},
        },
        {"name": "TZ", "value": "UTC"},
    ]
    assert found["ports"] == [
        {"name": "redis", "containerPort": 6379},
        {"name": "metrics", "containerPort": 9121},
    ]
    assert found["volumeMounts"] == [
        {"name": "store", "mountPath": "/data", "subPath": "data"},
        {"name": "store", "mountPath": "/wal", "subPath": "wal", "readOnly": True},
        {"name": "scratch-0", "mountPath": "/tmp"},
        {"name": "scratch-1", "mountPath": "/run/redis"},
        {"name": "config-files", "mountPath": "/etc/acl/redis.conf", "subPath": first, "readOnly": True},
        {"name": "config-files", "mountPath": "/etc/redis/redis.conf", "subPath": second, "readOnly": True},
    ]
    assert [files["data"][key] for key in (first, second)] == ["user default on\n", "appendonly yes\n"]
    assert found["readinessProbe"] == {
        "exec": {"command": ["redis-cli", "ping"]},
        "periodSeconds": 2,
        "timeoutSeconds": 2,
        "failureThreshold": 3,
    }
    assert found["livenessProbe"]["tcpSocket"] == {"port": "metrics"}
    assert found["livenessProbe"]["failureThreshold"] == 10
    assert found["startupProbe"]["httpGet"] == {"path": "/up", "port": "metrics"}
    assert found["startupProbe"]["timeoutSeconds"] == 9
    assert found["resources"] == {"requests": {"cpu": "100m"}, "limits": {}}
    assert pod_of(recorded)["volumes"] == [
        {"name": "scratch-0", "emptyDir": {"sizeLimit": "64Mi"}},
        {"name": "scratch-1", "emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}},
        {"name": "config-files", "configMap": {"name": files["metadata"]["name"]}},
    ]
    assert pod_of(recorded)["securityContext"]["runAsUser"] == 999
    (governing,) = [s.inputs for s in recorded.of_type("Service") if s.name == "cache-governing"]
    assert governing["spec"]["publishNotReadyAddresses"] is True
    assert governing["spec"]["ports"][1] == {"name": "metrics", "port": 80, "targetPort": "metrics"}
    assert recorded.one("NetworkPolicy").inputs["spec"]["ingress"][0]["ports"][1]["port"] == 9121
    assert recorded.stack_outputs["claims"] == ["store-cache-0", "store-cache-1"]
    assert recorded.stack_outputs["host"] == "cache.shop.svc.cluster.local"


def test_a_cluster_takes_every_object_of_the_least_and_of_all_that_can_be_said() -> None:
    for fields in (CACHE, EVERYTHING, cache(storage=LOCAL), cache(storage=DISKS | {"claimSize": "1Gi"})):
        recorded = deployed("cache", fields, outputs=OUTPUTS, google="acme")
        assert_cluster_accepts(o for o in recorded.kubernetes_objects() if o["kind"] not in ("Job", "Secret"))


def test_what_is_not_said_is_what_a_restricted_image_with_one_open_port_needs() -> None:
    recorded = build()
    found = container(recorded)
    assert found["readinessProbe"]["tcpSocket"] == {"port": "redis"}
    assert found.keys().isdisjoint({"command", "args", "livenessProbe", "startupProbe"})
    assert "volumes" not in pod_of(recorded)
    assert recorded.of_type("ConfigMap") == recorded.of_type("Secret") == ()
    assert recorded.one("StatefulSet").inputs["spec"]["replicas"] == 1
    assert_cluster_accepts(recorded.kubernetes_objects())


@pytest.mark.parametrize(
    ("word", "changes", "where", "value"),
    [
        ("writableRoot", {}, ("containers", 0, "securityContext", "readOnlyRootFilesystem"), False),
        ("capabilities", {}, ("containers", 0, "securityContext", "capabilities"), None),
        ("root", {"uid": 0}, ("securityContext", "runAsNonRoot"), False),
        ("apiToken", {}, ("automountServiceAccountToken",), True),
        (
            "privilegedPorts",
            {"ports": [{"name": "smtp", "port": 25}]},
            ("securityContext", "sysctls"),
            [{"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"}],
        ),
    ],
)
def test_what_an_image_needs_beyond_the_restrictions_is_one_word_and_its_reason_is_kept(
    word: str, changes: dict[str, Any], where: tuple[str | int, ...], value: Any
) -> None:
    def at(recorded: Recorded) -> Any:
        found: Any = pod_of(recorded)
        for step in where:
            found = found[step] if isinstance(step, int) else found.get(step)
        return found

    allowed = build(allow={word: WHY}, **changes)
    assert at(allowed) == value
    assert at(build()) != value
    annotations = allowed.one("StatefulSet").inputs["metadata"]["annotations"]
    assert annotations[f"statefulsets/allows-{word}"] == WHY


def test_every_word_that_allows_something_is_tried() -> None:
    tried = {"writableRoot", "capabilities", "root", "apiToken", "privilegedPorts"}
    assert {field.alias for field in AllowSpec.model_fields.values()} == tried


def test_a_changed_file_is_another_config_map_and_rolls_the_pods() -> None:
    one, other = (build(configFiles={"/etc/a": text}) for text in ("a", "b"))
    names = [recorded.one("ConfigMap").inputs["metadata"]["name"] for recorded in (one, other)]
    assert names[0] != names[1]
    assert all(name.startswith("cache-files-") for name in names)
    assert one.one("ConfigMap").inputs["immutable"] is True
    assert pod_of(one)["volumes"] != pod_of(other)["volumes"]
    moved = build(configFiles={"/etc/b": "a"}).one("ConfigMap").inputs["metadata"]["name"]
    assert moved not in names
    assert "cache-files" in one.one("StatefulSet").depends_on


def test_files_and_secrets_of_before_stay_for_pods_that_are_not_rolled_yet_and_go_with_the_workload() -> None:
    recorded = build(configFiles={"/etc/a": "a"}, secretEnv={"A": "a"})
    for kind in ("ConfigMap", "Secret"):
        kept = recorded.one(kind)
        assert kept.retain_on_delete is True
        owner = {"apiVersion": "v1", "kind": "ServiceAccount", "name": "cache", "uid": "uid-of-cache-account"}
        assert kept.inputs["metadata"]["ownerReferences"] == [owner]


def test_a_secret_variable_is_nowhere_in_plain_sight_and_its_name_tells_nothing_of_it() -> None:
    recorded = build(secretEnv={"REDIS_PASSWORD": "redisPassword"})
    secret = recorded.one("Secret")
    assert secret.inputs["stringData"] == {"REDIS_PASSWORD": Secret(f"{PASSWORD} 0")}
    assert set(secret.additional_secret_outputs) == {"data", "stringData"}
    assert secret.inputs["immutable"] is True
    assert "name" not in secret.inputs["metadata"], "a name made of the value would confirm a guess"
    for resource in recorded.resources:
        assert PASSWORD not in str(plain(resource.inputs))
    assert "cache-env" in recorded.one("StatefulSet").depends_on


def test_a_secret_of_any_length_and_lines_is_taken_and_a_plain_one_is_not() -> None:
    from components.config.loader import load
    from tests.unit.components.programs import NO_HISTORY, TARGET, export

    config = {"target": TARGET, "workloads": {"cache": cache(secretEnv={"KEY": "key"})}, "key": "line\n" * 100}
    plainly = record(lambda: export(load()), config=config, calls=NO_HISTORY, raises=pulumi.RunError)
    assert "cache.secretEnv.KEY: the secret is in plain text; pulumi config set --secret key" in str(plainly.error)
    recorded = record(lambda: export(load()), config=config, secret_keys=["key"], calls=NO_HISTORY, outputs=OUTPUTS)
    assert recorded.one("Secret").inputs["stringData"] == {"KEY": Secret("line\n" * 100)}


def test_its_storage_is_its_own_child() -> None:
    recorded = build(storage=LOCAL, replicas=2)
    assert recorded.one("PersistentVolumes").parent == "cache"
    assert [v.inputs["spec"]["claimRef"]["name"] for v in recorded.of_type("PersistentVolume")] == [
        "data-cache-0",
        "data-cache-1",
        "data-cache-2",
    ]
    assert recorded.stack_outputs["volumes"] == ["v-0", "v-1", "v-2"]


REFUSED: list[tuple[str, dict[str, Any], list[str]]] = [
    ("no port", {"ports": []}, ["ports: too few items; list at least 1"]),
    ("no mount", {"mounts": []}, ["mounts: too few items; list at least 1"]),
    ("no image", {"image": None}, ["image: missing; add it"]),
    (
        "a port twice",
        {"ports": [{"name": "a", "port": 1025}, {"name": "a", "port": 1025}]},
        [
            "ports[1].containerPort: 1025 is there already; give each port one of its own",
            "ports[1].name: a is there already; give each port one of its own",
            "ports[1].port: 1025 is there already; give each port one of its own",
        ],
    ),
    (
        "a port's name without a letter",
        {"ports": [{"name": "6379", "port": 6379}]},
        ['ports[0].name: "6379" is not a port\'s name; write up to 15 of a-z 0-9 -, with a letter'],
    ),
    (
        "a low port",
        {"ports": [{"name": "web", "port": 80}]},
        [
            "ports[0].containerPort: 80 is below 1024, where only root listens; write a higher one, or say why in"
            " allow.privilegedPorts"
        ],
    ),
    (
        "two mounts of the whole claim",
        {"mounts": [{"path": "/a"}, {"path": "/b"}]},
        ["mounts[1].subPath: another mount shows the whole claim; name another directory of the claim"],
    ),
    (
        "scratch over the data",
        {"scratch": [{"path": "/data/pg"}]},
        ["scratch[0].path: /data/pg lies within /data and would hide a part of the claim; write a path outside"],
    ),
    (
        "a part of the claim over another",
        {"mounts": [{"path": "/data", "subPath": "a"}, {"path": "/data/b", "subPath": "b"}]},
        ["mounts[1].path: /data/b lies within /data and would hide a part of the claim; write a path outside"],
    ),
    (
        "claims of the name of a volume of the pod's",
        {"claimTemplate": "scratch-0", "scratch": [{"path": "/tmp"}]},
        ["claimTemplate: scratch-0 is a volume of the pod's own; write another name, such as data"],
    ),
    (
        "a low port of root's, who has no capability for it",
        {"uid": 0, "allow": {"root": WHY}, "ports": [{"name": "web", "port": 80}]},
        [
            "ports[0].containerPort: 80 is below 1024, where only root listens; write a higher one, or say why in"
            " allow.privilegedPorts"
        ],
    ),
    (
        "two mounts of one directory",
        {"mounts": [{"path": "/a", "subPath": "x"}, {"path": "/b", "subPath": "x"}]},
        ["mounts[1].subPath: another mount shows the directory x; name another directory of the claim"],
    ),
    (
        "a file where the data are",
        {"configFiles": {"/data": "x"}},
        ['configFiles["/data"]: /data shows something else already; write another path'],
    ),
    (
        "a way out of the claim",
        {"mounts": [{"path": "/data", "subPath": "../x"}]},
        ['mounts[0].subPath: "../x" is not a directory of the claim; write one such as wal'],
    ),
    (
        "a path that is not absolute",
        {"scratch": [{"path": "tmp"}]},
        ['scratch[0].path: "tmp" is not a plain absolute path; write one such as /data'],
    ),
    (
        "a variable twice",
        {"env": {"A": "1", "POD_NAME": "x"}, "secretEnv": {"A": "key"}},
        ["env.POD_NAME: set by the program; leave it out", "secretEnv.A: in env too; leave it out there"],
    ),
    (
        "two questions in a probe, and none",
        {"readiness": {"tcp": {}, "exec": ["true"]}, "liveness": {"periodSeconds": 3}},
        [
            "liveness: no question; write one of http, tcp and exec",
            "readiness: tcp or exec at once; write one of http, tcp and exec",
        ],
    ),
    (
        "a question to a port that is not there",
        {"startup": {"http": {"port": "web"}}},
        ['startup.http.port: "web" is none of the ports; write redis'],
    ),
    ("root by a slip", {"uid": 0}, ["uid: 0 is root; write another user, or say why in allow.root"]),
    (
        "root for another user",
        {"allow": {"root": WHY}},
        ["allow.root: the uid is 999; leave it out, or write uid: 0"],
    ),
    (
        "a uid in quotes, of which nothing else can be said",
        {"uid": "0", "allow": {"root": WHY}},
        ['uid: "0" is not a whole number; write one without quotes'],
    ),
    (
        "root with a reason that is none",
        {"uid": 0, "allow": {"root": "because"}},
        ['allow.root: "because" is too short; write at least 10 characters'],
    ),
    (
        "a path to ask that is none",
        {"readiness": {"http": {"path": "healthz"}}},
        ['readiness.http.path: "healthz" is not a path; write one such as /healthz'],
    ),
    (
        "a variable that no shell could name",
        {"env": {"1A": "x"}},
        ['env.1A: "1A" is not a variable\'s name; write letters, digits and _, no digit first'],
    ),
    (
        "no reason",
        {"allow": {"writableRoot": "yes"}},
        ['allow.writableRoot: "yes" is too short; write at least 10 characters'],
    ),
    (
        "a word that allows nothing",
        {"allow": {"priviledgedPorts": WHY}},
        ["allow.priviledgedPorts: unknown key; did you mean privilegedPorts?"],
    ),
]


@pytest.mark.parametrize(("changes", "said"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_what_cannot_work_is_refused_in_the_stack_file_and_in_a_program_alike(
    changes: dict[str, Any], said: list[str]
) -> None:
    fields = cache(**changes)
    assert problems({"cache": fields}) == [f"statefulsets:workloads.cache.{line}" for line in said]


@pytest.mark.parametrize(
    "changes",
    [
        {"ports": [{"name": "redis", "port": 1024}]},
        {"ports": [{"name": "redis", "port": 80, "containerPort": 65535}]},
        {"ports": [{"name": "a", "port": 1}, {"name": "b-2", "port": 2}], "allow": {"privilegedPorts": "0123456789"}},
        {"mounts": [{"path": "/data"}], "scratch": [{"path": "/database"}]},
        {"mounts": [{"path": "/data", "subPath": "a/b.c"}, {"path": "/wal", "subPath": ".wal"}]},
        {"uid": 2**31 - 1},
    ],
)
def test_what_comes_near_to_what_cannot_work_is_taken(changes: dict[str, Any]) -> None:
    assert problems({"cache": cache(**changes)}) == []


def test_a_programs_mistakes_are_told_all_at_once_in_the_stack_files_words() -> None:
    wrong = args(replicas="2", uid=0, storage={"kind": "local", "volumes": []}, stray=1, image="Not an image")
    recorded = record(lambda: StatefulService("Cache_1", wrong), raises=pulumi.RunError)
    assert str(recorded.error).splitlines() == [
        'Cache_1.image: "Not an image" is not an image reference; write one such as luksa/kubia-pet or'
        " registry.example/name:tag",
        'Cache_1.replicas: "2" is not a whole number; write one without quotes',
        "Cache_1.storage.volumes: too few items; list at least 1",
        "Cache_1.stray: unknown key; did you mean storage?",
    ]
    assert recorded.resources == ()


def test_an_image_namespace_and_values_of_other_resources_are_taken_as_they_are() -> None:
    def program() -> None:
        made = pulumi.Output.from_input("registry.example/redis:8")
        space = pulumi.Output.from_input("shop")
        word = pulumi.Output.from_input("yes")
        service = StatefulService(
            "cache",
            args(
                image=made,
                namespace=space,
                env={"A": word},
                args=["redis-server", word],
                secret_env={"B": "hunter2"},
                config_files={"/etc/redis.conf": word},
                storage=LOCAL,
            ),
        )
        pulumi.export("hosts", service.hosts)

    recorded = record(program, outputs=OUTPUTS)
    found = container(recorded)
    assert found["image"] == "registry.example/redis:8"
    assert found["args"] == ["redis-server", "yes"]
    assert {"name": "A", "value": "yes"} in found["env"]
    assert recorded.one("ConfigMap").inputs["data"].values().__iter__().__next__() == "yes"
    assert recorded.one("Secret").inputs["stringData"] == {"B": Secret("hunter2")}
    assert recorded.stack_outputs["hosts"] == ["cache-0.cache.shop.svc.cluster.local"]
    claims = {v.inputs["spec"]["claimRef"]["namespace"] for v in recorded.of_type("PersistentVolume")}
    assert claims == {"shop"}


def test_a_preview_with_an_image_that_is_not_known_yet_shows_everything_else() -> None:
    def program() -> None:
        built = pulumi.CustomResource("docker:index:Image", "built", {"repoDigest": None})
        image = pulumi.Output.from_input(built.__dict__["repoDigest"])
        StatefulService("cache", args(image=image, replicas=3))

    recorded = record(program, preview=True)
    assert container(recorded)["image"] is UNKNOWN
    assert recorded.one("StatefulSet").inputs["spec"]["replicas"] == 3


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"image": "Not an image"}, "cache.image: its value is not an image reference"),
        ({"namespace": "Not a label"}, "cache.namespace: its value is not a DNS-1123 label"),
        ({"env": {"A": 3}}, "cache.env.A: its value is not a text; write it in quotes"),
        ({"image": None}, "cache.image: an Output without a value; give it one"),
    ],
)
def test_an_output_is_checked_by_the_same_rule_once_it_is_known(changes: dict[str, Any], said: str) -> None:
    def late(value: Any) -> Any:
        return (
            {key: late(item) for key, item in value.items()}
            if isinstance(value, dict)
            else pulumi.Output.from_input(value)
        )

    recorded = record(lambda: StatefulService("cache", args(**late(changes))), raises=pulumi.RunError)
    assert said in str(recorded.error)
    assert recorded.of_type("StatefulSet") == ()


def test_what_decides_which_objects_there_are_must_be_known() -> None:
    late = pulumi.Output.from_input
    recorded = record(
        lambda: StatefulService("cache", args(replicas=late(2), storage={"kind": "dynamic", "class_name": late("x")})),
        raises=pulumi.RunError,
    )
    said = "an Output, and what it decides must be known before anything is made; write a plain value"
    assert str(recorded.error).splitlines() == [f"cache.replicas: {said}", f"cache.storage.className: {said}"]


def test_what_is_wrong_by_itself_does_not_hide_what_the_fields_disagree_on() -> None:
    wrong = args(durability="sometimes", scratch=[{"path": "/data"}])
    recorded = record(lambda: StatefulService("cache", wrong), raises=pulumi.RunError)
    assert str(recorded.error).splitlines() == [
        'cache.durability: "sometimes" is not allowed; write keep or discard',
        "cache.scratch[0].path: /data shows something else already; write another path",
    ]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"A": None}, "secretEnv.A: missing; add it"),
        ({"A": 5}, "secretEnv.A: not a text; write it in quotes"),
        (["A"], "secretEnv: not a map; write its keys below it, indented"),
    ],
)
def test_a_secret_variable_without_a_text_is_refused_before_anything_is_made(values: Any, said: str) -> None:
    recorded = record(lambda: StatefulService("cache", args(secret_env=values)), raises=pulumi.RunError)
    assert str(recorded.error) == f"cache.{said}"
    assert recorded.resources == ()


def test_secret_variables_that_are_an_output_as_a_whole_are_refused_and_a_late_one_without_a_text_too() -> None:
    def whole() -> None:
        StatefulService("cache", args(secret_env=pulumi.Output.secret({"A": "x"})))

    def late() -> None:
        StatefulService("cache", args(secret_env={"A": pulumi.Output.secret(5)}))

    assert "cache.secretEnv: an Output, and what" in str(record(whole, raises=pulumi.RunError).error)
    assert "cache.secretEnv.A: not a text" in str(record(late, raises=pulumi.RunError, outputs=OUTPUTS).error)


def test_a_preview_of_a_cluster_that_cannot_answer_knows_no_uid_and_goes_on() -> None:
    account = {"kubernetes:core/v1:ServiceAccount": lambda resource: dict(resource.inputs)}
    files = args(config_files={"/etc/a": "a"})
    recorded = record(lambda: StatefulService("cache", files), preview=True, outputs=account)
    (owner,) = recorded.one("ConfigMap").inputs["metadata"]["ownerReferences"]
    assert owner["uid"] is UNKNOWN


def test_disks_without_a_project_are_refused_before_anything_is_made() -> None:
    disks = {"kind": "gce-disks", "disks": [{"name": "a"}]}
    recorded = record(lambda: StatefulService("cache", args(storage=disks)), raises=pulumi.RunError)
    assert str(recorded.error) == "cache.project: missing; the disks and their volumes name it, so add it"
    assert recorded.resources == ()


def test_numbers_are_whole_as_other_languages_engines_send_them() -> None:
    recorded = record(lambda: StatefulService("cache", args(replicas=2.0, ports=[{"name": "a", "port": 6379.0}])))
    assert recorded.one("StatefulSet").inputs["spec"]["replicas"] == 2
    fraction = record(lambda: StatefulService("cache", args(replicas=2.5)), raises=pulumi.RunError)
    assert "cache.replicas: 2.5 is not a whole number" in str(fraction.error)


def test_what_is_no_value_at_all_is_refused() -> None:
    recorded = record(lambda: StatefulService("cache", args(replicas=object())), raises=pulumi.RunError)
    assert str(recorded.error).startswith("cache.replicas: of type object, which is none of text, number, list and map")
