"""The tables as SQLModel and as the standard library see them are the same."""

from __future__ import annotations

from tracker.store import fast, models, schema


def test_schema_sql_is_generated_from_the_models() -> None:
    assert schema.PLACE.read_text(encoding="utf-8") == schema.generated()


def test_both_sides_know_the_same_version() -> None:
    assert fast.SCHEMA_VERSION == models.SCHEMA_VERSION
    assert f"PRAGMA user_version = {models.SCHEMA_VERSION};" in schema.generated()
