"""An outline of somebody's project as files and events of tracker's own. Pure: nothing is read or written here."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from tracker.audit.ids import order
from tracker.audit.records import ActivityRecord, StateRecords
from tracker.definitions.scaffold import slug
from tracker.errors import Usage
from tracker.model import events as ev
from tracker.model import refs
from tracker.model import snapshot as sn
from tracker.render.plain import safe
from tracker.service.outline import DONE, PhaseOutline, PlanOutline

PLANS = "plans"
_NATIVE = re.compile(r"\d{1,9}(?:\.\d{1,4}){0,4}\Z")
_LETTERED = re.compile(r"(\d{1,4})([A-Z])?((?:\.\d{1,3})*)([A-Z])?\Z")
_SLICE = re.compile(r"M(\d{1,4})/S(\d{1,3})\Z")
_COMPUTED_STEP = re.compile(
    r"(?:execute|finish|mend|verify again:?)\s+plans?\s+\d|plan phase \d[\d.]*: |nothing is left to do\b",
    re.IGNORECASE,
)
_LABELLED = re.compile(r"\*\*(?P<label>[^*:]+):\*\* (?:(?P<mark>[^\w\s`*(\[\"'][^\w\s]?) )?(?P<text>.*)\Z")


class Draft(NamedTuple):
    """An event to be recorded: its day (empty: today), kind, plan and data."""

    day: str
    kind: str
    plan: str | None
    data: dict[str, Any]

    @property
    def id(self) -> str:
        """The same for the same statement, so that it is recorded once, however often it is imported."""
        text = json.dumps([self.kind, self.plan, self.data], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


class Numbered(NamedTuple):
    """A phase with its native number, and each of its plans with its native reference."""

    number: str
    phase: PhaseOutline
    plans: tuple[tuple[str, PlanOutline], ...]


def numbered(phases: Sequence[PhaseOutline]) -> list[Numbered]:
    """Native numbers. A number, decimal or whole, stays what it is, so that commits that name it still do.

    A letter becomes a decimal, for both mean what was put in behind a phase: ``12A`` is 12.1 here, ``12B`` is 12.2.
    Where that decimal is a phase of its own, the next free one is taken, which keeps it behind 12 and before 13.
    A milestone that numbers anew has its own hundred, as ``M001/S02`` is 102: of the first such milestone ``v1.0/2``
    is 102, of the second ``v1.1/2`` is 202; phases that come later to the others do not move them. A plan that is no
    number, or a second one of its number, comes behind the others of its phase.
    """
    taken = {phase.number for phase in phases if _NATIVE.match(phase.number)}
    parts = dict.fromkeys(part for phase in phases if (part := phase.number.rpartition("/")[0]))
    hundreds = {part: 100 * number for number, part in enumerate(parts, 1)}
    moved: dict[str, str] = {}
    result = []
    for phase in phases:
        number = phase.number
        if number not in taken:
            above, _, last = number.rpartition(".")
            inside = f"{moved.get(above)}.{last}"  # 12A.1 goes where 12A has gone
            number = _free(inside if _NATIVE.match(inside) else _spelled(number, hundreds), taken)
            taken.add(number)
            moved[phase.number] = number
        result.append(Numbered(number, phase, _plans(number, phase)))
    return sorted(result, key=lambda item: order(item.number))


def _spelled(text: str, hundreds: Mapping[str, int]) -> str:
    if match := _SLICE.match(text):
        return str(int(match[1]) * 100 + int(match[2]))
    part, _, number = text.rpartition("/")
    match = _LETTERED.match(number)
    if match is None:
        return str(hundreds.get(part, 0) + 1)
    before, behind = (f".{ord(letter) - ord('A') + 1}" if letter else "" for letter in (match[2], match[4]))
    decimals = f"{before}{match[3]}{behind}".split(".")[1:5]
    return ".".join([str(hundreds.get(part, 0) + int(match[1])), *(str(int(text)) for text in decimals)])


def _free(number: str, taken: set[str]) -> str:
    """The number, or the next one beside it that is free."""
    while number in taken:
        head, dot, last = number.rpartition(".")
        number = f"{head}{dot}{int(last) + 1}"
    return number


def _plans(phase: str, outline: PhaseOutline) -> tuple[tuple[str, PlanOutline], ...]:
    numbers: set[int] = set()
    last = max((int(plan.number) for plan in outline.plans if _plain(plan.number)), default=0)
    found = []
    for plan in outline.plans:
        if _plain(plan.number) and int(plan.number) not in numbers:
            number = int(plan.number)
        else:
            number = last = last + 1
        numbers.add(number)
        found.append((refs.canonical(phase, number), plan))
    return tuple(sorted(found, key=lambda item: int(item[0].rpartition(".")[2])))


def _plain(number: str) -> bool:
    return number.isascii() and number.isdigit() and len(number) < 8


def project_files(
    name: str,
    goal: str,
    phases: Sequence[Numbered],
    records: StateRecords,
    body: Callable[[PlanOutline], str],
    source: str,
) -> dict[str, str]:
    """Path → text of every definition file. ``body`` gives a plan's prose."""
    native = {plan.ref: ref for item in phases for ref, plan in item.plans}
    texts = {}
    for item in phases:
        title = _title(item.phase.title, f"Phase {item.number}", item.number, item.phase.number)
        directory = f"{PLANS}/{_padded(item.number)}-{_slug(item.phase.title, 'phase')}"
        texts[f"{directory}/PHASE.md"] = _phase(title, item.phase, records, source)
        for ref, plan in item.plans:
            number = int(ref.rpartition(".")[2])
            words = "plan" if plan.placeholder else plan.title
            place = f"{directory}/{number:02d}-{_slug(words, 'plan')}/PLAN.md"
            shown = _title(plan.title, f"Plan {number:02d}", str(number), plan.number)
            texts[place] = _plan(shown, plan, native, body(plan), source)
    header = [f"name: {_quoted(name)}"]
    if goal.strip():
        header.append(f"goal: {_quoted(goal)}")
    texts[f"{PLANS}/project.yaml"] = "\n".join([*header, "codebase: .", ""])
    return texts


