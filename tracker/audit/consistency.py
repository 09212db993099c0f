"""A document against itself: numbers and statuses that cannot all be true."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from tracker.audit import phrases
from tracker.audit.ids import whole
from tracker.audit.model import CONTRADICTED, SELF_CONTRADICTORY, SUPPORTED, Claim

_TOLERANCE = 2.0
_BODY = ("position", "progress")


def check(claims: Iterable[Claim]) -> list[Claim]:
    """Return the claims, those that contradict another one marked ``self-contradictory`` with the reason.

    A claim that the files contradict keeps that verdict: it is the stronger one. The reason is added.
    """
    found = list(claims)
    reasons: dict[int, str] = {}
    _over(found, reasons)
    _shares(found, reasons)
    _sums(found, reasons)
    _between(found, reasons)
    _rows(found, reasons)
    _percent(found, reasons)
    _phase(found, reasons)
    _statuses(found, reasons)
    _marks(found, reasons)
    for index, reason in reasons.items():
        claim = found[index]
        if claim.verdict == CONTRADICTED:
            found[index] = replace(claim, evidence=f"{claim.evidence}; also {reason}")
        else:
            found[index] = replace(claim, verdict=SELF_CONTRADICTORY, evidence=reason)
    return found


def _deciding(claims: list[Claim], *kinds: str) -> list[tuple[int, Claim]]:
    return [(i, c) for i, c in enumerate(claims) if c.kind in kinds and c.decisive]


def _over(claims: list[Claim], reasons: dict[int, str]) -> None:
    for index, claim in _deciding(claims, "plans", "phases", "plan position"):
        if claim.done is not None and claim.total and claim.done > claim.total:
            reasons[index] = f"{claim.done} of {claim.total} is more than all"


def _shares(claims: list[Claim], reasons: dict[int, str]) -> None:
    """``Plans: 8, Completed: 1, Remaining: 7`` and the table row of the same phase."""
    for index, claim in enumerate(claims):
        if claim.kind != "remaining":
            continue
        same = [
            c for c in claims if c.kind == "plans" and c.scope == claim.scope and c.section == claim.section
        ]
        total = next((c.total for c in same if c.total is not None), None)
        done = next((c.done for c in same if c.done is not None), None)
        if total is not None and done is not None and claim.done is not None and total - done != claim.done:
            reasons[index] = f"{total} plans less {done} completed is {total - done}"
    for index, claim in enumerate(claims):
        if (
            claim.kind in {"tasks", "plans"}
            and claim.value.endswith(" remaining")
            and claim.total is not None
        ):
            left = claim.total - (claim.done or 0)
            if claim.value != f"{left} remaining":
                reasons[index] = f"{claim.total} less {claim.done} done is {left}"
        if claim.kind == "plans" and claim.scope[:1].isdigit() and claim.decisive:
            _listed(claims, index, reasons)
    by_scope: dict[str, list[tuple[int, Claim]]] = {}
    for index, claim in _deciding(claims, "plans"):
        if claim.scope and claim.scope[0].isdigit():
            by_scope.setdefault(claim.scope, []).append((index, claim))
    for group in by_scope.values():
        first = group[0][1]
        for index, claim in group[1:]:
            if claim.section == first.section == "status table":
                # Two rows of one number: numbering that starts again with each milestone.
                continue
            for mine, other, word in (
                (claim.done, first.done, "done"),
                (claim.total, first.total, "planned"),
            ):
                if mine is not None and other is not None and mine != other:
                    reasons.setdefault(
                        index, f"line {first.line} says {other} {word} for phase {claim.scope}"
                    )


def _listed(claims: list[Claim], index: int, reasons: dict[int, str]) -> None:
    """A phase's count against the plans that the document lists as completed, active and pending."""
    claim = claims[index]
    listed = [
        c
        for c in claims
        if c.kind == "plan status" and c.value == "listed" and c.scope.startswith(f"{claim.scope}-")
    ]
    done = sum(c.mark == "done" for c in listed)
    if len(listed) < 2 or done == len(listed):
        return
    if claim.done is not None and claim.done != done:
        reasons.setdefault(index, f"{done} plans of phase {claim.scope} are listed as completed")
    elif claim.total is not None and claim.total != len(listed):
        reasons.setdefault(index, f"{len(listed)} plans of phase {claim.scope} are listed")


def _sums(claims: list[Claim], reasons: dict[int, str]) -> None:
    for index, claim in enumerate(claims):
        if claim.kind == "sum" and claim.value not in (f"{claim.done}/{claim.total}", "0/0"):
            reasons[index] = f"the rows above add up to {claim.value}"


def _between(claims: list[Claim], reasons: dict[int, str]) -> None:
    """Front matter against body: the same unit with other numbers."""
    milestone = next((c.value for c in claims if c.kind == "milestone" and c.section == "front matter"), "")
    for unit in ("phases", "plans"):
        front = next((c for c in claims if c.kind == unit and c.section == "front matter"), None)
        if front is None or front.done is None or front.total is None:
            continue
        for index, claim in _deciding(claims, unit):
            if (
                claim.section not in _BODY
                or claim.done is None
                or claim.total is None
                or claim.scope[:1].isdigit()
                or (claim.scope and milestone and not milestone.startswith(claim.scope))
            ):
                continue
            if (claim.total == front.total and claim.done != front.done) or (
                unit == "phases" and (claim.done, claim.total) != (front.done, front.total)
            ):
                reasons[index] = f"the front matter says {front.done} of {front.total} {unit}"


