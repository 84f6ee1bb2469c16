"""A replicated MySQL on the tests' cluster: bring it up, ask its members, put it under load, lose its claims."""

from __future__ import annotations

import base64
import json
import secrets
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import yaml

from drills.checks import invariants
from drills.checks.check import Check
from drills.faults import processes, replication
from drills.faults.breaking import run_in
from drills.kube import Cluster
from drills.load.client import Client, Load, Pace
from drills.load.notes import State
from drills.load.pod import CONTAINER, ClientPod, manifest, scripts
from drills.load.watch import Watch
from drills.scene import Site
from drills.target import find
from tests.cluster.mysql import disks
from tools.project import Project, eventually

IMAGE = "localhost/statefulsets/mysql:9.7"
ACCOUNTS = ("Root", "Replication", "Clone", "Monitor", "Application")
FIRST_SERVER = 100
"""Server id of ordinal 0; the next ones follow."""
CLIENT_POD: Final = "mysql-client"
STEADY: Final = Load(writers=1, pace=Pace(rows=10, pause=0, sleep=0.01), reads=False)
"""Without the server's sleep after each row (some 80 rows a second, then) the writer takes the cores that the members
recover with, and so does a reader that connects anew for each answer."""
CLIENT: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "mysql-client", "labels": {"mysql-client": "true"}},
    "spec": {
        "terminationGracePeriodSeconds": 0,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 999,
            "runAsGroup": 999,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [
            {
                "name": "client",
                "image": IMAGE,
                "command": ["sleep", "infinity"],
                "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
                "env": [],
            }
        ],
    },
}
"""A pod of the members' image and user that does nothing: the measurements make their bare server of it."""


