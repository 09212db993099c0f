"""The three kinds of definition files as records: plain JSON, with the places that later checks need.

A record holds what one file says by itself; whether references lead anywhere is ``references``' business.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from tracker.definitions import schema
from tracker.definitions.build import COMMAND, MANUAL, MODULE
from tracker.definitions.digest import digest
from tracker.definitions.nodes import Problem, parse
from tracker.definitions.reader import Reader
from tracker.definitions.sources import Unreadable, heading, read, split
from tracker.model.definitions import NEED

Record = dict[str, Any]


NO_PLAN = "no such file; a plan is a directory with a PLAN.md"
NO_PHASE = "no such file; a phase is a directory with a PHASE.md"
NO_PROJECT = (
    "plans/project.yaml is missing; `git checkout -- plans/project.yaml` brings back the one that was committed, "
    "`tracker init` writes a new one"
)


def plan_record(directory: str, slug: str, names: Collection[str]) -> Record:
    """The plan in ``directory``, whose files are ``names``."""
    path = f"{directory}/PLAN.md" if "PLAN.md" in names else ""
    values, problems, title, complete = _front(path, schema.PLAN, NO_PLAN)
    checks, commands = _proofs(values, problems)
    return {
        "title": values.get("title") or title or words(slug),
        "summary": values.get("summary", ""),
        "how": _implementation(values, names, problems),
        "file": _beside(values, "verification", "verification.py", names, problems),
        "commands": commands,
        "paths": [path for path, _, _ in values.get("paths", ())],
        "timeout": values.get("timeout", 0),
        "highlights": values.get("highlights", []),
        "deps": values.get("depends_on", []),
        "checks": checks,
        "digest": digest(directory, names, problems),
        "complete": complete,
        "faults": problems,
    }


def phase_record(directory: str, slug: str, names: Collection[str]) -> Record:
    """The phase in ``directory``, without its plans."""
    path = f"{directory}/PHASE.md" if "PHASE.md" in names else ""
    values, problems, title, complete = _front(path, schema.PHASE, NO_PHASE)
    return {
        "title": values.get("title") or title or words(slug),
        "goal": values.get("goal", ""),
        "impact": values.get("impact", ""),
        "must_haves": [
            [entry["text"], entry.get("checks", []), entry.get("mark", "")]
            for entry in values.get("must_haves", ())
            if "text" in entry
        ],
        "closing_steps": values.get("closing_steps", []),
        "complete": complete,
        "faults": problems,
    }


def project_record(directory: str, name: str, names: Collection[str]) -> Record:
    """The project in ``directory``. ``name`` stands in for a missing one."""
    path = f"{directory}/project.yaml" if "project.yaml" in names else ""
    problems: list[Problem] = []
    values: Record = {}
    complete = True
    try:
        root, problems = parse(read(path, NO_PROJECT))
        complete = not problems
        values = Reader(problems, complete=complete).mapping(root, schema.PROJECT, "project.yaml")
    except Unreadable as unreadable:
        problems, complete = [unreadable.problem], False
    score, timeouts = values.get("score") or {}, values.get("timeouts") or {}
    target, of = score.get("target"), score.get("of")
    if target is not None and of is not None and target > of:
        line, column = score["@"]["target"]
        problems.append((line, column, f"the target {target:g} is above the total {of:g} of the score"))
    baseline = values.get("baseline") or {}
    checks, commands = _proofs(baseline, problems)
    return {
        "name": values.get("name") or name,
        "goal": values.get("goal", ""),
        "codebase": values.get("codebase", [".", 1, 1]),
        "target": target,
        "of": of,
        "python": values.get("python", ""),
        "setup": values.get("setup", ""),
        "timeouts": [timeouts.get("implementation", 120), timeouts.get("verification", 600)],
        "file": _beside(baseline, "verification", "baseline.py", names, problems),
        "commands": commands,
        "checks": checks,
        "complete": complete,
        "faults": problems,
    }


def words(slug: str) -> str:
    """A title made of a slug: ``dm-policy`` → ``Dm policy``."""
    return slug.replace("-", " ").replace("_", " ").strip().capitalize()


def _front(path: str, keys: tuple[schema.Key, ...], missing: str) -> tuple[Record, list[Problem], str, bool]:
    """Values, problems, the body's heading, and whether nothing was lost."""
    try:
        parts = split(read(path, missing))
    except Unreadable as unreadable:
        return {}, [unreadable.problem], "", False
    if parts.front is None:
        return {}, [parts.problem] if parts.problem else [], heading(parts.body), False
    root, problems = parse(parts.front, 2)
    if parts.problem:
        problems = [parts.problem]
    complete = not problems
    values = Reader(problems, complete=complete).mapping(root, keys, "the front matter")
    return values, problems, heading(parts.body), complete


