"""The index: made again where it is missing, old, broken; left alone where it is newer; never in the way."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from tests.project import SampleProject
from tracker.errors import TrackerError
from tracker.store.fast import SCHEMA_VERSION, Index, prepare
from tracker.store.index import History


def version(place: Path) -> int:
    with closing(sqlite3.connect(place)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def stored(place: Path) -> bool:
    index = Index(place)
    index.put("file", "key", {"a": 1})
    index.flush()
    return Index(place).get("file", "key") == {"a": 1}


def test_it_is_made_where_it_is_missing(tmp_path: Path) -> None:
    assert stored(tmp_path / "local/state.db")
    assert version(tmp_path / "local/state.db") == SCHEMA_VERSION


@pytest.mark.parametrize("content", [b"", b"not a database at all" * 100, b"SQLite format 3\0" + b"x" * 5000])
def test_a_broken_file_is_set_aside(tmp_path: Path, content: bytes) -> None:
    place = tmp_path / "state.db"
    place.write_bytes(content)
    assert Index(place).get("file", "key") is None
    assert stored(place)


def test_a_file_broken_further_inside_heals(tmp_path: Path) -> None:
    place = tmp_path / "state.db"
    assert stored(place)
    with closing(sqlite3.connect(place)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = bytearray(place.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    place.write_bytes(bytes(data))
    stored(place)
    assert stored(place)


def test_an_older_schema_is_made_anew(tmp_path: Path) -> None:
    place = tmp_path / "state.db"
    with closing(sqlite3.connect(place)) as connection:
        connection.executescript("CREATE TABLE cached_file (x); PRAGMA user_version = 0;")
    with closing(sqlite3.connect(place)) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION - 1}")
    stored(place)
    assert stored(place)


def test_a_newer_schema_is_left_alone(tmp_path: Path) -> None:
    place = tmp_path / "state.db"
    with closing(sqlite3.connect(place)) as connection:
        connection.executescript(f"CREATE TABLE t (x); PRAGMA user_version = {SCHEMA_VERSION + 1};")
    before = place.read_bytes()
    assert not stored(place)
    assert place.read_bytes() == before
    with pytest.raises(TrackerError, match="newer tracker"):
        History(place)


def test_a_wal_without_its_database_does_no_harm(tmp_path: Path) -> None:
    place = tmp_path / "state.db"
    connection = sqlite3.connect(place)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE t (x)")
    connection.commit()
    wal = place.with_name("state.db-wal").read_bytes()
    connection.close()
    place.unlink()
    place.with_name("state.db-wal").write_bytes(wal[: len(wal) // 2])
    assert stored(place)


def test_many_make_it_at_once(tmp_path: Path) -> None:
    place = tmp_path / "state.db"
    with ProcessPoolExecutor(6) as pool:
        assert all(pool.map(prepare, [place] * 12))
    assert stored(place)
    assert not place.with_name("state.db.broken").exists()


def test_a_run_under_a_newer_index_still_lands(sample: SampleProject) -> None:
    (sample.root / ".tracker").mkdir()
    with closing(sqlite3.connect(sample.root / ".tracker/state.db")) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    assert sample.run("run", "1.03").code == 0
    assert sample.state("1.03").proof == "verified"
    assert version(sample.root / ".tracker/state.db") == SCHEMA_VERSION + 1


def test_the_index_mirrors_the_truth(sample: SampleProject) -> None:
    sample.run("run", "1.01", "1.03")
    with closing(sqlite3.connect(sample.root / ".tracker/state.db")) as connection:
        rows = connection.execute("SELECT plan, how FROM completion ORDER BY plan").fetchall()
        plans = connection.execute("SELECT ref, status, proof FROM plan ORDER BY ref").fetchall()
        runs = connection.execute("SELECT state FROM run").fetchall()
        attempts = connection.execute("SELECT plan, state FROM attempt ORDER BY plan").fetchall()
    assert rows == [("1.01", "landed"), ("1.03", "landed")]
    assert plans == [("1.01", "done", "verified"), ("1.02", "pending", ""), ("1.03", "done", "verified")]
    assert runs == [("finished",)]
    assert attempts == [("1.01", "landed"), ("1.03", "landed")]
