"""Damaged documents: whatever was read of them becomes definitions without a fault, and the same counts."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.audit import samples
from tests.audit.fuzz import damage
from tests.foreign.test_seed import DAMAGED, REPAIRED
from tracker.audit import read
from tracker.audit.records import StateRecords
from tracker.definitions import load
from tracker.model import events as ev
from tracker.model.fold import fold
from tracker.render.state import state_md
from tracker.service import conversion, foreign
from tracker.service.outline import outline

DOCUMENTS = [DAMAGED, REPAIRED.encode(), samples.STATE.encode(), samples.ROADMAP.encode()]


@pytest.mark.parametrize("seed", range(20))
def test_a_damaged_document_is_imported_without_a_fault(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)  # noqa: S311 - damage, not secrets
    imported = 0
    for number in range(10):
        root = tmp_path / str(number)
        root.mkdir()
        (root / rng.choice(["STATE.md", "ROADMAP.md"])).write_bytes(damage(rng.choice(DOCUMENTS), rng))
        project = read(str(root))
        assert project is not None
        phases = outline(project)
        numbered = conversion.numbered(phases)
        records = project.state.records if project.state and project.state.records else StateRecords()
        texts = conversion.project_files(
            foreign.name_of(project, root), project.goal, numbered, records, lambda _: "", "STATE.md"
        )
        for name, text in texts.items():
            place = root / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
        drafts = conversion.drafts(numbered, records, "STATE.md", "", lambda _: "")
        loaded = load(root)
        assert [str(fault) for fault in loaded.faults] == []
        events = [
            ev.Event(draft.id, f"2026-01-01T00:00:00.{at:03d}Z", "Ada", draft.kind, draft.plan, draft.data)
            for at, draft in enumerate(drafts)
        ]
        snapshot = fold(loaded.definitions, events)
        assert snapshot.total == sum(len(phase.plans) for phase in phases)
        assert snapshot.done == sum(plan.status == "done" for phase in phases for plan in phase.plans)
        assert state_md(snapshot)
        imported += snapshot.total
    assert imported
