"""The stand-in's gcp provider, call by call: what replaces, what is refused, what an import and a refresh tell."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from localcloud.gce.provider import compute, sql
from localcloud.gce.provider.properties import UNKNOWN, from_wire, to_wire
from localcloud.gce.provider.servicer import KINDS, Provider
from tests.support.gce import DISKS, PROJECT, TOKEN, ZONE, Google, serving, write_token

HANDLE = f"projects/{PROJECT}/zones/{ZONE}/disks/pv-a"
DISK = {"name": "pv-a", "project": PROJECT, "zone": ZONE, "size": 2, "type": "pd-standard"}
SETTINGS = {"tier": "db-n1-standard-1", "diskSize": 20, "diskType": "PD_SSD"}
INSTANCE = {
    "name": "orders",
    "project": PROJECT,
    "region": "europe-west1",
    "databaseVersion": "MYSQL_8_4",
    "deletionProtection": True,
    "settings": SETTINGS,
}
POLICY = {"name": "p", "project": PROJECT, "region": "europe-west1", "snapshotSchedulePolicy": {"schedule": {}}}
USER = {"name": "app", "project": PROJECT, "instance": "orders", "host": "%", "password": "a"}
Kind = provider_pb2.PropertyDiff


class AbortedError(Exception):
    """The error that grpc raises when a call is given up."""


class Call:
    """The context of one call, as far as the provider uses it."""

    def abort(self, code: object, message: str) -> None:
        raise AbortedError(message)


@pytest.fixture
def google(tmp_path: Path) -> Iterator[Google]:
    with serving(tmp_path / "gce") as google:
        yield google


@pytest.fixture
def provider(google: Google, tmp_path: Path) -> Provider:
    return configured(google, str(write_token(tmp_path / "token")))


def configured(google: Google, token: str) -> Provider:
    """A provider that was told where the stand-in is, and in which file its token."""
    provider = Provider("", token)
    base = f"http://127.0.0.1:{google.port}"
    config = {"computeCustomEndpoint": f"{base}/compute/v1/", "sqlCustomEndpoint": f"{base}/sql/v1beta4/"}
    arguments = to_wire({**config, "project": PROJECT})
    provider.Configure(provider_pb2.ConfigureRequest(args=arguments), Call())
    return provider


def test_a_provider_without_the_stand_ins_token_is_refused_in_words(google: Google, tmp_path: Path) -> None:
    with pytest.raises(AbortedError, match=r"^STATEFULSETS_STANDIN_TOKEN_FILE is not set; `make up CLOUD=standin`"):
        configured(google, "")
    file = tmp_path / "token"
    with pytest.raises(AbortedError, match=r"^the stand-in's token in .*/token cannot be read: No such file .*make up"):
        configured(google, str(file))
    write_token(file).chmod(0o644)
    with pytest.raises(AbortedError, match=r"^the stand-in's token in .*/token is open to others than its owner"):
        configured(google, str(file))


def test_a_provider_with_another_token_is_told_so_and_not_that_a_resource_is_gone(
    google: Google, tmp_path: Path
) -> None:
    google.disk()
    file = write_token(tmp_path / "token")
    file.write_text("x" * 43)
    stranger = configured(google, str(file))
    request = provider_pb2.ReadRequest(**urn(compute.Disk.token), id=HANDLE)
    with pytest.raises(AbortedError, match=r"^GCE stand-in: Error 401: .*Authorization: Bearer TOKEN.*, authError$"):
        stranger.Read(request, Call())


def test_the_token_is_in_no_picture_of_the_connection(provider: Provider) -> None:
    assert TOKEN not in repr(provider._cloud)


def urn(token: str, name: str = "pv-a") -> dict[str, Any]:
    return {"urn": f"urn:pulumi:dev::t::{token}::{name}", "type": token}


def check(provider: Provider, token: str, inputs: dict[str, Any], **old: Any) -> tuple[dict[str, Any], list[str]]:
    request = provider_pb2.CheckRequest(**urn(token), news=to_wire(inputs), olds=to_wire(old), randomSeed=b"\xab" * 32)
    answer = provider.Check(request, Call())
    return from_wire(answer.inputs), [failure.reason for failure in answer.failures]


def diff(token: str, old: dict[str, Any], new: dict[str, Any]) -> provider_pb2.DiffResponse:
    return Provider("").Diff(provider_pb2.DiffRequest(**urn(token), old_inputs=to_wire(old), news=to_wire(new)), Call())


REPLACES: list[tuple[str, dict[str, Any], str, Any, bool]] = [
    (compute.Disk.token, DISK, "size", 1, True),
    (compute.Disk.token, DISK, "size", 3, False),
    (compute.Disk.token, DISK, "size", UNKNOWN, False),
    (compute.Disk.token, DISK, "zone", "europe-west1-c", True),
    (compute.Disk.token, DISK, "type", "pd-ssd", True),
    (compute.Disk.token, DISK, "name", "pv-b", True),
    (compute.Disk.token, DISK, "project", "acme-two", True),
    (compute.Disk.token, DISK, "description", "mine", True),
    (compute.Disk.token, DISK, "snapshot", "snap", True),
    (compute.Disk.token, DISK, "labels", {"a": "b"}, False),
    (compute.Disk.token, DISK, "createSnapshotBeforeDestroy", True, False),
    (compute.RegionDisk.token, DISK, "replicaZones", [ZONE, "europe-west1-c"], True),
    (compute.RegionDisk.token, DISK, "region", "europe-west4", True),
    (compute.ResourcePolicy.token, POLICY, "region", "europe-west4", True),
    (compute.ResourcePolicy.token, POLICY, "snapshotSchedulePolicy", {"schedule": {"dailySchedule": {}}}, False),
    (compute.Attachment.token, {"disk": "pv-a"}, "disk", "pv-b", True),
    (sql.DatabaseInstance.token, INSTANCE, "region", "europe-west4", True),
    (sql.DatabaseInstance.token, INSTANCE, "databaseVersion", "MYSQL_8_0", True),
    (sql.DatabaseInstance.token, INSTANCE, "databaseVersion", "MYSQL_9_0", False),
    (sql.DatabaseInstance.token, INSTANCE, "masterInstanceName", "other", True),
    (sql.DatabaseInstance.token, INSTANCE, "settings", {**SETTINGS, "diskSize": 10}, True),
    (sql.DatabaseInstance.token, INSTANCE, "settings", {**SETTINGS, "diskSize": 30}, False),
    (sql.DatabaseInstance.token, INSTANCE, "settings", {**SETTINGS, "diskType": "PD_HDD"}, True),
    (sql.DatabaseInstance.token, INSTANCE, "settings", {**SETTINGS, "tier": "db-n1-standard-2"}, False),
    (sql.DatabaseInstance.token, INSTANCE, "deletionProtection", False, False),
    (sql.Database.token, {"name": "app", "charset": "utf8mb4"}, "charset", "latin1", False),
    (sql.User.token, USER, "password", "b", False),
    (sql.User.token, USER, "host", "10.0.0.1", True),
    (sql.SslCert.token, {"commonName": "a"}, "commonName", "b", True),
]


@pytest.mark.parametrize(("token", "old", "name", "value", "replaced"), REPLACES)
def test_a_change_replaces_a_resource_exactly_where_googles_provider_does(
    token: str, old: dict[str, Any], name: str, value: Any, replaced: bool
) -> None:
    answer = diff(token, old, {**old, name: value})
    assert answer.changes == answer.DIFF_SOME
    assert bool(answer.replaces) is replaced
    replacing = {Kind.ADD_REPLACE, Kind.UPDATE_REPLACE, Kind.DELETE_REPLACE}
    assert bool(replacing & {each.kind for each in answer.detailedDiff.values()}) is replaced
    assert diff(token, old, old).changes == answer.DIFF_NONE


def test_a_disk_whose_name_is_given_goes_before_its_successor_comes_and_one_with_a_made_up_name_after() -> None:
    assert diff(compute.Disk.token, DISK, {**DISK, "size": 1}).deleteBeforeReplace
    made_up = {**DISK, "__defaults": ["name"]}
    assert not diff(compute.Disk.token, made_up, {**made_up, "size": 1}).deleteBeforeReplace
    assert not diff(compute.Disk.token, DISK, {**DISK, "name": "pv-b"}).deleteBeforeReplace


def test_what_is_no_longer_given_stays_as_it_is_where_google_has_a_word_of_its_own() -> None:
    answer = diff(compute.Disk.token, {**DISK, "physicalBlockSizeBytes": 4096}, DISK)
    assert answer.changes == answer.DIFF_NONE
    assert diff(compute.Disk.token, {**DISK, "labels": {"a": "b"}}, DISK).changes == answer.DIFF_SOME


def test_inputs_that_are_not_given_get_what_googles_provider_takes(provider: Provider) -> None:
    inputs, failures = check(provider, compute.Disk.token, {"zone": ZONE})
    assert failures == []
    assert inputs == {
        "project": PROJECT,
        "zone": ZONE,
        "type": "pd-standard",
        "name": "pv-a-abababa",
        "__defaults": ["name"],
    }
    again, _ = check(provider, compute.Disk.token, {"zone": ZONE}, **{**inputs, "name": "pv-a-0000000"})
    assert again["name"] == "pv-a-0000000", "a made-up name is made up once"
    instance, _ = check(provider, sql.DatabaseInstance.token, {"databaseVersion": "MYSQL_8_4"})
    assert instance["deletionProtection"] is True


def test_every_unknown_input_is_named_however_deep_it_is_and_so_is_every_missing_one(provider: Provider) -> None:
    settings = {"tier": "t", "insightsConfig": {}, "databaseFlags": [{"name": "a", "value": "b", "why": "c"}]}
    given = {"databaseVersion": "MYSQL_8_4", "settings": settings, "rootPassword": "x"}
    _, failures = check(provider, sql.DatabaseInstance.token, given)
    named = {reason.partition(" ")[0] for reason in failures}
    assert named == {"settings.insightsConfig", "settings.databaseFlags[0].why", "rootPassword", "region"}
    _, failures = check(provider, compute.Disk.token, {"name": "PV"})
    assert [reason for reason in failures if reason.startswith("zone is needed")]
    assert [reason for reason in failures if "'PV' is not 1 to 63" in reason]


def test_a_snapshots_prefix_leaves_room_for_its_time(provider: Provider) -> None:
    inputs = {"zone": ZONE, "name": "p" * 49, "createSnapshotBeforeDestroy": True}
    _, failures = check(provider, compute.Disk.token, inputs)
    assert failures == [f"'{'p' * 49}' is longer than 48 characters"]
    _, failures = check(provider, compute.Disk.token, {**inputs, "createSnapshotBeforeDestroyPrefix": "short"})
    assert failures == []


def test_an_unknown_type_or_function_is_refused_by_name(provider: Provider) -> None:
    with pytest.raises(AbortedError, match=r"gcp:compute/instance:Instance is not known .* which has Database, "):
        check(provider, "gcp:compute/instance:Instance", {})
    with pytest.raises(AbortedError, match="getZones"):
        provider.Invoke(provider_pb2.InvokeRequest(tok="gcp:compute/getZones:getZones"), Call())


@pytest.mark.parametrize(
    ("config", "refused"),
    [
        ({}, {"computeCustomEndpoint", "sqlCustomEndpoint"}),
        ({"computeCustomEndpoint": "https://compute.googleapis.com/compute/v1/"}, None),
        ({"computeCustomEndpoint": "http://127.0.0.1.evil.example/"}, None),
        ({"credentials": "{}"}, {"computeCustomEndpoint", "sqlCustomEndpoint", "credentials"}),
    ],
)
def test_only_addresses_of_this_machine_and_known_settings_are_taken(
    config: dict[str, str], refused: set[str] | None
) -> None:
    answer = Provider("").CheckConfig(provider_pb2.CheckRequest(news=to_wire(config)), Call())
    assert {each.property for each in answer.failures} == (refused or {"computeCustomEndpoint", "sqlCustomEndpoint"})


def test_an_import_tells_what_there_is_and_a_refresh_what_was_asked_for(google: Google, provider: Provider) -> None:
    google.disk(sizeGb="3", labels={"a": "b"})
    request = provider_pb2.ReadRequest(**urn(compute.Disk.token), id=HANDLE)
    imported = provider.Read(request, Call())
    assert from_wire(imported.inputs) == {
        "name": "pv-a",
        "project": PROJECT,
        "zone": ZONE,
        "size": 3,
        "type": "pd-standard",
        "physicalBlockSizeBytes": 4096,
    }
    asked = {"name": "pv-a", "zone": ZONE, "size": 3, "labels": {"a": "old"}, "createSnapshotBeforeDestroy": True}
    request = provider_pb2.ReadRequest(**urn(compute.Disk.token), id=HANDLE, inputs=to_wire(asked))
    refreshed = provider.Read(request, Call())
    assert from_wire(refreshed.inputs) == {**asked, "labels": {"a": "b"}}
    assert from_wire(refreshed.properties)["createSnapshotBeforeDestroy"] is True
    google.do("DELETE", f"{DISKS}/pv-a")
    assert provider.Read(request, Call()).id == ""


def test_labels_of_others_stay(google: Google, provider: Provider) -> None:
    google.disk(labels={"ours": "1", "theirs": "1"})
    old, new = {**DISK, "size": 1, "labels": {"ours": "1"}}, {**DISK, "size": 1, "labels": {"new": "2"}}
    wire = {"olds": to_wire(old), "old_inputs": to_wire(old), "news": to_wire(new)}
    provider.Update(provider_pb2.UpdateRequest(**urn(compute.Disk.token), id=HANDLE, **wire), Call())
    assert google.get(f"{DISKS}/pv-a")["labels"] == {"theirs": "1", "new": "2"}


@pytest.mark.parametrize(("policy", "stays"), [("PREVENT", True), ("ABANDON", True), ("DELETE", False)])
def test_a_deletion_policy_is_obeyed(google: Google, provider: Provider, policy: str, stays: bool) -> None:
    google.disk()
    properties = to_wire({**DISK, "deletionPolicy": policy})
    request = provider_pb2.DeleteRequest(**urn(compute.Disk.token), id=HANDLE, properties=properties)
    if policy == "PREVENT":
        with pytest.raises(AbortedError, match="deletionPolicy is PREVENT"):
            provider.Delete(request, Call())
    else:
        provider.Delete(request, Call())
    assert bool(google.get(DISKS)["items"]) is stays


def test_what_is_gone_already_is_deleted_without_a_word(provider: Provider) -> None:
    for token, identity in (
        (compute.Disk.token, HANDLE),
        (compute.Attachment.token, f"{PROJECT}/{ZONE}/pv-a/nightly"),
        (sql.Database.token, f"projects/{PROJECT}/instances/orders/databases/app"),
        (sql.User.token, "app/%/orders"),
    ):
        properties = to_wire({"project": PROJECT, "instance": "orders"})
        provider.Delete(provider_pb2.DeleteRequest(**urn(token), id=identity, properties=properties), Call())


def test_a_preview_asks_nothing_and_knows_what_is_not_known() -> None:
    request = provider_pb2.CreateRequest(**urn(compute.Disk.token), properties=to_wire(DISK), preview=True)
    shown = from_wire(Provider("").Create(request, Call()).properties)
    assert {shown["selfLink"], shown["diskId"]} == {UNKNOWN}
    assert shown["size"] == 2


def test_the_schema_has_every_type_and_every_type_is_the_sdks() -> None:
    import pulumi_gcp

    for token in KINDS:
        _, module, name = token.split(":")
        resource = getattr(getattr(pulumi_gcp, module.partition("/")[0]), name)
        assert resource.pulumi_type == token
        for key in KINDS[token].shape:
            assert hasattr(resource, "".join(f"_{c.lower()}" if c.isupper() else c for c in key)), f"{name}.{key}"
