"""The index through the standard library's sqlite3: what the fast commands read, and the two caches they fill.

A cache is never trusted with more than its key says, and never allowed to fail a command: a database that is
missing, locked, of another schema or broken is as good as an empty one.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

SCHEMA_VERSION = 1
_SCHEMA = Path(__file__).with_name("schema.sql")


class Index:
    """``state.db``, opened when first needed."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self._connection: sqlite3.Connection | None = None
        self._files: dict[str, tuple[str, str]] | None = None
        self._fresh: dict[str, tuple[str, str]] = {}

    # The cached Snapshot

    def snapshot(self) -> tuple[str, str, str]:
        """The codebase, key and row of the Snapshot that was stored last; empty texts where there is none."""
        rows = self._read("SELECT codebase, key, data FROM cached_snapshot WHERE id = 1", ())
        return rows[0] if rows else ("", "", "")

    def store_snapshot(self, codebase: str, key: str, row: str) -> None:
        """Keep this Snapshot for the next reader."""
        sql = "INSERT OR REPLACE INTO cached_snapshot (id, codebase, key, data) VALUES (1, ?, ?, ?)"
        self._write([(sql, [(codebase, key, row)])])

    # Parsed files: the loader's cache

    def get(self, path: str, key: str) -> dict[str, Any] | None:
        """What was parsed from the file, if its key still holds."""
        if self._files is None:
            rows = self._read("SELECT path, key, data FROM cached_file", ())
            self._files = {row[0]: (row[1], row[2]) for row in rows}
        stored = self._files.get(path)
        if stored is None or stored[0] != key:
            return None
        try:
            value = json.loads(stored[1])
        except ValueError:
            return None
        return value if isinstance(value, dict) else None

    def put(self, path: str, key: str, data: dict[str, Any]) -> None:
        """Keep what was parsed; written by ``flush``."""
        self._fresh[path] = (key, json.dumps(data, ensure_ascii=False, separators=(",", ":")))

    def flush(self) -> None:
        """Write what ``put`` collected."""
        if self._fresh:
            rows = [(path, key, data) for path, (key, data) in self._fresh.items()]
            self._write([("INSERT OR REPLACE INTO cached_file (path, key, data) VALUES (?, ?, ?)", rows)])
            self._fresh = {}

    # Local history, for readers

    def runs(self, limit: int = 20) -> list[dict[str, Any]]:
        """The newest runs first."""
        return self._dicts("SELECT * FROM run ORDER BY started DESC, id LIMIT ?", (limit,))

    def attempts(self, plan: str) -> list[dict[str, Any]]:
        """What runs have made of the plan, the newest first."""
        return self._dicts(
            "SELECT attempt.*, run.started FROM attempt JOIN run ON run.id = attempt.run"
            " WHERE attempt.plan = ? ORDER BY run.started DESC, run.id",
            (plan,),
        )

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    # Inside

    def _dicts(self, sql: str, values: Iterable[Any]) -> list[dict[str, Any]]:
        connection = self._open()
        if connection is None:
            return []
        try:
            cursor = connection.execute(sql, tuple(values))
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor]
        except sqlite3.Error:
            return []

    def _read(self, sql: str, values: Iterable[Any]) -> list[tuple[Any, ...]]:
        connection = self._open()
        if connection is None:
            return []
        try:
            return connection.execute(sql, tuple(values)).fetchall()
        except sqlite3.Error:
            return []

    def _open(self) -> sqlite3.Connection | None:
        if self._connection is None and self.place.exists():
            try:
                connection = sqlite3.connect(f"file:{self.place}?mode=ro", uri=True, timeout=2)
                version = connection.execute("PRAGMA user_version").fetchone()[0]
            except sqlite3.Error:
                return None
            if version != SCHEMA_VERSION:
                connection.close()
                return None
            self._connection = connection
        return self._connection

    def _write(self, statements: list[tuple[str, list[tuple[Any, ...]]]]) -> None:
        with contextlib.suppress(sqlite3.Error, OSError):
            if not prepare(self.place):
                return
            try:
                self._execute(statements)
            except sqlite3.OperationalError:
                return  # somebody else is writing: a cache can wait
            except sqlite3.DatabaseError:
                set_aside(self.place)
                prepare(self.place)
                self._execute(statements)

    def _execute(self, statements: list[tuple[str, list[tuple[Any, ...]]]]) -> None:
        with contextlib.closing(sqlite3.connect(self.place, timeout=0.5)) as connection, connection:
            for sql, rows in statements:
                connection.executemany(sql, rows)


def prepare(place: Path) -> bool:
    """Make the database where there is none, and again where it is broken or of an older schema.

    A broken file is set aside as ``state.db.broken``. False where a newer tracker wrote it: then it is left alone.
    Raises sqlite3.OperationalError where another process keeps it locked, OSError where it cannot be written.
    """
    if place.exists():
        try:
            version = _version(place)
        except sqlite3.OperationalError:
            return True
        except sqlite3.DatabaseError:
            set_aside(place)
            version = 0
        if version == SCHEMA_VERSION:
            return True
        if version > SCHEMA_VERSION:
            return False
        if version:
            set_aside(place)
    place.parent.mkdir(parents=True, exist_ok=True)
    ignore = place.with_name(".gitignore")
    if not ignore.exists():
        ignore.write_text("*\n", encoding="utf-8")
    script = _SCHEMA.read_text(encoding="utf-8").replace("CREATE TABLE ", "CREATE TABLE IF NOT EXISTS ")
    script = script.replace("CREATE INDEX ", "CREATE INDEX IF NOT EXISTS ")
    with contextlib.closing(sqlite3.connect(place, timeout=5)) as connection:
        with contextlib.suppress(sqlite3.OperationalError):  # another process is doing the same
            connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(f"BEGIN IMMEDIATE;\n{script}\nCOMMIT;")
    return True


def set_aside(place: Path) -> None:
    """Move a broken database out of the way; what replaces it starts empty."""
    place.replace(place.with_name(place.name + ".broken"))
    for suffix in ("-wal", "-shm"):
        place.with_name(place.name + suffix).unlink(missing_ok=True)


def _version(place: Path) -> int:
    """The schema's version; 0 for an empty database, -1 for tables without a version."""
    with contextlib.closing(sqlite3.connect(place, timeout=5)) as connection:
        connection.execute("BEGIN")
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    return version or (-1 if tables else 0)
