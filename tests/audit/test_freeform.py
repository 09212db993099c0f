"""Documents by hand: task boards, tables in other languages, stacked front matter, the tracker's own dialect."""

from __future__ import annotations

import pytest

from tests.audit.conftest import Make
from tests.audit.test_corpus import CORPUS
from tracker.audit import audit, read, records
from tracker.audit.model import Report
from tracker.audit.text import decode

# Trailing blanks are line breaks in Markdown, and part of the dialect.
STATE = """\
# PROJECT STATE

**Project:** Lighthouse~~
**Goal:** Be seen (score 90+/100)~~
**Current Phase:** 2 - Lenses~~
**Last Updated:** 2026-02-03

---

## 📊 Overall Progress

| Phase | Status | Progress | Score Impact |
|-------|--------|----------|--------------|
| Phase 1: Lamp | ✅ COMPLETE | 3/3 plans | +20 points (40→60) |
| Phase 2: Lenses | 🚧 IN PROGRESS | 1/3 plans | +5-10 points (60→65+) |

---

## 🚀 Current Phase: Phase 2

**Status:** IN PROGRESS~~
**Plans:** 3 total~~
**Completed:** 1~~
**Remaining:** 2

### Completed Plans ✅
1. **Plan 01:** Grind the lens ✅
   - Ground in the tower
   - Polish deferred (later)

### Active Plans 🚧
None currently active

### Pending Plans ⏳
2. **Plan 02:** Mount (frame, screws)
3. **Plan 03:** Turn & test (motor)

---

## 📁 Recent Activity

### Phase 2 Startup (2026-02-03)
- Created the roadmap
- **Lens:** ✅ Ground
  - 3 passes
- **Polish:** ⏸️ Deferred (later)

### Files Modified (Plan 01)
- `src/lens.py` - Grinding
- `src/frame-of_it.py` - Added a frame

---

## 🎯 Phase 2 Goals

### Security Score Target
- **Current (projected):** 60/100
- **Target:** 90+/100

### Must-Haves
1. ✅ A lens
2. ⏳ A frame & motor

---

## 🔍 Next Steps

1. Execute Plan 02: Mount
2. Verify score 90+/100

---

*State updated on 2026-02-03*
""".replace("~~", "  ")


def document(make: Make, text: str) -> Report:
    return make({"STATE.md": text})


def render(found: records.StateRecords) -> str:
    """The dialect written from records alone, to show that they hold all of it."""
    marks = {"done": "✅", "active": "🚧", "open": "⏳", "deferred": "⏸️", None: ""}
    lines = [
        f"# {found.title}", "", f"**Project:** {found.project}  ", f"**Goal:** {found.goal}  ",
        f"**Current Phase:** {found.current_phase} - {found.current_phase_title}  ", f"**Last Updated:** {found.updated}",
        "", "---", "", "## 📊 Overall Progress", "", "| Phase | Status | Progress | Score Impact |", "|-------|--------|----------|--------------|",
    ]  # fmt: skip
    lines += [
        f"| Phase {p.number}: {p.title} | {marks[p.mark]} {p.status} | {p.done}/{p.total} plans | {p.impact} |"
        for p in found.phases
    ]
    lines += [
        "", "---", "", f"## 🚀 Current Phase: Phase {found.current_phase}", "", f"**Status:** {found.status}  ", f"**Plans:** {found.total} total  ",
        f"**Completed:** {found.completed}  ", f"**Remaining:** {found.remaining}",
    ]  # fmt: skip
    for mark, heading in (
        ("done", "Completed Plans ✅"),
        ("active", "Active Plans 🚧"),
        ("open", "Pending Plans ⏳"),
    ):
        lines += ["", f"### {heading}"]
        listed = [p for p in found.plans if p.mark == mark]
        for plan in listed:
            rest = (f" ({plan.detail})" if plan.detail else "") + (f" {plan.symbol}" if plan.symbol else "")
            lines += [
                f"{plan.number}. **Plan {int(plan.number):02d}:** {plan.title}{rest}",
                *(f"   - {text}" for text in plan.bullets),
            ]
        if not listed:
            lines.append("None currently active")
    lines += ["", "---", "", "## 📁 Recent Activity"]
    for part in found.activity:
        lines += ["", f"### {part.title} ({part.date})"]
        for entry in part.entries:
            lines += [f"- {entry.text}", *(f"  - {text}" for text in entry.children)]
    lines += ["", f"### Files Modified (Plan {int(found.changes[0].plan):02d})"]
    lines += [f"- `{change.path}` - {change.why}" for change in found.changes]
    lines += ["", "---", "", f"## 🎯 Phase {found.current_phase} Goals", "", "### Security Score Target"]
    lines += [f"- **{name}:** {value}" for name, value in found.target]
    lines += ["", "### Must-Haves", *(f"{n}. {m.mark} {m.text}" for n, m in enumerate(found.must_haves, 1))]
    lines += [
        "",
        "---",
        "",
        "## 🔍 Next Steps",
        "",
        *(f"{n}. {step}" for n, step in enumerate(found.next_steps, 1)),
    ]
    return "\n".join([*lines, "", "---", "", f"*{found.footer}*"]) + "\n"


