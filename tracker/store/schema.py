"""``schema.sql``, generated from the SQLModel tables: ``python -m tracker.store.schema [--check]``."""

from __future__ import annotations

import sys
from pathlib import Path

PLACE = Path(__file__).with_name("schema.sql")


def generated() -> str:
    """The DDL of the models, with the schema's version."""
    from sqlalchemy.dialects import sqlite
    from sqlalchemy.schema import CreateIndex, CreateTable
    from sqlmodel import SQLModel

    from tracker.store import models

    dialect = sqlite.dialect()
    parts = ["-- Generated from models.py by `python -m tracker.store.schema`."]
    for table in SQLModel.metadata.sorted_tables:
        parts.append(str(CreateTable(table).compile(dialect=dialect)).strip().replace("\t", "  ") + ";")
        indexes = sorted(table.indexes, key=lambda index: str(index.name))
        parts.extend(str(CreateIndex(index).compile(dialect=dialect)).strip() + ";" for index in indexes)
    parts.append(f"PRAGMA user_version = {models.SCHEMA_VERSION};")
    text = "\n".join(line.rstrip() for line in "\n\n".join(parts).splitlines())
    return text + "\n"


def main() -> int:
    """Write the file, or with ``--check`` say whether it is fresh."""
    fresh = generated()
    if "--check" in sys.argv:
        return 0 if PLACE.read_text(encoding="utf-8") == fresh else 1
    PLACE.write_text(fresh, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
