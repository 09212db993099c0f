"""Shapes of JSON values: strict checks with a path, defaults, and marked secrets.

The wire protocol and the configuration file are both described with them.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Change = Callable[[str, str], str]


@dataclass(frozen=True)
class Problem:
    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


def join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


TYPE_NAMES: tuple[tuple[type, str], ...] = (
    (bool, "a boolean"),
    (int, "an integer"),
    (float, "a number"),
    (str, "a string"),
    (list, "a list"),
    (dict, "an object"),
)


def name_of(value: Any) -> str:
    """Name the JSON type of `value`."""
    return next((name for kind, name in TYPE_NAMES if isinstance(value, kind)), "null")


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Any JSON value."""

    default: Any = None

    def problems(self, _value: Any, _path: str = "") -> Iterator[Problem]:
        """Yield what is wrong with the value at the path."""
        yield from ()

    def fill(self, value: Any) -> Any:
        """Return a valid value with the defaults of what is missing."""
        return self.default if value is None else value

    def map_secrets(self, value: Any, _change: Change, _path: str = "") -> Any:
        """Return the value with each secret in it changed; what has another shape stays as it is."""
        return value


@dataclass(frozen=True, kw_only=True)
class Text(Shape):
    min: int = 0
    max: int = 1_000_000
    one_of: tuple[str, ...] = ()
    pattern: str = ""
    secret: bool = False

    def problems(self, value: Any, path: str = "") -> Iterator[Problem]:
        if not isinstance(value, str):
            yield Problem(path, f"must be a string, not {name_of(value)}")
        elif self.one_of and value not in self.one_of:
            yield Problem(path, f"must be one of {', '.join(self.one_of)}, not {value[:40]!r}")
        elif not self.min <= len(value) <= self.max:
            yield Problem(path, f"must have {self.min} to {self.max} characters, not {len(value)}")
        elif self.pattern and not re.fullmatch(self.pattern, value):
            yield Problem(path, f"must match {self.pattern}")

    def map_secrets(self, value: Any, change: Change, path: str = "") -> Any:
        return change(path, value) if self.secret and value and isinstance(value, str) else value


@dataclass(frozen=True, kw_only=True)
class Integer(Shape):
    min: int = 0
    max: int = 2**53

    def problems(self, value: Any, path: str = "") -> Iterator[Problem]:
        if not isinstance(value, int) or isinstance(value, bool):
            yield Problem(path, f"must be an integer, not {name_of(value)}")
        elif not self.min <= value <= self.max:
            yield Problem(path, f"must be {self.min} to {self.max}, not {value}")


@dataclass(frozen=True, kw_only=True)
class Number(Shape):
    def problems(self, value: Any, path: str = "") -> Iterator[Problem]:
        if not isinstance(value, int | float) or isinstance(value, bool):
            yield Problem(path, f"must be a number, not {name_of(value)}")


@dataclass(frozen=True, kw_only=True)
class Flag(Shape):
    def problems(self, value: Any, path: str = "") -> Iterator[Problem]:
        if not isinstance(value, bool):
            yield Problem(path, f"must be true or false, not {name_of(value)}")


@dataclass(frozen=True, kw_only=True)
class Many(Shape):
    """A list of one shape."""

    item: Shape
    max: int = 1000

    def problems(self, value: Any, path: str = "") -> Iterator[Problem]:
        if not isinstance(value, list):
            yield Problem(path, f"must be a list, not {name_of(value)}")
        elif len(value) > self.max:
            yield Problem(path, f"must have at most {self.max} items, not {len(value)}")
        else:
            for index, item in enumerate(value):
                yield from self.item.problems(item, f"{path}[{index}]")

    def fill(self, value: Any) -> Any:
        return list(self.default or ()) if value is None else [self.item.fill(item) for item in value]


@dataclass(frozen=True, kw_only=True)
class Table(Shape):
    """An object with free keys and values of one shape."""

    value: Shape
    key: str = r".{1,200}"
    max: int = 1000

    def problems(self, value: Any, path: str = "") -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield Problem(path, f"must be an object, not {name_of(value)}")
            return
        if len(value) > self.max:
            yield Problem(path, f"must have at most {self.max} keys, not {len(value)}")
        for key, item in value.items():
            if re.fullmatch(self.key, key):
                yield from self.value.problems(item, join(path, key))
            else:
                yield Problem(join(path, key), f"the key must match {self.key}")

    def fill(self, value: Any) -> Any:
        return {key: self.value.fill(item) for key, item in (value or {}).items()}

    def map_secrets(self, value: Any, change: Change, path: str = "") -> Any:
        if not isinstance(value, dict):
            return value
        return {key: self.value.map_secrets(item, change, join(path, key)) for key, item in value.items()}


@dataclass(frozen=True, kw_only=True)
class Record(Shape):
    """An object with known keys only; `rest` gives keys that are not named a shape."""

    fields: Mapping[str, Shape] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    rest: Table | None = None

    def problems(self, value: Any, path: str = "") -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield Problem(path, f"must be an object, not {name_of(value)}")
            return
        for key in sorted(self.required - value.keys()):
            yield Problem(join(path, key), "is required")
        for key, item in value.items():
            if key in self.fields:
                yield from self.fields[key].problems(item, join(path, key))
            elif self.rest is None:
                yield Problem(join(path, key), f"unknown key; known: {', '.join(self.fields) or 'none'}")
        if self.rest is not None:
            yield from self.rest.problems(self._others(value), path)

    def _others(self, value: dict[str, Any]) -> dict[str, Any]:
        return {key: item for key, item in value.items() if key not in self.fields}

    def fill(self, value: Any) -> Any:
        value = value or {}
        filled = {key: shape.fill(value.get(key)) for key, shape in self.fields.items()}
        if self.rest is not None:
            filled |= self.rest.fill(self._others(value))
        return filled

    def map_secrets(self, value: Any, change: Change, path: str = "") -> Any:
        if not isinstance(value, dict):
            return value
        rest = self.rest.value if self.rest is not None else Shape()
        return {
            key: self.fields.get(key, rest).map_secrets(item, change, join(path, key))
            for key, item in value.items()
        }


def record(*required: str, **fields: Shape) -> Record:
    """Describe an object: the keys that must be there, and the shape of every known key."""
    return Record(fields=fields, required=frozenset(required))
