"""`deps audit`: hold the pins of a lock, or what is installed, against an advisory set."""

import argparse
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from gateway.cli.output import show, show_json
from gateway.clock import Clock
from gateway.paths import Paths
from gateway.supply_chain.advisories import AdvisorySet, default_set
from gateway.supply_chain.audit import audit
from gateway.supply_chain.findings import SEVERITIES, Subject
from gateway.supply_chain.installed import installed_pins
from gateway.supply_chain.lock import Lock

HELP = "fail when a pinned version has a known vulnerability"
SHIPPED_LOCK = Path(__file__).parents[1] / "requirements.lock"
MAX_AGE_DAYS = 30


def configure(parser: argparse.ArgumentParser) -> None:
    add_sources(parser)
    parser.add_argument("--installed", action="store_true", help="audit the running environment instead")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--max-age-days",
        type=int,
        default=MAX_AGE_DAYS,
        metavar="N",
        help=f"how old the advisories may be (default: {MAX_AGE_DAYS})",
    )


def add_sources(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--lock", type=Path, default=SHIPPED_LOCK, metavar="FILE", help="default: gateway/requirements.lock"
    )
    parser.add_argument(
        "--advisories",
        type=Path,
        metavar="DIR",
        help="default: the set that `deps update` made, else the shipped one",
    )


def advisories_of(arguments: argparse.Namespace) -> AdvisorySet:
    state = Paths.resolve(arguments.state_dir, arguments.config).state
    return AdvisorySet.read(arguments.advisories or default_set(state))


def run(arguments: argparse.Namespace) -> int:
    now = Clock.from_environment().now_ms() / 1000
    subject = Subject(
        origin="installed" if arguments.installed else str(arguments.lock),
        pins=installed_pins() if arguments.installed else Lock.read(arguments.lock).pins,
        advisories=advisories_of(arguments),
        today=datetime.fromtimestamp(now, UTC).date(),
        max_age_days=arguments.max_age_days,
    )
    findings = audit(subject)
    summary = {name: sum(found.severity == name for found in findings) for name in SEVERITIES}
    about = {"date": subject.advisories.day.isoformat(), "count": len(subject.advisories.advisories)}
    if arguments.json:
        show_json(
            {
                "audited": subject.origin,
                "pins": len(subject.pins),
                "advisories": about,
                "summary": summary,
                "findings": [asdict(found) for found in findings],
            }
        )
    else:
        for found in findings:
            show(
                f"{found.severity:9} {found.title}\n          {found.detail}\n          fix: {found.remediation}"
            )
        show(
            f"{len(subject.pins)} pins, {about['count']} advisories of {about['date']}: "
            + ", ".join(f"{count} {name}" for name, count in summary.items())
        )
    return 1 if summary["critical"] else 0
