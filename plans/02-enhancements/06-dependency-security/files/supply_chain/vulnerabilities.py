"""Pins held against advisories: the known holes of each, and the lowest version without one."""

from collections.abc import Iterator
from dataclasses import dataclass

from packaging.version import Version

from gateway.supply_chain.advisories import Advisory, AdvisorySet
from gateway.supply_chain.findings import CRITICAL, Finding, Subject
from gateway.supply_chain.lock import Pin

PREFERRED = ("PYSEC", "GHSA", "CVE")


@dataclass(frozen=True)
class Hole:
    """One vulnerability of a pin, whatever the number of records that describe it."""

    pin: Pin
    advisories: tuple[Advisory, ...]

    @property
    def names(self) -> list[str]:
        """Every id and alias, the preferred one first."""
        found = sorted(frozenset[str]().union(*(advisory.names for advisory in self.advisories)))
        return sorted(found, key=lambda name: _rank(name.partition("-")[0]))


def _rank(family: str) -> int:
    return PREFERRED.index(family) if family in PREFERRED else len(PREFERRED)


def holes(pin: Pin, advisories: AdvisorySet) -> list[Hole]:
    """Return the vulnerabilities of a pin; records that share a name are one."""
    groups: list[tuple[frozenset[str], list[Advisory]]] = []
    for advisory in advisories.about(pin.key):
        if pin.version not in advisory.affected:
            continue
        names, members = advisory.names, [advisory]
        for group in [group for group in groups if group[0] & advisory.names]:
            groups.remove(group)
            names, members = names | group[0], [*group[1], *members]
        groups.append((names, members))
    return [Hole(pin, tuple(members)) for _, members in groups]


def lowest_fix(pin: Pin, advisories: AdvisorySet) -> Version | None:
    """Return the lowest later version that no advisory affects, None when none is known.

    A pre-release is offered to a pin that is one itself, or where nothing else is known.
    """
    about = advisories.about(pin.key)
    candidates = sorted(
        version
        for version in set[Version]().union(*(advisory.affected.fixes() for advisory in about))
        if version > pin.version and not any(version in advisory.affected for advisory in about)
    )
    finished = [version for version in candidates if pin.version.is_prerelease or not version.is_prerelease]
    return next(iter(finished or candidates), None)


def vulnerable_pins(subject: Subject) -> Iterator[Finding]:
    for pin in subject.pins:
        fix = lowest_fix(pin, subject.advisories)
        for hole in holes(pin, subject.advisories):
            first, *others = hole.names
            also = f" ({', '.join(others)})" if others else ""
            where = f"{subject.origin}:{pin.start + 1}: " if pin.end else ""
            yield Finding(
                "supply_chain.known_vulnerability",
                CRITICAL,
                f"{pin.key} {pin.version} has a known vulnerability: {first}",
                f"{where}{first}{also}: {hole.advisories[0].summary}".rstrip(": "),
                f"upgrade {pin.key} to {fix}"
                if fix
                else f"no fixed version of {pin.key} is known; replace it",
                package=pin.key,
                version=str(pin.version),
                advisory=first,
                aliases=tuple(others),
                fixedIn=str(fix or ""),
            )
