"""An application as one would write it: run inside the cluster with a library that is not ours, it trusts nothing.

usage: mysql_application.py LIBRARY < the Secret's fields as JSON (host, read-host, port, user, password, database)
"""

from __future__ import annotations

import json
import ssl
import sys
import time
from collections.abc import Mapping
from typing import Any

import mysql.connector
import pymysql


def connect(library: str, secret: Mapping[str, str], host: str, encrypted: bool = True) -> Any:
    """A connection of the library's own."""
    options: dict[str, Any] = {
        "host": secret[host],
        "port": int(secret["port"]),
        "user": secret["user"],
        "password": secret["password"],
        "database": secret["database"],
    }
    if library == "pymysql":
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # each member signed its own certificate
        return pymysql.connect(**options, **({"ssl": context} if encrypted else {"ssl_disabled": True}))
    return mysql.connector.connect(**options, ssl_disabled=not encrypted)


def ask(connection: Any, sql: str, *values: object) -> Any:
    """The first row."""
    cursor = connection.cursor()
    cursor.execute(sql, values)
    row = cursor.fetchone() if cursor.description else None
    cursor.close()
    return row


def refused(library: str, secret: Mapping[str, str]) -> bool:
    """Whether nobody gets in without encryption."""
    try:
        connect(library, secret, "host", encrypted=False).close()
    except (pymysql.Error, mysql.connector.Error):
        return True
    return False


def main(library: str, secret: Mapping[str, str]) -> None:
    """Writes through one Service, reads through the other, changes its mind in between."""
    write = connect(library, secret, "host")
    cipher = ask(write, "SHOW SESSION STATUS LIKE 'Ssl_cipher'")[1]
    assert cipher, "not encrypted"
    table = "orders_" + library.replace(".", "_")
    ask(write, f"CREATE TABLE IF NOT EXISTS {table} (id INT PRIMARY KEY AUTO_INCREMENT, what VARCHAR(99))")
    ask(write, f"INSERT INTO {table} (what) VALUES (%s)", "not this")  # noqa: S608  the table's name is ours
    write.rollback()
    ask(write, f"INSERT INTO {table} (what) VALUES (%s)", "it's 'quoted' \\ 한글 🙂")  # noqa: S608
    write.commit()
    seen: dict[int, str] = {}
    deadline = time.monotonic() + 30
    while len(seen) < 3 and time.monotonic() < deadline:
        read = connect(library, secret, "read-host")
        server = ask(read, "SELECT @@server_id")[0]
        if row := ask(read, f"SELECT what FROM {table} ORDER BY id DESC LIMIT 1"):  # noqa: S608
            seen[server] = row[0]
        read.close()
    assert refused(library, secret), "connected without TLS"
    print(json.dumps({"cipher": cipher, "rows": seen}))


if __name__ == "__main__":
    main(sys.argv[1], json.load(sys.stdin))
