"""What is shown of secrets: a mask in their place."""

import json
from typing import Any

from gateway.config import schema
from gateway.config.source import parse_json5
from gateway.errors import ConfigError

MASK = "***"


def masked(value: Any) -> Any:
    """Return a configuration value with a mask in place of each secret."""
    return schema.CONFIG.map_secrets(value, lambda _path, _secret: MASK)


def masked_text(text: str | None, stored: Any) -> str | None:
    """Return the text of the file with masks, otherwise as it is where that can be done safely."""
    if text is None:
        return None
    found: list[str] = []

    def note(_path: str, secret: str) -> str:
        found.append(secret)
        return MASK

    hidden = schema.CONFIG.map_secrets(stored, note)
    for secret in sorted(found, key=len, reverse=True):
        text = text.replace(secret, MASK)
    try:
        if parse_json5(text, "config") == hidden:
            return text
    except ConfigError:
        pass
    return json.dumps(hidden, indent=2, ensure_ascii=False) + "\n"


def value_at(value: Any, path: str) -> Any:
    """Return what stands at a dotted path, None when nothing does."""
    for key in path.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def unmasked(changed: Any, known: Any) -> Any:
    """Put the known secret back where a client sent the mask that it was shown.

    Raises ConfigError where no secret is known.
    """

    def restore(path: str, secret: str) -> str:
        if secret != MASK:
            return secret
        before = value_at(known, path)
        if not isinstance(before, str):
            raise ConfigError(f"{path}: {MASK} stands for a secret, and none is set", hint="send the secret")
        return before

    return schema.CONFIG.map_secrets(changed, restore)
