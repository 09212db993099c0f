"""How STATE.md marks a done plan."""

from __future__ import annotations

import pytest

from tests.model.build import check, event, plan, project
from tracker.model import events as ev
from tracker.model.fold import fold
from tracker.render.state import proof_mark


@pytest.mark.parametrize(
    ("mark", "shown"), [("✅", "✅"), ("", "⚠️ unproven (a document: STATE.md:12 says so)")]
)
def test_what_only_a_document_says_is_unproven_unless_it_is_the_documents_own_mark(
    mark: str, shown: str
) -> None:
    said = event(ev.DONE, "1.01", source="document", because="STATE.md:12 says so", mark=mark)
    state = fold(project(plan("1.01", check("A-1"))), [said], tree="t").plan("1.01")
    assert proof_mark(state) == shown
