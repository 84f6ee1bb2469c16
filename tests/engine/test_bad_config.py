"""The real command line on a stack file full of mistakes: words for each, nothing else."""

from __future__ import annotations

import pytest

from localcloud.host.paths import State, cache
from localcloud.host.progress import Progress
from localcloud.toolchain import TOOLS, resolve
from tools.project import Project, copy_project

pytestmark = pytest.mark.engine

MISTAKES = """\
config:
  pulumi:disable-default-providers: [kubernetes]
  statefulsets:target:
    context: statefulsets-local
    namespace: Default
    kubernetesVersion: "1.34"
  statefulsets:workloads:
    kubia:
      kind: kubia
      replicas: 4
      durability: keep
      storge: {}
      storage:
        kind: local
        volumes:
          - {name: pv-a, node: n, path: /var/lib/volumes/a}
          - {name: pv-b, node: n, path: /var/lib/volumes/b}
          - {name: pv-c, node: n, path: /var/lib/volumes/c}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    copy = copy_project(tmp_path_factory.mktemp("engine") / "statefulsets")
    state: State = copy.state
    for folder in (state.bin, state.pulumi_home, state.pulumi_state):
        folder.mkdir(parents=True)
    wanted = [tool for tool in TOOLS if tool.name in ("pulumi", "pulumi-language-python")]
    for tool in resolve(cache(), Progress(), wanted):
        for name, path in tool.programs.items():
            (state.bin / name).symlink_to(path)
    state.passphrase.write_text("engine tests only")
    return copy


def preview(project: Project, text: str) -> str:
    (project.root / "Pulumi.bad.yaml").write_text(text)
    project.run("pulumi", "stack", "init", "bad")
    done = project.run("pulumi", "preview", "--non-interactive", "--stack", "bad")
    assert done.returncode != 0
    return done.stdout + done.stderr


def test_every_mistake_of_a_stack_file_is_one_line_and_nothing_is_registered(project: Project) -> None:
    said = preview(project, MISTAKES)
    lines = [line.strip() for line in said.splitlines()]
    assert any(line.startswith("statefulsets:target.namespace: ") for line in lines), said
    assert any(line.startswith("statefulsets:workloads.kubia.storge: ") and "storage" in line for line in lines), said
    assert "Traceback" not in said
    assert "kubernetes:" not in said, "something was registered"


def test_more_replicas_than_volumes_are_refused_with_their_names_and_the_fix(project: Project) -> None:
    said = preview(project, MISTAKES.replace("Default", "default").replace("      storge: {}\n", ""))
    refusal = "statefulsets:workloads.kubia.replicas: 4 replicas but 3 "
    line = next((line.strip() for line in said.splitlines() if refusal in line), said)
    assert "(pv-a, pv-b, pv-c); add a " in line
    assert "or lower replicas" in line
    assert "Traceback" not in said


def test_a_stack_file_that_is_not_yaml_ends_in_words(project: Project) -> None:
    said = preview(project, MISTAKES + "   oops: [")
    assert "Traceback" not in said
    assert "invalid YAML" in said


MYSQL = """\
config:
  pulumi:disable-default-providers: [kubernetes]
  statefulsets:target:
    context: statefulsets-local
    namespace: default
    kubernetesVersion: "1.34"
  statefulsets:workloads:
    mysql:
      kind: mysql
      settings:
        binlog_ignore_db: app
"""
PASSWORDS = {
    "Root": "fine",
    "Replication": "0123456789abcdef" * 3,
    "Clone": "  ",
    "Monitor": "a\nb",
    "Application": "a ",
}


def test_passwords_that_mysql_would_cut_or_not_take_are_refused_and_never_shown(project: Project) -> None:
    """Set as a person sets them, encrypted; 48 characters are what `openssl rand -hex 24` makes."""
    (project.root / "Pulumi.secrets.yaml").write_text(
        MYSQL.replace("        binlog_ignore_db: app\n", "        max_connections: '200'\n")
    )
    project.must("pulumi", "stack", "init", "secrets")
    for account, password in PASSWORDS.items():
        key = f"statefulsets:mysql{account}Password"
        project.must("pulumi", "config", "set", "--stack", "secrets", "--secret", key, stdin=password)
    done = project.run("pulumi", "preview", "--non-interactive", "--stack", "secrets")
    said = done.stdout + done.stderr
    assert done.returncode != 0
    lines = [line.strip() for line in said.splitlines() if "passwordKeys" in line]
    paths = [line.split(": ")[0].rpartition(".")[2] for line in lines]
    assert paths == ["application", "clone", "monitor", "replication"], said
    assert "has 48 characters" in lines[3]
    assert not any(PASSWORDS[account] in said for account in ("Replication", "Monitor"))
    assert "Traceback" not in said
    assert "kubernetes:" not in said, "something was registered"


def test_a_setting_by_which_replicas_would_stay_empty_is_refused(project: Project) -> None:
    said = preview(project, MYSQL)
    assert "statefulsets:workloads.mysql.settings.binlog_ignore_db: " in said
    assert "Traceback" not in said