def _padded(number: str) -> str:
    """``2.1`` → ``02.1``: the number as a directory's name has it."""
    whole, dot, rest = number.partition(".")
    return f"{whole:0>2}{dot}{rest}"


def _title(text: str, default: str, number: str, original: str) -> str:
    """The title in one line, with the original number where the native one is another."""
    line = _line(text) or default
    return line if number == original else f"{line} ({original})"


def _line(text: str) -> str:
    return " ".join(re.sub("[\u2028\u2029]", " ", safe(text)).split())[:300].strip()


def _quoted(text: str) -> str:
    return json.dumps(_line(text), ensure_ascii=False)


def _slug(title: str, default: str) -> str:
    try:
        words = slug(title)[:48].strip("-")
    except Usage:
        return default
    return words if words.isprintable() else default


def _phase(title: str, phase: PhaseOutline, records: StateRecords, source: str) -> str:
    lines = ["---", f"title: {_quoted(title)}"]
    if _line(phase.goal):
        lines.append(f"goal: {_quoted(phase.goal)}")
    if _line(phase.impact):
        lines.append(f"impact: {_quoted(phase.impact)}")
    if phase.number == records.current_phase:
        if records.must_haves:
            lines.append("must_haves:")
            for item in records.must_haves:
                lines.append(f"  - text: {_quoted(item.text)}")
                lines += [f"    mark: {_quoted(item.mark)}"] if item.mark else []
        steps = [step for step in records.next_steps if not _COMPUTED_STEP.match(step)]
        lines += _list("closing_steps", steps)
    milestone = f"Milestone {_line(phase.milestone)}. " if phase.milestone else ""
    return "\n".join([*lines, "---", f"# {title}", "", f"{milestone}Imported from `{source}`.", ""])


