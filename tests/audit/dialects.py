"""One project in many ways of writing it down: layouts of files, roadmaps, state documents, languages, encodings.

Every combination says the same, and says it truly: the audit has to count the same and to contradict nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Phase:
    """What is true of a phase: number as written, title, plans, and how many of them have a SUMMARY."""

    number: str
    title: str
    plans: int
    done: int

    @property
    def padded(self) -> str:
        """The number as files and directories have it: ``02``, ``02.1``."""
        whole, dot, rest = self.number.partition(".")
        return f"{whole:0>2}{dot}{rest}"

    @property
    def complete(self) -> bool:
        """Whether each of its plans is done."""
        return self.plans > 0 and self.done == self.plans

    @property
    def slug(self) -> str:
        """Its directory's name."""
        return f"{self.padded}-{self.title.casefold().replace(' ', '-')}"


PHASES = (
    Phase("1", "Lamp room", 3, 3),
    Phase("2", "Lens", 2, 2),
    Phase("2.1", "Polish", 1, 1),
    Phase("3", "Fog horn", 4, 1),
    Phase("4", "Keeper", 0, 0),
)
TOTAL = sum(phase.plans for phase in PHASES)
DONE = sum(phase.done for phase in PHASES)
COMPLETE = sum(phase.complete for phase in PHASES)
CURRENT = PHASES[3]
PERCENT = round(100 * DONE / TOTAL)

Files = dict[str, str]
FRONT = "---\nphase: {phase}\nplan: {plan:02d}\nwave: 1\n---\n\n"
BODY = "<objective>\nDo part {plan} of {title}.\n</objective>\n"
SAID = "# Summary\n\n**Part {plan} works**\n"


def layout(
    plan: str, summary: str, *, front: bool = True, under: str = "phases/{slug}"
) -> Callable[[], Files]:
    """Files by patterns of their names."""

    def make() -> Files:
        files: Files = {}
        for phase in PHASES:
            for number in range(1, phase.plans + 1):
                words = {
                    "slug": phase.slug,
                    "phase": phase.padded,
                    "plan": number,
                    "title": phase.title,
                    "zone": "milestones/v1.0-phases" if phase.complete else "phases",
                }
                place = f".planning/{under}/".format(**words)
                files[place + plan.format(**words)] = ((FRONT if front else "") + BODY).format(**words)
                if number <= phase.done:
                    files[place + summary.format(**words)] = SAID.format(**words)
        return files

    return make


LAYOUTS: dict[str, Callable[[], Files]] = {
    "numbered": layout("{phase}-{plan:02d}-PLAN.md", "{phase}-{plan:02d}-SUMMARY.md"),
    "plan number only": layout("{plan:02d}-PLAN.md", "{plan:02d}-SUMMARY.md"),
    "word first": layout("PLAN-{plan:02d}.md", "SUMMARY-{plan:02d}.md", front=False),
    "slugged": layout("{phase}-{plan:02d}-wire-it-PLAN.md", "{phase}-{plan:02d}-wire-it-SUMMARY.md"),
    "slugged plan, plain summary": layout(
        "{phase}-{plan:02d}-wire-it-PLAN.md", "{phase}-{plan:02d}-SUMMARY.md"
    ),
    "directory for each": layout("{plan:02d}-wire-it/PLAN.md", "{plan:02d}-wire-it/SUMMARY.md", front=False),
    "plans in a folder": layout(
        "plans/PLAN-{plan:02d}-wire.md", "plans/SUMMARY-{plan:02d}-wire.md", front=False
    ),
    "lower case": layout("{phase}-{plan:02d}-plan.md", "{phase}-{plan:02d}-summary.md"),
    "archived": layout("{phase}-{plan:02d}-PLAN.md", "{phase}-{plan:02d}-SUMMARY.md", under="{zone}/{slug}"),
    "lower-case directories": layout(
        "{phase}-{plan:02d}-PLAN.md", "{phase}-{plan:02d}-SUMMARY.md", under="phases/phase-{phase}"
    ),
    "workstream": layout(
        "{phase}-{plan:02d}-PLAN.md", "{phase}-{plan:02d}-SUMMARY.md", under="workstreams/main/phases/{slug}"
    ),
}


