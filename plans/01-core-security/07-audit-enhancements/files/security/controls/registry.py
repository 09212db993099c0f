"""The controls that the audit tries out, their weight, and what was observed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.security.controls.site import Site

PASSED, FAILED, NOT_RUN = OUTCOMES = ("passed", "failed", "not-run")


class NotObservable(Exception):
    """The control cannot be tried out here; the message says what is missing."""


@dataclass(frozen=True)
class Observation:
    holds: bool
    evidence: str


Probe = Callable[["Site"], Iterator[Observation]]


@dataclass(frozen=True)
class Control:
    """A promise. `points` is its weight in the score; `last` ones look at what the others left behind."""

    name: str
    title: str
    points: float
    probe: Probe
    critical: bool = False
    last: bool = False


@dataclass(frozen=True)
class Result:
    control: Control
    outcome: str
    evidence: tuple[Observation, ...]
    reason: str = ""

    @property
    def points(self) -> float:
        """What the control earns: nothing, unless it was seen to hold."""
        return self.control.points if self.outcome == PASSED else 0


CONTROLS: dict[str, Control] = {}


def control(
    name: str, title: str, *, points: float, critical: bool = False, last: bool = False
) -> Callable[[Probe], Probe]:
    """Enter a probe into the registry. Its observations decide: all must hold, and there must be one."""

    def enter(probe: Probe) -> Probe:
        CONTROLS[name] = Control(name, title, points, probe, critical, last)
        return probe

    return enter


def saw(holds: object, evidence: str) -> Observation:
    return Observation(bool(holds), evidence)


def try_out(item: Control, site: "Site") -> Result:
    """Run a control's probe and judge what it saw; a probe that breaks off has not seen the control hold."""
    seen: list[Observation] = []
    try:
        seen.extend(item.probe(site))
    except NotObservable as missing:
        return Result(item, NOT_RUN, tuple(seen), str(missing))
    except Exception as error:  # noqa: BLE001 - whatever a broken control does is evidence against it
        seen.append(
            Observation(holds=False, evidence=f"the probe broke off: {type(error).__name__}: {error}")
        )
    holds = bool(seen) and all(observation.holds for observation in seen)
    return Result(item, PASSED if holds else FAILED, tuple(seen))
