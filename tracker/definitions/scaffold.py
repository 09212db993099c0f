"""New projects, phases and plans: plain files, written once and never over another."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path

from tracker.definitions import templates
from tracker.definitions.build import COMMAND, MODULE, RECORDS
from tracker.definitions.scan import PLANS, Directory, scan
from tracker.errors import Usage
from tracker.model import refs

IGNORED = (".gitignore", "/.tracker/")
MERGED = (".gitattributes", f"{PLANS}/journal.jsonl merge=union", "STATE.md merge=union")


def init(
    root: Path, name: str, codebase: str = ".", *, goal: str = "", phase: bool = True, example: bool = True
) -> list[Path]:
    """Make the repository ``root`` a project, with one phase and, as an example, one plan that runs.

    The example needs nothing but a shell. Without ``phase``, neither is written. Returns what was written, relative to ``root``. Raises Usage, before
    anything is written, where a file is there already or the codebase is not a directory in the repository.
    """
    place = (root / codebase).resolve()
    if not place.is_dir() or not place.is_relative_to(root.resolve()):
        raise Usage(f"no directory '{codebase}' in the repository", hint="Name one with --codebase.")
    inside = place.relative_to(root.resolve()).as_posix()
    if inside.partition("/")[0] in RECORDS:
        raise Usage(
            f"'{codebase}' holds the records of the project, which change with every proof",
            hint="Name a directory of the code with --codebase.",
        )
    files = {f"{PLANS}/project.yaml": templates.project(_line(name, "name"), inside, goal)}
    if phase:
        files[f"{PLANS}/01-start/PHASE.md"] = templates.phase("Start", "The first plans.")
    if phase and example:
        files[f"{PLANS}/01-start/01-first-plan/PLAN.md"] = templates.EXAMPLE
    written = _write(root, files)
    for file, *lines in (IGNORED, MERGED):
        added = [line for line in lines if _add_line(root / file, line)]
        if added:
            written.append(Path(file))
    return written


def new_phase(root: Path, title: str, *, goal: str = "") -> Path:
    """A phase after the others. Returns its PHASE.md, relative to ``root``. Raises Usage."""
    plans = scan(root, [])
    number = max((phase.number for phase in plans.directories), default=0) + 1
    path = f"{PLANS}/{number:02d}-{slug(title)}/PHASE.md"
    return _write(root, {path: templates.phase(_line(title, "title"), goal)})[0]


def new_plan(
    root: Path,
    title: str,
    *,
    phase: str = "",
    kind: str = MODULE,
    run: str = "",
    depends_on: Iterable[str] = (),
    checks: Iterable[str] = (),
) -> list[Path]:
    """A plan at the end of a phase (``phase`` is its number or slug; without one, the last).

    ``kind`` is module, command (then ``run`` is the command line) or manual. ``checks`` are the ids of all
    checks that the project has: the plan's first check gets another. Returns the files, relative to ``root``;
    the new plan loads without a fault, and its check is red until it is written. Raises Usage.
    """
    directory = _phase(scan(root, []), phase)
    number = max((plan.number for plan in directory.directories), default=0) + 1
    path = f"{directory.path}/{number:02d}-{slug(title)}"
    check = _check_id(slug(title), set(checks))
    title = _line(title, "title")
    command = run.strip() if kind == COMMAND else ""
    files = {f"{path}/PLAN.md": templates.plan(title, kind, command, tuple(depends_on), check)}
    if kind == MODULE:
        files[f"{path}/implementation.py"] = templates.IMPLEMENTATION
        files[f"{path}/verification.py"] = templates.verification(
            check, refs.canonical(directory.label, number)
        )
    return _write(root, files)


_LETTERS = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
)


def slug(title: str) -> str:
    """``Déjà vu: again!`` → ``deja-vu-again``; ``日本`` stays, and so does all of ``API 日本``.

    Raises Usage where nothing is left.
    """
    plain = unicodedata.normalize("NFKD", title.lower().translate(_LETTERS)).lower()
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    if any(char.isalnum() and not char.isascii() for char in plain):
        # Another script has no spelling in ASCII, and what is left without its words may be no name.
        words = (
            re.sub(r"[\W_]+", "-", unicodedata.normalize("NFKC", title).lower()).strip("-")[:40].strip("-")
        )
    else:
        words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-")
    if not words:
        raise Usage(f"no directory can be named after '{title}'", hint="Use letters or digits in the title.")
    return words


def _phase(plans: Directory, wanted: str) -> Directory:
    if not plans.directories:
        raise Usage("this project has no phase yet", hint="`tracker new phase TITLE` adds one.")
    if not wanted:
        return plans.directories[-1]
    for phase in plans.directories:
        if wanted in (
            phase.label,
            f"{phase.number:02d}{phase.part}",
            phase.slug,
            phase.path.rpartition("/")[2],
        ):
            return phase
    known = ", ".join(f"{phase.label} ({phase.slug})" for phase in plans.directories)
    raise Usage(f"no phase '{wanted}'", hint=f"There is {known}.")


def _check_id(words: str, taken: set[str]) -> str:
    stem = words.split("-", 1)[0].upper()[:8]
    number = 1
    while f"{stem}-{number:02d}" in taken:
        number += 1
    return f"{stem}-{number:02d}"


def _line(text: str, what: str) -> str:
    plain = " ".join(text.split())
    if not plain or not plain.isprintable():
        raise Usage(f"the {what} is empty or cannot be printed", hint="Give it one line of text.")
    return plain


def _write(root: Path, files: Mapping[str, str]) -> list[Path]:
    for name in files:
        if (root / name).exists() or (root / name).is_symlink():
            raise Usage(
                f"{name} is there already", hint="It is left as it is; choose another name, or edit it."
            )
    try:
        for name, text in files.items():
            place = root / name
            place.parent.mkdir(parents=True, exist_ok=True)
            with place.open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
    except OSError as error:
        raise Usage(f"{error.filename or root} cannot be written: {error.strerror}") from None
    return [Path(name) for name in files]


def _add_line(path: Path, line: str) -> bool:
    """Add the line to the file unless it has it; whether it was added."""
    try:
        before = path.read_text(encoding="utf-8", errors="surrogateescape") if path.exists() else ""
        if line in (entry.strip() for entry in before.splitlines()):
            return False
        gap = "" if not before or before.endswith("\n") else "\n"
        path.write_text(f"{before}{gap}{line}\n", encoding="utf-8", errors="surrogateescape", newline="")
    except OSError as error:
        raise Usage(f"{path.name} cannot be written: {error.strerror}") from None
    return True