@dataclass
class MySql:
    """The workload named `mysql` of a project's local stack."""

    project: Project

    @cached_property
    def cluster(self) -> Cluster:
        """As the drills see it. On a machine under load the API may take its time."""
        return Cluster(Path(self.project.environment["KUBECONFIG"]), None, None, timeout=60)

    @cached_property
    def site(self) -> Site:
        """The set, as the drills find it."""
        return Site(self.cluster, find(self.cluster, "mysql"))

    @cached_property
    def client(self) -> Client:
        """The load's pod, which is the application's as well; it comes back by itself after a loss of power."""
        return Client(self.cluster, self.site.target, self._client_pod())

    def watch(self, *ordinals: int) -> Watch:
        """The load on these members; it has yet to be started."""
        return Watch(self.client, ordinals, load=STEADY)

    def configure(self) -> None:
        """Passwords that are hard to quote, for the stack's own entry, which is up; its pods start with them."""
        for account in ACCOUNTS:
            password = secrets.token_urlsafe(12) + "'\"\\ %s"  # what quoting gets wrong first
            key = f"statefulsets:mysql{account}Password"
            self.project.set_password(key, password)
        self.project.up()
        self.project.kubectl("delete", "pod", "--selector=app=mysql")
        self.wait_ready(0, 1, 2, seconds=180)

    def change_settings(self, **settings: str) -> None:
        """Changes mysqld's settings in the stack file."""
        path = self.project.root / "Pulumi.local.yaml"
        stack = yaml.safe_load(path.read_text())
        stack["config"]["statefulsets:workloads"]["mysql"]["settings"] = settings
        path.write_text(yaml.safe_dump(stack))

    def start_client(self, node: str | None = None) -> None:
        """A pod like an application's: it has the label and the Secret, and nothing else. Makes the tables."""
        meta = {"name": CLIENT_POD}
        made = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": scripts()}
        pod = manifest(self.site.target, self._client_pod(node or ""))
        self.project.kubectl(
            "apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": [made, pod]})
        )
        eventually(lambda: self.project.ready(CLIENT_POD), "the client pod")
        tables = ("writes (n BIGINT PRIMARY KEY)", "messages (message VARCHAR(250))")
        assert self.application(" ".join(f"CREATE TABLE IF NOT EXISTS {table};" for table in tables)) == ""

    def stop_client(self) -> None:
        """Deletes the client pod; its tables stay."""
        self.project.kubectl("delete", "pod,configmap", CLIENT_POD)

    def _client_pod(self, node: str = "") -> ClientPod:
        return ClientPod(CLIENT_POD, table="writes", lasts=None, node=node)

    def exec(self, pod: str, script: str, container: str | None = None) -> subprocess.CompletedProcess[str]:
        where = ["-c", container] if container else []
        return self.project.run("kubectl", "exec", "-i", pod, *where, "--", "bash", "-s", stdin=script, timeout=60)

    def root(self, ordinal: int, sql: str) -> str:
        """SQL as root inside a member."""
        done = self.exec(
            f"mysql-{ordinal}",
            f"mysql --defaults-file=/run/mysqld/root.cnf -N --batch --raw <<'E'\n{sql}\nE\n",
            "mysql",
        )
        assert done.returncode == 0, f"mysql-{ordinal}: {sql}: {done.stderr}"
        return done.stdout.strip()

    def application(self, sql: str, host: str = "$DRILL_HOST", options: str = "--ssl-mode=REQUIRED") -> str:
        """SQL as the application, through a Service."""
        done = self.exec(CLIENT_POD, f"mysql --host=\"{host}\" --user=app {options} -N --batch app <<'E'\n{sql}\nE\n")
        return done.stdout.strip() if done.returncode == 0 else f"ERROR {done.stderr.strip()}"

    def run_application(self, library: str) -> Any:
        """tests/cluster/mysql/mysql_application.py on the node: its network and its DNS are those of a pod."""
        root = self.project.root
        script = (f"{root}/.tools/bin/python", f"{root}/tests/cluster/mysql/mysql_application.py", library)
        return json.loads(disks.inside(self.project, *script, stdin=json.dumps(self.secret())))

    def secret(self) -> dict[str, str]:
        """What an application finds in the Secret."""
        data = self.project.get("secret", "mysql-client")["data"]
        return {key: base64.b64decode(value).decode() for key, value in data.items()}

    def beside(self, ordinal: int, script: str) -> AbstractContextManager[subprocess.Popen[str]]:
        """A script that runs inside a member meanwhile."""
        return self._meanwhile(f"mysql-{ordinal}", "mysql", script)

    def inserting(self, message: str) -> AbstractContextManager[subprocess.Popen[str]]:
        """One message from the application, which may take its time to be answered."""
        insert = f"INSERT INTO messages VALUES ('{message}')"  # noqa: S608  ours
        script = f'mysql --host="$DRILL_HOST" --user=app --ssl-mode=REQUIRED app -e "{insert}"'
        return self._meanwhile(CLIENT_POD, CONTAINER, script)

    @contextmanager
    def _meanwhile(self, pod: str, container: str, script: str) -> Iterator[subprocess.Popen[str]]:
        command = ["kubectl", "exec", pod, "-c", container, "--", "bash", "-c", script]
        process = subprocess.Popen(command, cwd=self.project.root, env=self.project.environment, text=True)
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def start_receiver(self, ordinal: int) -> None:
        """Has a replica receive again, after STOP REPLICA IO_THREAD."""
        run_in(self.site, ordinal, replication.START_RECEIVER)

    def ready(self, ordinal: int) -> bool:
        return self.project.ready(f"mysql-{ordinal}")

    def wait_ready(self, *ordinals: int, seconds: float = 60) -> None:
        names = {f"mysql-{ordinal}" for ordinal in ordinals}
        eventually(lambda: names <= self.project.ready_pods("app=mysql"), f"members {ordinals} ready", seconds)

    def log(self, ordinal: int, container: str = "mysql") -> str:
        return self.project.run("kubectl", "logs", f"mysql-{ordinal}", "-c", container).stdout

    def kill_server(self, ordinal: int) -> None:
        """Kills a member's mysqld with SIGKILL."""
        processes.kill_server(self.site, ordinal)

    def lose_claim(self, ordinal: int, *others: int, prepare: Callable[[], None] = lambda: None) -> None:
        """Claim and disk are gone, an empty disk takes their place. Pods of `others` are deleted at the same time."""
        self.project.kubectl("delete", "pvc", f"data-mysql-{ordinal}", "--wait=false")
        names = [f"mysql-{one}" for one in (ordinal, *others)]
        self.project.kubectl("delete", "pod", *names, *(() if others else ("--grace-period=1",)))
        self._empty(ordinal, prepare)

    def forget_claim(self, ordinal: int) -> None:
        """What a member left when the set was scaled in; it would keep its volume from being deleted."""
        self.project.kubectl("delete", "pvc", f"data-mysql-{ordinal}")
        self._empty(ordinal)

    def _empty(self, ordinal: int, prepare: Callable[[], None] = lambda: None) -> None:
        """A volume that lost its claim, without data and free for the next one."""
        volume = self.volume(ordinal)
        eventually(lambda: self.project.get("pv", volume)["status"]["phase"] == "Released", f"{volume} released", 180)
        directory = self.directory(ordinal).parent
        subprocess.run(["find", str(directory), "-mindepth", "1", "-delete"], check=True)
        prepare()
        patch = '[{"op":"remove","path":"/spec/claimRef/uid"},{"op":"remove","path":"/spec/claimRef/resourceVersion"}]'
        self.project.kubectl("patch", "pv", volume, "--type=json", "-p", patch)

    def volume(self, ordinal: int) -> str:
        return f"mysql-{'abcde'[ordinal]}"

    def directory(self, ordinal: int) -> Path:
        """What a member has on its claim, seen from here."""
        return disks.seen_from_here(self.project, self.volume(ordinal)) / "mysql"

    def errant_rows(self, ordinal: int) -> str:
        """How many rows say `errant`; nothing while the server does not answer."""
        count = "SELECT COUNT(*) FROM app.messages WHERE message = 'errant'"
        client = "mysql --defaults-file=/run/mysqld/root.cnf -N"
        return self.exec(f"mysql-{ordinal}", f'{client} <<<"{count}"', "mysql").stdout.strip()

    def executed(self, ordinal: int) -> str:
        return self.root(ordinal, "SELECT @@GLOBAL.gtid_executed").replace("\n", "")

    def settled(self, *ordinals: int, answered: Sequence[int] = ()) -> int:
        """All members hold the same history; how many of the answered rows the one that has the fewest lacks.

        Rows may be written meanwhile: what counts is what was there at the beginning.
        """
        counts = [f"(SELECT COUNT(*) FROM app.writes WHERE n BETWEEN {a} AND {b})" for a, b in ranges(answered)]  # noqa: S608
        facts = ", ".join(
            [
                "REPLACE(@@GLOBAL.gtid_executed, '\\n', '')",
                *("@@GLOBAL.read_only", "@@server_uuid", "@@server_id"),
                " + ".join(counts) or "0",
            ]
        )
        primary, host = self.executed(0), self.site.target.host
        states, counted = list[State](), list[int]()
        for ordinal in ordinals:
            # The wait first, in a statement of its own: the rest then sees what was applied meanwhile.
            one = self.root(ordinal, f"SELECT WAIT_FOR_EXECUTED_GTID_SET('{primary}', 60); SELECT {facts};")
            late, found = one.split("\n")
            assert late == "0", f"mysql-{ordinal} lacks transactions of the primary"
            executed, read_only, uuid, server, count = found.split("\t")
            states.append(State(host(ordinal), int(server), uuid, read_only == "0", executed))
            counted.append(int(count))
            assert_holds(invariants.has_all_of(states[-1], primary))
        eventually(
            lambda: invariants.none_of_their_own(states, self.executed(0)).ok,
            "no member has transactions of its own",
            30,
        )
        assert_holds(invariants.no_other_writable(states, host(0)))
        assert_holds(invariants.distinct_servers(states))
        assert_holds(invariants.server_ids(states, {host(n): FIRST_SERVER + n for n in ordinals}))
        return len(answered) - min(counted)


def assert_holds(check: Check) -> None:
    """One of the drills' checks, as an assertion."""
    assert check.ok, f"{check.name}: {check.detail}"


def ranges(rows: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Rising numbers as first and last of each run without a gap."""
    if not rows:
        return
    first = last = rows[0]
    for row in rows[1:]:
        if row != last + 1:
            yield first, last
            first = row
        last = row
    yield first, last
