"""Appending to literals: the lists, tuples, sets and dicts that modules and classes assign."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from tracker.api.python_text import Positions, Span, inserted
from tracker.errors import EditFailed

if TYPE_CHECKING:
    import libcst as cst


def append_to(module: cst.Module, target: str, item: str, *, before: str = "", after: str = "") -> cst.Module:
    """The module with the item in the literal assigned to ``target``, at its end or beside an element."""
    import libcst as cst

    literal = _literal(assigned(module, target), target)
    positions = Positions(module)
    spans = [positions.span(element) for element in literal.elements]
    codes = [positions.text[span.start : span.end] for span in spans]
    item = item.strip().rstrip(",")
    is_dict = isinstance(literal, cst.Dict)
    new = _parsed(item, is_dict=is_dict)
    old = [_parsed(code, is_dict=is_dict) for code in codes]
    if new in old:
        return module
    if is_dict and new[0] != "**" and new[0] in [key for key, _ in old]:
        raise EditFailed(f"{target} has the key {new[0]} with another value", hint="set_default replaces it.")
    place = len(spans)
    if before or after:
        found = [number for number, code in enumerate(codes) if code.startswith(before or after)]
        if len(found) != 1:
            raise EditFailed(
                f"{target} has {len(found)} elements that start with {before or after!r}, not one"
            )
        place = found[0] + (1 if after else 0)
    if isinstance(literal, cst.Tuple) and not spans:
        item += ","
    whole = positions.span(literal)
    if isinstance(literal, cst.Tuple):
        # A tuple's own place is without its brackets, where it has any.
        start = positions.span(literal.lpar[0]).start if literal.lpar else whole.start - 1
        end = positions.span(literal.rpar[-1]).end if literal.rpar else whole.end
        whole = Span(start, end)
    text = inserted(positions.text, whole, spans, place, item)
    return cst.parse_module(text, config=module.config_for_parsing)


def assigned(module: cst.Module, target: str) -> cst.BaseExpression:
    """The value assigned to ``NAME`` or ``Class.attribute``. Raises EditFailed unless it is assigned once."""
    import libcst as cst

    owner, _, name = target.rpartition(".")
    body: Any = module.body
    if owner:
        classes = [node for node in body if isinstance(node, cst.ClassDef) and node.name.value == owner]
        if len(classes) != 1:
            raise EditFailed(f"there are {len(classes)} classes {owner}, not one")
        body = classes[0].body.body
    values: list[cst.BaseExpression] = []
    for line in body:
        for item in line.body if isinstance(line, cst.SimpleStatementLine) else ():
            if isinstance(item, cst.Assign):
                names = [module.code_for_node(part.target) for part in item.targets]
            elif isinstance(item, cst.AnnAssign):
                names = [module.code_for_node(item.target)]
            else:
                continue
            if name in names and item.value is not None:
                values.append(item.value)
    if len(values) != 1:
        raise EditFailed(f"{target} is assigned {len(values)} times at that level, not once")
    return values[0]


def _literal(value: cst.BaseExpression, target: str) -> Any:
    import libcst as cst

    if isinstance(value, cst.Call) and len(value.args) == 1 and not value.args[0].keyword:
        # frozenset({...}), tuple([...])
        value = value.args[0].value
    if not isinstance(value, (cst.List, cst.Tuple, cst.Set, cst.Dict)):
        raise EditFailed(f"{target} is not a list, tuple, set or dict literal")
    return value


def _parsed(item: str, *, is_dict: bool) -> tuple[str, str]:
    """The element in a form that quotes, spaces and line breaks do not change: (key or nothing, value)."""
    try:
        tree = ast.parse(f"{{{item}\n}}" if is_dict else f"[{item}\n]", mode="eval").body
    except SyntaxError:
        raise EditFailed(f"not an element of such a literal: {item!r}") from None
    if isinstance(tree, ast.Dict) and len(tree.values) == 1:
        key = tree.keys[0]
        return (ast.unparse(key) if key else "**", ast.unparse(tree.values[0]))
    if isinstance(tree, ast.List) and len(tree.elts) == 1:
        return ("", ast.unparse(tree.elts[0]))
    raise EditFailed(f"not one element: {item!r}")