def test_the_dialect_goes_into_records_without_loss() -> None:
    found = records.read(STATE, "STATE.md")
    assert found.known
    assert found.unread == ()
    assert render(found) == STATE


@pytest.mark.parametrize("codec", ["cp1254", "cp1252"])
def test_and_from_a_damaged_file_as_well(codec: str) -> None:
    damaged = STATE.encode().decode(codec, errors="ignore").encode()
    assert render(records.read(decode(damaged).text, "STATE.md")) == STATE


def test_records_have_meaning() -> None:
    found = records.read(STATE, "STATE.md")
    assert [(p.number, p.title, p.detail, p.mark) for p in found.plans] == [
        ("1", "Grind the lens", "", "done"),
        ("2", "Mount", "frame, screws", "open"),
        ("3", "Turn & test", "motor", "open"),
    ]
    assert (found.current_phase, found.footer_date, found.changes[1].path) == (
        "2",
        "2026-02-03",
        "src/frame-of_it.py",
    )


def test_what_the_dialect_does_not_know_is_listed() -> None:
    found = records.read(
        STATE.replace("## 🔍 Next Steps\n", "## Odd\n\nloose words\n\n## 🔍 Next Steps\n"), "STATE.md"
    )
    assert [(u.line, u.text) for u in found.unread] == [(66, "## Odd"), (68, "loose words")]


def test_plans_of_a_document_become_the_projects_plans(make: Make) -> None:
    project = document(make, STATE).project
    assert [(p.number, p.status, p.done, p.total) for p in project.phases] == [
        ("1", "done", 3, 3),
        ("2", "active", 1, 3),
    ]
    assert [(p.ref, p.status, p.evidence) for p in project.phases[1].plans][:2] == [
        ("2.01", "done", ("STATE.md:27 lists it as done",)),
        ("2.02", "pending", ("STATE.md:35 lists it as pending",)),
    ]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("**Remaining:** 2", "**Remaining:** 5", "3 plans less 1 completed is 2"),
        ("**Completed:** 1", "**Completed:** 2", "1 plans of phase 2 are listed as completed"),
        ("**Plans:** 3 total", "**Plans:** 8 total", "3 plans of phase 2 are listed"),
        ("3/3 plans", "1/3 plans", "the figures of the same row are not complete"),
        ("| 🚧 IN PROGRESS | 1/3", "| 🚧 IN PROGRESS | 2/3", "1 plans of phase 2 are listed as completed"),
    ],
)
def test_a_count_that_cannot_be_is_a_self_contradiction(make: Make, old: str, new: str, words: str) -> None:
    assert document(make, STATE).verdict == "consistent"
    report = document(make, STATE.replace(old, new))
    assert any(words in claim.evidence for claim in report.claims), [c.evidence for c in report.claims]


