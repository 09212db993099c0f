"""status, show, next."""

from __future__ import annotations

import sys

import click

from tracker.cli.common import json_option, plan_argument, print_json, service
from tracker.model.snapshot import SCHEMA, plain, to_json
from tracker.render import text


@click.command()
@json_option
@click.pass_context
def status(ctx: click.Context, as_json: bool = False) -> None:
    """Phases, plans, proof and score. Exits 2 when definitions are broken, and shows the rest."""
    opened = service(ctx)
    snapshot = opened.snapshot()
    if as_json:
        print_json(to_json(snapshot))
    else:
        click.echo(text.status(snapshot, colour=_colour(), interrupted=opened.interrupted()))
    if snapshot.faults:
        sys.stdout.flush()
        if as_json:
            click.echo("\n".join(snapshot.faults), err=True)
        ctx.exit(2)


@click.command()
@plan_argument()
@json_option
@click.pass_context
def show(ctx: click.Context, ref: str, as_json: bool) -> None:
    """One plan: its text, checks, changes and notes."""
    opened = service(ctx)
    snapshot = opened.snapshot()
    plan = snapshot.plan(opened.repository.resolve(ref, snapshot))
    body = opened.repository.body(plan)
    if as_json:
        print_json({"schema": SCHEMA, "plan": plain(plan), "body": body})
    else:
        click.echo(text.plan(plan, body, opened.reasons(), colour=_colour()))


@click.command(name="next")
@json_option
@click.pass_context
def next_command(ctx: click.Context, as_json: bool) -> None:
    """What can be done now, and what it waits for."""
    snapshot = service(ctx).snapshot()
    ready = [plan for plan in snapshot.plans if plan.ready]
    if as_json:
        from tracker.render.steps import next_steps

        print_json(
            {"schema": SCHEMA, "ready": [plain(plan) for plan in ready], "steps": next_steps(snapshot)}
        )
    else:
        click.echo(text.following(snapshot, colour=_colour()))


def _colour() -> bool:
    import os

    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
