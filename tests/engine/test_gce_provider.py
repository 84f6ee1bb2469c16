"""The stand-in's gcp provider under Pulumi's real engine and SDK, as Google's provider would be used."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml

from localcloud.gce.provider import VERSION
from localcloud.gce.provider.install import install
from localcloud.host.paths import ROOT, cache
from localcloud.host.progress import Progress
from localcloud.toolchain import TOOLS, resolve
from tests.support.gce import COMPUTE, DISKS, PROJECT, SQL, ZONE, Google, serving, write_token

pytestmark = pytest.mark.engine

PROGRAM = """\
import json
import pulumi
import pulumi_gcp as gcp

made = {}
for each in json.loads(pulumi.Config().require("resources")):
    module, _, kind = each["type"].partition(".")
    if "password" in each["args"]:
        each["args"]["password"] = pulumi.Config().require_secret("password")
    for key, value in each["args"].items():
        if isinstance(value, dict) and list(value) == ["of"]:
            each["args"][key] = made[value["of"]].name
    options = pulumi.ResourceOptions(**each.get("options", {}))
    made[each["name"]] = getattr(getattr(gcp, module), kind)(each["name"], opts=options, **each["args"])
for name, resource in made.items():
    pulumi.export(name, resource.id)
"""
NOTICE = "This is the GCE stand-in of localcloud"
HANDLE = f"projects/{PROJECT}/zones/{ZONE}/disks/pv-a"


def disk(key: str = "pv-a", options: dict[str, Any] | None = None, **args: Any) -> dict[str, Any]:
    given = {"name": key, "zone": ZONE, "size": 1, **args}
    return {"type": "compute.Disk", "name": key, "args": given, "options": options or {}}


class Stack:
    """One stack of its own, and what its server has."""

    def __init__(self, folder: Path, environment: dict[str, str], google: Google, name: str) -> None:
        self.folder, self.environment, self.google, self.name = folder, environment, google, name
        self.run("stack", "init", name)
        self.config(
            {
                "gcp:project": PROJECT,
                "gcp:computeCustomEndpoint": f"http://127.0.0.1:{google.port}/compute/v1/",
                "gcp:sqlCustomEndpoint": f"http://127.0.0.1:{google.port}/sql/v1beta4/",
            }
        )

    def config(self, values: dict[str, str]) -> None:
        # Written here: each command of Pulumi's spends a second on the key that it derives from the passphrase.
        file = self.folder / f"Pulumi.{self.name}.yaml"
        document = yaml.safe_load(file.read_text())
        document["config"] = {**document.get("config", {}), **values}
        file.write_text(yaml.safe_dump(document))

    def run(self, *words: str, fails: bool = False) -> str:
        done = subprocess.run(
            ["pulumi", "--non-interactive", *words],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode != 0) is fails, done.stdout + done.stderr
        assert "Traceback" not in done.stdout + done.stderr
        return done.stdout + done.stderr

    def do(self, operation: str, *resources: dict[str, Any], fails: bool = False) -> str:
        """`up`, `preview`, `refresh` or `destroy` of a program of these resources."""
        self.config({"t:resources": json.dumps(resources)})
        flags = ["--diff"] if operation == "preview" else ["--yes", "--skip-preview"]
        return self.run(operation, *flags, "--stack", self.name, fails=fails)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A project, and the environment in which Pulumi finds the stand-in's provider and no other."""
    folder = tmp_path_factory.mktemp("gce")
    (folder / "bin").mkdir()
    wanted = [tool for tool in TOOLS if tool.name in ("pulumi", "pulumi-language-python")]
    for tool in resolve(cache(), Progress(), wanted):
        for name, path in tool.programs.items():
            (folder / "bin" / name).symlink_to(path)
    (folder / "state").mkdir()
    install(folder / "home", write_token(folder / "token"))
    runtime = {"name": "python", "options": {"virtualenv": str(ROOT / ".venv")}}
    (folder / "Pulumi.yaml").write_text(json.dumps({"name": "t", "runtime": runtime}))
    (folder / "__main__.py").write_text(PROGRAM)
    environment = {
        **os.environ,
        "PATH": f"{folder / 'bin'}:{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}",
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "engine tests only",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
    return folder, environment


@pytest.fixture
def stack(engine: tuple[Path, dict[str, str]], tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Stack]:
    with serving(tmp_path / "gce") as google:
        yield Stack(*engine, google, f"s{abs(hash(request.node.name)) % 10**8}")


def test_a_disk_is_made_grown_in_place_and_deleted(stack: Stack) -> None:
    assert "create" in stack.do("preview", disk(labels={"a": "b"}))
    assert stack.google.get(DISKS)["items"] == [], "a preview made something"
    said = stack.do("up", disk(labels={"a": "b"}))
    assert NOTICE in said
    made = stack.google.get(f"{DISKS}/pv-a")
    assert (made["sizeGb"], made["labels"]) == ("1", {"a": "b", "goog-pulumi-provisioned": "true"})
    stack.do("up", disk(size=2, labels={"a": "c"}))
    grown = stack.google.get(f"{DISKS}/pv-a")
    assert (grown["id"], grown["sizeGb"]) == (made["id"], "2")
    assert grown["labels"] == {"a": "c", "goog-pulumi-provisioned": "true"}
    assert "2 unchanged" in stack.do("up", disk(size=2, labels={"a": "c"}))
    assert HANDLE in stack.run("stack", "--stack", stack.name, "--show-ids")
    stack.do("destroy")
    assert stack.google.get(DISKS)["items"] == []


def test_a_smaller_size_and_another_zone_type_or_name_replace_a_disk_and_the_preview_says_so(stack: Stack) -> None:
    changes: dict[str, dict[str, Any]] = {
        "a": {"size": 1},
        "b": {"zone": "europe-west1-c"},
        "c": {"type": "pd-ssd"},
        "d": {"name": "other"},
        "e": {"size": 3},
    }
    stack.do("up", *(disk(key, size=2) for key in changes))
    said = stack.do("preview", *(disk(key, **{"size": 2, **change}) for key, change in changes.items()))
    assert "4 to replace" in said
    assert "1 to update" in said
    assert {each["sizeGb"] for each in stack.google.get(DISKS)["items"]} == {"2"}, "a preview changed something"


def test_a_protected_disk_is_neither_shrunk_nor_deleted(stack: Stack) -> None:
    kept = disk(size=2, options={"protect": True})
    stack.do("up", kept)
    assert "protect" in stack.do("preview", disk(size=1, options={"protect": True}), fails=True)
    assert "protect" in stack.do("up", fails=True)
    assert stack.google.get(f"{DISKS}/pv-a")["sizeGb"] == "2"


def test_a_refresh_notices_what_was_changed_and_deleted_behind_the_stacks_back(stack: Stack) -> None:
    stack.do("up", disk(), disk("pv-b"))
    stack.google.do("POST", f"{DISKS}/pv-a/resize", {"sizeGb": "5"})
    stack.google.do("DELETE", f"{DISKS}/pv-b")
    said = stack.do("refresh", disk(size=5), disk("pv-b"))
    assert "1 updated" in said
    assert "1 deleted" in said
    assert "1 created" in stack.do("up", disk(size=5), disk("pv-b"))
    assert "3 unchanged" in stack.do("up", disk(size=5), disk("pv-b"))


def test_a_disk_that_exists_is_taken_over_and_only_as_what_it_is(stack: Stack) -> None:
    stack.google.disk(sizeGb="3")
    right = disk(size=3, type="pd-standard", options={"import_": HANDLE})
    assert "1 imported" in stack.do("up", right)
    assert "2 unchanged" in stack.do("up", right)
    other = disk(size=3, type="pd-ssd", options={"import_": HANDLE})
    assert "may not be replaced" in stack.do("up", other, fails=True)
    assert stack.google.get(f"{DISKS}/pv-a")["type"].endswith("pd-standard")
    missing = disk("pv-x", options={"import_": HANDLE.replace("pv-a", "pv-x")})
    assert "does not exist" in stack.do("preview", right, missing, fails=True)


def test_what_the_stand_in_does_not_know_is_refused_by_name_before_anything_is_made(stack: Stack) -> None:
    said = stack.do("preview", disk(image="debian-12"), fails=True)
    assert "image of Disk is not known to the GCE stand-in" in said
    address = {"type": "compute.Address", "name": "a", "args": {}}
    said = stack.do("preview", address, fails=True)
    assert "gcp:compute/address:Address is not known to the GCE stand-in" in said
    assert "RegionDisk" in said, "what there is is named"
    assert "'Pv_A' is not" in stack.do("preview", disk("Pv_A"), fails=True)


def test_a_server_that_refuses_or_is_gone_is_an_error_in_words(stack: Stack) -> None:
    stack.google.disk()
    said = stack.do("up", disk(), fails=True)
    assert f"Error 409: The resource '{HANDLE}' already exists, alreadyExists" in said
    stack.config({"gcp:computeCustomEndpoint": "http://127.0.0.1:9/compute/v1/"})
    assert "does not answer" in stack.do("up", disk(), fails=True)


def test_without_the_stand_ins_token_there_is_one_line_that_says_where_it_is_looked_for(
    stack: Stack, engine: tuple[Path, dict[str, str]]
) -> None:
    file = engine[0] / "token"
    file.unlink()
    try:
        said = stack.do("up", disk(), fails=True)
    finally:
        write_token(file)
    assert f"the stand-in's token in {file} cannot be read: No such file or directory; `make up` makes it" in said
    assert stack.google.get(DISKS)["items"] == []


def test_no_address_but_this_machines_is_taken(stack: Stack) -> None:
    stack.config({"gcp:computeCustomEndpoint": "https://compute.googleapis.com/compute/v1/"})
    said = stack.do("preview", disk(), fails=True)
    assert "takes only an address of this machine" in said
    stack.run("config", "rm", "--stack", stack.name, "gcp:computeCustomEndpoint")
    assert "not set" in stack.do("preview", disk(), fails=True)


def test_a_disk_of_durability_keep_leaves_a_snapshot_and_is_detached_first_as_googles_provider_does(
    stack: Stack,
) -> None:
    stack.google.nodes(n0=ZONE)
    stack.do("up", disk(create_snapshot_before_destroy=True, create_snapshot_before_destroy_prefix="pv-a"))
    stack.google.attach("n0", f"zones/{ZONE}/disks/pv-a")
    assert stack.google.refusal("DELETE", f"{DISKS}/pv-a")[1] == "resourceInUseByAnotherResource"
    stack.do("destroy")
    assert stack.google.get(DISKS)["items"] == []
    (snapshot,) = stack.google.get(f"{COMPUTE}/global/snapshots")["items"]
    assert snapshot["name"].startswith("pv-a-20")


def test_thirty_disks_with_a_schedule_are_made_side_by_side(stack: Stack) -> None:
    daily = {"days_in_cycle": 1, "start_time": "03:00"}
    policy = {
        "type": "compute.ResourcePolicy",
        "name": "nightly",
        "args": {
            "name": "nightly",
            "region": "europe-west1",
            "snapshot_schedule_policy": {
                "schedule": {"daily_schedule": daily},
                "retention_policy": {"max_retention_days": 14, "on_source_disk_delete": "KEEP_AUTO_SNAPSHOTS"},
            },
        },
    }
    disks = [disk(f"d-{number}") for number in range(30)]
    attached = [
        {
            "type": "compute.DiskResourcePolicyAttachment",
            "name": f"{each['name']}-snapshots",
            "args": {"name": {"of": "nightly"}, "disk": {"of": each["name"]}, "zone": ZONE},
        }
        for each in disks
    ]
    assert "62 created" in stack.do("up", policy, *disks, *attached)
    assert all(len(each["resourcePolicies"]) == 1 for each in stack.google.get(DISKS)["items"])
    assert "62 unchanged" in stack.do("refresh", policy, *disks, *attached)
    stack.do("destroy")
    assert stack.google.get(f"{COMPUTE}/regions/europe-west1/resourcePolicies")["items"] == []


def test_stacks_side_by_side_do_not_disturb_each_other(engine: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    with serving(tmp_path / "gce") as google:
        stacks = [Stack(*engine, google, f"side-{number}") for number in range(3)]
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(lambda each: each.do("up", disk(f"{each.name}-a"), disk(f"{each.name}-b")), stacks))
        assert len(google.get(DISKS)["items"]) == 6


def test_cloud_sql_with_a_replica_and_an_account_whose_password_is_nowhere_in_plain_text(stack: Stack) -> None:
    stack.run("config", "set", "--stack", stack.name, "--secret", "password", "hunter2")
    settings = {
        "tier": "db-n1-standard-1",
        "disk_size": 10,
        "backup_configuration": {"enabled": True, "binary_log_enabled": True},
        "ip_configuration": {"ipv4_enabled": True, "ssl_mode": "ENCRYPTED_ONLY"},
    }
    common = {"region": "europe-west1", "database_version": "MYSQL_8_4", "deletion_protection": False}
    replica = {"name": "orders-b", "master_instance_name": {"of": "orders"}, **common, "settings": {"tier": "db-n1-x"}}
    instance = {"of": "orders"}
    resources: list[dict[str, Any]] = [
        {"type": "sql.DatabaseInstance", "name": "orders", "args": {**common, "settings": settings}},
        {"type": "sql.DatabaseInstance", "name": "replica", "args": replica},
        {"type": "sql.Database", "name": "app", "args": {"name": "app", "instance": instance}},
        {"type": "sql.User", "name": "app-user", "args": {"name": "app", "instance": instance, "password": "secret"}},
        {"type": "sql.SslCert", "name": "cert", "args": {"common_name": "app", "instance": instance}},
    ]
    assert "6 created" in stack.do("up", *resources)
    instances = stack.google.get(f"{SQL}/instances")["items"]
    copy, primary = sorted(instances, key=lambda each: each["name"] != "orders-b")
    assert primary["name"].startswith("orders-")
    assert (copy["name"], copy["masterInstanceName"]) == ("orders-b", f"{PROJECT}:{primary['name']}")
    users = stack.google.get(f"{SQL}/instances/{primary['name']}/users")["items"]
    assert [user["name"] for user in users] == ["app"], "Google's own root without a password is still there"
    assert "6 unchanged" in stack.do("up", *resources)
    assert "6 unchanged" in stack.do("refresh", *resources)
    exported = stack.run("stack", "export", "--stack", stack.name)
    for secret in ("hunter2", "PRIVATE KEY"):
        assert secret not in exported
        for file in Path(stack.environment["PULUMI_BACKEND_URL"].removeprefix("file://")).rglob("*.json"):
            assert secret not in file.read_text()
    smaller = {**resources[0], "args": {**resources[0]["args"], "settings": {**settings, "disk_size": 20}}}
    assert "1 updated" in stack.do("up", smaller, *resources[1:])
    assert "to replace" in stack.do("preview", *resources)
    stack.do("destroy")
    assert stack.google.get(f"{SQL}/instances")["items"] == []


def test_an_instance_with_deletion_protection_stays(stack: Stack) -> None:
    args = {"region": "europe-west1", "database_version": "MYSQL_8_4", "settings": {"tier": "db-n1-standard-1"}}
    stack.do("up", {"type": "sql.DatabaseInstance", "name": "orders", "args": args})
    assert "set deletionProtection to false" in stack.do("destroy", fails=True)
    assert len(stack.google.get(f"{SQL}/instances")["items"]) == 1


def test_the_plugin_is_what_the_sdk_asks_for() -> None:
    import pulumi_gcp

    folder = Path(pulumi_gcp.__file__).parent
    assert json.loads((folder / "pulumi-plugin.json").read_text())["version"] == VERSION
