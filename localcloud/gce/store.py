"""The records of all that exists, by their paths in the API, in one SQLite file; and the files with disks' bytes.

There is one change at a time, and each is a transaction. Files follow the records: a file is made before its record is
committed and deleted after, so that a power cut between the two leaves a file too many, never a record without its
file. `sweep` clears those at the next start.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Record = dict[str, Any]
"""The JSON object that is kept of something."""
OPERATIONS_KEPT = 1000
"""How many operations are remembered."""


class Store:
    """The records under `root`, which is made if absent and readable by its owner alone."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for directory in (root, root / "disks", root / "snapshots"):
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(root / "state.db", os.O_RDWR | os.O_CREAT, 0o600))
        self._lock = threading.RLock()
        self._after: list[Callable[[], None]] = []
        self._database = sqlite3.connect(root / "state.db", isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=FULL")
        self._database.execute("CREATE TABLE IF NOT EXISTS record (path TEXT PRIMARY KEY, body TEXT NOT NULL)")
        self._database.execute("CREATE TABLE IF NOT EXISTS counter (id INTEGER PRIMARY KEY AUTOINCREMENT)")
        self.sweep()

    @contextmanager
    def change(self) -> Iterator[None]:
        """A block in which records change: all of its changes are kept, or none. Such blocks take turns."""
        with self._lock:
            self._database.execute("BEGIN IMMEDIATE")
            self._after = []
            try:
                yield
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")
            for action in self._after:
                action()

    @contextmanager
    def view(self) -> Iterator[None]:
        """A block in which no record changes."""
        with self._lock:
            yield

    def after(self, action: Callable[[], None]) -> None:
        """Have something done once the present change is committed."""
        self._after.append(action)

    def get(self, path: str) -> Record | None:
        """The record of that path; None where there is none."""
        with self._lock:
            row = self._database.execute("SELECT body FROM record WHERE path = ?", (path,)).fetchone()
        return None if row is None else json.loads(row[0])

    def under(self, prefix: str) -> list[tuple[str, Record]]:
        """The (path, record) of every path that begins with `prefix`, in the order of the paths."""
        with self._lock:
            rows = self._database.execute(
                "SELECT path, body FROM record WHERE path >= ? AND path < ? ORDER BY path", (prefix, prefix + "\x7f")
            ).fetchall()
        return [(path, json.loads(body)) for path, body in rows]

    def put(self, path: str, record: Record) -> None:
        """Make or replace a record, in a change."""
        self._database.execute("INSERT OR REPLACE INTO record VALUES (?, ?)", (path, json.dumps(record)))

    def delete(self, path: str) -> None:
        """Forget a record, in a change."""
        self._database.execute("DELETE FROM record WHERE path = ?", (path,))

    def next_id(self) -> int:
        """A number that was never given before, not even to what is deleted by now; to be asked for in a change."""
        return int(self._database.execute("INSERT INTO counter DEFAULT VALUES").lastrowid or 0)

    def prune_operations(self, newest: int) -> None:
        """Forget all operations but the last ones up to the number `newest`: nobody asks for old ones."""
        oldest = newest - OPERATIONS_KEPT
        self._database.execute(
            "DELETE FROM record WHERE path LIKE '%/operations/%' AND json_extract(body, '$.id') + 0 < ?", (oldest,)
        )

    def sweep(self) -> None:
        """Delete files that no record names, and give each file the size that its record says."""
        wanted = {record["standinFile"]: record for _, record in self.under("") if "standinFile" in record}
        for directory in ("disks", "snapshots"):
            for file in (self.root / directory).iterdir():
                if f"{directory}/{file.name}" not in wanted:
                    file.unlink()
        for name, record in wanted.items():
            size = int(record.get("sizeGb", 0)) << 30
            if (self.root / name).exists() and (self.root / name).stat().st_size < size:
                os.truncate(self.root / name, size)

    def close(self) -> None:
        """Close the file, so that another process may open it."""
        with self._lock:
            self._database.close()
