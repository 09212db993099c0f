"""References to plans: ``2.02``, and the spellings that people use for it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tracker.errors import Usage

_NUMERIC = re.compile(r"0*(\d+)((?:\.\d+)*)[.\-/]0*(\d+)\Z")


def canonical(phase: int | str, number: int) -> str:
    """The reference as tracker writes it.

    >>> canonical(2, 2)
    '2.02'
    >>> canonical("2.1", 2)
    '2.1.02'
    """
    return f"{phase}.{number:02d}"


def normalise(text: str) -> str | None:
    """``2.2``, ``02-02`` and ``2/2`` as ``2.02``, ``02.1-02`` as ``2.1.02``; None where the text is not of that form."""
    match = _NUMERIC.match(text.strip())
    if match is None:
        return None
    parts = "".join(f".{int(part)}" for part in match[2].split(".")[1:])
    return canonical(f"{int(match[1])}{parts}", int(match[3]))


def resolve(text: str, plans: Iterable[tuple[str, str]]) -> str:
    """The reference that ``text`` means among ``(ref, slug)`` pairs.

    Raises Usage for an unknown or ambiguous reference, naming what comes near.
    """
    known = list(plans)
    refs = {ref for ref, _ in known}
    wanted = text.strip()
    if wanted in refs:
        return wanted
    number = normalise(wanted)
    if number in refs and number is not None:
        return number
    slugs = [ref for ref, slug in known if slug == wanted]
    if len(slugs) == 1:
        return slugs[0]
    starts = [ref for ref, slug in known if wanted and slug.startswith(wanted)]
    if len(starts) == 1:
        return starts[0]
    if len(slugs) > 1 or len(starts) > 1:
        raise Usage(
            f"'{text}' is the name of several plans: {', '.join(slugs or starts)}",
            hint="Use the number.",
        )
    raise Usage(f"no plan '{text}'", hint=_near(wanted, known))


def _near(wanted: str, known: list[tuple[str, str]]) -> str:
    import difflib

    words = [word for pair in known for word in pair]
    near = difflib.get_close_matches(wanted, words, n=1)
    if near:
        return f"Did you mean {near[0]}?"
    return "`tracker status` lists the plans." if known else "This project has no plans yet: `tracker new`."
