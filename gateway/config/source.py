"""From the configuration file to plain values: JSON5 and `$include`."""

import json
import re
from pathlib import Path
from typing import Any

from gateway.errors import ConfigError
from gateway.state import files

INCLUDE = "$include"
DEEPEST_INCLUDE = 10


def parse_json5(text: str, origin: str) -> Any:
    """Parse JSON5.

    Raises ConfigError with line and column.
    """
    try:
        return json.loads(text)
    except ValueError:
        pass
    import json5

    try:
        return json5.loads(text)
    except ValueError as error:
        place, what = _locate(str(error))
        raise ConfigError(f"{origin}{place}: not valid JSON5: {what}") from None
    except RecursionError:
        raise ConfigError(f"{origin}: not valid JSON5: nested too deep") from None


def _locate(message: str) -> tuple[str, str]:
    found = re.match(r"<string>:(\d+) (.*?)(?: at column (\d+))?$", message, re.DOTALL)
    if not found:
        return "", message
    line, what, column = found.groups()
    return (f":{line}:{column}" if column else f":{line}"), what


def merge(base: Any, over: Any) -> Any:
    """Merge objects deeply; anything else in `over` wins."""
    if isinstance(base, dict) and isinstance(over, dict):
        return {
            **base,
            **{key: merge(base[key], item) if key in base else item for key, item in over.items()},
        }
    return over


def apply_patch(base: Any, patch: Any) -> Any:
    """Apply a JSON merge patch (RFC 7396): null deletes a key."""
    if not isinstance(patch, dict):
        return patch
    result = dict(base) if isinstance(base, dict) else {}
    for key, item in patch.items():
        if item is None:
            result.pop(key, None)
        else:
            result[key] = apply_patch(result.get(key), item)
    return result


def read_source(path: Path) -> tuple[str | None, Any]:
    """Return the text of the file (None when there is none) and its value before includes."""
    try:
        text = files.read_text(path)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from None
    return text, ({} if text is None else parse_json5(text, str(path)))


def resolve_includes(value: Any, directory: Path, depth: int = 0) -> Any:
    """Replace every `$include` by the files it names, relative to `directory`.

    Raises ConfigError for a file that is missing, or includes nested too deep.
    """
    if isinstance(value, list):
        return [resolve_includes(item, directory, depth) for item in value]
    if not isinstance(value, dict):
        return value
    own = {key: resolve_includes(item, directory, depth) for key, item in value.items() if key != INCLUDE}
    if INCLUDE not in value:
        return own
    names = value[INCLUDE] if isinstance(value[INCLUDE], list) else [value[INCLUDE]]
    included: Any = {}
    for name in names:
        if not isinstance(name, str):
            raise ConfigError(f"{directory}: {INCLUDE} must be a file name or a list of them")
        included = merge(included, _include(directory / name, depth + 1))
    return merge(included, own)


def _include(path: Path, depth: int) -> Any:
    if depth > DEEPEST_INCLUDE:
        raise ConfigError(f"{path}: {INCLUDE} is nested deeper than {DEEPEST_INCLUDE}; is there a cycle?")
    text, value = read_source(path)
    if text is None:
        raise ConfigError(f"{path}: named by {INCLUDE}, and there is no such file")
    return resolve_includes(value, path.parent, depth)
