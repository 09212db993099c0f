"""Trying out every control: one rehearsal, a few probes at a time, the same list each time."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from gateway.security.controls import access, messages, protocol, sandbox, storage
from gateway.security.controls.registry import CONTROLS, NOT_RUN, Control, NotObservable, Result, try_out
from gateway.security.controls.site import Site, rehearsal
from gateway.security.subject import Subject

PROBES = (access, protocol, messages, sandbox, storage)
AT_ONCE = 4
ALONE = "sandbox.fails_closed"


def catalogue() -> list[Control]:
    """Return every control, in the order in which the probes enter them."""
    return list(CONTROLS.values())


def try_all(subject: Subject) -> list[Result]:
    """Return what came of every control, in the order of the registry.

    A configuration that the gateway refuses cannot be tried out: nothing was
    observed then, and nothing is earned.
    """
    if subject.refused:
        return _not_run("the gateway refuses this configuration")
    try:
        with rehearsal(subject) as running:
            return _try_on(Site(subject, running))
    except NotObservable as missing:
        return _not_run(str(missing))


def _not_run(reason: str) -> list[Result]:
    return [Result(item, NOT_RUN, (), reason) for item in catalogue()]


def _try_on(site: Site) -> list[Result]:
    results: dict[str, Result] = {}
    for group in _groups():
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for result in pool.map(lambda item: try_out(item, site), group):
                results[result.control.name] = result
    return [results[item.name] for item in catalogue()]


def _groups() -> Iterator[list[Control]]:
    """Yield those that disturb nobody, the one that takes the sandbox away, those that look back."""
    controls = catalogue()
    yield [item for item in controls if not item.last and item.name != ALONE]
    yield [item for item in controls if item.name == ALONE]
    yield [item for item in controls if item.last]


def score(results: list[Result]) -> dict[str, float]:
    """Return the points that were earned out of all; the whole does not depend on what could be tried."""
    return {
        "points": sum(result.points for result in results),
        "of": sum(result.control.points for result in results),
    }
