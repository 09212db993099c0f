"""The audit: unsafe settings that are looked for, and controls that are tried out."""

from collections.abc import Iterator

from gateway.security.controls import Result
from gateway.security.findings import access, exposure, messages, records, secrets, storage, tools
from gateway.security.subject import CRITICAL, INFO, SEVERITIES, WARN, Check, Finding, Subject

CHECKS: list[Check] = [
    *exposure.CHECKS,
    *access.CHECKS,
    *messages.CHECKS,
    *tools.CHECKS,
    *storage.CHECKS,
    *secrets.CHECKS,
    *records.CHECKS,
]


def refusals(subject: Subject) -> Iterator[Finding]:
    """Name what keeps the gateway from starting and no other check has a name for."""
    if subject.unreadable:
        yield Finding(
            "config.unreadable",
            CRITICAL,
            "The configuration cannot be read",
            subject.unreadable,
            "correct the file; `config validate` tells when it is right",
        )
    for problem in subject.problems:
        yield Finding(
            "config.invalid",
            CRITICAL,
            "The gateway refuses to start with this configuration",
            str(problem),
            f"correct {problem.path or 'the file'}; `config validate` tells when it is right",
        )


def failures(results: list[Result]) -> Iterator[Finding]:
    """Report the controls that did not hold when they were tried."""
    for result in results:
        if result.outcome == "failed":
            yield Finding(
                f"control.{result.control.name}",
                CRITICAL if result.control.critical else WARN,
                f"Does not hold: {result.control.title}",
                next((seen.evidence for seen in result.evidence if not seen.holds), "nothing was observed"),
                "see the evidence of the control in `security audit --json`",
            )


def audit(subject: Subject) -> list[Finding]:
    """Return what is wrong with the installation as it is stored, the most severe first."""
    found = [finding for check in CHECKS for finding in check(subject)]
    named = " ".join(finding.detail for finding in found)
    found += [
        finding
        for finding in refusals(subject)
        if finding.checkId == "config.unreadable" or finding.detail.partition(":")[0] not in named
    ]
    return by_severity(found)


def by_severity(findings: list[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity))


__all__ = ["CHECKS", "CRITICAL", "INFO", "WARN", "Finding", "Subject", "audit", "by_severity", "failures"]
