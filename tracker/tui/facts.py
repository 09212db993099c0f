"""What is known of a plan, a phase, the project or a check, as lines. Pure: state in, text out."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.style import Style
from rich.text import Text

from tracker.model import snapshot as sn
from tracker.model.numbers import points
from tracker.tui import listing
from tracker.tui.palette import (
    BLOCKED,
    OUTCOME_SIGNS,
    OUTCOME_WORDS,
    SIGNS,
    WORDS,
    Palette,
    look,
    shade,
)
from tracker.tui.runview import RunView
from tracker.tui.text import moment, one_line, plural, span, worth

_HOW = {"module": "by a Python module", "command": "by a command", "manual": "by a person"}
_WRAPPER = Console(width=80, force_terminal=True, color_system="truecolor", legacy_windows=False)


def wrap(text: Text, width: int, indent: int = 0) -> list[Text]:
    """The text in lines of ``width`` cells, its own line ends kept, all but the first indented."""
    room = max(10, width - indent)
    fits = text.cell_len <= room and "\n" not in text.plain
    parts = [text] if fits else list(text.wrap(_WRAPPER, room, no_wrap=False))
    return [part if not number else span(" " * indent).append_text(part) for number, part in enumerate(parts)]


def fact(name: str, value: Text | str, colours: Palette, width: int) -> list[Text]:
    """``Name       value``, wrapped under the value."""
    body = value if isinstance(value, Text) else span(one_line(value), colours.text)
    first, *others = wrap(body, max(10, width - 11))
    return [
        span(f"{name:<10} ", colours.muted).append_text(first),
        *(span(" " * 11).append_text(line) for line in others),
    ]


def of_plan(
    plan: sn.PlanState, snapshot: sn.Snapshot, colours: Palette, width: int, run: RunView | None = None
) -> list[Text]:
    """The facts above a plan's text."""
    kind = look(plan)
    head = span(f"{plan.ref} ", colours.accent).append(one_line(plan.title), colours.strong)
    result = wrap(head, width)
    if plan.summary:
        result += wrap(span(one_line(plan.summary), colours.muted), width)
    result.append(span(""))
    status = span(f"{SIGNS[kind]} {WORDS[kind]}", shade(colours, kind))
    if plan.finished:
        status.append(f"  {plan.finished}", colours.muted)
    if plan.source and plan.proof:
        status.append(f"  by {plan.source}", colours.muted)
    result += fact("Status", status, colours, width)
    if run is not None and plan.ref in run.states:
        said = span(run.states[plan.ref], shade(colours, run.states[plan.ref]))
        if reason := run.reasons.get(plan.ref):
            said.append(f": {one_line(reason)}", colours.text)
        result += fact("This run", said, colours, width)
    if plan.reason:
        result += fact("Because", one_line(plan.reason), colours, width)
    if before := dict.fromkeys((*plan.depends_on, *plan.blocked_by)):
        result += fact("Waits for", _others(before, snapshot, colours), colours, width)
    waiting = [other.ref for other in snapshot.plans if plan.ref in other.depends_on]
    if waiting:
        result += fact("Unblocks", _others(waiting, snapshot, colours), colours, width)
    if plan.checks:
        passed = sum(check.outcome == sn.PASSED for check in plan.checks)
        text = f"{points(plan.earned)} of {worth(plan.points)}, {passed}/{plural(len(plan.checks), 'check')} passed"
        result += fact("Checks", text, colours, width)
    if plan.path and snapshot.origin == "native":
        result += fact("How", _HOW.get(plan.how, plan.how), colours, width)
    if plan.wave:
        result += fact("Wave", str(plan.wave), colours, width)
    for text in plan.highlights:
        result += fact("Highlight", one_line(text), colours, width)
    for date, text in plan.notes:
        result += fact("Note", f"{date}  {one_line(text)}", colours, width)
    if plan.path:
        result += fact("File", plan.file, colours, width)
    elif source := snapshot.document.get("source"):
        result += fact("Told by", str(source), colours, width)
    return result


