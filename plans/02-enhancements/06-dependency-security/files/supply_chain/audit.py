"""The audit of dependencies: what is found decides whether a build may go on."""

from collections.abc import Callable, Iterator, Sequence

from gateway.supply_chain.findings import SEVERITIES, Finding, Subject
from gateway.supply_chain.hygiene import stale_advisories, unhashed_pins
from gateway.supply_chain.vulnerabilities import vulnerable_pins

Check = Callable[[Subject], Iterator[Finding]]

CHECKS: list[Check] = [
    vulnerable_pins,
    stale_advisories,
    unhashed_pins,
]


def audit(subject: Subject) -> Sequence[Finding]:
    """Return every finding, the most severe first."""
    found = [finding for check in CHECKS for finding in check(subject)]
    return sorted(found, key=lambda finding: SEVERITIES.index(finding.severity))
