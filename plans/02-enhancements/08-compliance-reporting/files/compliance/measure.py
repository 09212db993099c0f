"""What is known of every control of the catalogue: tried out here, or measured from outside."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gateway.compliance.catalogue import RESIDUAL, Entry, catalogue
from gateway.errors import UsageError
from gateway.security.controls.registry import NOT_RUN, OUTCOMES, PASSED, Result
from gateway.security.controls.run import try_all
from gateway.security.subject import Subject

OPEN = "open"
FROM_OUTSIDE = "from-outside"


@dataclass(frozen=True)
class Measured:
    """The outcome of one control, with what was observed."""

    entry: Entry
    outcome: str
    probe: str
    evidence: list[dict[str, Any]]
    reason: str = ""

    @property
    def points(self) -> float:
        return self.entry.points if self.outcome == PASSED else 0

    def artifact(self) -> dict[str, Any]:
        """Return what is kept as the evidence of this control."""
        return {
            "id": self.entry.id,
            "title": self.entry.title,
            "probe": self.probe,
            "outcome": self.outcome,
            "evidence": self.evidence,
            **({"reason": self.reason} if self.reason else {}),
        }


@dataclass(frozen=True)
class Outside:
    """A measurement by somebody else: outcome by control id, and where it comes from."""

    source: str
    time: str
    outcomes: dict[str, str]

    @classmethod
    def read(cls, path: Path) -> "Outside":
        """Read a measurement.

        Raises UsageError when it is not one, or names a control that the catalogue does not have.
        """
        example = '{"source": "…", "time": "…", "outcomes": {"AUTH-10": "passed"}}'
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
            outcomes = {str(key): str(value) for key, value in stored["outcomes"].items()}
            outside = cls(str(stored["source"]), str(stored["time"]), outcomes)
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise UsageError(f"{path}: not a measurement: {error}", hint=f"it looks like {example}") from None
        unknown = sorted(outcomes.keys() - {entry.id for entry in catalogue()})
        wrong = sorted(set(outcomes.values()) - {*OUTCOMES, OPEN})
        if unknown or wrong:
            raise UsageError(
                f"{path}: unknown: {', '.join(unknown + wrong)}", hint=f"it looks like {example}"
            )
        return outside


def measure(subject: Subject, outside: Outside | None = None) -> list[Measured]:
    """Try out what can be tried, add what was measured from outside; the worse outcome counts."""
    results = {result.control.name: result for result in try_all(subject)}
    return [_judge(entry, results.get(entry.control or ""), outside) for entry in catalogue()]


def _judge(entry: Entry, result: Result | None, outside: Outside | None) -> Measured:
    seen = outside.outcomes.get(entry.id) if outside is not None else None
    evidence = [asdict(observation) for observation in result.evidence] if result else []
    if outside is not None and seen is not None:
        note = f"{outside.source}, {outside.time}: {seen}"
        evidence.append({"holds": seen == PASSED, "evidence": note})
    own = result.outcome if result else None
    outcomes = [outcome for outcome in (own, seen) if outcome not in (None, NOT_RUN)]
    worst = next((outcome for outcome in ("failed", OPEN, PASSED) if outcome in outcomes), NOT_RUN)
    if entry.kind == RESIDUAL and worst == PASSED:
        worst = OPEN
    reason = (result.reason if result else "") if worst == NOT_RUN else ""
    if worst == NOT_RUN and not reason:
        reason = "the gateway cannot try this out on itself; hand a measurement over with --measured"
    return Measured(entry, worst, entry.control or FROM_OUTSIDE, evidence, reason)