def _plan(title: str, plan: PlanOutline, native: Mapping[str, str], body: str, source: str) -> str:
    lines = ["---", f"title: {_quoted(title)}"]
    if _line(plan.detail):
        lines.append(f"summary: {_quoted(plan.detail)}")
    if plan.depends_on:
        lines.append(f"depends_on: [{', '.join(native[ref] for ref in plan.depends_on)}]")
    lines += _list("highlights", plan.bullets)
    lines += ["---", f"# {title}", ""]
    if plan.placeholder:
        lines.append(f"`{source}` counts this plan and does not name it.")
    else:
        lines.append(f"Imported from `{plan.path or plan.summary or source}`.")
    if plan.objective and plan.objective[:80] not in " ".join(body.split()):
        lines += ["", _line(plan.objective)]
    if body.strip():
        lines += ["", body.strip("\n")]
    return "\n".join([*lines, ""])


def _list(key: str, texts: Sequence[str]) -> list[str]:
    kept = [text for text in texts if _line(text)]
    return [f"{key}:", *(f"  - {_quoted(text)}" for text in kept)] if kept else []


def drafts(
    phases: Sequence[Numbered],
    records: StateRecords,
    source: str,
    day: str,
    finished: Callable[[PlanOutline], str],
    position: str = "",
) -> list[Draft]:
    """What the document says has happened, as events; ``finished`` gives the day of a plan, or an empty text.

    ``position`` is the phase that work is at, by the number that it had.
    """
    found = []
    for item in phases:
        for ref, plan in item.plans:
            if plan.status == DONE:
                data: dict[str, Any] = {"source": "document", "because": plan.because}
                data |= {"mark": plan.mark} if plan.mark else {}
                if plan.changes:
                    data["changes"] = [{"path": path, "why": why} for path, why in plan.changes]
                found.append(Draft(finished(plan) or day, ev.DONE, ref, data))
            elif plan.status == "active":
                found.append(Draft(day, ev.STARTED, ref, {"source": "document", "because": plan.because}))
            elif plan.status == "deferred":
                found.append(
                    Draft(day, ev.DEFERRED, ref, {"source": "document", "reason": plan.because or "deferred"})
                )
    return [*found, Draft(day, ev.IMPORTED, None, _document(phases, records, source, position))]


def _document(
    phases: Sequence[Numbered], records: StateRecords, source: str, position: str
) -> dict[str, Any]:
    """What belongs to no plan: kept as records, for the state and its renderings."""
    data: dict[str, Any] = {"source": source}
    said = {
        item.number: item.phase.status
        for item in phases
        if not item.plans and item.phase.status != sn.PENDING
    }
    if said:
        data["phases"] = said
    if waits := _waits(phases):
        data["waits"] = waits
    at = next((item.number for item in phases if item.phase.number == position), "")
    if at and at != sn.current_phase({item.number: item.phase.status for item in phases}):
        data["position"] = at
    if records.current_phase_title:
        data["current_phase"] = next(
            (item.number for item in phases if item.phase.number == records.current_phase), ""
        )
        data["current_phase_title"] = records.current_phase_title
    if records.target:
        data["score_target"] = [list(pair) for pair in records.target]
    if records.activity:
        data["activity"] = [_activity(part) for part in records.activity]
    done = {
        change for item in phases for _, plan in item.plans if plan.status == DONE for change in plan.changes
    }
    rest: dict[str, list[dict[str, str]]] = {}
    for change in records.changes:
        if (change.path, change.why) not in done:
            rest.setdefault(change.plan, []).append({"path": change.path, "why": change.why})
    if rest:
        data["files"] = [{"plan": plan, "changes": changes} for plan, changes in rest.items()]
    return data


def _waits(phases: Sequence[Numbered]) -> dict[str, list[str]]:
    """The phases whose plans wait for phases without plans, which no ``depends_on`` can name."""
    native = {item.phase.number: item.number for item in phases}
    found = {
        item.number: dict.fromkeys(native[number] for _, plan in item.plans for number in plan.waits_for)
        for item in phases
    }
    return {number: list(others) for number, others in found.items() if others}


def _activity(part: ActivityRecord) -> dict[str, Any]:
    entries = []
    for entry in part.entries:
        match = _LABELLED.match(entry.text)
        record: dict[str, Any] = {"text": entry.text}
        if match is not None:
            record = {"label": match["label"], "text": match["text"]}
            record |= {"mark": match["mark"]} if match["mark"] else {}
        if entry.children:
            record["items"] = list(entry.children)
        entries.append(record)
    return {"title": part.title, "date": part.date, "entries": entries}
