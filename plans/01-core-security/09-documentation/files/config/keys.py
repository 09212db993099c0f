"""Every key of the configuration as the schema has it: its path, what it takes, its default."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from gateway.config.schema import CONFIG
from gateway.protocol.schema.types import Flag, Integer, Many, Number, Record, Shape, Table, Text, join

ANY_NAME = "<name>"


@dataclass(frozen=True)
class Key:
    """A key; `<name>` in its path stands for a name of the operator's choice."""

    path: str
    takes: str
    default: Any
    secret: bool

    def shown(self) -> dict[str, Any]:
        """Return the key as it is printed."""
        return asdict(self)


def every_key(shape: Shape = CONFIG, path: str = "") -> Iterator[Key]:
    """Yield every key that takes a value, in the order of the schema."""
    if isinstance(shape, Record):
        for name, inner in shape.fields.items():
            yield from every_key(inner, join(path, name))
        if shape.rest is not None:
            yield from every_key(shape.rest, path)
    elif isinstance(shape, Table) and isinstance(shape.value, Record):
        yield from every_key(shape.value, join(path, ANY_NAME))
    else:
        yield Key(path, _takes(shape), shape.default, isinstance(shape, Text) and shape.secret)


def _takes(shape: Shape) -> str:
    """Say in a few words which values a shape accepts."""
    if isinstance(shape, Text):
        return " or ".join(shape.one_of) if shape.one_of else "a string"
    if isinstance(shape, Integer):
        return f"an integer from {shape.min} to {shape.max}"
    if isinstance(shape, Many):
        return f"a list, each item {_takes(shape.item)}"
    if isinstance(shape, Table):
        return f"an object, each value {_takes(shape.value)}"
    if isinstance(shape, Number):
        return "a number"
    return "true or false" if isinstance(shape, Flag) else "false"
