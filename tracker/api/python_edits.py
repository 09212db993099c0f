"""Edits of Python by syntax, on LibCST: formatting and comments stay as they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tracker.errors import EditFailed

if TYPE_CHECKING:
    import libcst as cst


def transformed(text: str, transform: Any) -> str:
    """The text after the transformation of its module. Raises EditFailed where it is not Python."""
    import libcst as cst

    try:
        module = cst.parse_module(text)
    except cst.ParserSyntaxError as error:
        raise EditFailed(f"not valid Python at line {error.raw_line}: {error.message}") from None
    result: cst.Module = transform(module)
    return result.code


def add_import(module: cst.Module, statement: str) -> cst.Module:
    """The module with the import, unless it has it."""
    import libcst as cst

    new = cst.parse_statement(statement + "\n", config=module.config_for_parsing)
    small = new.body[0] if isinstance(new, cst.SimpleStatementLine) else None
    if not isinstance(small, (cst.Import, cst.ImportFrom)):
        raise EditFailed(f"not an import statement: {statement!r}")
    last = -1
    body = list(module.body)
    for number, line in enumerate(body):
        if not isinstance(line, cst.SimpleStatementLine):
            continue
        if (
            number == 0
            and isinstance(line.body[0], cst.Expr)
            and isinstance(line.body[0].value, cst.SimpleString)
        ):
            last = 0
        for position, item in enumerate(line.body):
            if not isinstance(item, (cst.Import, cst.ImportFrom)):
                continue
            last = number
            if item.deep_equals(small) or _names(module, small) <= _names(module, item):
                return module
            if (
                isinstance(item, cst.ImportFrom)
                and isinstance(small, cst.ImportFrom)
                and _source(module, item) == _source(module, small)
                and not isinstance(item.names, cst.ImportStar)
                and not isinstance(small.names, cst.ImportStar)
            ):
                joined = _joined(module, item, small)
                body[number] = line.with_changes(
                    body=[*line.body[:position], joined, *line.body[position + 1 :]]
                )
                return module.with_changes(body=body)
    body.insert(last + 1, new)
    return module.with_changes(body=body)


def _source(module: cst.Module, node: cst.ImportFrom) -> str:
    return "." * len(node.relative) + (module.code_for_node(node.module) if node.module else "")


def _names(module: cst.Module, node: cst.Import | cst.ImportFrom) -> set[tuple[str, str]]:
    import libcst as cst

    source = _source(module, node) if isinstance(node, cst.ImportFrom) else ""
    if isinstance(node.names, cst.ImportStar):
        return {(source, "*")}
    return {
        (source, module.code_for_node(alias.with_changes(comma=cst.MaybeSentinel.DEFAULT)))
        for alias in node.names
    }


def _joined(module: cst.Module, old: cst.ImportFrom, new: cst.ImportFrom) -> cst.ImportFrom:
    import libcst as cst

    have = _names(module, old)
    names = list(old.names) if not isinstance(old.names, cst.ImportStar) else []
    for alias in new.names if not isinstance(new.names, cst.ImportStar) else []:
        plain = alias.with_changes(comma=cst.MaybeSentinel.DEFAULT)
        if (_source(module, new), module.code_for_node(plain)) in have:
            continue
        comma = names[-1].comma
        between = (
            comma if isinstance(comma, cst.Comma) else cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
        )
        if len(names) > 1 and isinstance(names[-2].comma, cst.Comma) and names[-2].comma is not comma:
            tail, between = names[-1].comma, names[-2].comma
        else:
            tail = comma
        names[-1] = names[-1].with_changes(comma=between)
        names.append(plain.with_changes(comma=tail))
    return old.with_changes(names=names)


def append_to(module: cst.Module, target: str, item: str, *, before: str = "", after: str = "") -> cst.Module:
    """The module with the item in the literal assigned to ``target``."""
    import libcst as cst

    def change(value: cst.BaseExpression) -> cst.BaseExpression:
        if not isinstance(value, (cst.List, cst.Tuple, cst.Set, cst.Dict)):
            raise EditFailed(f"{target} is not a list, tuple, set or dict literal")
        elements: list[Any] = list(value.elements)
        codes = [_element_code(module, element) for element in elements]
        new = _element(module, value, item)
        if _element_code(module, new) in codes:
            return value
        place = len(elements)
        anchor = before or after
        if anchor:
            found = [number for number, code in enumerate(codes) if code.startswith(anchor)]
            if len(found) != 1:
                raise EditFailed(f"{target} has {len(found)} elements that start with {anchor!r}, not one")
            place = found[0] + (1 if after else 0)
        return value.with_changes(elements=_spliced(elements, place, new))

    return _with_value(module, target, change)


def _element(module: cst.Module, value: cst.BaseExpression, item: str) -> Any:
    import libcst as cst

    try:
        if isinstance(value, cst.Dict):
            parsed = cst.parse_expression("{" + item + "}", config=module.config_for_parsing)
        else:
            parsed = cst.parse_expression("[" + item + "]", config=module.config_for_parsing)
    except cst.ParserSyntaxError:
        raise EditFailed(f"not an element of such a literal: {item!r}") from None
    if not isinstance(parsed, (cst.Dict, cst.List)) or len(parsed.elements) != 1:
        raise EditFailed(f"not one element: {item!r}")
    return parsed.elements[0]


def _element_code(module: cst.Module, element: Any) -> str:
    import libcst as cst

    return module.code_for_node(element.with_changes(comma=cst.MaybeSentinel.DEFAULT)).strip()


def _spliced(elements: Sequence[Any], place: int, new: Any) -> list[Any]:
    """The elements with the new one in place, commas and line breaks as its neighbours have them."""
    import libcst as cst

    result = list(elements)
    if not result:
        return [new]
    between: Any = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
    if len(result) > 1 and isinstance(result[0].comma, cst.Comma):
        between = result[0].comma
    elif isinstance(result[-1].comma, cst.Comma):
        last = result[-1].comma.whitespace_after
        if isinstance(last, cst.ParenthesizedWhitespace):
            between = result[-1].comma
    if place == len(result):
        tail = result[-1].comma
        if isinstance(between.whitespace_after, cst.ParenthesizedWhitespace) and between is tail:
            indented = between.whitespace_after.with_changes(last_line=cst.SimpleWhitespace("    "))
            between = between.with_changes(whitespace_after=indented)
        result[-1] = result[-1].with_changes(comma=between)
        return [*result, new.with_changes(comma=tail)]
    result.insert(place, new.with_changes(comma=between))
    return result


def set_default(module: cst.Module, target: str, value: str) -> cst.Module:
    """The module with another default at ``target``."""
    import libcst as cst

    new = cst.parse_expression(value, config=module.config_for_parsing)
    if ":" in target:
        return _with_parameter(module, target, new)
    name, _, key = target.partition("[")
    if not key:
        return _with_value(module, name, lambda old: old if old.deep_equals(new) else new)
    key = key.rstrip("]").strip("'\"")

    def change(old: cst.BaseExpression) -> cst.BaseExpression:
        if not isinstance(old, cst.Dict):
            raise EditFailed(f"{name} is not a dict literal")
        elements = []
        found = False
        for element in old.elements:
            code = (
                module.code_for_node(element.key).strip("'\"") if isinstance(element, cst.DictElement) else ""
            )
            if code == key:
                found = True
                elements.append(
                    element if element.value.deep_equals(new) else element.with_changes(value=new)
                )
            else:
                elements.append(element)
        if not found:
            raise EditFailed(f"{name} has no key {key!r}")
        return old.with_changes(elements=elements)

    return _with_value(module, name, change)


def _with_value(module: cst.Module, target: str, change: Any) -> cst.Module:
    import libcst as cst

    owner, _, name = target.rpartition(".")
    found = 0

    def assigned(line: Any) -> Any:
        nonlocal found
        if not isinstance(line, cst.SimpleStatementLine) or len(line.body) != 1:
            return line
        item = line.body[0]
        if isinstance(item, cst.Assign):
            names = [module.code_for_node(part.target) for part in item.targets]
        elif isinstance(item, cst.AnnAssign) and item.value is not None:
            names = [module.code_for_node(item.target)]
        else:
            return line
        if name not in names or item.value is None:
            return line
        found += 1
        return line.with_changes(body=[item.with_changes(value=change(item.value))])

    if owner:
        result = _in_class(module, owner, lambda body: [assigned(line) for line in body])
    else:
        result = module.with_changes(body=[assigned(line) for line in module.body])
    if found != 1:
        raise EditFailed(f"{target} is assigned {found} times at that level, not once")
    return result


def _in_class(module: cst.Module, name: str, change: Any) -> cst.Module:
    import libcst as cst

    body: list[Any] = []
    found = False
    for node in module.body:
        if isinstance(node, cst.ClassDef) and node.name.value == name:
            found = True
            inner = node.body.with_changes(body=change(list(node.body.body)))
            body.append(node.with_changes(body=inner))
        else:
            body.append(node)
    if not found:
        raise EditFailed(f"no class {name}")
    return module.with_changes(body=body)


def _with_function(module: cst.Module, function: str, change: Any) -> cst.Module:
    import libcst as cst

    owner, _, name = function.rpartition(".")
    found = 0

    def visit(nodes: Sequence[Any]) -> list[Any]:
        nonlocal found
        result = []
        for node in nodes:
            if isinstance(node, cst.FunctionDef) and node.name.value == name:
                found += 1
                result.append(change(node))
            else:
                result.append(node)
        return result

    new = _in_class(module, owner, visit) if owner else module.with_changes(body=visit(module.body))
    if found != 1:
        raise EditFailed(f"there are {found} functions {function}, not one")
    return new


def _with_parameter(module: cst.Module, target: str, new: cst.BaseExpression) -> cst.Module:
    function, _, name = target.partition(":")
    found = False

    def change(node: cst.FunctionDef) -> cst.FunctionDef:
        nonlocal found
        parameters = node.params
        for group in ("params", "kwonly_params", "posonly_params"):
            members = list(getattr(parameters, group))
            for number, parameter in enumerate(members):
                if parameter.name.value == name:
                    found = True
                    if parameter.default is None:
                        raise EditFailed(f"{target} has no default")
                    members[number] = parameter.with_changes(default=new)
                    return node.with_changes(params=parameters.with_changes(**{group: members}))
        return node

    result = _with_function(module, function, change)
    if not found:
        raise EditFailed(f"{function} has no parameter {name!r}")
    return result


def insert_statement(
    module: cst.Module, function: str, statement: str, *, before: str = "", after: str = ""
) -> cst.Module:
    """The module with the statement in the function's body."""
    import libcst as cst

    lines = list(cst.parse_module(statement.rstrip() + "\n", config=module.config_for_parsing).body)
    wanted = [module.code_for_node(line).strip() for line in lines]

    def change(node: cst.FunctionDef) -> cst.FunctionDef:
        body = list(node.body.body)
        codes = [module.code_for_node(line).strip() for line in body]
        if any(codes[start : start + len(wanted)] == wanted for start in range(len(codes))):
            return node
        anchor = before or after
        place = 1 if codes and codes[0].startswith(('"', "'", 'r"')) else 0
        if anchor:
            found = [number for number, code in enumerate(codes) if anchor in code]
            if not found:
                raise EditFailed(f"no statement with {anchor!r} in {function}")
            place = found[0] + (1 if after else 0)
        return node.with_changes(body=node.body.with_changes(body=[*body[:place], *lines, *body[place:]]))

    return _with_function(module, function, change)
