"""The same project in every way of writing it down: counted the same, contradicted never, and caught when it lies."""

from __future__ import annotations

import pytest

from tests.audit import dialects
from tests.audit.conftest import Make

WAYS = [
    *dialects.ways(files=dialects.LAYOUTS),
    *dialects.ways(roadmap=dialects.ROADMAPS, state=("position", "rows")),
    *dialects.ways(state=dialects.STATES, roadmap=("template", "folded")),
    *dialects.ways(
        language=dialects.LANGUAGES, state=("bold", "list of phases", "sections"), roadmap=("table",)
    ),
    *dialects.ways(language=dialects.LANGUAGES, state=("executing",), roadmap=("headings", "wide table")),
    *dialects.ways(encoding=dialects.ENCODINGS, language=("en", "ru", "zh"), state=("position",)),
]
TRUE = {
    "phases_total": len(dialects.PHASES),
    "phases_complete": dialects.COMPLETE,
    "plans_total": dialects.TOTAL,
    "plans_with_summary": dialects.DONE,
}


def named(way: dict[str, str]) -> str:
    return ", ".join(way.values())


@pytest.mark.parametrize("way", WAYS, ids=named)
def test_what_is_true_is_counted_and_not_contradicted(make: Make, way: dict[str, str]) -> None:
    report = make(dialects.project(way))
    assert {name: report.counts[name] for name in TRUE} == TRUE
    assert (report.verdict, report.reason) == ("consistent", "nothing in it is contradicted")
    assert [claim for claim in report.claims if claim.verdict == "contradicted"] == []
    assert report.unread == ()
    assert report.exit_code == 0


@pytest.mark.parametrize("way", WAYS, ids=named)
def test_two_plans_more_than_true_are_contradicted(make: Make, way: dict[str, str]) -> None:
    report = make(dialects.project(way, done=dialects.DONE + 2))
    assert report.verdict in ("contradicted", "self-contradictory"), report.claims
    assert report.exit_code == 1
