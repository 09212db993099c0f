"""What makes an audit of dependencies worth less: old advisories, and pins without hashes."""

from collections.abc import Iterator

from gateway.supply_chain.findings import CRITICAL, WARN, Finding, Subject


def stale_advisories(subject: Subject) -> Iterator[Finding]:
    age = (subject.today - subject.advisories.day).days
    if age > subject.max_age_days:
        yield Finding(
            "supply_chain.advisories_stale",
            WARN,
            "The advisory set is old",
            f"{subject.advisories.path} is of {subject.advisories.day}, {age} days ago; "
            f"{subject.max_age_days} are allowed",
            "bring a new set with `deps update`",
        )


def unhashed_pins(subject: Subject) -> Iterator[Finding]:
    for pin in subject.pins:
        if pin.end and not pin.hashes:
            yield Finding(
                "supply_chain.pin_without_hash",
                CRITICAL,
                f"{pin.key} {pin.version} is pinned without a hash",
                f"{subject.origin}:{pin.start + 1}: any file of that version would be installed",
                "add --hash=sha256:… of the files that are trusted",
                package=pin.key,
                version=str(pin.version),
            )
