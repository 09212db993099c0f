"""Which commits belong to which plan, both ways."""

from __future__ import annotations

from json.encoder import encode_basestring
from typing import TYPE_CHECKING

from tracker.model.snapshot import DONE, SCHEMA
from tracker.render.plain import safe
from tracker.service.linking import NOTHING, OWN, TRAILER, History, Row, commit_of
from tracker.service.reports import CommitInfo

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tracker.model.snapshot import Snapshot
    from tracker.service.base import Repository

LOOSE_SHOWN = 50
_SHOWN_OF_PLAN = 10


class Links:
    """Plan → commits (the newest first) with their sources, and the loose ends of both sides.

    A history may hold a hundred thousand commits: its lines become objects only where they are asked for.
    """

    def __init__(self) -> None:
        self.rows: dict[str, list[tuple[str, str]]] = {}
        self.loose: list[str] = []
        self.without_commits: list[str] = []
        self.unknown: list[tuple[str, str]] = []

    @property
    def plans(self) -> dict[str, list[CommitInfo]]:
        """Every plan that has commits, in the project's order."""
        return {ref: self.of(ref) for ref in self.rows}

    def of(self, ref: str) -> list[CommitInfo]:
        """The commits of one plan."""
        return [_info(line, source) for line, source in self.rows.get(ref, ())]

    @property
    def without_plan(self) -> list[CommitInfo]:
        """Commits that changed the codebase and belong to no plan."""
        return [_info(line, "") for line in self.loose]

    def as_json(self) -> str:
        """The documented shape, as text."""
        plans = ",\n".join(f"{encode_basestring(ref)}: {_rows(rows)}" for ref, rows in self.rows.items())
        unknown = ", ".join(
            f'{{"plan": {encode_basestring(plan)}, "commit": {encode_basestring(commit)}}}'
            for plan, commit in self.unknown
        )
        without = ", ".join(map(encode_basestring, self.without_commits))
        return (
            f'{{"schema": {SCHEMA},\n"plans": {{{plans}}},\n"plans_without_commits": [{without}],\n'
            f'"commits_without_plan": {_rows((line, "") for line in self.loose)},\n"unknown_commits": [{unknown}]}}'
        )

    def as_text(self) -> str:
        """The same for people, the newest of each: `tracker link PLAN` and ``as_json`` have all."""
        lines = []
        for ref, rows in self.rows.items():
            lines.append(ref)
            lines += [f"  {_shown(line)} · {source}" for line, source in rows[:_SHOWN_OF_PLAN]]
            if len(rows) > _SHOWN_OF_PLAN:
                lines.append(f"  and {len(rows) - _SHOWN_OF_PLAN} more: `tracker link {ref}`")
        if self.without_commits:
            lines.append(f"done, but no commit belongs to them: {', '.join(self.without_commits)}")
        if self.loose:
            lines.append("changed the codebase and belong to no plan:")
            lines += [f"  {_shown(line)}" for line in self.loose[:LOOSE_SHOWN]]
            if len(self.loose) > LOOSE_SHOWN:
                lines.append("  and more: `tracker link --json`")
        lines += [
            f"{plan} is linked to {commit}, which is not in this branch's history"
            for plan, commit in self.unknown
        ]
        return "\n".join(lines) or "No commit belongs to a plan yet"


def links(repository: Repository, *, loose: int = 0) -> Links:
    """The links of every plan: by hand, by trailer, by conventional scope; so many loose ends, or some more.

    A loose end costs: its trees have to be compared, to say whether it changed the codebase.
    """
    import gc

    resting = gc.isenabled()
    gc.disable()  # a long history is many small rows, and no cycle
    try:
        return _links(repository, loose=loose)
    finally:
        if resting:
            gc.enable()


def _links(repository: Repository, *, loose: int) -> Links:
    history = History(repository.root, repository.index.place.with_name("links.tsv"), _codebase(repository))
    snapshot = repository.snapshot()
    belongs = _Belonging(snapshot)
    result = Links()
    by_hand = {commit for plan in snapshot.plans for commit in plan.links}
    found: dict[str, str] = {}
    open_ends: list[str] = []
    meaning: dict[str, tuple[list[tuple[str, str]], bool]] = {}
    for line, names in history.read():
        known = meaning.get(names)
        if known is None:
            known = meaning[names] = belongs.of(names), belongs.loose(names)
        claims, is_loose = known
        for ref, source in claims:
            result.rows.setdefault(ref, []).append((line, source))
        if by_hand and (commit := commit_of(line)) in by_hand:
            found[commit] = line
        elif is_loose:
            open_ends.append(line)
    result.loose = history.touching(open_ends, loose)
    history.keep()
    _by_hand(result, snapshot, found)
    result.rows = {plan.ref: result.rows[plan.ref] for plan in snapshot.plans if plan.ref in result.rows}
    result.without_commits = [
        plan.ref for plan in snapshot.plans if plan.status == DONE and plan.ref not in result.rows
    ]
    return result


class _Belonging:
    """What a row's names mean among the plans that there are."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._refs = {plan.ref for plan in snapshot.plans}
        self._keys: dict[str, list[str]] = {}
        for plan in snapshot.plans:
            phase, _, number = plan.ref.rpartition(".")
            # A subject does not say which milestone's phase 1 it means: it names each of them.
            name = f"{phase.rpartition('/')[2]}-{number.lstrip('0') or '0'}"
            self._keys.setdefault(name, []).append(plan.ref)

    def of(self, names: str) -> list[tuple[str, str]]:
        """(plan, source) of each name that is a plan's."""
        return [pair for name in names.split(",") for pair in self._one(name)]

    def _one(self, name: str) -> list[tuple[str, str]]:
        if name.startswith(TRAILER):
            return [(name[1:], "trailer")] if name[1:] in self._refs else []
        return [(ref, "scope") for ref in self._keys.get(name, ())]

    def loose(self, names: str) -> bool:
        """Whether a commit of these names belongs to nothing: trailers are tracker's own, whatever they name."""
        if names == NOTHING:
            return True
        return names[0] not in (OWN, TRAILER) and not self.of(names)


def _by_hand(result: Links, snapshot: Snapshot, found: dict[str, str]) -> None:
    for plan in snapshot.plans:
        if not plan.links:
            continue
        have = {commit_of(line) for line, _ in result.rows.get(plan.ref, ())}
        for commit in plan.links:
            if commit not in found:
                result.unknown.append((plan.ref, commit))
            elif commit not in have:
                result.rows.setdefault(plan.ref, []).append((found[commit], "by hand"))


def _codebase(repository: Repository) -> str:
    """The codebase as the last Snapshot has it; where there is none, as the files say."""
    if not repository.native:
        return "."
    return repository.index.snapshot()[0] or repository.snapshot().codebase


def _rows(rows: Iterable[tuple[str, str]]) -> str:
    text = encode_basestring
    items = [
        f'{{"hash": "{commit}", "date": "{date}", "subject": {text(subject)}, "source": "{source}"}}'
        for line, source in rows
        for _, commit, date, _, subject in (line.split("\t", 4),)
    ]
    return "[" + ",\n".join(items) + "]"


def _info(line: str, source: str) -> CommitInfo:
    row = Row.of(line)
    return CommitInfo(row.hash, row.date, row.subject, source)


def _shown(line: str) -> str:
    row = Row.of(line)
    return f"{row.hash[:10]} {row.date} {safe(row.subject)}"
