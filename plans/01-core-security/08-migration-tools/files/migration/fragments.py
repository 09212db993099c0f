"""The configuration as its files: the main one and what it includes, each at its place."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.config import schema
from gateway.config.source import DEEPEST_INCLUDE, INCLUDE, merge, read_source
from gateway.errors import ConfigError
from gateway.paths import Paths
from gateway.protocol.schema.types import Problem, join


@dataclass
class Fragment:
    """A file of the configuration; `value` stands at the dotted path `mount`, includes not resolved."""

    path: Path
    mount: str
    text: str | None
    value: Any

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with the file by itself."""
        shape = schema.shape_at(self.mount) if self.mount else schema.CONFIG
        if shape is None:
            yield Problem(self.mount, "unknown key")
        else:
            yield from shape.problems(_without_includes(self.value), self.mount)


def read(paths: Paths) -> list[Fragment]:
    """Return the main file and every included one.

    Raises ConfigError for a file that is missing, or includes nested too deep.
    """
    text, value = read_source(paths.config)
    found = [Fragment(paths.config, "", text, value)]
    found += _included(value, paths.config.parent, "", 1)
    return found


def _included(value: Any, directory: Path, mount: str, depth: int) -> Iterator[Fragment]:
    if depth > DEEPEST_INCLUDE:
        raise ConfigError(
            f"{directory}: {INCLUDE} is nested deeper than {DEEPEST_INCLUDE}; is there a cycle?"
        )
    for path in _names(value, directory):
        text, inner = read_source(path)
        if text is None:
            raise ConfigError(f"{path}: named by {INCLUDE}, and there is no such file")
        yield Fragment(path, mount, text, inner)
        yield from _included(inner, path.parent, mount, depth + 1)
    for key, item in value.items() if isinstance(value, dict) else ():
        yield from _included(item, directory, join(mount, str(key)), depth)


def _names(value: Any, directory: Path) -> list[Path]:
    names = value.get(INCLUDE, []) if isinstance(value, dict) else []
    names = names if isinstance(names, list) else [names]
    if not all(isinstance(name, str) for name in names):
        raise ConfigError(f"{directory}: {INCLUDE} must be a file name or a list of them")
    return [(directory / name).resolve() for name in names]


def resolve(fragments: list[Fragment]) -> Any:
    """Return the configuration that the files make together."""
    by_path = {fragment.path: fragment.value for fragment in fragments}
    main = fragments[0]
    return _resolved(main.value, main.path.parent, by_path)


def _resolved(value: Any, directory: Path, by_path: dict[Path, Any]) -> Any:
    if not isinstance(value, dict):
        return value
    included: Any = {}
    for path in _names(value, directory):
        included = merge(included, _resolved(by_path[path], path.parent, by_path))
    own = {key: _resolved(item, directory, by_path) for key, item in value.items() if key != INCLUDE}
    return merge(included, own) if INCLUDE in value else own


def _without_includes(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {key: _without_includes(item) for key, item in value.items() if key != INCLUDE}
