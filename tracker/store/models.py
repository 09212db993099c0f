"""The index as tables (SQLModel). ``schema.sql`` is generated from these; a test holds them equal.

Everything but ``run``, ``attempt`` and the caches can be computed again from the committed files.
"""

from __future__ import annotations

from typing import ClassVar

from sqlmodel import Field, SQLModel

SCHEMA_VERSION = 1


class Phase(SQLModel, table=True):
    """A phase as defined, with its progress."""

    __tablename__: ClassVar[str] = "phase"
    number: str = Field(primary_key=True)
    title: str
    status: str
    done: int
    total: int


class Plan(SQLModel, table=True):
    """A plan as defined, with its status and proof."""

    __tablename__: ClassVar[str] = "plan"
    ref: str = Field(primary_key=True)
    phase: str = Field(index=True)
    title: str
    slug: str
    path: str
    status: str = Field(index=True)
    proof: str


class Completion(SQLModel, table=True):
    """That a plan was done: when, by whose word or which run."""

    __tablename__: ClassVar[str] = "completion"
    plan: str = Field(primary_key=True)
    event: str
    time: str
    actor: str
    how: str
    run: str


class Evidence(SQLModel, table=True):
    """One check in one verification."""

    __tablename__: ClassVar[str] = "evidence"
    event: str = Field(primary_key=True)
    check_id: str = Field(primary_key=True, index=True)
    tree: str
    time: str
    outcome: str


class Link(SQLModel, table=True):
    """A commit that belongs to a plan: by trailer, by scope, or by hand."""

    __tablename__: ClassVar[str] = "link"
    commit: str = Field(primary_key=True)
    plan: str = Field(primary_key=True, index=True)
    source: str
    date: str
    subject: str


class ScorePoint(SQLModel, table=True):
    """The score after one verification."""

    __tablename__: ClassVar[str] = "score_point"
    time: str = Field(primary_key=True)
    points: float


class Run(SQLModel, table=True):
    """One execution of plans. ``state``: running, landed, failed, cancelled, interrupted."""

    __tablename__: ClassVar[str] = "run"
    id: str = Field(primary_key=True)
    started: str
    finished: str = ""
    state: str = "running"
    pid: int
    plans: str
    jobs: int = 1
    seconds: float = 0


class Attempt(SQLModel, table=True):
    """One plan in one run, with how long its parts took in seconds and where its log is."""

    __tablename__: ClassVar[str] = "attempt"
    run: str = Field(primary_key=True)
    plan: str = Field(primary_key=True)
    state: str
    reason: str = ""
    log: str = ""
    implement_seconds: float = 0
    verify_seconds: float = 0
    commit: str = ""


class CachedFile(SQLModel, table=True):
    """A parsed file, valid while its key (size, mtime, ctime, inode) holds."""

    __tablename__: ClassVar[str] = "cached_file"
    path: str = Field(primary_key=True)
    key: str
    data: str


class CachedSnapshot(SQLModel, table=True):
    """The last computed Snapshot, valid while its key holds."""

    __tablename__: ClassVar[str] = "cached_snapshot"
    id: int = Field(primary_key=True)
    codebase: str
    key: str
    data: str
