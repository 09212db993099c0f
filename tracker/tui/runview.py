"""What is known of a run while it goes: a fold of its progress lines, of this process or of another."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from tracker.model import progress as pr
from tracker.model.numbers import points
from tracker.model.progress import Progress
from tracker.model.snapshot import OUTCOMES

KEPT = 5_000
"""Lines of log kept a plan; the files hold all of them."""

IMPLEMENTING = "implementing"
VERIFYING = "verifying"
IMPLEMENTED = "implemented"
LANDED = "landed"
FAILED = "failed"
SKIPPED = "skipped"

_WORK = {pr.IMPLEMENTING: IMPLEMENTING, pr.IMPLEMENTED: IMPLEMENTED, pr.VERIFYING: VERIFYING}
_ENDS = {
    pr.LANDED: LANDED,
    pr.FAILED: FAILED,
    pr.SKIPPED: SKIPPED,
}


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of a run's log: ``kind`` is the progress line's."""

    kind: str
    plan: str
    text: str
    outcome: str = ""


@dataclass(slots=True)
class RunView:
    """A run, or a verification, as it is seen from outside."""

    what: str = "run"
    id: str = ""
    own: bool = True
    going: bool = True
    states: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    working: dict[str, str] = field(default_factory=dict)
    outcomes: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    wave: str = ""
    logs: dict[str, deque[LogLine]] = field(default_factory=dict)
    everything: deque[LogLine] = field(default_factory=lambda: deque(maxlen=KEPT))
    counted: dict[str, int] = field(default_factory=dict)

    def feed(self, steps: Iterable[Progress]) -> None:
        """Take in what happened."""
        for step in steps:
            self._take(step)

    def _take(self, step: Progress) -> None:
        if step.kind in _WORK and step.plan:
            self.working[step.plan] = _WORK[step.kind]
        elif step.kind in _ENDS and step.plan:
            self.working.pop(step.plan, None)
            self.states[step.plan] = _ENDS[step.kind]
            if step.kind != pr.LANDED:
                self.reasons[step.plan] = step.text
        elif step.kind == pr.CHECK:
            self.working.pop(step.plan, None)
            check = str(step.data.get("check", ""))
            self.outcomes[check] = str(step.data.get("outcome", ""))
            self.seconds[check] = float(step.data.get("seconds") or 0)
        elif step.kind == pr.WAVE:
            self.wave = f"wave {step.data.get('wave', '?')} of {step.data.get('of', '?')}"
        elif step.kind == pr.RUN_FINISHED:
            self.going = False
            self.working.clear()
        line = LogLine(step.kind, step.plan, say(step), str(step.data.get("outcome", "")))
        self._log("", line)
        if step.plan:
            self._log(step.plan, line)

    def _log(self, ref: str, line: LogLine) -> None:
        target = self.everything if not ref else self.logs.setdefault(ref, deque(maxlen=KEPT))
        target.append(line)
        self.counted[ref] = self.counted.get(ref, 0) + 1

    def since(self, ref: str, count: int) -> tuple[list[LogLine], int]:
        """The lines of a plan (empty: of all) behind the first ``count``, and how many there were in all."""
        lines = self.logs.get(ref, deque()) if ref else self.everything
        total = self.counted.get(ref, 0)
        new = min(total - count, len(lines))
        return (list(lines)[len(lines) - new :] if new > 0 else []), total

    def end(self, *, cancelled: bool) -> None:
        """It is over. What a cancelled one did not finish has not failed."""
        self.going = False
        if cancelled:
            self.states = {ref: state for ref, state in self.states.items() if state == LANDED}
            self.reasons.clear()

    def at_work(self, ref: str) -> str:
        """What the run is doing with this plan now; empty where it is not."""
        return self.working.get(ref, "") if self.going else ""

    @property
    def busy(self) -> str:
        """What is going on, in words; empty when nothing is."""
        if not self.going:
            return ""
        where = "" if self.own else " in another terminal"
        return f"a {self.noun} is going on{where}"

    @property
    def noun(self) -> str:
        """What it is."""
        return "run" if self.what == "run" else "verification"

    @property
    def counts(self) -> str:
        """``2 landed, 1 failed``; of a verification the outcomes, ``7 passed, 1 failed``."""
        run = self.what == "run"
        found = list((self.states if run else self.outcomes).values())
        words = (LANDED, FAILED, SKIPPED) if run else OUTCOMES
        return ", ".join(f"{found.count(word)} {word}" for word in words if word in found)


def say(step: Progress) -> str:
    """The step in words."""
    data, text = step.data, step.text
    match step.kind:
        case pr.OUTPUT | pr.NOTICE | pr.CLOSING:
            return text
        case pr.CHECK:
            seconds = data.get("seconds")
            time = f"  {seconds:.2f} s" if isinstance(seconds, (int, float)) and seconds else ""
            return f"{data.get('check', '')} {data.get('outcome', '')}{time}{f': {text}' if text else ''}"
        case pr.SCORE:
            before = data.get("before")
            was = f"{points(before)} → " if isinstance(before, (int, float)) else ""
            return f"score {was}{points(data.get('points') or 0)}/{points(data.get('of') or 0)}"
        case pr.WAVE:
            return f"wave {data.get('wave', '?')} of {data.get('of', '?')}: {text}"
        case pr.RUN_STARTED:
            return f"run {text}: {', '.join(data.get('plans') or [])}"
        case pr.RUN_FINISHED:
            return f"run {text}"
        case _:
            word = step.kind.replace("-", " ")
            return f"{word}: {text}" if text else word
