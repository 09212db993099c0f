"""Front matter, whole and broken."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tracker.audit import frontmatter


def test_values_are_text() -> None:
    front = frontmatter.read("---\nplan: 08\nphase: 02\nflag: yes\nday: 2026-01-02\n---\nbody\n", "p")
    assert front.data == {"plan": "08", "phase": "02", "flag": "yes", "day": "2026-01-02"}
    assert (front.body_line, front.blocks, front.problems) == (7, 1, ())


def test_the_first_of_stacked_blocks_is_the_newest() -> None:
    text = "---\nstatus: new\n---\n\n---\nstatus: old\nprogress:\n  [██] 94%\n---\n\n# Title\n"
    front = frontmatter.read(text, "p")
    assert front.text("status") == "new"
    assert front.blocks == 2
    assert text.split("\n")[front.body_line - 1 :][1] == "# Title"
    assert {problem.kind for problem in front.problems} == {"stacked-front-matter", "yaml"}


def test_a_rule_in_the_body_opens_no_block() -> None:
    front = frontmatter.read("---\na: b\n---\n\n---\n\nJust prose.\n\n---\n", "p")
    assert front.blocks == 1


@pytest.mark.parametrize(
    ("yaml_lines", "line", "column", "words"),
    [
        ("plan: 1\ndepends_on: [a, b\nwave: 1", 3, 13, "bracket"),
        ("plan: 1\n\twave: 1", 3, 1, "tab"),
        ("stopped_at: Phase 2: done\nplan: 1", 2, 20, "mapping values"),
    ],
)
def test_faults_have_a_place_and_the_rest_is_read(
    yaml_lines: str, line: int, column: int, words: str
) -> None:
    front = frontmatter.read(f"---\n{yaml_lines}\n---\n", "01-01-PLAN.md")
    (problem,) = front.problems
    assert (problem.file, problem.line, problem.column) == ("01-01-PLAN.md", line, column)
    assert words in problem.message
    assert problem.hint
    assert front.text("plan") == "1"


def test_an_unclosed_block_is_named_and_read() -> None:
    front = frontmatter.read("---\nplan: 3\n\n# Title\n", "p")
    assert front.text("plan") == "3"
    assert "never closed" in front.problems[0].message


def test_places_of_nested_keys() -> None:
    front = frontmatter.read("---\na: 1\nprogress:\n  percent: 50\n---\n", "p")
    assert front.place("progress", "percent") == (4, 12)


_SCALARS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=12)


@given(st.lists(st.tuples(st.from_regex(r"[a-z][a-z_-]{0,6}", fullmatch=True), _SCALARS), max_size=5))
def test_the_fast_path_reads_what_yaml_reads(pairs: list[tuple[str, str]]) -> None:
    lines = [f"{key}: {value}" for key, value in pairs]
    fast = frontmatter._simple(lines)
    if fast is not None:
        full: Any = yaml.load("\n".join(lines), Loader=yaml.BaseLoader)  # noqa: S506
        assert fast == (full or {})


@given(st.text(max_size=200))
def test_anything_is_read(text: str) -> None:
    front = frontmatter.read("---\n" + text, "p")
    assert front.body_line >= 1
