"""Sealing a configuration file: secrets that a person wrote into it are replaced by what is kept of them."""

import json
from pathlib import Path
from typing import Any

from gateway.config import schema
from gateway.config.config import serialize
from gateway.config.source import read_source
from gateway.state import files, secrets


def seal_file(path: Path) -> list[str]:
    """Replace every open secret in the file; returns the dotted paths of those that were replaced.

    There is no backup of the file as it was: it would keep the secrets.
    """
    text, value = read_source(path)
    if text is None:
        return []
    replaced: dict[str, tuple[str, str]] = {}

    def seal(key: str, secret: str) -> str:
        sealed = secrets.seal(key, secret)
        if sealed != secret:
            replaced[key] = (secret, sealed)
        return sealed

    sealed_value = schema.CONFIG.map_secrets(value, seal)
    if replaced:
        files.write_text(path, _in_place(text, replaced) or serialize(sealed_value))
    return sorted(replaced)


def _in_place(text: str, replaced: dict[str, tuple[str, str]]) -> str | None:
    """Change nothing but the secrets, so that comments stay; None where one does not stand there once."""
    for secret, sealed in replaced.values():
        quoted: list[Any] = [json.dumps(secret), json.dumps(secret, ensure_ascii=False), f"'{secret}'"]
        found = {literal for literal in quoted if text.count(literal) == 1}
        if len(found) != 1 or text.count(secret) != 1:
            return None
        text = text.replace(found.pop(), json.dumps(sealed))
    return text