@dataclass(frozen=True, slots=True)
class Language:
    """The words of a language for what a roadmap and a state document say."""

    phase: str
    plans: str
    status: str
    progress: str
    done: str
    active: str
    open: str
    of: str = "of"


ENGLISH = Language("Phase", "Plans", "Status", "Progress", "Complete", "In progress", "Not started")
LANGUAGES = {
    "en": ENGLISH,
    "de": Language("Phase", "Pläne", "Status", "Fortschritt", "Abgeschlossen", "In Arbeit", "Geplant", "von"),
    "pt": Language("Fase", "Planos", "Status", "Progresso", "Concluída", "Em andamento", "Pendente", "de"),
    "es": Language("Fase", "Planes", "Estado", "Progreso", "Completada", "En curso", "Pendiente", "de"),
    "no": Language("Fase", "Planer", "Status", "Fremdrift", "Ferdig", "Pågår", "Planlagt", "av"),
    "ru": Language("Фаза", "Планы", "Статус", "Прогресс", "Завершена", "В работе", "Не начата", "из"),
    "zh": Language("阶段", "计划", "状态", "进度", "已完成", "进行中", "未开始", "/"),
    "ko": Language("단계", "계획", "상태", "진행", "완료", "진행 중", "대기", "/"),
    "tr": Language("Faz", "Planlar", "Durum", "İlerleme", "Tamamlandı", "Devam ediyor", "Planlandı", "/"),
}


def word(phase: Phase, language: Language) -> str:
    """The status of a phase."""
    return language.done if phase.complete else language.active if phase.done else language.open


def mark(phase: Phase) -> str:
    """Its sign."""
    return "✅" if phase.complete else "🚧" if phase.done else "⏳"


def boxes(phase: Phase) -> str:
    """The boxes of its plans."""
    return "".join(
        f"- [{'x' if number <= phase.done else ' '}] {phase.padded}-{number:02d}-PLAN.md — part {number}\n"
        for number in range(1, phase.plans + 1)
    )


def template(language: Language) -> str:
    listed = "".join(
        f"- [{'x' if phase.complete else ' '}] **{language.phase} {phase.number}: {phase.title}** - text\n"
        for phase in PHASES
    )
    details = "".join(
        f"\n### {language.phase} {phase.number}: {phase.title}\n**Goal**: it works\n"
        f"**Plans**: {f'{phase.plans} plans' if phase.plans else 'TBD'}\n\nPlans:\n{boxes(phase)}"
        for phase in PHASES
    )
    return f"# Roadmap: Beacon\n\n## Phases\n\n{listed}\n## Phase Details\n{details}"


def table(language: Language) -> str:
    rows = "".join(
        f"| {phase.number}. {phase.title} | {phase.done}/{phase.plans} | {word(phase, language)} | - |\n"
        for phase in PHASES
    )
    head = f"| {language.phase} | {language.plans} | {language.status} | Date |\n|---|---|---|---|\n"
    return f"# Roadmap\n\n## {language.progress}\n\n{head}{rows}"


def headings(language: Language) -> str:
    return "# Roadmap\n\n" + "".join(
        f"## {language.phase} {phase.number}: {phase.title} {mark(phase)}\n\nIt works.\n\n{boxes(phase)}\n"
        for phase in PHASES
    )


def checked_headings(language: Language) -> str:
    return "# Roadmap\n\n" + "".join(
        f"### [{'x' if phase.complete else ' '}] {language.phase} {phase.number}: {phase.title}\n\n{boxes(phase)}\n"
        for phase in PHASES
    )


def folded(language: Language) -> str:
    done = [phase for phase in PHASES if phase.complete]
    rest = [phase for phase in PHASES if not phase.complete]
    shipped = "".join(
        f"- [x] {language.phase} {p.number}: {p.title} ({p.done}/{p.plans} plans)\n" for p in done
    )
    ahead = "".join(
        f"\n#### {language.phase} {p.number}: {p.title}\n**Plans**: {p.plans}\n\n{boxes(p)}" for p in rest
    )
    return (
        "# Roadmap: Beacon\n\n## Milestones\n\n- ✅ **v1.0 First light** - Phases 1-2.1 (shipped 2026-01-02)\n"
        "- 🚧 **v1.1 Fog** - Phases 3-4 (in progress)\n\n<details>\n"
        f"<summary>✅ v1.0 First light (Phases 1-2.1) - SHIPPED 2026-01-02</summary>\n\n{shipped}\n</details>\n\n"
        f"### 🚧 v1.1 Fog (In Progress)\n\n**Milestone Goal:** heard\n{ahead}"
    )


