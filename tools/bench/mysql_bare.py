"""The peer of a replicated MySQL is one mysqld in a pod on the same disk. Writers measure both."""

from __future__ import annotations

import json
import secrets
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, cast

from localcloud.node import node
from tests.cluster.mysql.disks import VOLUMES, inside
from tests.cluster.mysql.rig import CLIENT, IMAGE
from tools.project import Project, eventually

# The server has the durability, binary log and memory of this project's members. It is started again when it dies.
START = """
cd /var/lib/mysql
[[ -d data ]] || mysqld --no-defaults --initialize-insecure --datadir=/var/lib/mysql/data
trap 'kill -KILL $server; exit' TERM
while :; do
  mysqld --no-defaults --datadir=/var/lib/mysql/data --socket=/tmp/mysqld.sock --pid-file=/tmp/mysqld.pid \\
    --mysqlx=OFF --gtid-mode=ON --enforce-gtid-consistency=ON --log-bin=binlog --sync-binlog=1 \\
    --innodb-flush-log-at-trx-commit=1 --skip-name-resolve --innodb-buffer-pool-size=384M &
  server=$!
  wait $server
done
"""
ROOT_CLIENT = ("mysql", "--user=root", "--socket=/tmp/mysqld.sock")


@dataclass(frozen=True)
class Writes:
    """The seconds that writes took, all together and each."""

    seconds: float
    latencies: list[float]


@dataclass
class Bare:
    """The peer's server, in the pod `mysql-bare`."""

    project: Project
    password: str = ""

    @contextmanager
    def running(self) -> Iterator[Bare]:
        """Runs the server until the block ends, and then deletes its data."""
        directory = f"{VOLUMES}/bench-bare"
        inside(self.project, "install", "-d", "-o", "999", "-g", "999", directory)
        container = {
            **CLIENT["spec"]["containers"][0],
            "image": IMAGE,
            "command": ["bash", "-c", START],
            "env": [],
            "volumeMounts": [{"name": "data", "mountPath": "/var/lib/mysql"}],
        }
        spec = {
            **CLIENT["spec"],
            "containers": [container],
            "volumes": [{"name": "data", "hostPath": {"path": directory}}],
        }
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "mysql-bare"}, "spec": spec}
        self.project.kubectl("apply", "-f", "-", stdin=json.dumps(pod))
        eventually(lambda: self._sql("SELECT 1").returncode == 0, "the bare server answers", 180)
        self.password = secrets.token_hex(12)
        account = f"CREATE USER app IDENTIFIED BY '{self.password}'; GRANT ALL ON app.* TO app;"
        self._sql(f"CREATE DATABASE app; {account}").check_returncode()
        try:
            yield self
        finally:
            self.project.run("kubectl", "delete", "pod", "mysql-bare", "--grace-period=0", "--force")
            inside(self.project, "rm", "-rf", directory)

    def _sql(self, sql: str) -> subprocess.CompletedProcess[str]:
        return self.project.run("kubectl", "exec", "-i", "mysql-bare", "--", *ROOT_CLIENT, stdin=sql)

    def secret(self) -> dict[str, str]:
        """The address and the account with which a client logs in."""
        host = self.project.get("pod", "mysql-bare")["status"]["podIP"]
        return {"host": host, "port": "3306", "user": "app", "password": self.password, "database": "app"}

    def kill_server(self) -> None:
        """Kills the server, after which the container's first process starts another."""
        self.project.kubectl("exec", "mysql-bare", "--", "bash", "-c", "kill -KILL $(</tmp/mysqld.pid)")


def timed_writes(project: Project, secret: dict[str, str], writes: int, clients: int) -> Writes:
    """Times so many writes, which the clients share among them."""
    said = inside(project, *_writer(project), "rate", str(clients), str(writes), stdin=json.dumps(secret))
    return Writes(**json.loads(said))


def outage(project: Project, secret: dict[str, str], kill: Callable[[], None]) -> float:
    """Seconds without an answered write, as a client sees it that tries all the time."""
    command = [
        "nsenter",
        f"--target={node.init_pid(project.state, project.state.slot.node(0))}",
        "--mount",
        "--net",
        "--",
        *_writer(project),
    ]
    with subprocess.Popen([*command, "outage"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        stdin, stdout = cast(IO[str], process.stdin), cast(IO[str], process.stdout)
        stdin.write(json.dumps(secret))
        stdin.close()
        if stdout.readline() != "writing\n":
            raise RuntimeError("the writer did not come to write")
        kill()
        return float(stdout.read())


def _writer(project: Project) -> tuple[str, str]:
    return f"{project.root}/.tools/bin/python", f"{project.root}/tools/bench/mysql_writer.py"