def test_a_task_board(make: Make) -> None:
    text = (
        "# Board\n\n## ✅ Phase 1 — Lamp (COMPLETE)\n\n- [x] LMP-1: wick\n- [x] Oil\n\n## ⬜ Phase 2 — Lens\n\n- [ ] **2.1 Grind** — slowly\n- [x] **2.2 Mount**\n\n"
        "## Progress\n\n| Phase | Tasks | Done | Remaining | Impact |\n|---|---|---|---|---|\n| Phase 1 | 2 | 2 | 0 | 1 → 2 |\n| Phase 2 | 2 | 1 | 1 | 2 → 3 |\n| **Total** | **4** | **3** | **1** | |\n"
    )
    report = document(make, text)
    assert [(p.number, p.title, p.status, p.done, p.total) for p in report.project.phases] == [
        ("1", "Lamp", "done", 2, 2),
        ("2", "Lens", "active", 1, 2),
    ]
    assert [c.verdict for c in report.claims if c.kind in ("tasks", "sum")] == ["supported"] * 3
    wrong = document(make, text.replace("| Phase 2 | 2 | 1 | 1 |", "| Phase 2 | 2 | 2 | 0 |"))
    assert [c.verdict for c in wrong.claims if c.kind in ("tasks", "sum")] == [
        "supported",
        "contradicted",
        "self-contradictory",
    ]


@pytest.mark.parametrize(
    ("header", "rows", "expected"),
    [
        (
            "| Фаза | Статус | Прогресс |",
            ["| 0. A | ⏳ В очереди | 0% |", "| 1. B | ✅ Завершено | 100% |"],
            ["pending", "done"],
        ),
        (
            "| Phase | Status | Progress |",
            [
                "| 0: A | ✅ Complete | 2/2 |",
                "| 1: x86-64 | Not Started | 0/5 |",
                "| **TOTAL** | | **2/7** |",
            ],
            ["done", "pending"],
        ),
        ("| 阶段 | 状态 |", ["| 1 | 已完成 |", "| 2 | 进行中 |"], ["done", "active"]),
        (
            "| Fase | Estado |",
            ["| Fase 1: A | Concluída |", "| Fase 2: B | Em andamento |"],
            ["done", "active"],
        ),
        (
            "| Phase | Status |",
            ["| 1. A | Abgeschlossen |", "| 2. B | Nicht begonnen |"],
            ["done", "pending"],
        ),
    ],
)
def test_tables_in_many_languages(make: Make, header: str, rows: list[str], expected: list[str]) -> None:
    text = "\n".join(
        ["# State", "", "## Status", "", header, "|" + "---|" * (header.count("|") - 1), *rows, ""]
    )
    report = document(make, text)
    assert [p.status for p in report.project.phases] == expected
    assert report.unread == ()


def test_rows_that_are_no_phases_are_listed(make: Make) -> None:
    report = document(
        make,
        "# State\n\n| Phase | Status |\n|---|---|\n| 1. A | Done |\n| Somewhere | Done |\n\n- [x] loose box\n",
    )
    assert [(u.line, u.text) for u in report.unread] == [(6, "Somewhere | Done"), (8, "loose box")]


if CORPUS is not None:

    @pytest.mark.parametrize(
        ("name", "phases", "complete", "done", "total"),
        [("01", 4, 1, 16, 40), ("10", 9, 1, 28, 133), ("13", 5, 4, 0, 0), ("06", 6, 1, None, None)],
    )
    def test_the_corpus_of_documents(
        name: str, phases: int, complete: int, done: int | None, total: int | None
    ) -> None:
        project = read(f"{CORPUS}/freeform/{name}.md")
        assert project is not None
        assert (len(project.phases), sum(p.status == "done" for p in project.phases)) == (phases, complete)
        if done is not None:
            assert (sum(p.done for p in project.phases), sum(p.total for p in project.phases)) == (
                done,
                total,
            )
        assert audit(project).verdict == ("self-contradictory" if name == "06" else "consistent")

    def test_the_position_in_a_damaged_document() -> None:
        project = read(f"{CORPUS}/freeform/04.md")
        assert project is not None
        assert project.state is not None
        claims = {c.kind: c for c in project.state.claims if c.decisive}
        assert (claims["position"].scope, claims["position"].total) == ("1", 9)
        assert (claims["plan position"].done, claims["plan position"].total, claims["percent"].percent) == (
            0,
            4,
            0.0,
        )
        (damage,) = project.state.problems
        assert (damage.kind, damage.line > 0) == ("damaged-symbols", True)


def test_a_row_without_a_line_of_dashes_above_it_is_listed(make: Make) -> None:
    text = "# State\n\n**By Phase:**\n\n| Phase | Plans | Total |\n| 46-48 | 10 | 10 |\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
    report = make({"STATE.md": text})
    assert [(unread.line, unread.text) for unread in report.unread] == [(6, "| 46-48 | 10 | 10 |")]
