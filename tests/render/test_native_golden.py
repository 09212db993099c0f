"""STATE.md of a native project, byte for byte: every section, every kind of status and event."""

from __future__ import annotations

from pathlib import Path

from tracker.model import events as ev
from tracker.model.definitions import Check, Definitions, MustHave, Phase, Plan, Project
from tracker.model.fold import fold
from tracker.render.state import notes_of, state_md

GOLDEN = Path(__file__).parent / "golden" / "native.md"
TREE = "a" * 40

CHECKS = {
    "1.01": Check("AUTH-01", "Tokens end", "1.01", "Auth", 30, critical=True),
    "1.02": Check("FILE-01", "Files are private", "1.02", "Files", 20),
    "2.01": Check("RATE-01", "Guessing is slowed", "2.01", "Auth", 10),
    "2.02": Check("LOG-01", "Commands are logged", "2.02", "Files", 5, kind="stretch"),
}
TITLES = {
    "1.01": "Authentication",
    "1.02": "File Permissions",
    "2.01": "Rate Limits",
    "2.02": "Command Log",
    "2.03": "Sessions",
    "2.04": "Network | TLS",
    "2.05": "Monitoring",
    "2.06": "Reports",
}


def _plan(ref: str) -> Plan:
    phase, _, number = ref.partition(".")
    return Plan(
        ref,
        phase,
        int(number),
        TITLES[ref].split()[0].lower(),
        TITLES[ref],
        f"plans/{ref}",
        summary="in few words" if int(number) > 2 else "",
        highlights=("One sentence",) if ref == "2.02" else (),
        checks=(CHECKS[ref],) if ref in CHECKS else (),
    )


DEFINITIONS = Definitions(
    Project(
        "Harbour",
        "A safe harbour",
        codebase="app",
        target=90,
        of=100,
        checks=(
            Check("BASE-01", "It starts", "baseline", "Core", 35),
            Check(
                "RES-01", "(open) The host is trusted", "baseline", "Core", 5, kind="residual", closes="TPM"
            ),
        ),
    ),
    (
        Phase("1", "core", "Core", "plans/01-core", plans=(_plan("1.01"), _plan("1.02"))),
        Phase(
            "2",
            "more",
            "More",
            "plans/02-more",
            goal="Guessing gets nobody in.",
            must_haves=(MustHave("Guessing is slowed", ("RATE-01",)), MustHave("Reports exist")),
            closing_steps=("Run the audit",),
            plans=tuple(_plan(f"2.{number:02d}") for number in range(1, 7)),
        ),
    ),
)


def _event(number: int, day: str, kind: str, plan: str | None = None, **data: object) -> ev.Event:
    return ev.Event(f"{number:04d}", f"2026-03-{day}T10:00:00.{number:03d}Z", "Ada", kind, plan, dict(data))


JOURNAL = [
    _event(
        1,
        "01",
        ev.LANDED,
        "1.01",
        run="r1",
        digest="d",
        tree=TREE,
        checks={"AUTH-01": "passed"},
        changes=[{"path": "app/auth.py", "why": "Tokens end", "kind": "added"}],
    ),
    _event(2, "01", ev.LANDED, "1.02", run="r1", digest="d", tree=TREE, checks={"FILE-01": "passed"}),
    _event(3, "02", ev.LANDED, "2.01", run="r2", digest="d", tree=TREE, checks={"RATE-01": "passed"}),
    _event(4, "02", ev.NOTE, "2.01", text="watch the load"),
    _event(
        5, "02", ev.VERIFIED, tree=TREE, checks={"BASE-01": "passed", "RES-01": "open", "RATE-01": "failed"}
    ),
    _event(6, "03", ev.DONE, "2.02", because="seen on screen", source="word"),
    _event(7, "03", ev.STARTED, "2.03"),
    _event(8, "03", ev.DEFERRED, "2.04", reason="no certificate yet"),
    _event(9, "03", ev.NOTE, text="the week is short"),
    _event(10, "03", ev.DONE, "2.06", because="STATE.md:3", source="document", mark="☑️"),
]
NOTES = "<!-- notes -->\nAsk Grace.\n<!-- /notes -->\n"


def test_the_text_is_the_golden_one() -> None:
    assert state_md(fold(DEFINITIONS, JOURNAL, tree=TREE), notes=NOTES) == GOLDEN.read_text("utf-8")


def test_the_notes_are_found_again() -> None:
    assert notes_of(GOLDEN.read_text("utf-8")) == NOTES


def test_the_order_of_the_lines_in_the_journal_is_nothing() -> None:
    assert fold(DEFINITIONS, JOURNAL[::-1], tree=TREE) == fold(DEFINITIONS, JOURNAL, tree=TREE)


def test_files_are_those_of_one_phase() -> None:
    """Plan 01 of the one phase is not taken for Plan 01 of the other."""
    changes = [{"path": "app/limits.py", "why": "Guessing is slowed", "kind": "added"}]
    more = _event(11, "04", ev.LANDED, "2.05", run="r3", digest="d", tree=TREE, checks={}, changes=changes)
    text = state_md(fold(DEFINITIONS, [*JOURNAL, more], tree=TREE))
    assert "### Files Modified (Plan 05)\n- `app/limits.py` - Guessing is slowed\n" in text
    assert text.count("### Files Modified") == 1


def test_a_done_plan_names_what_was_put_off() -> None:
    later = _event(11, "04", ev.DEFERRED, "2.02", check="LOG-01", reason="forensics")
    text = state_md(fold(DEFINITIONS, [*JOURNAL, later], tree=TREE))
    assert "   - One sentence\n   - LOG-01 deferred (forensics): Commands are logged\n" in text
