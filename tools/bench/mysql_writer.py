"""Writes to a MySQL server and takes the time; run on the node, so that it reaches Services and pods by name.

usage: mysql_writer.py rate CLIENTS WRITES | outage < host, port, user, password, database as JSON
"""

from __future__ import annotations

import json
import multiprocessing
import ssl
import sys
import time
from collections.abc import Mapping
from typing import Any

import pymysql


def connect(secret: Mapping[str, str]) -> Any:
    """Opens an encrypted connection on which each statement is a transaction."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return pymysql.connect(
        host=secret["host"],
        port=int(secret["port"]),
        user=secret["user"],
        password=secret["password"],
        database=secret["database"],
        ssl=context,
        autocommit=True,
        connect_timeout=1,
    )


def latencies(secret: Mapping[str, str], writes: int) -> list[float]:
    """Writes as one client, and returns the seconds that each write took."""
    connection = connect(secret)
    taken = []
    with connection.cursor() as cursor:
        for _ in range(writes):
            start = time.perf_counter()
            cursor.execute("INSERT INTO bench (text) VALUES (REPEAT('x', 100))")
            taken.append(time.perf_counter() - start)
    connection.close()
    return taken


def rate(secret: Mapping[str, str], clients: int, writes: int) -> dict[str, Any]:
    """Times `writes` writes, which the clients share among them."""
    with connect(secret).cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS bench (id INT PRIMARY KEY AUTO_INCREMENT, text VARCHAR(200))")
    with multiprocessing.Pool(clients) as pool:
        pool.map(time.sleep, [0.05] * clients)  # until every client's process is there
        start = time.perf_counter()
        taken = pool.starmap(latencies, [(secret, writes // clients)] * clients, chunksize=1)
        return {"seconds": time.perf_counter() - start, "latencies": [one for client in taken for one in client]}


def outage(secret: Mapping[str, str]) -> float:
    """Seconds from the last write before a failure to the first one after it. Prints `writing` once it writes."""
    connection: Any = None
    last, failed = 0.0, False
    while True:
        try:
            connection = connection or connect(secret)
            with connection.cursor() as cursor:
                cursor.execute("INSERT INTO bench (text) VALUES ('outage')")
        except (pymysql.Error, OSError):
            connection, failed = None, last > 0
            time.sleep(0.01)
            continue
        now = time.perf_counter()
        if failed:
            return now - last
        if not last:
            print("writing", flush=True)
        last = now


if __name__ == "__main__":
    given = json.load(sys.stdin)
    if sys.argv[1] == "rate":
        print(json.dumps(rate(given, int(sys.argv[2]), int(sys.argv[3]))))
    else:
        print(outage(given))
