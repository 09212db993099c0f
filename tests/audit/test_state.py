"""State documents in the dialects of planning tools, line by line."""

from __future__ import annotations

import pytest

from tracker.audit import state
from tracker.audit.model import Claim, Document
from tracker.audit.text import Decoded, decode


def document(body: str) -> Document:
    return state.read(Decoded(body, "utf-8"), "STATE.md")


def said(claim: Claim) -> tuple[object, ...]:
    """What a claim says, without what it leaves out."""
    parts = (claim.kind, claim.scope, claim.mark, claim.done, claim.total, claim.percent)
    return tuple(part for part in parts if part not in (None, ""))


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("Phase: 2 of 5 (Lens)", [("position", "2", 5)]),
        ("Phase: 02 (lens) — EXECUTING", [("position", "2"), ("phase status", "2", "active")]),
        ("Phase: 7 (Complete Checkout)", [("position", "7")]),
        ("Phase: 15 of 15 (COMPLETE)", [("position", "15", 15), ("phase status", "15", "done")]),
        ("Phase: 01.1 of 3", [("position", "1.1", 3)]),
        ("Phase: 142 of 143 (…)", [("position", "142", 143)]),
        ("**Phase:** 3 — Live", [("position", "3")]),
        ("- **Phase:** 04-shell (COMPLETE - 5/5 plans)", [("position", "4"), ("phase status", "4", "done")]),
        ("- Active Phase: 3", [("position", "3")]),
        ("**Fase atual:** 2 de 6", [("position", "2", 6)]),
        ("Phase: N/A", []),
        ("Phase: — (closed 2026)", []),
        ("Phase: Complete (v0.1 shipped)", [("milestone status", "done")]),
        ("Phase: 32 of 32 — ALL MILESTONES COMPLETE", [("position", "32", 32), ("milestone status", "done")]),
        (
            "Status: Phase 6 complete, milestone complete",
            [("milestone status", "done"), ("phase status", "6", "done")],
        ),
        ("Status: All phases complete.", [("milestone status", "done")]),
        ("Status: Ready when milestone complete", []),
        ("Progress: [█████░░░░░] 50%", [("percent", 50.0)]),
        ("Progress: [======------] 50%", [("percent", 50.0)]),
        ("**Progress:** ▓▓▓▓▓░░░░░ 14% (3/22 plans)", [("plans", 3, 22), ("percent", 14.0)]),
        ("v1.2 Progress: [░░░░░░░░░░] 0% (0/4 phases)", [("phases", "v1.2", 0, 4), ("percent", "v1.2", 0.0)]),
        ("Progress: [████] Phase 10.1 — 4/4 plans complete", [("plans", "10.1", 4, 4)]),
        ("Progress: 65/65 tests green", []),
        ("Progress: 8 of 13 plans", [("plans", 8, 13)]),
        ("████████░░ (8/10 plans complete - 80%)", [("plans", 8, 10), ("percent", 80.0)]),
        ("Progress: Milestone v0.1 complete", [("milestone status", "done")]),
        ("Progress: 50% (v1.1)", [("percent", "v1.1", 50.0)]),
        ("Progress: 3/5 plans — v1.0 shipped", [("plans", 3, 5)]),
        ("Progress: v1.0 complete, v1.1: 3/5 plans", [("plans", "v1.1", 3, 5)]),
        ("Progress: v1.0 100%, v1.1 40%", [("percent", "v1.0", 100.0), ("percent", "v1.1", 40.0)]),
        ("Progress: v1.0–v1.2 36/36 plans", []),
        ("Progress: Phase 3: 2/5 phases complete", [("phases", 2, 5)]),
        ("Phase 2: Lens — COMPLETE (2026-05-11)", [("phase status", "2", "done")]),
        (
            "**Phase 2 — Lens** | COMPLETA (4/4 plans) | Next: Phase 3",
            [("phase status", "2", "done"), ("plans", "2", 4, 4)],
        ),
        ("**Phase 1:** Complete 2026-06-03", [("phase status", "1", "done")]),
        ("**Total Phases:** 8", [("phases", 8)]),
        ("Phase: 228 (5 of 6 in v27.1) (Signals)", [("position", "228")]),
        ("Phase: Phase 20 (Fog) - Plan 20-01 Completed. Ready for Plan 20-02.", [("position", "20")]),
        ("Phase / Faz: 3 of 5 (Fog horn)", [("position", "3", 5)]),
        ("Progress / İlerleme: [████████░░] 83%", [("percent", 83.0)]),
        ("Progress: [##############__] 87% (14/16 plans)", [("plans", 14, 16), ("percent", 87.0)]),
        ("Plan: 03-01 complete", [("plan position", "3", "done", 1)]),
        ("Plan: - of - (not yet planned)", []),
        ("**Plans Complete:** 4/7", [("plans", 4, 7)]),
        ("**Phases Complete:** 0", [("phases", 0)]),
        (
            "- **Overall progress:** 5 / 6 phases done (83%) — 47 / 49 tasks (96%)",
            [("phases", 5, 6), ("percent", 83.0)],
        ),
    ],
)
def test_lines_of_a_position(lines: str, expected: list[tuple[object, ...]]) -> None:
    found = document(f"# State\n\n## Current Position\n\n{lines}\n")
    assert [said(claim) for claim in found.claims if claim.decisive] == expected


