"""A copy of this project that its own `make up` brings up, as a user would: for tests, measurements and the soak."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml

from localcloud.cluster import api
from localcloud.host.paths import ROOT, State
from localcloud.host.slot import SLOTS, Slot


def own_slot() -> Slot:
    """The slot of this process's clusters: tests that run side by side have a cluster each."""
    first = int(os.environ.get("LOCALCLOUD_SLOT") or 0)
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    return Slot(str((first + int(worker.removeprefix("gw"))) % len(SLOTS)))


@dataclass(frozen=True)
class Project:
    """A copy of the project with its own `.localcloud`, so that no test touches the checkout's own stacks."""

    root: Path

    @property
    def state(self) -> State:
        return State(self.root / ".localcloud", own_slot())

    @property
    def environment(self) -> dict[str, str]:
        state = self.state
        return {
            **{k: v for k, v in os.environ.items() if not k.startswith(("PULUMI_", "KUBECONFIG", "LOCALCLOUD_"))},
            "PATH": f"{state.bin}:{os.environ['PATH']}",
            "LOCALCLOUD_SLOT": own_slot().name,
            "KUBECONFIG": str(state.kubeconfig),
            "PULUMI_HOME": str(state.pulumi_home),
            "PULUMI_BACKEND_URL": f"file://{state.pulumi_state}",
            "PULUMI_CONFIG_PASSPHRASE_FILE": str(state.passphrase),
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }

    def run(self, *command: str, stdin: str | None = None, timeout: float = 600) -> subprocess.CompletedProcess[str]:
        """A command in the project; the caller looks at the exit code."""
        return subprocess.run(
            command, cwd=self.root, env=self.environment, input=stdin, text=True, capture_output=True, timeout=timeout
        )

    def must(self, *command: str, stdin: str | None = None, timeout: float = 600) -> str:
        """A command that has to succeed; its standard output."""
        done = self.run(*command, stdin=stdin, timeout=timeout)
        assert done.returncode == 0, (
            f"{command} failed ({done.returncode})\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        )
        return done.stdout

    def up(self) -> str:
        return self.must("make", "up")

    def down(self) -> str:
        return self.must("make", "down")

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        return self.must("kubectl", *arguments, stdin=stdin)

    def get(self, *arguments: str) -> Any:
        return json.loads(self.kubectl("get", *arguments, "-o", "json"))

    def set_config(self, path: str, value: str) -> None:
        self.must("pulumi", "config", "set", "--stack", "local", "--path", f"statefulsets:workloads.{path}", value)

    def set_password(self, key: str, password: str) -> None:
        """Encrypt a password into the stack file that `make up` gives to Pulumi, which exists since the first `up`."""
        where = ("--stack", "local", "--config-file", str(self.state.stack_file("local")))
        self.must("pulumi", "config", "set", *where, "--secret", key, stdin=password)

    def post(self, pod: str, text: str) -> str:
        return self.kubectl("create", "--raw", _proxy(pod), "-f", "-", stdin=text)

    def read(self, pod: str) -> str:
        return self.kubectl("get", "--raw", _proxy(pod))

    # Not by kubectl, with which each look costs a sixth of a second of the cores that the pods wait for.
    def ready(self, pod: str) -> bool:
        return pod in self.ready_pods()

    def ready_pods(self, selector: str = "") -> set[str]:
        """The names of those that are Ready among the pods with these labels; none where nothing answers."""
        where = f"/api/v1/namespaces/default/pods?labelSelector={quote(selector)}"
        status, answer = api.request(self.state, "GET", where)
        return {pod["metadata"]["name"] for pod in answer["items"] if is_ready(pod)} if status == 200 else set()


def is_ready(pod: dict[str, Any]) -> bool:
    """Whether a pod is Ready and nobody told it to go."""
    conditions = {c["type"]: c["status"] for c in pod["status"].get("conditions", [])}
    return conditions.get("Ready") == "True" and "deletionTimestamp" not in pod["metadata"]


def _proxy(pod: str) -> str:
    return f"/api/v1/namespaces/default/pods/{pod}:8080/proxy/"


def eventually(condition: Callable[[], bool], what: str, seconds: float = 60) -> None:
    """Wait until a condition holds; fail with what was waited for."""
    start = asked = time.monotonic()
    while not condition():
        now = time.monotonic()
        assert now < start + seconds, f"not within {seconds:.0f} s: {what}"
        # A look by kubectl costs a sixth of a second of the cores that the cluster needs to get there.
        time.sleep(min(max(0.1, 3 * (now - asked)), 2))
        asked = time.monotonic()


def copy_project(target: Path) -> Project:
    """Every file of the project that git knows of or would take up; its Python environment is shared."""
    files = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout
    for name in filter(None, files.decode().split("\0")):
        if (ROOT / name).exists():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    for environment in (".venv", ".tools"):
        (target / environment).symlink_to(ROOT / environment)
    return Project(target)


def only_kubia(project: Project, **changes: str) -> None:
    """Leave one workload in the project's local stack, with `changes` to it: quick to bring up again and again."""
    keep_only(project, "kubia", **changes)


def leave_out(project: Project, workload: str) -> None:
    """Take one workload out of the project's local stack, which was never brought up with it."""
    with local_workloads(project) as workloads:
        del workloads[workload]


def keep_only(project: Project, workload: str, **changes: Any) -> None:
    """Leave one workload, whichever it is, in the project's local stack, with `changes` to it."""
    with local_workloads(project) as workloads:
        kept = {**workloads[workload], **changes}
        workloads.clear()
        workloads[workload] = kept


@contextmanager
def local_workloads(project: Project) -> Iterator[dict[str, Any]]:
    """The workloads of the local stack's file, which is written with what the block makes of them."""
    file = project.root / "Pulumi.local.yaml"
    document = yaml.safe_load(file.read_text())
    yield document["config"]["statefulsets:workloads"]
    file.write_text(yaml.safe_dump(document))
