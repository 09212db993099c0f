"""A repository, opened: its files, its Snapshot, its STATE.md. What the other parts of the service stand on."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tracker import __version__
from tracker.errors import DefinitionsInvalid, Fault, TrackerError, Usage
from tracker.git import trees
from tracker.git.plumbing import find_root
from tracker.git.watch import Watch
from tracker.model import refs
from tracker.model import snapshot as sn
from tracker.store.fast import Index

if TYPE_CHECKING:
    from tracker.model import events as ev
    from tracker.model.definitions import Definitions, Plan

STATE = "STATE.md"
PROJECT = "plans/project.yaml"
JOURNAL = "plans/journal.jsonl"
GENERATED = (JOURNAL, STATE)
LOCAL = ".tracker"
_FOLDING = [
    Path(sn.__file__).with_name(name) for name in ("fold.py", "impact.py", "describe.py", "snapshot.py")
]


class Loaded(NamedTuple):
    """The files, read: definitions, events and everything that is wrong with them."""

    definitions: Definitions
    events: tuple[ev.Event, ...]
    faults: tuple[Fault, ...]


class Repository:
    """One repository. Reading never executes anything of it and never writes into what is committed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.native = is_project(root)
        self.index = Index(root / LOCAL / "state.db" if self.native else _user_index(root))

    @classmethod
    def find(cls, start: Path) -> Repository:
        """The repository that holds ``start``. Raises Usage where there is none."""
        root = find_root(start)
        if root is None or not is_project(root):
            from tracker.service import foreign

            root = foreign.root_of(start, root) or root
        if root is None:
            raise Usage(
                f"{start} is not inside a git repository",
                hint="Run tracker inside one, or make one: `git init && tracker init`.",
            )
        return cls(root)

    # Reading

    def load(self) -> Loaded:
        """Definitions and journal as they are now, through the cache of parsed files.

        Raises Usage where the repository has no plans of tracker's.
        """
        if not self.native:
            raise self.no_plans()
        from tracker import definitions
        from tracker.store import journal

        loaded = definitions.load(self.root, cache=self.index if self._may_cache() else None)
        if self._may_cache():
            self.index.flush()
        events, torn = journal.read(self.root)
        faults = (*loaded.faults, *torn)
        return Loaded(loaded.definitions, tuple(events), faults)

    def valid(self) -> Loaded:
        """The same; raises DefinitionsInvalid where anything is wrong, with all of it."""
        loaded = self.load()
        if loaded.faults:
            raise DefinitionsInvalid(loaded.faults)
        return loaded

    def snapshot(self) -> sn.Snapshot:
        """The state as the files imply it now; from the cache where nothing has changed."""
        if not self.native:
            from tracker.service import foreign

            return foreign.snapshot(self.root)
        if not self._may_cache():
            return self.imply(self.load())
        codebase, key, row = self.index.snapshot()
        watch = self._watch(codebase)
        stored = None
        if row:
            with contextlib.suppress(ValueError):
                stored = sn.from_row(row)  # while git is at work
        now = self._key(watch)
        if stored is not None and now and now == key:
            return stored
        result = self.imply(self.load())
        if result.codebase != codebase:
            now = self._key(self._watch(result.codebase))
        if now:
            self.index.store_snapshot(result.codebase, now, sn.to_row(result))
        return result

    def imply(self, loaded: Loaded, *, tree: str | None = None) -> sn.Snapshot:
        """The Snapshot of what was loaded, at the given codebase tree (default: the present one)."""
        from tracker.model import fold as folding

        if tree is None:
            tree = trees.codebase_tree(self.root, loaded.definitions.project.codebase)
        return folding.fold(
            loaded.definitions, loaded.events, tree=tree, faults=[str(f) for f in loaded.faults]
        )

    def _may_cache(self) -> bool:
        return self.native and os.access(self.root, os.W_OK)

    def _watch(self, codebase: str) -> Watch:
        return Watch(self.root, ["plans", codebase or "."])

    def _key(self, watch: Watch) -> str:
        """What the Snapshot depends on: this code, the commit, and every changed file of plans and codebase."""
        state = watch.key()
        return "\n".join([__version__, str(sn.SCHEMA), *map(stamp, _FOLDING), state]) if state else ""

    # Plans

    def resolve(self, text: str, known: Definitions | sn.Snapshot | None = None) -> str:
        """The plan that the text means, among what is known (default: the present state). Raises Usage."""
        plans = known.plans if known is not None else self.snapshot().plans
        try:
            return refs.resolve(text, [(plan.ref, plan.slug) for plan in plans])
        except Usage:
            for plan in plans:
                if any(check.id == text for check in plan.checks):
                    hint = f"Name the plan: {plan.ref}."
                    raise Usage(f"{text} is a check of plan {plan.ref}", hint=hint) from None
            raise

    def body(self, plan: sn.PlanState) -> str:
        """The Markdown of the plan, below its front matter."""
        if not self.native:
            from tracker.service import foreign

            return foreign.body(self.root, plan)
        from tracker.definitions.sources import body

        return body(self.root / plan.path / "PLAN.md") if plan.path else ""

    # STATE.md

    def state_text(self, snapshot: sn.Snapshot | None = None, *, notes: str | None = None) -> str:
        """STATE.md as it has to be, with the notes that stand in the present one unless others are given."""
        from tracker.render.state import notes_of, state_md

        kept = notes_of(self.state_on_disk()) if notes is None else notes
        return state_md(snapshot or self.snapshot(), notes=kept)

    def state_on_disk(self) -> str:
        """STATE.md as it is; empty where there is none."""
        try:
            return (self.root / STATE).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""

    def write_state(self, snapshot: sn.Snapshot | None = None, *, notes: str | None = None) -> bool:
        """Regenerate STATE.md; whether that changed it.

        Words that a person wrote outside the notes are kept in ``.tracker/backups`` before they go.
        """
        from tracker.store import files

        text = self.state_text(snapshot, notes=notes).encode()
        place = self.root / STATE
        old = place.read_bytes() if place.exists() else None
        if old == text:
            return False
        if old is not None:
            self._keep_words(old)
        files.write_atomic(place, text, scratch=files.local_directory(self.root) / "tmp")
        self.remember(text)
        return True

    def _keep_words(self, old: bytes) -> None:
        """Put a STATE.md that is not tracker's own aside before it goes."""
        import hashlib

        from tracker.store import files

        name = hashlib.sha256(old).hexdigest()
        if name not in self._written():
            files.write_atomic(files.local_directory(self.root) / "backups" / f"STATE.{name[:12]}.md", old)

    @property
    def merging(self) -> Mapping[str, Callable[[bytes, bytes], bytes]]:
        """How a landing joins its version of a generated file with the one in the working tree."""
        return {JOURNAL: _union, STATE: self._with_notes}

    def _with_notes(self, new: bytes, disk: bytes) -> bytes:
        from tracker.render.state import NOTES, notes_of

        self._keep_words(disk)
        notes = notes_of(disk.decode("utf-8", "replace"))
        return NOTES.sub(lambda _: notes, new.decode(), count=1).encode() if notes else new

    def remember(self, text: bytes) -> None:
        """Note that this text of STATE.md is tracker's own."""
        import hashlib

        from tracker.store import files

        place = files.local_directory(self.root) / "written"
        lines = [*self._written(), hashlib.sha256(text).hexdigest()][-50:]
        files.write_atomic(place, ("\n".join(lines) + "\n").encode())

    def _written(self) -> list[str]:
        try:
            return (self.root / LOCAL / "written").read_text(encoding="ascii").split()
        except (OSError, ValueError):
            return []

    # Recording

    def record(self, drafts: Iterable[tuple[str, str | None, dict[str, Any]]]) -> list[ev.Event]:
        """Append events and regenerate STATE.md, under the lock. Raises TrackerError, and then nothing counts."""
        from tracker.store import journal

        with self.writing():
            events, faults = journal.read(self.root)
            if faults:
                raise DefinitionsInvalid(faults, hint="Mend the journal first; nothing was recorded.")
            new = journal.new_events(events, self.actor(), drafts)
            size = journal.append(self.root, new)
            try:
                self.write_state(self.imply(self.load()))
            except TrackerError:
                journal.retract(self.root, size)
                raise
            return new

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the lock that every short write takes; a landing that a kill cut short is finished first."""
        from tracker.git import landing
        from tracker.store.lock import lock

        if not self.native:
            raise self.no_plans()
        if not (self.root / PROJECT).exists():
            faults = [fault for fault in self.load().faults if fault.path == PROJECT]
            raise DefinitionsInvalid(faults, hint="Nothing was recorded.")
        with lock(self.root, doing="recording"):
            landing.recover(self.root, self.merging)
            yield

    def no_plans(self) -> Usage:
        """What to say where only a project of tracker's own can be changed."""
        from tracker.service import foreign

        found = foreign.found(self.root)
        hint = "`tracker init` makes them."
        if found is not None:
            hint = f"`tracker import {found.relative_to(self.root).as_posix()}` makes plans of what is here."
        return Usage("this repository has no plans of tracker's", hint=hint)

    def actor(self) -> str:
        """Who acts: ``TRACKER_ACTOR``, else git's user name, else the login name."""
        name = os.environ.get("TRACKER_ACTOR")
        if name:
            return name
        from tracker.git.plumbing import GitFailed, git

        try:
            return git(self.root, "config", "user.name") or "unknown"
        except GitFailed:
            return os.environ.get("USER", "unknown")


def is_project(root: Path) -> bool:
    """Whether the repository has plans of tracker's own: its project.yaml, or what only a project leaves behind.

    Phases beside somebody's planning files are what an import left that was cut short: the next one goes on.
    """
    if (root / PROJECT).exists() or (root / JOURNAL).is_file():
        return True
    if not any(place.is_file() for place in root.glob("plans/[0-9]*-*/PHASE.md")):
        return False
    from tracker.service import foreign

    return foreign.found(root) in (None, root / STATE)


def _user_index(root: Path) -> Path:
    from tracker.service import foreign

    return foreign.index_place(root)


def _union(first: bytes, second: bytes) -> bytes:
    from tracker.store import journal

    return journal.union(first, second)


def stamp(path: Path) -> str:
    """The state of a file in few characters, by size and modification time; ``none`` where there is none."""
    try:
        info = path.stat()
    except OSError:
        return "none"
    return f"{info.st_size}.{info.st_mtime_ns}"


def plan_of(known: Definitions, ref: str) -> Plan:
    """The definition with this reference. Raises TrackerError where there is none."""
    for plan in known.plans:
        if plan.ref == ref:
            return plan
    raise TrackerError(f"no plan {ref}")
