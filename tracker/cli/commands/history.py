"""log and link."""

from __future__ import annotations

import click

from tracker.cli.common import json_option, plan_argument, print_json, service
from tracker.model.snapshot import SCHEMA
from tracker.render.plain import safe


@click.command()
@plan_argument(required=False)
@click.option(
    "--limit", "-n", default=50, show_default=True, type=click.IntRange(1), help="How many entries."
)
@json_option
@click.pass_context
def log(ctx: click.Context, ref: str | None, limit: int, as_json: bool) -> None:
    """What has happened, the newest first, with the commits."""
    entries = service(ctx).log(ref, limit)
    if as_json:
        rows = [{name: getattr(entry, name) for name in entry.__slots__} for entry in entries]
        print_json({"schema": SCHEMA, "entries": rows})
        return
    if not entries:
        click.echo("Nothing has been recorded yet")
    for entry in entries:
        when = entry.time[:16].replace("T", " ")
        commit = f" {entry.commit[:10]}" if entry.commit else ""
        plan = f" {entry.plan}" if entry.plan else ""
        click.echo(f"{when}{plan} {safe(entry.text)}{commit} · {safe(entry.actor)}")


@click.command()
@plan_argument(required=False)
@click.argument("commit", required=False)
@json_option
@click.pass_context
def link(ctx: click.Context, ref: str | None, commit: str | None, as_json: bool) -> None:
    """Link a commit to a plan; with a plan only, list its commits; with nothing, all plans and loose ends."""
    opened = service(ctx)
    if ref and commit:
        full = opened.link(ref, commit)
        click.echo(f"{opened.repository.resolve(ref)} ← {full[:10]}")
        return
    if ref:
        found = opened.commits(ref)
        if as_json:
            rows = [{name: getattr(item, name) for name in item.__slots__} for item in found]
            print_json({"schema": SCHEMA, "commits": rows})
            return
        for item in found:
            click.echo(f"{item.hash[:10]} {item.date} {safe(item.subject)} · {item.source}")
        if not found:
            click.echo("No commit belongs to this plan")
        return
    if as_json:
        click.echo(opened.links().as_json())
        return
    from tracker.service.links import LOOSE_SHOWN

    click.echo(opened.links(loose=LOOSE_SHOWN + 1).as_text())
