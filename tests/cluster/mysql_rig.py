"""A replicated MySQL on the tests' cluster: bring it up, ask its members, write all the time, break things."""

from __future__ import annotations

import base64
import json
import secrets
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.cluster import mysql_disks
from tools.project import Project, eventually, is_ready

IMAGE = "localhost/statefulsets/mysql:9.7"
ACCOUNTS = ("Root", "Replication", "Clone", "Monitor", "Application")
# A role script's own subshells have its command line, too; its parent alone is the container's first process.
ROLE = """
for file in $(grep -lzE 'scripts/(primary|replica)[.]sh$' /proc/[0-9]*/cmdline 2>/dev/null); do
  process=${file%/cmdline}
  if grep -qE '^PPid:[[:space:]]+1$' "$process/status" 2>/dev/null; then echo "${process#/proc/}"; fi
done
"""
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
                "env": [
                    {"name": name, "valueFrom": {"secretKeyRef": {"name": "mysql-client", "key": key}}}
                    for name, key in (("MYSQL_PWD", "password"), ("MYSQL_HOST", "host"), ("READ_HOST", "read-host"))
                ],
            }
        ],
    },
}


@dataclass
class MySql:
    """The workload named `mysql` of a project's local stack."""

    project: Project

    def configure(self) -> None:
        """Passwords that are hard to quote, for the stack's own entry, which is up; its pods start with them."""
        for account in ACCOUNTS:
            password = secrets.token_urlsafe(12) + "'\"\\ %s"  # what quoting gets wrong first
            key = f"statefulsets:mysql{account}Password"
            self.project.must("pulumi", "config", "set", "--stack", "local", "--secret", key, stdin=password)
        self.project.up()
        self.project.kubectl("delete", "pod", "--selector=app=mysql")
        self.wait_ready(0, 1, 2, seconds=180)

    def change_settings(self, **settings: str) -> None:
        """Of mysqld, in the stack file."""
        path = self.project.root / "Pulumi.local.yaml"
        stack = yaml.safe_load(path.read_text())
        stack["config"]["statefulsets:workloads"]["mysql"]["settings"] = settings
        path.write_text(yaml.safe_dump(stack))

    def start_client(self, node: str | None = None) -> None:
        """A pod like an application's: it has the label and the Secret, and nothing else. Makes the tables."""
        client = {**CLIENT, "spec": {**CLIENT["spec"], **({"nodeName": node} if node else {})}}
        self.project.kubectl("apply", "-f", "-", stdin=json.dumps(client))
        eventually(lambda: self.project.ready("mysql-client"), "the client pod")
        tables = ("writes (n BIGINT PRIMARY KEY)", "messages (message VARCHAR(250))")
        assert self.application(" ".join(f"CREATE TABLE IF NOT EXISTS {table};" for table in tables)) == ""

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

    def application(self, sql: str, host: str = "$MYSQL_HOST", options: str = "--ssl-mode=REQUIRED") -> str:
        """SQL as the application, through a Service."""
        done = self.exec(
            "mysql-client", f"mysql --host=\"{host}\" --user=app {options} -N --batch app <<'E'\n{sql}\nE\n"
        )
        return done.stdout.strip() if done.returncode == 0 else f"ERROR {done.stderr.strip()}"

    def run_application(self, library: str) -> Any:
        """tests/cluster/mysql_application.py on the node: its network and its DNS are those of a pod."""
        root = self.project.root
        script = (f"{root}/.venv/bin/python", f"{root}/tests/cluster/mysql_application.py", library)
        return json.loads(mysql_disks.inside(self.project, *script, stdin=json.dumps(self.secret())))

    def secret(self) -> dict[str, str]:
        """What an application finds in the Secret."""
        data = self.project.get("secret", "mysql-client")["data"]
        return {key: base64.b64decode(value).decode() for key, value in data.items()}

    @contextmanager
    def beside(self, ordinal: int, script: str) -> Iterator[subprocess.Popen[str]]:
        """A script that runs inside a member meanwhile."""
        command = ["kubectl", "exec", f"mysql-{ordinal}", "-c", "mysql", "--", "bash", "-c", script]
        process = subprocess.Popen(command, cwd=self.project.root, env=self.project.environment, text=True)
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    @contextmanager
    def inserting(self, message: str) -> Iterator[subprocess.Popen[str]]:
        """One message from the application, which may take its time to be answered."""
        insert = f"INSERT INTO messages VALUES ('{message}')"  # noqa: S608  ours
        script = f'mysql --host="$MYSQL_HOST" --user=app --ssl-mode=REQUIRED app -e "{insert}"'
        command = ["kubectl", "exec", "mysql-client", "--", "bash", "-c", script]
        process = subprocess.Popen(command, cwd=self.project.root, env=self.project.environment, text=True)
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def start_receiver(self, ordinal: int) -> None:
        """What an operator types after STOP REPLICA IO_THREAD; the password is in the pod."""
        script = (
            'mysql --defaults-file=/run/mysqld/root.cnf <<<"START REPLICA IO_THREAD $(</run/mysqld/replication.sql)"'
        )
        assert self.exec(f"mysql-{ordinal}", script, "mysql").returncode == 0

    def ready(self, ordinal: int) -> bool:
        return self.project.ready(f"mysql-{ordinal}")

    def wait_ready(self, *ordinals: int, seconds: float = 60) -> None:
        """Asks for all of them at once: on a busy machine each kubectl counts."""
        names = {f"mysql-{ordinal}" for ordinal in ordinals}

        def ready() -> bool:
            pods = self.project.get("pods", "--selector=app=mysql")["items"]
            return names <= {pod["metadata"]["name"] for pod in pods if is_ready(pod)}

        eventually(ready, f"members {ordinals} ready", seconds)

    def log(self, ordinal: int, container: str = "mysql") -> str:
        return self.project.run("kubectl", "logs", f"mysql-{ordinal}", "-c", container).stdout

    def kill_server(self, ordinal: int) -> None:
        assert self.exec(f"mysql-{ordinal}", "kill -KILL $(cat /run/mysqld/mysqld.pid)", "mysql").returncode == 0

    def role(self, ordinal: int) -> str:
        """Process ID of a member's role script, inside its container; empty while none runs."""
        return self.exec(f"mysql-{ordinal}", ROLE, "mysql").stdout.strip()

    def kill_role(self, ordinal: int) -> None:
        """SIGKILL for the role script, and a wait for the next one."""
        first = self.role(ordinal)
        assert first.isdigit(), f"one role script runs in mysql-{ordinal}: {first!r}"
        assert self.exec(f"mysql-{ordinal}", f"kill -KILL {first}", "mysql").returncode == 0
        eventually(lambda: self.role(ordinal) not in ("", first), f"mysql-{ordinal} has a role script again", 15)

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
        return mysql_disks.seen_from_here(self.project, self.volume(ordinal)) / "mysql"

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
        primary = self.executed(0)
        said = []
        for ordinal in ordinals:
            # The wait first, in a statement of its own: the rest then sees what was applied meanwhile.
            one = self.root(ordinal, f"SELECT WAIT_FOR_EXECUTED_GTID_SET('{primary}', 60); SELECT {facts};")
            late, found = one.split("\n")
            assert late == "0", f"mysql-{ordinal} lacks transactions of the primary"
            said.append(found.split("\t"))
        own = "SELECT " + ", ".join(f"GTID_SUBTRACT('{one[0]}', @@GLOBAL.gtid_executed)" for one in said)
        eventually(lambda: self.root(0, own).strip() == "", "no member has transactions of its own", 30)
        assert [ordinal for ordinal, one in zip(ordinals, said, strict=True) if one[1] == "0"] == [0]
        assert len({one[2] for one in said}) == len(ordinals), "two members have one server uuid"
        assert [int(one[3]) - 100 for one in said] == list(ordinals)
        return len(answered) - min(int(one[4]) for one in said)


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
