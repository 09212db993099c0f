"""The files that hold secrets, and how secrets in them are replaced without touching anything else."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.config import schema
from gateway.config.source import INCLUDE, parse_json5, read_source
from gateway.errors import ConfigError
from gateway.paths import Paths
from gateway.protocol.schema.types import Change, Shape, join
from gateway.state import files, secrets


@dataclass(frozen=True)
class SecretFile:
    """A file, the shape of its value, and the dotted path at which the value stands.

    `spare` files are copies: one that cannot be read is worth nothing.
    """

    path: Path
    shape: Shape
    mount: str = ""
    spare: bool = False


def secret_files(paths: Paths) -> list[SecretFile]:
    """Return every file that may hold secrets, whether it exists or not.

    Raises ConfigError when an included file would stand at two places.
    """
    from gateway.agent import auth_profiles
    from gateway.devices import identity

    config = paths.config
    backups = sorted(config.parent.glob(f"{config.name}.bak*"))
    return [
        SecretFile(config, schema.CONFIG),
        *_included(paths),
        *(SecretFile(path, schema.CONFIG, spare=True) for path in backups),
        SecretFile(paths.auth_profiles, auth_profiles.FILE),
        SecretFile(paths.identity, identity.FILE),
    ]


def _included(paths: Paths) -> Iterator[SecretFile]:
    """Yield the included files below the state directory or beside the configuration."""
    _, value = read_source(paths.config)
    own = (paths.state, paths.config.parent)
    mounts: dict[Path, str] = {}
    for path, mount in _mounts(value, paths.config.parent, ""):
        if not any(path.is_relative_to(directory) for directory in own):
            continue
        if mounts.setdefault(path, mount) != mount:
            if _holds_secrets(path, mount):
                raise ConfigError(
                    f"{path}: holds secrets and is included at {mounts[path]} and at {mount}",
                    hint="a sealed secret belongs to one place: move the secrets to where they are used",
                )
            continue
        shape = schema.shape_at(mount) if mount else schema.CONFIG
        if shape is not None:
            yield SecretFile(path, shape, mount)


def _mounts(value: Any, directory: Path, mount: str) -> Iterator[tuple[Path, str]]:
    if not isinstance(value, dict):
        return
    names = value.get(INCLUDE, [])
    for name in names if isinstance(names, list) else [names]:
        path = (directory / name).resolve()
        yield path, mount
        yield from _mounts(read_source(path)[1], path.parent, mount)
    for key, item in value.items():
        yield from _mounts(item, directory, join(mount, key))


def _holds_secrets(path: Path, mount: str) -> bool:
    shape = schema.shape_at(mount) if mount else schema.CONFIG
    return shape is not None and bool(secrets_in(SecretFile(path, shape, mount)))


def secrets_in(file: SecretFile) -> dict[str, str]:
    """Return what is stored for each secret of a file, by dotted path.

    Raises ConfigError when the file is not JSON5.
    """
    found: dict[str, str] = {}

    def note(path: str, stored: str) -> str:
        found[path] = stored
        return stored

    file.shape.map_secrets(read_source(file.path)[1], note, file.mount)
    return found


def change_secrets(file: SecretFile, change: Change) -> list[str]:
    """Replace what is stored for the secrets of a file; returns the dotted paths of those that changed.

    No backup of the file as it was is kept: it would keep what was replaced.
    Raises ConfigError when the file is not JSON5.
    """
    text, value = read_source(file.path)
    if text is None:
        return []
    changed, replaced = changed_text(text, value, file, change)
    if replaced:
        files.write_text(file.path, changed)
    return replaced


def changed_text(text: str, value: Any, file: SecretFile, change: Change) -> tuple[str, list[str]]:
    """Return the text with its secrets changed, and the dotted paths of those that are not as before."""
    replaced: dict[str, tuple[str, str]] = {}

    def note(path: str, stored: str) -> str:
        new = change(path, stored)
        if new != stored:
            replaced[path] = (stored, new)
        return new

    changed = file.shape.map_secrets(value, note, file.mount)
    if not replaced:
        return text, []
    whole = json.dumps(changed, indent=2, ensure_ascii=False) + "\n"
    return _in_place(text, changed, list(replaced.values())) or whole, sorted(replaced)


def _in_place(text: str, changed: Any, replaced: list[tuple[str, str]]) -> str | None:
    """Change nothing but the secrets, so that comments stay; None where one does not stand there once."""
    for stored, new in replaced:
        quoted = [json.dumps(stored), json.dumps(stored, ensure_ascii=False), f"'{stored}'"]
        found = {literal for literal in quoted if text.count(literal) == 1}
        if len(found) != 1 or text.count(stored) != 1:
            return None
        text = text.replace(found.pop(), json.dumps(new))
    return text if parse_json5(text, "the file") == changed else None


def sealed_copy(path: Path, text: str) -> str:
    """Return the text of a configuration file as it is kept in a backup: open secrets are sealed.

    Raises ConfigError when it is not JSON5.
    """
    file = SecretFile(path, schema.CONFIG)
    return changed_text(text, parse_json5(text, str(path)), file, secrets.seal_open)[0]