def test_fields_of_the_newer_tool() -> None:
    body = "# S\n\n## Current Position\n\n**Current Phase:** 2\n**Total Phases:** 8\n**Current Plan:** 4\n**Total Plans in Phase:** 5\n**Status:** Ready to execute\n"
    assert [said(c) for c in document(body).claims] == [
        ("position", "2"),
        ("phases", 8),
        ("plan position", "2", 4),
        ("plans", "2", 5),
        ("phase status", "2", "open"),
    ]


def test_metrics_do_not_decide_and_know_their_milestone() -> None:
    body = "# S\n\n## Performance Metrics\n\n**v1.0 Velocity:**\n- Total plans completed: 13\n\n**v2.0 Velocity:**\n- Total plans completed: 9\n"
    claims = document(body).claims
    assert [said(c) for c in claims] == [("plans", "v1.0", 13), ("plans", "v2.0", 9)]
    assert not any(claim.decisive for claim in claims)


def test_rows_that_the_tool_appends_are_no_phases() -> None:
    body = "# S\n\n## Performance Metrics\n\n| Phase | Plans | Total | Avg/Plan |\n|---|---|---|---|\n| 1 | 3/3 | - | - |\n| Phase 01-lamp P02 | 5min | 2 tasks | 3 files |\n"
    assert [said(c) for c in document(body).claims] == [("plans", "1", 3, 3)]


def test_tables_of_plans() -> None:
    body = "# S\n\n## Phase 1 Plans\n\n| Plan | Wave | Status |\n|---|---|---|\n| 01-01 | 1 | Complete |\n| 01-02 | 2 | Pending |\n"
    assert [said(c) for c in document(body).claims] == [
        ("plan status", "1-1", "done"),
        ("plan status", "1-2", "open"),
    ]


def test_counts_of_other_things_are_no_plans() -> None:
    body = (
        "# S\n\n| Phase | Status | Progress |\n|---|---|---|\n| Phase 1: Lamp | 🟢 Complete | 5/5 scripts |\n"
        "| Phase 2: Lens | 🟡 In progress | 2/4 plans complete |\n| Phase 3: Horn | ⚪ Not started | 0/3 |\n"
    )
    assert [said(c) for c in document(body).claims if c.kind != "phase status"] == [
        ("plans", "2", 2, 4),
        ("plans", "3", 0, 3),
    ]


def test_a_table_of_fields_is_read_as_fields() -> None:
    body = "# S\n\n## Current Phase\n\n| Field | Value |\n|---|---|\n| Phase | 3 — Live |\n| Status | Planned |\n"
    assert [said(c) for c in document(body).claims] == [("position", "3"), ("phase status", "3", "open")]


def test_plans_that_are_only_written_are_not_called_done() -> None:
    body = "# S\n\n## Progress\n\n| Phase | Status | Plans | Progress |\n|---|---|---|---|\n| 3 | ◉ | 5/5 | 0% |\n| 4 | Planned | 2/2 | |\n"
    plans = [c for c in document(body).claims if c.kind == "plans"]
    assert [(c.scope, c.done, c.total) for c in plans] == [("3", None, 5), ("4", None, 2)]


@pytest.mark.parametrize(
    "line", ["Phase: somewhere near 3", "Plan: REQ-06 done (2 of 5)", "Odd field: 40% there"]
)
def test_data_that_is_not_understood_is_listed(line: str) -> None:
    found = document(f"# S\n\n## Current Position\n\n{line}\n")
    assert [(u.line, u.text) for u in found.unread] == [(5, line.replace("Phase:", "phase:"))]


def test_invalid_front_matter_is_still_read() -> None:
    found = document(
        "---\nstatus: executing\nlast_activity: done: 5%\nprogress:\n  [███] 94%\n  total_plans: 9\n  completed_plans: 3\n---\n# S\n"
    )
    assert [said(c) for c in found.claims] == [("plans", 3, 9), ("status", "active")]
    assert [p.kind for p in found.problems] == ["yaml"]


def test_places_count_from_the_top_of_the_file() -> None:
    found = document("---\na: b\n---\n# S\n\n## Current Position\n\nPhase: 2 of 5 (Lens)\n")
    assert [(c.line, c.column) for c in found.claims] == [(8, 8)]


def test_cited_commits_are_found() -> None:
    found = document(
        "# S\n\n### Quick Tasks\n\n| # | Commit |\n|---|---|\n| 1 | d789170 |\n\nDone in commit `abc1234` and commit deadbee.\nA word defaced in prose.\n"
    )
    assert [hash_ for hash_, _line, _column in found.commits] == ["d789170", "abc1234", "deadbee"]


def test_damaged_symbols_are_read_and_named() -> None:
    whole = "# S\n\n## Current Position\n\nProgress: [█████░░░░░] 50%\nStatus: ✅ done\n"
    damaged = "".join(bytes((byte,)).decode("cp1252", "ignore") for byte in whole.encode()).encode()
    found = state.read(decode(damaged), "STATE.md")
    assert [said(claim) for claim in found.claims][:1] == [("percent", 50.0)]
    (damage,) = found.problems
    assert (damage.kind, damage.file, damage.line, damage.column) == ("damaged-symbols", "STATE.md", 5, 12)
    assert "11 symbols are damaged, the first was █" in damage.message
    assert document(whole).problems == ()
