"""Edits of Python by syntax, on LibCST: formatting and comments stay as they are."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from tracker.api.python_literals import assigned
from tracker.errors import EditFailed

if TYPE_CHECKING:
    import libcst as cst

_TARGET = re.compile(r"(?P<name>[\w.]+)(?P<keys>(?:\[[^\[\]]+\])*)\Z")


def transformed(text: str, transform: Callable[[cst.Module], cst.Module]) -> str:
    """The text after the transformation of its module. Raises EditFailed where something is not Python."""
    import libcst as cst

    mark = "\ufeff" if text.startswith("\ufeff") else ""
    try:
        module = cst.parse_module(text.removeprefix(mark))
    except cst.ParserSyntaxError as error:
        raise EditFailed(f"not valid Python at line {error.raw_line}: {error.message}") from None
    try:
        return mark + transform(module).code
    except cst.ParserSyntaxError as error:
        raise EditFailed(f"what the plan hands over is not valid Python: {error.message}") from None


def set_default(module: cst.Module, target: str, value: str) -> cst.Module:
    """The module with another default at ``target``."""
    import libcst as cst

    new = cst.parse_expression(value.strip(), config=module.config_for_parsing)
    function, colon, parameter = target.partition(":")
    if colon:
        return _with_parameter(module, function, parameter, new)
    match = _TARGET.match(target)
    if match is None:
        raise EditFailed(f"'{target}' is none of NAME, Class.attribute, NAME[key], function:parameter")
    old = assigned(module, match["name"])
    for key in re.findall(r"\[([^\[\]]+)\]", match["keys"]):
        old = _at_key(module, old, key.strip("'\""), match["name"])
    if module.code_for_node(old) == module.code_for_node(new):
        return module
    result = module.deep_replace(old, new)
    if not isinstance(result, cst.Module):
        raise EditFailed(f"{target} cannot be replaced")
    return result


def _at_key(module: cst.Module, value: cst.BaseExpression, key: str, name: str) -> cst.BaseExpression:
    import libcst as cst

    if not isinstance(value, cst.Dict):
        raise EditFailed(f"{name} is not a dict literal where '{key}' is looked up")
    for element in value.elements:
        if isinstance(element, cst.DictElement) and module.code_for_node(element.key).strip("'\"") == key:
            return element.value
    raise EditFailed(f"{name} has no key '{key}'")


def _with_function(
    module: cst.Module, function: str, change: Callable[[cst.FunctionDef], cst.FunctionDef]
) -> cst.Module:
    import libcst as cst

    owner, _, name = function.rpartition(".")
    body: Sequence[Any] = module.body
    if owner:
        body = [
            inner
            for node in module.body
            if isinstance(node, cst.ClassDef) and node.name.value == owner
            for inner in node.body.body
        ]
    found = [node for node in body if isinstance(node, cst.FunctionDef) and node.name.value == name]
    if len(found) != 1:
        raise EditFailed(f"there are {len(found)} functions {function}, not one")
    new = change(found[0])
    result = module if new is found[0] else module.deep_replace(found[0], new)
    return result if isinstance(result, cst.Module) else module


def _with_parameter(module: cst.Module, function: str, name: str, new: cst.BaseExpression) -> cst.Module:
    def change(node: cst.FunctionDef) -> cst.FunctionDef:
        parameters = node.params
        for parameter in (*parameters.posonly_params, *parameters.params, *parameters.kwonly_params):
            if parameter.name.value != name:
                continue
            if parameter.default is None:
                raise EditFailed(f"{function}:{name} has no default")
            if module.code_for_node(parameter.default) == module.code_for_node(new):
                return node
            changed = parameters.deep_replace(parameter, parameter.with_changes(default=new))
            return node.with_changes(params=changed)
        raise EditFailed(f"{function} has no parameter '{name}'")

    return _with_function(module, function, change)


def insert_statement(
    module: cst.Module, function: str, statement: str, *, before: str = "", after: str = ""
) -> cst.Module:
    """The module with the statement in the function's body, or in the innermost block that holds the anchor."""
    import libcst as cst

    parsed = cst.parse_module(statement.strip("\n").rstrip() + "\n", config=module.config_for_parsing)
    lines: list[Any] = list(parsed.body)
    if not lines:
        raise EditFailed(f"no statement to insert: {statement!r}")
    lines[0] = lines[0].with_changes(leading_lines=[*parsed.header, *lines[0].leading_lines])
    wanted = [_code(module, line) for line in lines]

    def change(node: cst.FunctionDef) -> cst.FunctionDef:
        if not isinstance(node.body, cst.IndentedBlock):
            raise EditFailed(f"{function} has its body on the line of its def; give it lines of its own")
        if any(_has(module, block, wanted) for block in _blocks(node.body)):
            return node
        block, place = _anchor(module, node.body, before or after, function)
        body: list[Any] = list(block.body)
        place += 1 if after else 0
        first = lines[0]
        if place < len(body) and not after:
            # A blank line above the anchor stays above both; its comments stay with it.
            lead = list(body[place].leading_lines)
            count = next((number for number, line in enumerate(lead) if line.comment), len(lead))
            body[place] = body[place].with_changes(leading_lines=lead[count:])
            first = first.with_changes(leading_lines=[*lead[:count], *first.leading_lines])
        new = block.with_changes(body=[*body[:place], first, *lines[1:], *body[place:]])
        changed = node.deep_replace(block, new)
        return changed if isinstance(changed, cst.FunctionDef) else node

    return _with_function(module, function, change)


def _anchor(module: cst.Module, block: Any, anchor: str, function: str) -> tuple[Any, int]:
    """The block and the place in it of the first statement that contains the anchor, innermost."""
    import libcst as cst

    if not anchor:
        first = block.body[0] if block.body else None
        is_docstring = (
            isinstance(first, cst.SimpleStatementLine)
            and isinstance(first.body[0], cst.Expr)
            and isinstance(first.body[0].value, cst.BaseString)
        )
        return block, 1 if is_docstring else 0
    for number, line in enumerate(block.body):
        if anchor not in module.code_for_node(line):
            continue
        for inner in _blocks(line):
            if any(anchor in module.code_for_node(deeper) for deeper in inner.body):
                return _anchor(module, inner, anchor, function)
        return block, number
    raise EditFailed(f"no statement with {anchor!r} in {function}")


def _blocks(node: cst.CSTNode) -> list[Any]:
    """The indented blocks at and below a node, outer before inner."""
    import libcst as cst

    found = [node] if isinstance(node, cst.IndentedBlock) else []
    for child in node.children:
        found += _blocks(child)
    return found


def _has(module: cst.Module, block: Any, wanted: list[str]) -> bool:
    codes = [_code(module, line) for line in block.body]
    return any(codes[start : start + len(wanted)] == wanted for start in range(len(codes)))


def _code(module: cst.Module, line: Any) -> str:
    """The statement without what stands above it."""
    return module.code_for_node(line.with_changes(leading_lines=[])).strip()