def _others(refs: Iterable[str], snapshot: sn.Snapshot, colours: Palette) -> Text:
    known = {plan.ref: plan for plan in snapshot.plans}
    text = span("")
    for ref in refs:
        plan = known.get(ref)
        kind = look(plan) if plan is not None else BLOCKED
        text.append(f"{'  ' if text else ''}{SIGNS[kind]} {ref}", shade(colours, kind))
    return text


def of_phase(phase: sn.PhaseState, colours: Palette, width: int) -> list[Text]:
    """A phase: goal, progress, impact, must-haves, closing steps."""
    head = span(f"Phase {phase.number} ", colours.accent).append(one_line(phase.title), colours.strong)
    result = wrap(head, width)
    if phase.goal:
        result += wrap(span(one_line(phase.goal), colours.muted), width)
    result.append(span(""))
    result += fact("Status", phase.status, colours, width)
    result += fact("Progress", f"{phase.done}/{plural(phase.total, 'plan')} done", colours, width)
    if phase.impact:
        result += fact("Impact", one_line(phase.impact), colours, width)
    left = [plan for plan in phase.plans if plan.status != sn.DONE]
    if left:
        ready = [plan.ref for plan in left if plan.ready]
        result += fact("Can run", ", ".join(ready) or "nothing: see what waits", colours, width)
    result += _section("Must-haves", colours)
    for item in phase.must_haves:
        state = (sn.STALE if item.stale else sn.DONE) if item.met else sn.PENDING
        text = span(f"{SIGNS[state]} ", shade(colours, state) if item.met else colours.muted)
        text.append(one_line(item.text), colours.text)
        if item.checks:
            text.append(f"  {', '.join(item.checks)}", colours.muted)
        result += wrap(text, width, 2)
    if phase.closing_steps:
        result += _section("Closing steps", colours)
        result += [
            line for step in phase.closing_steps for line in wrap(span(f"• {one_line(step)}"), width, 2)
        ]
    return result


def of_project(snapshot: sn.Snapshot, colours: Palette, width: int) -> list[Text]:
    """The project: goal, score, evidence, what can run now, what needs a hand."""
    result = wrap(span(one_line(snapshot.name), colours.strong), width)
    if snapshot.goal:
        result += wrap(span(one_line(snapshot.goal), colours.muted), width)
    result.append(span(""))
    result += fact("Progress", f"{snapshot.done:,}/{plural(snapshot.total, 'plan')} done", colours, width)
    score = snapshot.score
    if score is not None and score.measured:
        said = f"{points(score.points)}/{points(score.of)}"
        if score.target is not None:
            gap = score.target - score.points
            said += f", target {points(score.target)}" + (
                f", {points(gap)} to go" if gap > 0 else ", reached"
            )
        result += fact("Score", said, colours, width)
        if score.capped_by:
            text = f"{points(score.rating)}, capped by red critical checks: {', '.join(score.capped_by)}"
            result += fact("Rating", span(text, colours.bad), colours, width)
    if snapshot.evidence is not None:
        counts = ", ".join(f"{count} {outcome}" for outcome, count in snapshot.evidence.counts)
        text = f"{snapshot.evidence.date}, tree {snapshot.evidence.tree[:12]}: {counts or 'nothing ran'}"
        result += fact("Evidence", text, colours, width)
    result += fact("Codebase", snapshot.codebase, colours, width)
    groups = (
        (
            "Needs a hand",
            [plan for plan in snapshot.plans if look(plan) in (sn.FAILED, sn.STALE, sn.UNPROVEN)],
        ),
        ("Can run now", [plan for plan in snapshot.plans if plan.ready]),
        ("Put off", [plan for plan in snapshot.plans if plan.status == sn.DEFERRED]),
    )
    for name, plans in groups:
        if plans:
            result += _section(f"{name} ({len(plans):,})", colours)
            result += [line for plan in plans[:12] for line in wrap(_brief(plan, colours), width, 7)]
            if len(plans) > 12:
                result.append(span(f"  and {len(plans) - 12:,} more", colours.muted))
    return result


