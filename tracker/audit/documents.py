"""The documents of a project, read from the directory that they lie in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tracker.audit import disk, places, roadmap, state
from tracker.audit.ids import order
from tracker.audit.model import Document, Finding, Roadmap
from tracker.audit.text import Decoded


def milestone(directory: Path, document: Document | None) -> str:
    """Where the roadmap is that lies with its milestone: of the one that the document names, else of the last."""
    base = directory / "milestones"
    if (directory / "phases").is_dir():
        return ""
    versions = [name for name in places.listdir(base).values() if (base / name / "ROADMAP.md").is_file()]
    named = (document.front_matter.get("milestone", "") if document is not None else "").removeprefix("v")
    last = max(versions, key=lambda name: order(name.removeprefix("v")), default="")
    found = next((name for name in versions if name.removeprefix("v") == named), last)
    return f"milestones/{found}" if found else ""


def state_document(
    directory: Path, name: str | None, prefix: str, problems: list[Finding], *, alone: bool
) -> Document | None:
    """The state document of this name in a directory; what keeps it from being read goes into ``problems``.

    ``alone``: nothing else lists the project's phases.
    """
    decoded = _decoded(directory, name, prefix, problems)
    if name is None or decoded is None:
        return None
    found = state.read(decoded, prefix + name)
    return found if found.phases or not alone else _with_parts(found, decoded.text)


def road_map(directory: Path, name: str | None, prefix: str, problems: list[Finding]) -> Roadmap | None:
    """The roadmap of this name in a directory; what keeps it from being read goes into ``problems``."""
    decoded = _decoded(directory, name, prefix, problems)
    if name is None or decoded is None:
        return None
    return roadmap.read(decoded.text, prefix + name, wide=True)


def _decoded(directory: Path, name: str | None, prefix: str, problems: list[Finding]) -> Decoded | None:
    if name is None:
        return None
    try:
        return disk.read_text(str(directory / name))
    except OSError as error:
        problems.append(Finding("unreadable", f"cannot be read: {error.strerror}", prefix + name, 1, 1))
        return None


def project_name(
    document: Document | None, plan: Roadmap | None, directory: Path, project_file: str | None
) -> str:
    """What the project is called: by its state document, its PROJECT.md or its roadmap."""
    if document is not None and document.project:
        return document.project
    if project_file is not None:
        try:
            with (directory / project_file).open("rb") as file:
                head = file.read(400).decode("utf-8", errors="replace").lstrip("\ufeff")
        except OSError:
            head = ""
        for line in head.split("\n"):
            if line.startswith("# "):
                return line[2:].strip()
    if plan is not None and plan.title:
        return plan.title.removeprefix("Roadmap:").strip()
    return document.title if document is not None else ""


def _with_parts(document: Document, text: str) -> Document:
    """The document that speaks of no phases, with the steps or sprints that it lists as its phases."""
    parts = roadmap.read(text, document.file, wide=True)
    if not parts.phases:
        return document
    understood = {phase.line for phase in parts.phases}
    known = {unread.line for unread in document.unread}
    unread = [item for item in document.unread if item.line not in understood]
    unread += [item for item in parts.unread if item.line not in known]
    unread.sort(key=lambda item: (item.line, item.column))
    return replace(document, phases=parts.phases, unread=tuple(unread))
