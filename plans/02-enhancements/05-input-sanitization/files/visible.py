"""Text from others, shown so that it cannot act: on a terminal, in a log, on a page."""

import re

# Controls of terminals (C0, DEL, C1), line and paragraph separators, marks that change the direction
# or hide text (Unicode Technical Report 36), and halves of surrogate pairs.
ACTIVE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff"
    "\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def visible(text: str, keep: str = "") -> str:
    r"""Return the text with what could act written as `\uXXXX`, which is also what JSON says for it.

    Characters in `keep`, such as the newline, stay as they are.
    """
    return ACTIVE.sub(lambda found: found[0] if found[0] in keep else _escaped(found[0]), text)


def _escaped(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
