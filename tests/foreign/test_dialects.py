"""The same project in many ways of writing it down becomes the same plans, and an import settles."""

from __future__ import annotations

import pytest

from tests.audit import dialects
from tests.audit.test_dialects import named
from tests.project import SampleProject

WAYS = [
    *dialects.ways(files=dialects.LAYOUTS),
    *dialects.ways(language=("de", "ru", "zh"), roadmap=("table", "headings"), state=("bold",)),
    *dialects.ways(encoding=("crlf", "utf-16"), roadmap=("folded",), state=("sections",)),
]
COUNTS = {phase.number: (phase.done, phase.plans) for phase in dialects.PHASES}


@pytest.mark.parametrize("way", WAYS, ids=named)
def test_it_is_shown_and_imported(project: SampleProject, way: dict[str, str]) -> None:
    project.write(dialects.project(way))
    project.commit()
    before = project.snapshot
    assert {phase.number: (phase.done, phase.total) for phase in before.phases} == COUNTS
    assert before.current_phase == dialects.CURRENT.number
    assert project.run("import").code == 0
    after = project.snapshot
    assert after.faults == ()
    assert {phase.number: (phase.done, phase.total) for phase in after.phases} == COUNTS
    assert [phase.number for phase in after.phases] == list(COUNTS)
    assert after.current_phase == dialects.CURRENT.number
    assert project.run("state", "--check").code == 0
    assert "Nothing to import" in project.run("import").out
