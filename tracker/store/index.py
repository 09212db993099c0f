"""The index through SQLModel: completions, evidence, links and scores from the truth; runs as they happen."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, event
from sqlalchemy.exc import DatabaseError
from sqlmodel import Session, SQLModel, create_engine, delete, select

from tracker.errors import TrackerError
from tracker.model import events as ev
from tracker.model import snapshot as sn
from tracker.store import models
from tracker.store.fast import prepare


class History:
    """Writes to ``state.db``. Every method is one transaction."""

    def __init__(self, place: Path) -> None:
        try:
            ready = prepare(place)
        except (sqlite3.Error, OSError) as error:
            raise TrackerError(f"the index cannot be made: {error}") from None
        if not ready:
            raise TrackerError(
                f"{place.name} was written by a newer tracker",
                hint="Update tracker, or delete the file: it holds only local history and caches.",
            )
        self._engine = _engine(place)

    def sync(self, snapshot: sn.Snapshot, journal: Sequence[ev.Event]) -> None:
        """Bring the tables that mirror the committed files up to date."""
        rows: list[SQLModel] = []
        for phase in snapshot.phases:
            rows.append(
                models.Phase(
                    number=phase.number,
                    title=phase.title,
                    status=phase.status,
                    done=phase.done,
                    total=phase.total,
                )
            )
            rows.extend(
                models.Plan(
                    ref=plan.ref,
                    phase=phase.number,
                    title=plan.title,
                    slug=plan.slug,
                    path=plan.path,
                    status=plan.status,
                    proof=plan.proof,
                )
                for plan in phase.plans
            )
        rows.extend(_completions(snapshot, journal))
        counted = ev.effective(journal)
        rows.extend(
            models.Evidence(
                event=item.id,
                check_id=str(check),
                tree=str(item.data.get("tree", "")),
                time=item.time,
                outcome=str(outcome),
            )
            for item in counted
            if item.kind in (ev.LANDED, ev.VERIFIED)
            for check, outcome in (item.data.get("checks") or {}).items()
        )
        if snapshot.score is not None:
            points = dict(snapshot.score.history)
            rows.extend(models.ScorePoint(time=time, points=value) for time, value in points.items())
        with self._session() as session:
            for table in (models.Phase, models.Plan, models.Completion, models.Evidence, models.ScorePoint):
                session.exec(delete(table))
            session.add_all(rows)

    def start_run(self, run: models.Run) -> None:
        """Record that a run began."""
        with self._session() as session:
            session.add(run)

    def finish_run(self, run: str, state: str, finished: str, seconds: float) -> None:
        """Record how a run ended."""
        with self._session() as session:
            row = session.get(models.Run, run)
            if row is not None:
                row.state, row.finished, row.seconds = state, finished, seconds
                session.add(row)

    def record_attempt(self, attempt: models.Attempt) -> None:
        """Record, or replace, what a run made of a plan."""
        with self._session() as session:
            session.merge(attempt)

    def unfinished(self) -> list[models.Run]:
        """Runs that no one has finished."""
        with self._session() as session:
            rows = list(session.exec(select(models.Run).where(models.Run.state == "running")))
            for row in rows:
                session.expunge(row)
            return rows

    def store_links(self, links: Iterable[models.Link]) -> None:
        """Replace the links that come from git."""
        with self._session() as session:
            session.exec(delete(models.Link))
            session.add_all(links)

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    @contextmanager
    def _session(self) -> Iterator[Session]:
        try:
            with Session(self._engine) as session, session.begin():
                yield session
        except DatabaseError as error:
            raise TrackerError(
                f"the index cannot be written: {error.orig}",
                hint="It holds only local history: delete .tracker/state.db and run the command again.",
            ) from None


def _completions(snapshot: sn.Snapshot, journal: Sequence[ev.Event]) -> list[models.Completion]:
    newest: dict[str, ev.Event] = {
        item.plan: item
        for item in ev.effective(journal)
        if item.plan is not None and item.kind in (ev.LANDED, ev.DONE)
    }
    return [
        models.Completion(
            plan=plan.ref,
            event=newest[plan.ref].id,
            time=newest[plan.ref].time,
            actor=newest[plan.ref].actor,
            how=newest[plan.ref].kind,
            run=plan.run,
        )
        for plan in snapshot.plans
        if plan.status == sn.DONE and plan.ref in newest
    ]


def _engine(place: Path) -> Engine:
    engine = create_engine(f"sqlite:///{place}", connect_args={"timeout": 30})

    @event.listens_for(engine, "connect")
    def connected(connection: object, _record: object) -> None:
        cursor = connection.cursor()  # type: ignore[attr-defined]
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = NORMAL")
        cursor.close()

    return engine
