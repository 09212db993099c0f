"""The configuration in force: read, checked, filled with defaults, patched."""

import hashlib
import json
from pathlib import Path
from typing import Any

from gateway.config import schema, source
from gateway.errors import ConfigError
from gateway.protocol.schema.types import Problem
from gateway.state import files, secrets

BACKUPS = 5
NOTHING = "{}"


def digest(text: str | None) -> str:
    return hashlib.sha256((text or NOTHING).encode()).hexdigest()


def check(value: Any) -> list[Problem]:
    """Return everything that is wrong with a configuration value."""
    return list(schema.CONFIG.problems(value))


class Config:
    """A valid configuration; keys are read by dotted path."""

    def __init__(self, path: Path, text: str | None, given: Any) -> None:
        self.path = path
        self.text = text
        self.given = given
        self.values: dict[str, Any] = schema.CONFIG.fill(given)

    @classmethod
    def load(cls, path: Path) -> "Config":
        """Read the file; a missing one is an empty configuration.

        Raises ConfigError naming every fault.
        """
        text, value = source.read_source(path)
        return cls._from_stored(path, text, value)

    @classmethod
    def _from_stored(cls, path: Path, text: str | None, stored: Any) -> "Config":
        resolved = source.resolve_includes(stored, path.parent)
        given = schema.CONFIG.map_secrets(resolved, secrets.unseal)
        problems = check(given)
        if problems:
            lines = "; ".join(str(problem) for problem in problems)
            raise ConfigError(f"{path}: {lines}", hint="`config validate` checks the file without a start")
        return cls(path, text, given)

    @property
    def hash(self) -> str:
        return digest(self.text)

    def get(self, path: str) -> Any:
        """Return the value at a dotted path, None when it is not there."""
        value: Any = self.values
        for key in path.split("."):
            if not isinstance(value, dict):
                return None
            value = value.get(key)
        return value

    def text_at(self, path: str) -> str:
        return str(self.get(path) or "")

    def number_at(self, path: str) -> int:
        return int(self.get(path) or 0)

    def flag_at(self, path: str) -> bool:
        return bool(self.get(path))

    def list_at(self, path: str) -> list[str]:
        return list(self.get(path) or ())

    def seconds_at(self, path: str) -> float:
        return self.number_at(path) / 1000

    def limit(self, name: str) -> int:
        return self.number_at(f"gateway.limits.{name}")

    def override(self, path: str, value: Any) -> None:
        """Set a value for this process only, as a command-line flag does."""
        *parents, last = path.split(".")
        target = self.values
        for key in parents:
            target = target[key]
        target[last] = value

    def secrets(self) -> list[str]:
        """Return each secret that is set."""
        found: list[str] = []

        def note(_path: str, secret: str) -> str:
            found.append(secret)
            return secret

        schema.CONFIG.map_secrets(self.values, note)
        return found

    def patched(self, patch: Any) -> "Config":
        """Return the configuration after a merge patch, not yet written.

        Raises ConfigError when the result is not valid.
        """
        _, stored = source.read_source(self.path)
        value = schema.CONFIG.map_secrets(stored, secrets.unseal)
        patched = schema.CONFIG.map_secrets(source.apply_patch(value, patch), secrets.seal)
        return Config._from_stored(self.path, serialize(patched), patched)


def serialize(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def write(config: Config) -> None:
    """Write the configuration's text, keeping the previous files as backups."""
    path = config.path
    previous = files.read_text(path)
    if previous is not None:
        backups = [path.with_name(f"{path.name}.bak{f'.{n}' if n else ''}") for n in range(BACKUPS)]
        for newer, older in zip(reversed(backups[:-1]), reversed(backups[1:]), strict=True):
            if newer.exists():
                newer.replace(older)
        files.write_text(backups[0], previous)
    files.write_text(path, config.text or NOTHING)


def changed_paths(old: Any, new: Any, path: str = "") -> list[str]:
    """Return the dotted paths of the leaves that differ."""
    old, new = (
        {} if one is None and isinstance(other, dict) else one for one, other in ((old, new), (new, old))
    )
    if isinstance(old, dict) and isinstance(new, dict):
        keys = sorted(old.keys() | new.keys())
        return [
            found
            for key in keys
            for found in changed_paths(old.get(key), new.get(key), f"{path}.{key}" if path else key)
        ]
    return [] if old == new else [path]
