"""Adding imports where a sorter would put them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

from tracker.api.python_text import Positions, inserted
from tracker.errors import EditFailed

if TYPE_CHECKING:
    import libcst as cst


class _Line(NamedTuple):
    """An import of the module's head: its place in the body, section, order in it, and the node."""

    number: int
    section: tuple[int, str]
    order: tuple[bool, str]
    node: cst.Import | cst.ImportFrom


def add_import(module: cst.Module, statement: str) -> cst.Module:
    """The module with the import, unless it has it. ``from x import a`` joins a ``from x`` that is there."""
    import libcst as cst

    line = cst.parse_statement(statement.strip() + "\n", config=module.config_for_parsing)
    small = line.body[0] if isinstance(line, cst.SimpleStatementLine) and len(line.body) == 1 else None
    if not isinstance(small, (cst.Import, cst.ImportFrom)) or not isinstance(line, cst.SimpleStatementLine):
        raise EditFailed(f"not one import statement: {statement!r}")
    lines, docstring = _head(module)
    wanted = _names(module, small)
    for other in lines:
        if wanted <= _names(module, other.node):
            return module
    for other in lines:
        if (
            isinstance(small, cst.ImportFrom)
            and isinstance(other.node, cst.ImportFrom)
            and _source(module, small) == _source(module, other.node)
            and not isinstance(small.names, cst.ImportStar)
            and not isinstance(other.node.names, cst.ImportStar)
        ):
            return _joined(module, other.node, small)
    new = _Line(-1, *_rank(module, small), small)
    return _placed(module, line, new, lines, docstring)


def _head(module: cst.Module) -> tuple[list[_Line], int]:
    """The imports before the first function or class, and how many statements the docstring takes."""
    import libcst as cst

    lines: list[_Line] = []
    docstring = 0
    for number, node in enumerate(module.body):
        if isinstance(node, (cst.FunctionDef, cst.ClassDef)):
            break
        if not isinstance(node, cst.SimpleStatementLine):
            continue
        first = node.body[0]
        if number == 0 and isinstance(first, cst.Expr) and isinstance(first.value, cst.BaseString):
            docstring = 1
        lines += [
            _Line(number, *_rank(module, item), item)
            for item in node.body
            if isinstance(item, (cst.Import, cst.ImportFrom))
        ]
    return lines, docstring


def _rank(module: cst.Module, node: cst.Import | cst.ImportFrom) -> tuple[tuple[int, str], tuple[bool, str]]:
    """Section (future, standard, others by package, relative) and order in it, as isort has them."""
    import libcst as cst

    is_from = isinstance(node, cst.ImportFrom)
    source = (
        _source(module, node)
        if isinstance(node, cst.ImportFrom)
        else module.code_for_node(node.names[0].name)
    )
    package = source.split(".", 1)[0]
    if source == "__future__":
        section = (0, "")
    elif source.startswith("."):
        section = (3, "")
    else:
        section = (1, "") if package in sys.stdlib_module_names else (2, package)
    return section, (is_from, source.lower())


def _placed(
    module: cst.Module, line: cst.SimpleStatementLine, new: _Line, lines: list[_Line], docstring: int
) -> cst.Module:
    import libcst as cst

    body = list(module.body)
    blank = cst.EmptyLine(indent=False)
    same = [other for other in lines if other.section == new.section]
    after = [other for other in same if other.order > new.order]
    if after:
        place = after[0].number
        lead, kept = _blanks(body[place])
        body[place] = body[place].with_changes(leading_lines=kept)
        body.insert(place, line.with_changes(leading_lines=lead))
        return module.with_changes(body=body)
    if same:
        body.insert(same[-1].number + 1, line)
        return module.with_changes(body=body)
    earlier = [other for other in lines if other.section[0] <= new.section[0]]
    place = earlier[-1].number + 1 if earlier else docstring
    if place:
        apart = not earlier or earlier[-1].section[0] != new.section[0]
        line = line.with_changes(leading_lines=[blank] if apart else [])
    if place < len(body) and not _blanks(body[place])[0]:
        lead = list(body[place].leading_lines) if hasattr(body[place], "leading_lines") else []
        body[place] = body[place].with_changes(leading_lines=[blank, *lead])
    body.insert(place, line)
    return module.with_changes(body=body, has_trailing_newline=True)


def _blanks(node: cst.BaseStatement) -> tuple[list[cst.EmptyLine], list[cst.EmptyLine]]:
    """The blank lines above a statement, and what follows them (its comments)."""
    lines: list[cst.EmptyLine] = list(getattr(node, "leading_lines", ()))
    count = 0
    while count < len(lines) and lines[count].comment is None:
        count += 1
    return lines[:count], lines[count:]


def _source(module: cst.Module, node: cst.ImportFrom) -> str:
    return "." * len(node.relative) + (module.code_for_node(node.module) if node.module else "")


def _names(module: cst.Module, node: cst.Import | cst.ImportFrom) -> set[tuple[str, str]]:
    import libcst as cst

    source = _source(module, node) if isinstance(node, cst.ImportFrom) else ""
    if isinstance(node.names, cst.ImportStar):
        return {(source, "*")}
    return {(source, _alias(module, alias)) for alias in node.names}


def _alias(module: cst.Module, alias: cst.ImportAlias) -> str:
    import libcst as cst

    return module.code_for_node(alias.with_changes(comma=cst.MaybeSentinel.DEFAULT))


def _joined(module: cst.Module, old: cst.ImportFrom, new: cst.ImportFrom) -> cst.Module:
    """The names of ``new`` among those of ``old``; in order where those are."""
    import libcst as cst

    aliases = [] if isinstance(old.names, cst.ImportStar) else list(old.names)
    names = [_alias(module, alias) for alias in aliases]
    missing = [name for _, name in sorted(_names(module, new) - _names(module, old))]
    name = missing[0]
    place = len(names)
    if names == sorted(names, key=_by_type):
        place = len([other for other in names if _by_type(other) < _by_type(name)])
    positions = Positions(module)
    spans = [positions.span(alias) for alias in aliases]
    whole = positions.span(old)
    if old.lpar is not None:
        start = positions.text.index("(", whole.start)
        whole = whole._replace(start=start)
    else:
        whole = whole._replace(start=spans[0].start - 1, end=spans[-1].end)
    text = inserted(positions.text, whole, spans, place, name)
    changed = cst.parse_module(text, config=module.config_for_parsing)
    if not missing[1:]:
        return changed
    return add_import(changed, f"from {_source(module, new)} import {', '.join(missing[1:])}")


def _by_type(name: str) -> tuple[int, str]:
    """CONSTANTS, Classes, functions: the order of isort and ruff."""
    if name.isupper() and len(name) > 1:
        return 0, name
    return (1 if name[:1].isupper() else 2), name
