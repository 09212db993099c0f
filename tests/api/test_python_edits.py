"""Edits of Python by syntax: what a careful engineer would have typed, and nothing else."""

from __future__ import annotations

import ast
import tokenize
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.api.conftest import Sample
from tests.api.edits import APPENDS, DEFAULTS, IMPORTS, INSERTS, REFUSED
from tracker.api import EditFailed
from tracker.api.python_edits import insert_statement, set_default, transformed
from tracker.api.python_imports import add_import
from tracker.api.python_literals import append_to


@pytest.mark.parametrize("name", APPENDS)
def test_append_to(name: str) -> None:
    before, target, item, anchors, after = APPENDS[name]
    assert transformed(before, lambda module: append_to(module, target, item, **anchors)) == after
    assert transformed(after, lambda module: append_to(module, target, item, **anchors)) == after


@pytest.mark.parametrize("name", IMPORTS)
def test_add_import(name: str) -> None:
    before, statement, after = IMPORTS[name]
    assert transformed(before, lambda module: add_import(module, statement)) == after
    assert transformed(after, lambda module: add_import(module, statement)) == after


@pytest.mark.parametrize("name", DEFAULTS)
def test_set_default(name: str) -> None:
    before, target, value, after = DEFAULTS[name]
    assert transformed(before, lambda module: set_default(module, target, value)) == after
    assert transformed(after, lambda module: set_default(module, target, value)) == after


@pytest.mark.parametrize("name", INSERTS)
def test_insert_call(name: str) -> None:
    before, statement, anchors, after = INSERTS[name]
    assert transformed(before, lambda module: insert_statement(module, "A.f", statement, **anchors)) == after
    assert transformed(after, lambda module: insert_statement(module, "A.f", statement, **anchors)) == after


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_changed_is_said(sample: Sample, name: str) -> None:
    text, act, message = REFUSED[name]
    sample.write("app.py", text)
    with pytest.raises(EditFailed) as caught:
        act(sample.codebase())
    assert caught.value.message == message
    assert sample.text("app.py") == text


@pytest.mark.parametrize(
    ("text", "statement", "message"),
    [
        ("X = [\n", "import os", r"app\.py: not valid Python at line \d+: "),
        ("X = 1\n", "import", r"app\.py: what the plan hands over is not valid Python: "),
    ],
)
def test_what_is_not_python_is_said(sample: Sample, text: str, statement: str, message: str) -> None:
    sample.write("app.py", text)
    with pytest.raises(EditFailed, match=message):
        sample.codebase().add_import("app.py", statement, why="w")
    assert sample.text("app.py") == text


_ELEMENTS = st.lists(
    st.sampled_from(["1", '"a"', "f(1, 2)", "(3)", "[4, 5]", '"#, ]"']), max_size=4, unique=True
)
_ENDS = st.sampled_from(["", " ", "  # note, with a comma ]", "\n", "\n    # own line\n"])


@st.composite
def _lists(draw: st.DrawFn) -> str:
    """A list in any layout: spaces, line breaks and comments wherever Python takes them."""
    opening, closing = draw(st.sampled_from([("[", "]"), ("(", ")"), ("{", "}")]))
    parts = [f"NAMES = {opening}", _space(draw)]
    elements = draw(_ELEMENTS)
    if opening == "{":
        elements = [element for element in elements if "[" not in element] or ["1"]
    for number, element in enumerate(elements):
        last = number == len(elements) - 1
        comma = "," if not last or draw(st.booleans()) or (opening == "(" and len(elements) == 1) else ""
        parts += [element, _space(draw), comma, _space(draw)]
    return "".join([*parts, f"{closing}\n"])


def _space(draw: st.DrawFn) -> str:
    space = draw(_ENDS)
    return space + "\n" if "#" in space and not space.endswith("\n") else space


def _comments(text: str) -> list[str]:
    return [
        token.string
        for token in tokenize.generate_tokens(StringIO(text).readline)
        if token.type == tokenize.COMMENT
    ]


@given(text=_lists())
def test_any_layout_takes_one_more_and_keeps_all_else(text: str) -> None:
    after = transformed(text, lambda module: append_to(module, "NAMES", '"new"'))
    old, new = _assigned(text), _assigned(after)
    assert [ast.dump(element) for element in new] == [
        *(ast.dump(element) for element in old),
        ast.dump(ast.Constant("new")),
    ]
    assert _comments(after) == _comments(text)
    assert transformed(after, lambda module: append_to(module, "NAMES", "'new'")) == after


def _assigned(text: str) -> list[ast.expr]:
    statement = ast.parse(text).body[0]
    assert isinstance(statement, ast.Assign)
    assert isinstance(statement.value, (ast.List, ast.Tuple, ast.Set))
    return statement.value.elts


@given(
    lines=st.lists(
        st.sampled_from(
            [
                "import os",
                "import json as j",
                "from a import b",
                "from a.c import (\n    d,\n    e,  # why\n)",
                "from . import x",
                "from gateway.m import N, f",
                "X = 1",
                "# a comment",
                "",
                "if X:\n    import late",
            ]
        ),
        max_size=6,
    ),
    wanted=st.sampled_from(
        ["import sys", "from a import z", "from a.c import q", "from gateway.a import b", "from .y import z"]
    ),
)
def test_any_module_takes_an_import_and_keeps_all_else(lines: list[str], wanted: str) -> None:
    text = "\n".join(["X = 0", *lines]) + "\n"
    after = transformed(text, lambda module: add_import(module, wanted))
    assert _imported(after) == _imported(text) | _imported(wanted)
    assert _comments(after) == _comments(text)
    assert transformed(after, lambda module: add_import(module, wanted)) == after


def _imported(text: str) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            source = "." * node.level + (node.module or "") if isinstance(node, ast.ImportFrom) else ""
            found |= {f"{source} {alias.name} {alias.asname}" for alias in node.names}
    return found
