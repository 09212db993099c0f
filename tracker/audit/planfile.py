"""One plan, summary or verification file to what the audit needs of it."""

from __future__ import annotations

import re
from typing import Any

from tracker.audit import frontmatter
from tracker.audit.model import Finding

_HEADING = re.compile(r"^#{1,3}[ \t]+(.+?)[ \t#]*$", re.MULTILINE)
_OBJECTIVE = re.compile(r"<objective>\s*(.{1,400}?)(?:\n\s*\n|</objective>|\Z)", re.DOTALL)
_BOLD_LINE = re.compile(r"^\*\*([^*\n]{8,300})\*\*[ \t]*$", re.MULTILINE)
_HASH = re.compile(r"(?:`|\bcommits?:?\s+`?)([0-9a-f]{7,40})(?=[`\s.,;)|]|\Z)")
_CELL_HASH = re.compile(r"(?<=[|,+` ])(?=[a-f]*\d)([0-9a-f]{7,40})(?=[|,+` ])")
_COMMIT_WORD = re.compile(r"commit|\bhash\b|metadata:", re.IGNORECASE)
_TASK = re.compile(r"<task\b|^#{2,4}[ \t]+Task[ \t]+\d", re.MULTILINE)
_CONTENT = re.compile(r"^(?!\s*(?:#|---|\*\*\*|\Z))\s*\S", re.MULTILINE)
_TITLE_NOISE = re.compile(
    r"^(?:(?:phase|plan)\s+\d+(?:\.\d+)*[A-Za-z]?(?:\s*[-–—]\s*\d+)?\s*(?:plan\s+\d+\s*)?(?:[:–—-]|\.(?!\d))\s*)+",
    re.IGNORECASE,
)

Record = dict[str, Any]


def read_plan(text: str, file: str) -> Record:
    """Read a plan file. The record is plain data that JSON can hold, so that it can be cached."""
    front = frontmatter.read(text, file)
    problems = list(front.problems)
    wave = front.text("wave")
    if wave and not re.fullmatch(r"-?\d+(?:\.\d+)?", wave):
        line, column = front.place("wave")
        problems.append(
            Finding("wave", f"wave is {wave!r}, not a whole number", file, line, column, "write 'wave: 2'")
        )
    body = text if front.body_line == 1 else text.split("\n", front.body_line - 1)[-1]
    return {
        "phase": front.text("phase"),
        "plan": front.text("plan", "plan_id"),
        "has_plan_key": any(
            key in front.data for key in ("plan", "plan_id", "wave", "depends_on", "files_modified")
        ),
        "title": front.text("title", "name") or _title(body),
        "objective": front.text("objective") or _objective(body),
        "status": front.text("status"),
        "wave": wave,
        "depends_on": list(front.items("depends_on", "depends-on")),
        "files_modified": list(front.items("files_modified", "files-modified", "files_exclusive")),
        "depends_place": list(front.place("depends_on" if "depends_on" in front.data else "depends-on")),
        "tasks": len(_TASK.findall(body)),
        "problems": [_plain(problem) for problem in problems],
    }


def read_summary(text: str, file: str) -> Record:
    """Read a SUMMARY file: whether it says anything at all, its one-liner, the commits it cites."""
    front = frontmatter.read(text, file)
    body = text if front.body_line == 1 else text.split("\n", front.body_line - 1)[-1]
    empty = not front.data and _CONTENT.search(body) is None
    bold = _BOLD_LINE.search(body)
    return {
        "phase": front.text("phase"),
        "plan": front.text("plan"),
        "title": bold[1].strip() if bold else _title(body),
        "status": front.text("status"),
        "empty": empty,
        "commits": [list(cited) for cited in cited_commits(text)],
        "problems": [_plain(problem) for problem in front.problems],
    }


def read_verification(text: str, file: str) -> Record:
    """Read a VERIFICATION report: the status that somebody wrote into it."""
    front = frontmatter.read(text, file)
    line, column = front.place("status")
    return {
        "status": front.text("status"),
        "score": front.text("score"),
        "line": line,
        "column": column,
        "problems": [_plain(problem) for problem in front.problems],
    }


def cited_commits(text: str) -> list[tuple[str, int, int]]:
    """Return the commit hashes that a document cites, with line and column: in ticks, or after "commit".

    A run of letters and digits counts only on a line, or under a heading, that speaks of commits.
    """
    found: list[tuple[str, int, int]] = []
    if "ommit" not in text and "hash" not in text:
        return found
    section = table = False
    for number, line in enumerate(text.split("\n"), start=1):
        if line.startswith("|"):
            # A column headed "Commit" holds bare hashes.
            table = table or _COMMIT_WORD.search(line) is not None
            if table:
                found.extend((hit[1], number, hit.start(1) + 1) for hit in _CELL_HASH.finditer(line))
            continue
        table = False
        if line.startswith("#"):
            section = bool(_COMMIT_WORD.search(line))
        elif section or _COMMIT_WORD.search(line):
            found.extend((hit[1], number, hit.start(1) + 1) for hit in _HASH.finditer(line))
    return found


def _title(body: str) -> str:
    match = _HEADING.search(body)
    if match is None:
        return ""
    title = match[1].strip()
    return _TITLE_NOISE.sub("", title).strip() or title


def _objective(body: str) -> str:
    match = _OBJECTIVE.search(body)
    return " ".join(match[1].split()) if match else ""


def _plain(problem: Finding) -> list[Any]:
    return [problem.kind, problem.message, problem.file, problem.line, problem.column, problem.hint]
