"""Databases of any image, a kind that is added, and other projects' programs: all on one real cluster."""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from localcloud.host.paths import ROOT
from tools.project import Project, copy_project, eventually, is_ready

HERE = Path(__file__).parent
REGISTRY = Path("components/kinds/__init__.py")
ACCOUNTS = ("root", "replication", "clone", "monitor", "application")
DATABASES = ("redis", "postgres")
ONLY_OUR_TYPES = """[mypy]
strict = True
[mypy-pulumi_kubernetes.*,pulumi_gcp.*]
follow_imports = skip
"""
"""How the example is checked: what pulumi-kubernetes says of its own types takes two minutes to read."""


def add_kind(project: Project) -> None:
    """One folder, and one line in the registry."""
    shutil.copytree(HERE / "guestbook", project.root / REGISTRY.parent / "guestbook")
    registry = project.root / REGISTRY
    text = registry.read_text()
    registry.write_text(text.replace('    "stateful",\n', '    "stateful",\n    "guestbook",\n'))
    assert registry.read_text() != text


@pytest.fixture(scope="module")
def databases(empty_slot: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The project with a kind more; its stack is the one of the databases, and a workload of that kind.

    The other tests' cluster makes room for it: they have the same addresses.
    """
    copy = copy_project(tmp_path_factory.mktemp("any-image") / "statefulsets")
    add_kind(copy)
    stack = yaml.safe_load((copy.root / "Pulumi.databases.yaml").read_text())
    stack["config"]["statefulsets:workloads"]["guests"] = {"kind": "guestbook", "greeting": "hello", "replicas": 2}
    (copy.root / "Pulumi.local.yaml").write_text(yaml.safe_dump(stack))
    try:
        copy.up()
        yield copy
    finally:
        copy.run("make", "down")


def edited(project: Project, name: str, **changes: Any) -> str:
    """Changes a workload of the stack file; returns the file as it was."""
    file = project.root / "Pulumi.local.yaml"
    before = file.read_text()
    stack = yaml.safe_load(before)
    stack["config"]["statefulsets:workloads"][name] |= changes
    file.write_text(yaml.safe_dump(stack))
    return before


def redis(project: Project, ordinal: int, *words: str) -> str:
    return project.kubectl("exec", f"redis-{ordinal}", "--", "redis-cli", *words).strip()


def sql(project: Project, ordinal: int, statement: str) -> str:
    command = ("psql", "--username=app", "--dbname=app", "--tuples-only", "--no-align", "--command", statement)
    return project.kubectl("exec", f"postgres-{ordinal}", "--", *command).strip()


def all_ready(project: Project, *selector: str, count: int) -> bool:
    pods = project.get("pods", *selector)["items"]
    return len(pods) == count and all(map(is_ready, pods))


def test_each_replica_of_a_database_has_a_disk_of_its_own_that_outlives_its_pod(databases: Project) -> None:
    for ordinal in range(3):
        assert redis(databases, ordinal, "set", "who", f"redis-{ordinal}") == "OK"
        sql(databases, ordinal, f"create table who as select 'postgres-{ordinal}' as who")
    pods = [f"{name}-{ordinal}" for name in DATABASES for ordinal in range(3)]
    databases.kubectl("delete", "pod", "--force", "--grace-period=0", *pods)
    for name in DATABASES:
        eventually(lambda name=name: all_ready(databases, f"--selector=app={name}", count=3), f"{name} is back", 120)  # type: ignore[misc]
    for ordinal in range(3):
        assert redis(databases, ordinal, "get", "who") == f"redis-{ordinal}"
        assert sql(databases, ordinal, "select who from who") == f"postgres-{ordinal}"
    claims = {c["metadata"]["name"]: c["spec"]["volumeName"] for c in databases.get("pvc")["items"]}
    assert len({claims[f"data-{pod}"] for pod in pods}) == len(pods)


def test_a_database_lets_nobody_in_without_its_password_and_writes_nowhere_but_to_its_volumes(
    databases: Project,
) -> None:
    said = databases.kubectl("exec", "redis-0", "--", "env", "-u", "REDISCLI_AUTH", "redis-cli", "ping")
    assert "NOAUTH" in said
    other = "postgresql://app:wrong@postgres-1.postgres/app"
    refused = databases.run("kubectl", "exec", "postgres-0", "--", "psql", other, "--command", "select 1")
    assert 'password authentication failed for user "app"' in refused.stderr
    for pod in ("redis-0", "postgres-0"):
        done = databases.run("kubectl", "exec", pod, "--", "touch", "/probe")
        assert "Read-only file system" in done.stderr
        assert "PASSWORD" not in databases.kubectl("exec", pod, "--", "cat", "/proc/1/cmdline")


def test_a_changed_file_rolls_the_pods_and_what_it_replaces_stays_for_those_of_before(databases: Project) -> None:
    def files() -> set[str]:
        return {c["metadata"]["name"] for c in databases.get("configmaps")["items"] if "files" in c["metadata"]["name"]}

    before = files()
    (conf,) = databases.get("statefulset", "redis")["spec"]["template"]["spec"]["containers"][0]["volumeMounts"][-1:]
    text = databases.kubectl("exec", "redis-0", "--", "cat", conf["mountPath"])
    edited(databases, "redis", configFiles={conf["mountPath"]: f"{text}maxclients 77\n"})
    databases.up()
    eventually(
        lambda: (
            all_ready(databases, "--selector=app=redis", count=3)
            and all(redis(databases, n, "config", "get", "maxclients").split()[-1:] == ["77"] for n in range(3))
        ),
        "every Redis has the new configuration",
        180,
    )
    assert before < files(), "a pod of before could not start again without its file"
    assert redis(databases, 2, "get", "who") == "redis-2"


def test_a_kind_is_one_folder_and_one_line(databases: Project) -> None:
    text = databases.kubectl("get", "--raw", "/api/v1/namespaces/default/pods/guests-1:8080/proxy/")
    assert "hello" in text
    outputs = json.loads(databases.must("pulumi", "stack", "output", "--stack", "local", "--json"))
    assert outputs["guests"]["greeting"] == "hello"
    schema = "import json, components.config.schema as s; print(json.dumps(s.stack_schema()))"
    found = json.loads(databases.must(".venv/bin/python", "-c", schema))
    assert found["definitions"]["GuestbookSpec"]["properties"]["greeting"]["description"]
    before = edited(databases, "guests", greting="hi", replicas=-1)
    done = databases.run("make", "preview")
    (databases.root / "Pulumi.local.yaml").write_text(before)
    assert done.returncode != 0
    lines = [line.strip() for line in (done.stdout + done.stderr).splitlines()]
    where = "statefulsets:workloads.guests"
    assert f"{where}.greting: unknown key; did you mean greeting?" in lines
    assert f"{where}.replicas: -1 is too small; write 0 or more" in lines
    assert "Traceback" not in done.stdout + done.stderr


def make_environment(place: Path, *wanted: str) -> None:
    """Make an environment with what pip would be told to install there.

    uv installs in a tenth of pip's time. The environment has pip all the same: Pulumi's language host asks it for the
    packages.
    """
    subprocess.run([sys.executable, "-m", "venv", place], check=True)
    command = (str(ROOT / ".tools/bin/uv"), "pip", "install", "--quiet", "--python", str(place / "bin/python"), *wanted)
    subprocess.run(command, check=True, cwd=place.parent, timeout=600)


class Program:
    """Another project's program, in a folder and a stack of its own."""

    def __init__(self, project: Project, folder: Path, path: str = "") -> None:
        self.folder = folder
        self.environment = project.environment
        if path:
            self.environment["PATH"] = f"{path}:{self.environment['PATH']}"
        self.pulumi("stack", "init", "shop")
        passwords = [word for name in ACCOUNTS for word in ("--secret", f"{name}={secrets.token_hex(16)}")]
        self.pulumi("config", "set-all", *passwords)

    def pulumi(self, *words: str) -> str:
        done = subprocess.run(
            ["pulumi", "--non-interactive", *words],
            cwd=self.folder,
            env=self.environment,
            text=True,
            capture_output=True,
            timeout=600,
        )
        assert done.returncode == 0, f"{words}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        return done.stdout


def assert_it_runs(project: Project, program: Program) -> None:
    """Both components' pods are Ready in a namespace that admits restricted pods only, and nothing stays of them."""
    program.pulumi("up", "--yes")
    outputs = json.loads(program.pulumi("stack", "output", "--json"))
    _, host, namespace, *_ = outputs["cache"][0].split(".")
    assert host == "cache"
    eventually(lambda: all_ready(project, "--namespace", namespace, count=3), "all are Ready", 60)
    assert outputs["mysql"] == f"orders-write.{namespace}.svc.cluster.local:3306"
    enforced = project.get("namespace", namespace)["metadata"]["labels"]["pod-security.kubernetes.io/enforce"]
    assert enforced == "restricted"
    program.pulumi("preview", "--expect-no-changes")
    program.pulumi("destroy", "--yes")
    assert project.run("kubectl", "get", "namespace", namespace).returncode != 0


def test_another_projects_python_program_uses_the_components_from_an_empty_environment(
    databases: Project, tmp_path: Path
) -> None:
    environment = tmp_path / "venv"
    # This cluster's provider is of this version; elsewhere Pulumi fetches the one that fits.
    make_environment(environment, str(databases.root), "pulumi-kubernetes==4.25.0")
    shutil.copytree(ROOT / "examples/python", tmp_path / "program")
    (tmp_path / "mypy.ini").write_text(ONLY_OUR_TYPES)
    interpreter = ("--python-executable", environment / "bin/python")
    subprocess.run([ROOT / ".tools/bin/mypy", *interpreter, "program/__main__.py"], check=True, cwd=tmp_path)
    assert_it_runs(databases, Program(databases, tmp_path / "program", str(environment / "bin")))


def test_a_yaml_program_uses_the_components_as_a_package(databases: Project) -> None:
    # What `make yaml` would install itself, slowly: with it in place that finds nothing to do.
    package = databases.root / "package"
    make_environment(package / "venv", "--requirements", str(package / "requirements.txt"))
    databases.must("make", "yaml")
    assert_it_runs(databases, Program(databases, databases.root / "examples/yaml"))


def test_when_the_databases_go_their_claims_stay_and_their_files_and_secrets_do_not(databases: Project) -> None:
    databases.must("make", "destroy", "YES=1")
    claims = {c["metadata"]["name"] for c in databases.get("pvc")["items"]}
    assert {f"data-{name}-{ordinal}" for name in DATABASES for ordinal in range(3)} <= claims

    def left() -> list[str]:
        found = databases.get("configmaps,secrets,pods,services,serviceaccounts")["items"]
        names = [f"{item['kind']} {item['metadata']['name']}" for item in found]
        return [name for name in names if any(f" {database}-" in f"{name}-" for database in DATABASES)]

    eventually(lambda: left() == [], "Kubernetes has deleted what belonged to the workloads")
