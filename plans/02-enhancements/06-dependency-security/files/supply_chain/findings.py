"""What an audit of dependencies looks at, and what it reports."""

from dataclasses import dataclass
from datetime import date

from gateway.supply_chain.advisories import AdvisorySet
from gateway.supply_chain.lock import Pin

CRITICAL, WARN, INFO = SEVERITIES = ("critical", "warn", "info")


@dataclass(frozen=True)
class Subject:
    """What is audited, on which day, and how old an advisory set may be."""

    origin: str
    pins: tuple[Pin, ...]
    advisories: AdvisorySet
    today: date
    max_age_days: int


@dataclass(frozen=True)
class Finding:
    checkId: str  # noqa: N815 - the name in the JSON report
    severity: str
    title: str
    detail: str
    remediation: str
    package: str = ""
    version: str = ""
    advisory: str = ""
    aliases: tuple[str, ...] = ()
    fixedIn: str = ""  # noqa: N815 - the name in the JSON report
