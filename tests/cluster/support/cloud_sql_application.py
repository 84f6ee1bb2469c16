"""An application of Cloud SQL's, run inside the cluster: it writes a note through one Service and reads them all
through the other, and trusts the authorities in its Secret alone.

usage: cloud_sql_application.py NOTE < the Secret's fields as JSON (host, read-host, port, user, ..., ca.crt)
"""

from __future__ import annotations

import json
import ssl
import sys
import time
from collections.abc import Mapping
from typing import Any

import pymysql

PATIENCE = 60.0  # seconds for the servers to answer, and for the replica to have the note


def connect(secret: Mapping[str, str], host: str) -> Any:
    """Over TLS. The Service's name is in no certificate of Cloud SQL's, so the authority has to do."""
    context = ssl.create_default_context(cadata=secret["ca.crt"])
    context.check_hostname = False
    return pymysql.connect(
        host=secret[host],
        port=int(secret["port"]),
        user=secret["user"],
        password=secret["password"],
        database=secret["database"],
        ssl=context,
        autocommit=True,
        connect_timeout=5,
    )


def ask(secret: Mapping[str, str], host: str, sql: str, *values: object) -> Any:
    """Rows; again while nobody answers, or a replica does not have the table yet."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            with connect(secret, host) as connection, connection.cursor() as cursor:
                cursor.execute(sql, values)
                return cursor.fetchall()
        except (pymysql.OperationalError, pymysql.ProgrammingError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def main(note: str, secret: Mapping[str, str]) -> None:
    """Prints which server is which, and the notes that the reader has."""
    ask(secret, "host", "CREATE TABLE IF NOT EXISTS notes (note VARCHAR(99) PRIMARY KEY)")
    ask(secret, "host", "INSERT INTO notes VALUES (%s)", note)
    deadline = time.monotonic() + PATIENCE
    notes: list[str] = []
    while note not in notes and time.monotonic() < deadline:
        time.sleep(0.2)
        notes = [row[0] for row in ask(secret, "read-host", "SELECT note FROM notes ORDER BY note")]
    servers = [ask(secret, host, "SELECT @@server_id, @@read_only")[0] for host in ("host", "read-host")]
    print(json.dumps({"notes": notes, "servers": servers}))


if __name__ == "__main__":
    main(sys.argv[1], json.load(sys.stdin))
