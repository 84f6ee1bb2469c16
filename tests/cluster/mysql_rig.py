"""A replicated MySQL on the tests' cluster: bring it up, ask its members, write all the time, break things."""

from __future__ import annotations

import json
import secrets
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.cluster.conftest import Project, eventually

IMAGE = "localhost/statefulsets/mysql:9.7"
ACCOUNTS = ("Root", "Replication", "Clone", "Monitor", "Application")
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
# `n` is printed once its row is answered; an error ends the client, and the next one starts at a number not used yet.
WRITER = """
n=%d
rm -f /tmp/stop
until [[ -e /tmp/stop ]]; do
  seq "$n" 1000000000 | sed 's/.*/INSERT INTO writes VALUES (&); SELECT &;/' |
    mysql --host="$MYSQL_HOST" --user=app --ssl-mode=REQUIRED --connect-timeout=2 --unbuffered --batch \
      --skip-column-names --skip-reconnect app 2>/dev/null | tee /tmp/answered
  last=$(tail -n 1 /tmp/answered)
  n=$((${last:-$n} + 1000))
  sleep 0.2
done
"""
# What the members that must not be writable say of themselves, again and again.
WATCHER = """
until [[ -e /tmp/stop ]]; do
  for n in 1 2; do
    mysql --host="mysql-$n.mysql" --user=app --ssl-mode=REQUIRED --connect-timeout=1 --batch --skip-column-names \\
      --execute="SELECT $n, @@GLOBAL.read_only" 2>/dev/null
  done
  sleep 0.3
done
"""
STOP = """
touch /tmp/stop
for process in /proc/[0-9]*; do
  read -r name <"$process/comm" && [[ $name != mysql ]] || kill "${process#/proc/}"
done
"""


@dataclass
class MySql:
    """The workload named `mysql` of a project's local stack."""

    project: Project
    acknowledged: set[int] = field(default_factory=set)

    def configure(self) -> None:
        """Passwords that are hard to quote, for the stack's own entry, which is up; its pods start with them."""
        for account in ACCOUNTS:
            password = secrets.token_urlsafe(12) + "'\"\\ %s"  # what quoting gets wrong first
            key = f"statefulsets:mysql{account}Password"
            self.project.must("pulumi", "config", "set", "--stack", "local", "--secret", key, stdin=password)
        self.project.up()
        self.project.kubectl("delete", "pod", "--selector=app=mysql")
        self.wait_ready(0, 1, 2, seconds=180)

    def start_client(self) -> None:
        """A pod like an application's: it has the label and the Secret, and nothing else."""
        self.project.kubectl("apply", "-f", "-", stdin=json.dumps(CLIENT))
        eventually(lambda: self.project.ready("mysql-client"), "the client pod")

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
        eventually(lambda: all(map(self.ready, ordinals)), f"members {ordinals} ready", seconds)

    def log(self, ordinal: int, container: str = "mysql") -> str:
        return self.project.run("kubectl", "logs", f"mysql-{ordinal}", "-c", container).stdout

    def kill_server(self, ordinal: int) -> None:
        assert self.exec(f"mysql-{ordinal}", "kill -KILL $(cat /run/mysqld/mysqld.pid)", "mysql").returncode == 0

    def lose_claim(self, ordinal: int) -> None:
        """Claim and disk are gone; a new, empty disk takes their place."""
        volume = f"mysql-{'abcde'[ordinal]}"
        self.project.kubectl("delete", "pvc", f"data-mysql-{ordinal}", "--wait=false")
        self.project.kubectl("delete", "pod", f"mysql-{ordinal}", "--grace-period=1")
        eventually(lambda: self.project.get("pv", volume)["status"]["phase"] == "Released", f"{volume} released", 90)
        directory = self.project.state.root / f"nodes/statefulsets-0/statefulsets/volumes/{volume}"
        subprocess.run(["find", str(directory), "-mindepth", "1", "-delete"], check=True)
        patch = '[{"op":"remove","path":"/spec/claimRef/uid"},{"op":"remove","path":"/spec/claimRef/resourceVersion"}]'
        self.project.kubectl("patch", "pv", volume, "--type=json", "-p", patch)

    def rows(self, ordinal: int) -> set[int]:
        return {int(line) for line in self.root(ordinal, "SELECT n FROM app.writes").splitlines()}

    def errant_rows(self, ordinal: int) -> str:
        """How many rows say `errant`; nothing while the server does not answer."""
        count = "SELECT COUNT(*) FROM app.messages WHERE message = 'errant'"
        client = "mysql --defaults-file=/run/mysqld/root.cnf -N"
        return self.exec(f"mysql-{ordinal}", f'{client} <<<"{count}"', "mysql").stdout.strip()

    def executed(self, ordinal: int) -> str:
        return self.root(ordinal, "SELECT @@GLOBAL.gtid_executed").replace("\n", "")

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A writer that never rests; what it was answered is in `acknowledged`."""
        start = max(self.acknowledged, default=0) + 10_000
        writer = self._client(WRITER % start)
        assert writer.stdout is not None
        lines = writer.stdout

        def note() -> None:
            for line in lines:
                self.acknowledged.add(int(line))

        reader = threading.Thread(target=note, daemon=True)
        reader.start()
        try:
            before = len(self.acknowledged)
            eventually(lambda: len(self.acknowledged) > before, "the writer's first row", 30)
            watcher = self._client(WATCHER)
            yield
            before = len(self.acknowledged)
            eventually(lambda: len(self.acknowledged) > before, "rows are written again", 90)
        finally:
            self.exec("mysql-client", STOP)
            writer.wait(20)
            reader.join(10)
            lines.close()
        said = set(watcher.communicate(timeout=20)[0].splitlines())
        assert said
        assert said <= {"1\t1", "2\t1"}, f"a replica was writable: {said}"

    def _client(self, script: str) -> subprocess.Popen[str]:
        """A script that runs in the client pod until it is told to stop."""
        command = ["kubectl", "exec", "mysql-client", "--", "bash", "-c", script]
        return subprocess.Popen(
            command, cwd=self.project.root, env=self.project.environment, stdout=subprocess.PIPE, text=True
        )

    def settled(self, *ordinals: int) -> None:
        """Nothing that was answered is missing anywhere, and all members hold the same."""
        self.wait_ready(*ordinals, seconds=90)

        def same() -> bool:
            return len({self.executed(ordinal) for ordinal in ordinals}) == 1

        eventually(same, "all members hold the same transactions", 30)
        for ordinal in ordinals:
            lost = self.acknowledged - self.rows(ordinal)
            assert not lost, f"mysql-{ordinal} lost {len(lost)} of {len(self.acknowledged)} rows: {sorted(lost)[:5]}"
        writable = [ordinal for ordinal in ordinals if self.root(ordinal, "SELECT @@GLOBAL.read_only") == "0"]
        assert writable == [0]
        assert len({self.root(ordinal, "SELECT @@server_uuid") for ordinal in ordinals}) == len(ordinals)


def directory(project: Project, ordinal: int) -> Path:
    """A member's claim, seen from the node."""
    return project.state.root / f"nodes/statefulsets-0/statefulsets/volumes/mysql-{'abcde'[ordinal]}/mysql"
