"""run, verify, done, revert: the commands that execute."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from tracker.cli.common import json_option, plan_argument, print_json, service
from tracker.cli.progress import Lines
from tracker.errors import NotTrusted
from tracker.model.numbers import points
from tracker.model.snapshot import SCHEMA, plain
from tracker.render.plain import safe
from tracker.service import Service
from tracker.service.reports import RunPlan, RunReport, VerifyReport

_trust = click.option("--trust", "say_trust", is_flag=True, help="Trust this repository's code from now on.")
_jobs = click.option(
    "--jobs", "-j", default=1, show_default=True, type=click.IntRange(1, 64), help="How many at a time."
)


@click.command()
@plan_argument("refs", required=False, many=True)
@click.option("--phase", help="All plans of this phase.")
@click.option("--all", "all_plans", is_flag=True, help="All plans.")
@_jobs
@click.option("--dry-run", is_flag=True, help="Say what would run, in which wave, and why or why not.")
@click.option("--no-land", is_flag=True, help="One plan on a kept worktree, own checks only, nothing lands.")
@_trust
@json_option
@click.pass_context
def run(
    ctx: click.Context,
    refs: tuple[str, ...],
    phase: str | None,
    all_plans: bool,
    jobs: int,
    dry_run: bool,
    no_land: bool,
    say_trust: bool,
    as_json: bool,
) -> None:
    """Carry plans out: implement, verify, land. Exits 1 when something did not land."""
    if no_land and len(refs) != 1:
        raise click.UsageError("--no-land takes exactly one plan.")
    opened = service(ctx)
    planned = opened.plan_run(refs, phase=phase, all_plans=all_plans)
    if dry_run:
        if as_json:
            print_json({"schema": SCHEMA, **_planned_json(planned)})
        else:
            _print_planned(planned)
        return
    if planned.waves:
        _ask_trust(opened, [item.ref for wave in planned.waves for item in wave], say_trust)
    with _cancellable() as cancelled, Lines() as lines:
        report = opened.run(
            refs,
            phase=phase,
            all_plans=all_plans,
            jobs=jobs,
            land=not no_land,
            observer=lines,
            cancelled=cancelled,
        )
    if as_json:
        print_json({"schema": SCHEMA, **_report_json(report)})
    else:
        _print_report(report, no_land)
    ctx.exit(report.exit_code)


@click.command()
@plan_argument("refs", required=False, many=True)
@_jobs
@click.option("--dry-run", is_flag=True, help="List what is stale or unproven; run nothing.")
@_trust
@json_option
@click.pass_context
def verify(
    ctx: click.Context, refs: tuple[str, ...], jobs: int, dry_run: bool, say_trust: bool, as_json: bool
) -> None:
    """Run the checks against the code and record the outcomes; without a plan, all of them.

    Exits 1 when a need is red of the baseline, of a plan that is done, or of a plan named here.
    """
    opened = service(ctx)
    if dry_run:
        stale = opened.stale()
        if as_json:
            print_json({"schema": SCHEMA, "stale": [{"ref": ref, "reason": reason} for ref, reason in stale]})
        else:
            for ref, reason in stale:
                click.echo(f"{ref}: {safe(reason)}")
            if not stale:
                click.echo("everything that is done is proved for this code")
        return
    _ask_trust(opened, refs, say_trust)
    with _cancellable() as cancelled, Lines() as lines:
        report = opened.verify(refs, jobs=jobs, observer=lines, cancelled=cancelled)
    if as_json:
        print_json({"schema": SCHEMA, **_verified_json(report)})
    else:
        _print_verified(report)
    ctx.exit(report.exit_code)


@click.command()
@plan_argument()
@click.option(
    "--because",
    "--reason",
    "-r",
    "because",
    help="Record your word instead of running the checks: shown as unproven, no points.",
)
@_trust
@click.pass_context
def done(ctx: click.Context, ref: str, because: str | None, say_trust: bool) -> None:
    """Mark a plan done: its checks run, and its needs have to pass."""
    opened = service(ctx)
    ref = opened.repository.resolve(ref)
    if because is not None:
        if opened.done_by_word(ref, because):
            click.echo(f"{ref} is done by your word: ⚠️ unproven; STATE.md is up to date")
        else:
            click.echo(f"{ref} is done already")
        return
    plan = opened.snapshot().plan(ref)
    if plan.status == "done" and plan.proof == "verified":
        click.echo(f"{ref} is done and verified already")
        return
    if plan.checks:
        _ask_trust(opened, [ref], say_trust)
    with _cancellable() as cancelled, Lines() as lines:
        opened.done(ref, observer=lines, cancelled=cancelled)
    click.echo(f"{ref} is done: its checks passed; STATE.md is up to date")


@click.command()
@plan_argument()
@_trust
@click.pass_context
def revert(ctx: click.Context, ref: str, say_trust: bool) -> None:
    """Take a landed plan back out of the code; the plan is pending again."""
    opened = service(ctx)
    _ask_trust(opened, (), say_trust)
    with _cancellable() as cancelled, Lines() as lines:
        report = opened.revert(ref, observer=lines, cancelled=cancelled)
    for plan, commit in report.landed.items():
        click.echo(f"{plan} reverted by {commit[:10]}")
    _print_checks(report)
    _print_score(report)
    ctx.exit(report.exit_code)


def _ask_trust(opened: Service, refs: tuple[str, ...] | list[str], say_trust: bool) -> None:
    """Let the person see what would execute, and say whether it may."""
    if say_trust:
        opened.trust()
    if opened.trusted():
        return
    lines = opened.would_execute(refs)
    click.echo("This executes code of the repository:", err=True)
    for line in lines[:20]:
        click.echo(f"  {safe(line)}", err=True)
    if len(lines) > 20:
        click.echo(f"  and {len(lines) - 20} more", err=True)
    import sys

    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise NotTrusted("this repository is not trusted yet", hint="Say --trust, or TRACKER_TRUST=1 in CI.")
    if not click.confirm("Trust it?", err=True):
        raise NotTrusted("not trusted: nothing was run")
    opened.trust()


@contextmanager
def _cancellable() -> Iterator[threading.Event]:
    """An event that ^C and SIGTERM set; a second ^C ends at once."""
    cancelled = threading.Event()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def stop(number: int, _frame: Any) -> None:
        if cancelled.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        cancelled.set()
        click.echo("stopping: nothing more lands (^C again to end at once)", err=True)

    for number in before:
        signal.signal(number, stop)
    try:
        yield cancelled
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _print_planned(planned: RunPlan) -> None:
    for number, wave in enumerate(planned.waves, 1):
        click.echo(f"wave {number}")
        for item in wave:
            click.echo(f"  {item.ref} {safe(item.title)}{f' · {item.reason}' if item.reason else ''}")
    for item in planned.others:
        click.echo(f"{item.action} {item.ref} {safe(item.title)} · {safe(item.reason)}")
    if not planned.waves:
        click.echo("nothing would run")


def _print_report(report: RunReport, no_land: bool) -> None:
    for ref, commit in report.landed.items():
        click.echo(f"✔ {ref} landed {commit[:10]}")
    for ref, reason in report.failed.items():
        click.echo(f"✘ {ref} failed: {safe(reason)}")
        click.echo(f"    log {report.logs[ref]}")
        click.echo(f"    worktree {report.kept[ref]}")
    if no_land and not report.failed:
        for ref, place in report.kept.items():
            click.echo(f"✔ {ref}: its checks passed; nothing landed")
            click.echo(f"    worktree {place}")
    for ref, reason in {**report.skipped, **report.refused}.items():
        click.echo(f"– {ref} not run: {safe(reason)}")
    _print_checks(report)
    if report.cancelled:
        click.echo("cancelled: what had landed stays, nothing else was changed")
    _print_score(report)


def _print_checks(report: RunReport) -> None:
    for check, ref in report.broken.items():
        click.echo(f"✘ {check} was green and is red: broken by {ref or 'no plan of this run'}")
    for check, reason in report.red.items():
        click.echo(f"✘ {check} is red, a stretch check: {safe(reason)}")
    for check, reason in report.not_run.items():
        click.echo(f"– {check} did not run: {safe(reason)}")


def _print_score(report: RunReport) -> None:
    if report.points is not None and report.of is not None:
        before = "" if report.before is None else f"{points(report.before)} → "
        click.echo(f"score {before}{points(report.points)} of {points(report.of)}")


def _print_verified(report: VerifyReport) -> None:
    counts: dict[str, int] = {}
    for result in report.results.values():
        counts[result.outcome] = counts.get(result.outcome, 0) + 1
    click.echo(
        ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items())) or "nothing to verify"
    )
    for check in report.red:
        result = report.results[check]
        click.echo(f"✘ {check} {result.outcome}: {safe(result.reason)}")
    for check, result in sorted(report.results.items()):
        if result.outcome == "not-run":
            click.echo(f"– {check} did not run: {safe(result.reason)}")
    if report.of:
        click.echo(f"score {points(report.points)} of {points(report.of)}")


def _planned_json(planned: RunPlan) -> dict[str, Any]:
    def rows(items: Any) -> list[dict[str, str]]:
        return [{name: getattr(item, name) for name in item.__slots__} for item in items]

    return {"waves": [rows(wave) for wave in planned.waves], "others": rows(planned.others)}


def _report_json(report: RunReport) -> dict[str, Any]:
    return {
        "run": report.id,
        "landed": report.landed,
        "failed": report.failed,
        "skipped": report.skipped,
        "refused": report.refused,
        "broken": report.broken,
        "red": report.red,
        "not_run": report.not_run,
        "logs": {ref: str(place) for ref, place in report.logs.items()},
        "points": plain(report.points),
        "of": plain(report.of),
        "closing": report.closing,
        "cancelled": report.cancelled,
    }


def _verified_json(report: VerifyReport) -> dict[str, Any]:
    return {
        "checks": {
            check: {"outcome": result.outcome, "reason": result.reason, "seconds": result.seconds}
            for check, result in sorted(report.results.items())
        },
        "red": list(report.red),
        "tree": report.tree,
        "points": plain(report.points),
        "of": plain(report.of),
    }
