"""Making a repository a project, and new phases and plans in it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tracker.definitions import scaffold
from tracker.errors import Usage
from tracker.git.plumbing import find_root
from tracker.service.base import PROJECT, STATE, Repository, is_project


def init(start: Path, name: str, codebase: str, *, goal: str = "", example: bool = True) -> list[Path]:
    """Make the repository that holds ``start`` a tracked project; what was written.

    Of a project that has lost its project.yaml, only that is written. Raises Usage where it is one already, or where a STATE.md that is not tracker's stands in the way.
    """
    root = find_root(start)
    if root is None:
        raise Usage(f"{start} is not inside a git repository", hint="`git init` first.")
    if (root / PROJECT).exists():
        raise Usage(
            f"this is a tracker project already: it has {PROJECT}",
            hint="`tracker status` shows it, `tracker new plan TITLE` adds to it.",
        )
    lost = is_project(root)
    if (root / STATE).exists() and not lost:
        raise Usage(
            "there is a STATE.md already, which is not tracker's",
            hint="`tracker import STATE.md` makes plans of it; or move it away first.",
        )
    written = scaffold.init(root, name or root.name, codebase, goal=goal, phase=not lost, example=example)
    repository = Repository(root)
    with repository.writing():
        repository.write_state()
    return [*written, Path(STATE)]


def new_phase(repository: Repository, title: str, *, goal: str = "") -> list[Path]:
    """A phase after the others."""
    _native(repository)
    written = [scaffold.new_phase(repository.root, title, goal=goal)]
    _regenerate(repository)
    return written


def new_plan(
    repository: Repository,
    title: str,
    *,
    phase: str = "",
    kind: str = "module",
    command: str = "",
    depends_on: Sequence[str] = (),
) -> list[Path]:
    """A plan at the end of a phase."""
    _native(repository)
    known = repository.load().definitions
    written = scaffold.new_plan(
        repository.root,
        title,
        phase=phase,
        kind=kind,
        run=command,
        depends_on=[repository.resolve(ref, known) for ref in depends_on],
        checks=[check.id for check in known.checks],
    )
    _regenerate(repository)
    return written


def _native(repository: Repository) -> None:
    if not repository.native:
        raise repository.no_plans()


def _regenerate(repository: Repository) -> None:
    with repository.writing():
        repository.write_state()
