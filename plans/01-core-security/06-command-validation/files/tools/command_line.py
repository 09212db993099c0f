"""Words of a command line, without a shell: what only a shell could interpret is refused."""

import shlex

SPECIAL = frozenset(";&|<>()$`*?[]{}~#!\n\r")
SPECIAL_IN_DOUBLE_QUOTES = frozenset("$`")
LONGEST_SHOWN = 80


class NotWords(ValueError):
    """The text is more than words; the message says where and what."""


def _special_at(text: str) -> int | None:
    """Return the position of the first character that a shell would interpret."""
    quote, escaped = "", False
    for position, character in enumerate(text):
        if escaped:
            escaped = False
        elif character == "\\" and quote != "'":
            escaped = True
        elif quote:
            if character == quote:
                quote = ""
            elif quote == '"' and character in SPECIAL_IN_DOUBLE_QUOTES:
                return position
        elif character in "'\"":
            quote = character
        elif character in SPECIAL:
            return position
    return None


def split(text: str) -> tuple[str, ...]:
    """Return the words of a command line, quotes and backslashes taken as a POSIX shell takes them.

    Raises NotWords for anything else that a shell knows: operators, expansions, patterns, comments.
    """
    if "\0" in text:
        raise NotWords(f"character {text.index(chr(0)) + 1} is NUL")
    position = _special_at(text)
    if position is not None:
        raise NotWords(
            f"character {position + 1} is {text[position]!r}, and no shell will interpret it:"
            " quote it, or pass argv"
        )
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise NotWords(f"{text[:LONGEST_SHOWN]!r}: {error}") from None