def _implementation(values: Record, names: Collection[str], problems: list[Problem]) -> list[str]:
    places = values.get("@", {})
    given = sorted((places[key], key) for key in ("implementation", "run", "manual") if values.get(key))
    if len(given) > 1:
        (line, column), key = given[-1]
        problems.append((line, column, f"'{key}' beside '{given[0][1]}'; a plan has one of them"))
    if values.get("run"):
        return [COMMAND, values["run"]]
    if values.get("manual"):
        return [MANUAL, ""]
    file = _beside(values, "implementation", "implementation.py", names, problems)
    return [MODULE, file] if file else [MANUAL, ""]


def _beside(values: Record, key: str, default: str, names: Collection[str], problems: list[Problem]) -> str:
    """The file under ``key`` where it exists; the default where nothing else is said and it exists."""
    if key in values:
        name, line, column = values[key]
        if name in names:
            return str(name)
        modules = sorted(other for other in names if other.endswith(".py"))
        there = f"there is {', '.join(modules[:5])}" if modules else "there is no Python file"
        problems.append((line, column, f"{key}: no file '{name}' beside it; {there}"))
        return ""
    if default not in names or (key == "verification" and "commands" in values):
        return ""
    return default


def _proofs(values: Record, problems: list[Problem]) -> tuple[list[list[Any]], list[list[str]]]:
    """The checks as rows, and the commands."""
    checks = [_row(entry, entry["id"]) for entry in values.get("checks", ()) if "id" in entry]
    declared = {fields[0] for fields, _ in checks}
    commands: dict[str, str] = {}
    for entry in values.get("commands", ()):
        if "check" not in entry:
            continue
        check_id, line, column = entry["check"]
        if "title" in entry:
            checks.append(_row(entry, entry["check"]))
        elif check_id not in declared:
            problems.append((line, column, _undeclared(check_id, declared)))
            continue
        if check_id in commands:
            problems.append(
                (line, column, f"a second command for the check '{check_id}'; join them with '&&'")
            )
        elif "run" in entry:
            commands[check_id] = entry["run"]
    if "commands" in values and "verification" in values:
        line, column = max(values["@"]["commands"], values["@"]["verification"])
        problems.append(
            (line, column, "'commands' and 'verification' together; checks are proved by one of them")
        )
    return checks, [[check_id, run] for check_id, run in commands.items()]


def _undeclared(check_id: str, declared: set[str]) -> str:
    import difflib

    near = difflib.get_close_matches(check_id, sorted(declared), n=1)
    hint = f"did you mean '{near[0]}'?" if near else "declare it under 'checks', or give it a 'title' here"
    return f"'{check_id}' is no check of this file; {hint}"


def _row(entry: Record, placed: list[Any]) -> list[Any]:
    """A Check's fields without the plan, and its place."""
    check_id, line, column = placed
    fields = [
        check_id,
        entry.get("title", check_id),
        entry.get("domain", "General"),
        entry.get("points", 0),
        entry.get("kind", NEED),
        entry.get("critical", False),
        entry.get("exclusive", False),
        entry.get("mode", "live"),
        entry.get("probe", ""),
        entry.get("maps_to", ""),
        entry.get("closes", ""),
    ]
    return [fields, [line, column]]