def wide_table(language: Language) -> str:
    """Numbers and names in columns of their own, padded, with a row of sums."""
    rows = "".join(
        f"| {phase.number:<3} | {phase.title:<9} | {mark(phase)} {word(phase, language):<11} | {phase.done} / {phase.plans} |\n"
        for phase in PHASES
    )
    head = f"|  #  | {language.phase}     | {language.status}      | {language.plans} |\n|:---:|:----------|:------------|------:|\n"
    return f"# Roadmap\n\n{head}{rows}| | **Total** | | {DONE} / {TOTAL} |\n"


def milestone_table(language: Language) -> str:
    """The five columns of the template, names in bold."""
    rows = "".join(
        f"| **{language.phase} {phase.number}: {phase.title}** | v1.0 | {phase.done}/{phase.plans} | {word(phase, language)} | - |\n"
        for phase in PHASES
    )
    head = f"| {language.phase} | Milestone | {language.plans} | {language.status} | Completed |\n|---|---|---|---|---|\n"
    return f"# Roadmap\n\n## Progress\n\n{head}{rows}"


def short_list(language: Language) -> str:
    """A list headed "Phases" whose boxes carry numbers alone, and what is no phase beside it."""
    listed = "".join(
        f"- [{'x' if phase.complete else ' '}] **{language.phase} {phase.padded} — {phase.title}** ({phase.done}/{phase.plans} plans)\n"
        for phase in PHASES
    )
    return (
        f"# Roadmap\n\n## Phases\n\n{listed}\n## Backlog\n\n### {language.phase} 999.1: Some day (BACKLOG)\n\n"
        "**Plans:** 0 plans\n\n- [ ] TBD\n"
    )


ROADMAPS: dict[str, Callable[[Language], str]] = {
    "wide table": wide_table,
    "milestone table": milestone_table,
    "short list": short_list,
    "template": template,
    "table": table,
    "headings": headings,
    "checked headings": checked_headings,
    "folded": folded,
}

BAR = "█" * round(PERCENT / 10) + "░" * (10 - round(PERCENT / 10))


def front_matter(language: Language, *, done: int = DONE) -> str:
    return (
        "---\ngsd_state_version: 1.0\nmilestone: v1.1\nstatus: executing\nprogress:\n"
        f"  total_phases: {len(PHASES)}\n  completed_phases: {COMPLETE}\n  total_plans: {TOTAL}\n"
        f"  completed_plans: {done}\n  percent: {round(100 * done / TOTAL)}\n---\n\n"
        + position(language, done=done)
    )


def position(language: Language, *, done: int = DONE) -> str:
    percent = round(100 * done / TOTAL)
    return (
        "# Project State\n\n## Current Position\n\n"
        f"{language.phase}: {CURRENT.number} {language.of} {len(PHASES)} ({CURRENT.title})\n"
        f"Plan: {CURRENT.done + 1} of {CURRENT.plans} in current phase\n{language.status}: {language.active}\n"
        f"Last activity: 2026-01-05 — part 1\n\n{language.progress}: [{BAR}] {percent}% ({done}/{TOTAL} plans)\n"
    )


def bold(language: Language, *, done: int = DONE) -> str:
    return (
        f"# STATE — Beacon\n\n**{language.phase}:** {CURRENT.number} — {CURRENT.title}\n"
        f"**{language.status}:** {language.active}\n**{language.progress}:** {done}/{TOTAL} {language.plans.casefold()}\n"
    )


def rows(language: Language, *, done: int = DONE) -> str:
    """A table of phases; what is more than true is said of the current one."""
    more = done - DONE
    lines = "".join(
        f"| {language.phase} {phase.number}: {phase.title} | {mark(phase)} {word(phase, language)} "
        f"| {phase.done + (more if phase == CURRENT else 0)}/{phase.plans} |\n"
        for phase in PHASES
    )
    head = f"| {language.phase} | {language.status} | {language.progress} |\n|---|---|---|\n"
    return f"# PROJECT STATE\n\n**Project:** Beacon  \n\n## 📊 Overall Progress\n\n{head}{lines}"