def of_nothing(colours: Palette, width: int, *, native: bool) -> list[Text]:
    """A repository without plans: what is missing, and which key mends it."""
    steps = (
        (("e", "opens plans/project.yaml"), ("$", "tracker new writes a plan"))
        if native
        else (
            ("i", "sets up plans/ here"),
            ("I", "imports a STATE.md, a ROADMAP.md or a .planning directory"),
        )
    )
    result = wrap(span("There are no plans here yet", colours.strong), width)
    result.append(span(""))
    words = "A plan is a directory with a PLAN.md: what is to be done, how it is carried out, which checks prove it."
    result += wrap(span(words, colours.muted), width)
    result.append(span(""))
    for key, text in steps:
        result += wrap(
            span(f"{key}  ", colours.strong + colours.primary).append(text, colours.text), width, 3
        )
    return result


def _brief(plan: sn.PlanState, colours: Palette) -> Text:
    kind = look(plan)
    text = span(f"{SIGNS[kind]} ", shade(colours, kind)).append(f"{plan.ref} ", colours.muted)
    text.append(one_line(plan.title), colours.text)
    return text.append(f"  {one_line(plan.reason)}" if plan.reason else "", colours.muted)


def _section(name: str, colours: Palette) -> list[Text]:
    return [span(""), span(name, colours.strong + colours.accent)]


def of_fault(fault: str, colours: Palette, width: int, source: str = "") -> list[Text]:
    """A broken definition: where, what, and the lines around it."""
    place = listing.place(fault)
    result = [
        span("This definition is broken", colours.strong + colours.bad),
        span(""),
        *fact("File", f"{place.path}:{place.line}:{place.column}", colours, width),
        *fact("Fault", span(one_line(place.message), colours.bad), colours, width),
        *fact("Mend it", "e opens the file there; it is read again when it is saved.", colours, width),
    ]
    if source:
        result.append(span(""))
        shown = source.split("\n")
        first = max(0, place.line - 4)
        for number, line in enumerate(shown[first : place.line + 3], first + 1):
            here = number == place.line
            text = span(f"{'▶' if here else ' '} {number:>4} ", colours.bad if here else colours.faint)
            result.append(text.append(line, colours.text if here else colours.muted))
    return result


def of_check(
    check: sn.CheckState, colours: Palette, width: int, reason: str = "", seconds: float | None = None
) -> list[Text]:
    """A check in full: title, outcome and why, evidence; ``seconds``: how long it took, where that is known."""
    outcome = check.outcome
    result = wrap(span(f"{check.id}  ", colours.accent).append(one_line(check.title), colours.text), width)
    status = span(
        f"{OUTCOME_SIGNS.get(outcome, '○')} {OUTCOME_WORDS.get(outcome, outcome)}", shade(colours, outcome)
    )
    kind = f"  {check.kind}{', critical' if check.critical else ''}, {points(check.earned)}/{worth(check.points)}"
    status.append(kind, colours.muted).append(f", {one_line(check.domain)}", colours.muted)
    result += fact("Outcome", status, colours, width)
    if reason and outcome not in ("", sn.PASSED):
        result += fact("Why", one_line(reason), colours, width)
    if check.deferred:
        result += fact("Deferred", one_line(check.deferred), colours, width)
    if check.tree:
        proof = "the present tree" if check.current else "an older tree, or older checks: verify again"
        text = span(f"{moment(check.time)}  tree {check.tree[:12]}, ", colours.text)
        result += fact(
            "Evidence", text.append(proof, colours.good if check.current else colours.warn), colours, width
        )
    if seconds:
        result += fact("Took", f"{seconds:.2f} s", colours, width)
    if check.closes:
        result += fact("Closes", one_line(check.closes), colours, width)
    return result


def outcome_style(colours: Palette, check: sn.CheckState) -> Style:
    """The style of a check's sign: an outcome of another tree is muted."""
    style = shade(colours, check.outcome)
    return style if check.current or not check.outcome else style + Style(dim=True)
