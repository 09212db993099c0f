"""The programme that comes with the tool: two phases, eighteen plans, 89 checks, 100 points."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from tracker.definitions import Loaded, load
from tracker.model.definitions import BASELINE, NEED, RESIDUAL, STRETCH, Check
from tracker.model.waves import waves

ROOT = Path(__file__).parents[2]
TABLE = Path(__file__).with_name("programme_checks.tsv")
"""The catalogue: plan, id, points, kind, whether critical."""


@pytest.fixture(scope="module")
def programme() -> Loaded:
    return load(ROOT)


def _sum(checks: list[Check]) -> float:
    return math.fsum(check.points for check in checks)


def test_it_has_no_fault(programme: Loaded) -> None:
    assert [str(fault) for fault in programme.faults] == []


def test_the_checks_are_those_of_the_catalogue(programme: Loaded) -> None:
    expected = [tuple(line.split("\t")) for line in TABLE.read_text(encoding="utf-8").splitlines()]
    found = [
        (
            RESIDUAL if check.kind == RESIDUAL else check.plan,
            check.id,
            f"{check.points:g}",
            check.kind,
            "critical" if check.critical else "-",
        )
        for check in programme.definitions.checks
    ]
    assert sorted(found) == sorted(expected)
    assert len(found) == 89


def test_the_points_add_up_to_a_hundred(programme: Loaded) -> None:
    checks = programme.definitions.checks
    by_phase = {
        (phase, kind): _sum([c for c in checks if c.plan.partition(".")[0] == phase and c.kind == kind])
        for phase in (BASELINE, "1", "2")
        for kind in (NEED, STRETCH, RESIDUAL)
    }
    assert by_phase == {
        (BASELINE, NEED): 40,
        (BASELINE, STRETCH): 0,
        (BASELINE, RESIDUAL): 5,
        ("1", NEED): 45,
        ("1", STRETCH): 0,
        ("1", RESIDUAL): 0,
        ("2", NEED): 5,
        ("2", STRETCH): 5,
        ("2", RESIDUAL): 0,
    }
    assert programme.definitions.project.of == _sum(list(checks))


def test_the_plans_run_in_ten_waves(programme: Loaded) -> None:
    order = waves({plan.ref: plan.depends_on for plan in programme.definitions.plans})
    assert order == [
        ["1.01", "1.02", "1.03", "1.04"],
        ["1.05", "1.06", "1.07"],
        ["1.08"],
        ["1.09"],
        ["1.10"],
        ["2.01"],
        ["2.02"],
        ["2.03"],
        ["2.04", "2.05"],
        ["2.06", "2.07", "2.08"],
    ]


def test_every_check_says_how_it_is_observed(programme: Loaded) -> None:
    silent = [check.id for check in programme.definitions.checks if not (check.probe and check.maps_to)]
    assert silent == []


def test_every_residual_check_says_what_would_close_it(programme: Loaded) -> None:
    residual = [check for check in programme.definitions.checks if check.kind == RESIDUAL]
    assert len(residual) == 6
    assert all(check.closes for check in residual)


def test_every_critical_check_of_phase_one_is_a_must_have(programme: Loaded) -> None:
    one = programme.definitions.phases[0]
    named = {check_id for must in one.must_haves for check_id in must.checks}
    assert named == {check.id for plan in one.plans for check in plan.checks if check.critical}


def test_titles_and_summaries(programme: Loaded) -> None:
    phases = programme.definitions.phases
    assert [phase.title for phase in phases] == ["Core Security", "Enhancements"]
    assert [f"{plan.title} ({plan.summary})" for plan in phases[1].plans[1:]] == [
        "Session Management (token expiration, rotation, revocation)",
        "Network Security (TLS enforcement, cert validation)",
        "Real-time Monitoring (anomaly detection, alerting)",
        "Input Sanitization (XSS, injection prevention)",
        "Dependency Security (CVE monitoring, auto-patches)",
        "Infrastructure Hardening (AppArmor, SELinux, limits)",
        "Compliance & Reporting (SOC 2, ISO 27001)",
    ]