def _rows(claims: list[Claim], reasons: dict[int, str]) -> None:
    """The front matter's count of phases against the document's own table of them.

    A table may hold the phases of more milestones, or of fewer, than the front matter counts: only one of as many
    rows is of the same phases, or a longer one in a document that speaks of no milestone.
    """
    at, front = next(
        ((i, c) for i, c in _deciding(claims, "phases") if c.section == "front matter"), (0, None)
    )
    rows = [c for c in claims if c.kind == "phase status" and c.section == "status table"]
    numbers = {c.scope for c in rows}
    if (
        front is None
        or front.done is None
        or front.total is None
        or front.verdict == SUPPORTED
        or len(rows) < 2
        or len(numbers) != len(rows)
        or any(c.mark == "deferred" for c in rows)
    ):
        return
    done = {c.scope for c in rows if c.mark == "done"}
    counts = [(len(done), len(rows)), (sum(map(str.isdigit, done)), sum(map(str.isdigit, numbers)))]
    if (front.done, front.total) in counts:
        return
    versions = any("milestone" in c.kind or phrases.version(f"{c.scope} {c.text}") for c in claims)
    same = any(front.total == total for _, total in counts)
    longer = not versions and all(0 < front.total < total for _, total in counts)
    if same or longer:
        where = f"lines {rows[0].line} to {rows[-1].line}"
        reasons[at] = f"the table in {where} says {len(done)} of {len(rows)} phases"


def _percent(claims: list[Claim], reasons: dict[int, str]) -> None:
    front = {c.kind: c for c in claims if c.section == "front matter"}
    percent = front.get("percent")
    shares = [
        100 * min(c.done / c.total, 1)
        for kind in ("plans", "phases")
        if (c := front.get(kind)) is not None and c.total and c.done is not None
    ]
    stands = percent.percent if percent is not None else None
    if percent is not None and stands is not None and shares and _far(stands, shares):
        stated = ", ".join(f"{share:.0f} %" for share in shares)
        reasons[claims.index(percent)] = f"its own counts give {stated}"
    for index, claim in _deciding(claims, "percent"):
        if claim.section not in _BODY or claim.percent is None or claim.scope[:1].isdigit():
            continue
        beside = [
            c
            for c in claims
            if c.line == claim.line
            and c.kind in ("plans", "phases", "ratio")
            and c.total
            and c.done is not None
        ]
        own = [100 * min((c.done or 0) / (c.total or 1), 1) for c in beside]
        if own and _far(claim.percent, own):
            reasons[index] = f"the counts on the same line give {own[0]:.0f} %"
        # Two measures may differ honestly; then the files or the front matter's counts give each of them.
        elif (
            not own
            and stands is not None
            and claim.verdict != SUPPORTED
            and _far(claim.percent, [stands, *shares])
        ):
            reasons[index] = f"the front matter says {stands:g} %"


def _far(percent: float, shares: list[float]) -> bool:
    return all(abs(percent - share) > _TOLERANCE for share in shares)


def _phase(claims: list[Claim], reasons: dict[int, str]) -> None:
    places = _deciding(claims, "position")
    if not places:
        return
    first = places[0][1]
    for index, claim in places[1:]:
        if claim.scope != first.scope:
            reasons[index] = f"line {first.line} says the current phase is {first.scope}"
    stands = {whole(place.scope) for _, place in places if place.scope}
    for index, claim in _deciding(claims, "phase status"):
        named = phrases.active_phase(claim.value) if claim.mark == "active" else ""
        if named and named == claim.scope and claim.section in _BODY and whole(named) not in stands:
            reasons[index] = f"line {first.line} says the current phase is {first.scope}"
    last = places[-1][1]
    for index, claim in enumerate(claims):
        if claim.kind == "focus" and claim.scope and whole(claim.scope) < whole(last.scope):
            reasons[index] = f"line {last.line} says the current phase is {last.scope}"


def _statuses(claims: list[Claim], reasons: dict[int, str]) -> None:
    """A table's word for a phase against the figures in the same row."""
    for index, claim in _deciding(claims, "phase status"):
        row = [
            c
            for c in claims
            if c.line == claim.line and c.kind in ("plans", "percent") and c.scope == claim.scope
        ]
        full = any((c.total and c.done is not None and c.done >= c.total) or c.percent == 100 for c in row)
        short = any(
            (c.total and c.done is not None and c.done < c.total)
            or (c.percent is not None and c.percent < 98)
            for c in row
        )
        if claim.section != "status table":
            continue
        if claim.mark == "done" and short and not full:
            reasons[index] = "the figures of the same row are not complete"
        elif claim.mark == "open" and any(c.percent == 100 for c in row):
            reasons[index] = "the figures of the same row are complete"


def _marks(claims: list[Claim], reasons: dict[int, str]) -> None:
    """A phase whose heading or box calls it complete, against its row and against a count of no phase at all."""
    position = next((c.scope for c in claims if c.kind == "position"), "")
    for index, claim in enumerate(claims):
        if (claim.kind, claim.value, claim.mark) != ("phase status", "marked", "done"):
            continue
        if claim.decisive:
            denied = next(
                (
                    other
                    for other in claims
                    if other.kind == "phase status"
                    and other.scope == claim.scope
                    and other.section in {"status table", "metrics"}
                    and other.mark in {"open", "active"}
                ),
                None,
            )
            if denied is not None:
                reasons.setdefault(index, f"line {denied.line} says phase {claim.scope} is not complete")
        if claim.scope == position:
            for at, count in _deciding(claims, "phases"):
                whole_project = count.section in _BODY and not count.scope and count.line < claim.line
                if whole_project and count.done == 0 and count.total:
                    reasons.setdefault(at, f"line {claim.line} says phase {claim.scope} is complete")
