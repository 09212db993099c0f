"""The format reference says what the reader reads."""

from __future__ import annotations

from pathlib import Path

from tests.definitions.conftest import Write
from tests.definitions.malformed import SOUND, A
from tracker.definitions import load, schema
from tracker.definitions.reference import reference

PAGE = Path(__file__).parents[2] / "docs" / "plan-format.md"


def test_the_page_is_fresh() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference()


def test_every_key_is_on_the_page() -> None:
    page = reference()
    tables = (schema.PROJECT, schema.PHASE, schema.PLAN, schema.CHECK, schema.COMMAND, schema.MUST_HAVE)
    missing = [key.name for table in tables for key in table if f"`{key.name}`" not in page]
    assert missing == []


def test_the_examples_of_plans_load(write: Write) -> None:
    examples = [part.split("```")[0] for part in reference().split("```markdown\n")[1:]]
    assert len(examples) == 2
    for text in examples:
        root = write(
            {**SOUND, A: text.replace("[2.01]", "[]"), "plans/01-one/PHASE.md": "---\ntitle: O\n---\n"}
        )
        assert [str(fault) for fault in load(root).faults] == []