def fields(language: Language, *, done: int = DONE) -> str:
    return (
        "# Project State\n\n## Current Position\n\n| Field | Value |\n|-------|-------|\n"
        f"| {language.phase} | {CURRENT.number} |\n| {language.status} | {language.active} |\n"
        f"| {language.progress} | {round(100 * done / TOTAL)}% |\n"
    )


def executing(language: Language, *, done: int = DONE) -> str:
    """Position, status and plan in one line each, in capitals, the bar in a fence."""
    percent = round(100 * done / TOTAL)
    return (
        f"# GSD State\n\n## Position\n\n{language.phase}: {CURRENT.padded} ({CURRENT.title.casefold()}) — EXECUTING\n"
        f"Plan: {CURRENT.done + 1:02d} of {CURRENT.plans:02d}\n\n```\nProgress: {BAR} {percent}%\n```\n\n"
        f"## Performance Metrics\n\n**Velocity:**\n- Total plans completed: {done}\n- Average duration: 5 min\n"
    )


def list_of_phases(language: Language, *, done: int = DONE) -> str:
    """A line for each phase, and one for all."""
    lines = "".join(
        f"- **{language.phase} {phase.number}: {phase.title}** — {mark(phase)} {word(phase, language)} ({phase.done}/{phase.plans} plans)\n"
        for phase in PHASES
        if phase.plans
    )
    return f"# Session State\n\n## Progress\n\n{lines}\n**Overall progress:** {round(100 * done / TOTAL)}% ({done} of {TOTAL} plans)\n"


def sections(language: Language, *, done: int = DONE) -> str:
    """A table of phases, then the current one with its plans by status: completed, active, pending."""
    more = done - DONE
    plans = [f"{number}. **Plan {number:02d}:** Part {number}\n" for number in range(1, CURRENT.plans + 1)]
    at = CURRENT.done
    return rows(language, done=done) + (
        f"\n## 🚀 Current Phase: Phase {CURRENT.number}\n\n**Status:** IN PROGRESS  \n**Plans:** {CURRENT.plans} total  \n"
        f"**Completed:** {CURRENT.done + more}  \n**Remaining:** {CURRENT.plans - CURRENT.done - more}\n\n"
        f"### Completed Plans ✅\n{''.join(plans[:at])}\n### Active Plans 🚧\n{plans[at]}\n"
        f"### Pending Plans ⏳\n{''.join(plans[at + 1 :])}"
    )


STATES: dict[str, Callable[..., str]] = {
    "executing": executing,
    "list of phases": list_of_phases,
    "sections": sections,
    "front matter": front_matter,
    "position": position,
    "bold": bold,
    "rows": rows,
    "fields": fields,
}

ENCODINGS: dict[str, Callable[[str], bytes]] = {
    "utf-8": str.encode,
    "bom": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "crlf": lambda text: text.replace("\n", "\r\n").encode(),
    "cr": lambda text: text.replace("\n", "\r").encode(),
    "utf-16": lambda text: text.encode("utf-16"),
    "utf-16-be": lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
    "read as windows-1252": lambda text: "".join(_misread(byte) for byte in text.encode()).encode(),
}


def _misread(byte: int) -> str:
    try:
        return bytes((byte,)).decode("cp1252")
    except UnicodeDecodeError:
        return chr(byte)


def project(way: Mapping[str, str], *, done: int = DONE) -> dict[str, bytes]:
    """The project in one way of writing it down; ``done`` is what its state document says, true or not.

    ``way`` picks ``files``, ``roadmap``, ``state``, ``language`` and ``encoding`` by name.
    """
    words = LANGUAGES[way.get("language", "en")]
    encode = ENCODINGS[way.get("encoding", "utf-8")]
    texts = LAYOUTS[way.get("files", "numbered")]() | {
        ".planning/ROADMAP.md": ROADMAPS[way.get("roadmap", "template")](words),
        ".planning/STATE.md": STATES[way.get("state", "front matter")](words, done=done),
    }
    return {name: encode(text) for name, text in texts.items()}


def ways(**names: Iterable[str]) -> Iterator[dict[str, str]]:
    """Every combination of the names given."""
    for picked in itertools.product(*names.values()):
        yield dict(zip(names, picked, strict=True))
