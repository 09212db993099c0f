"""doctor."""

from __future__ import annotations

from pathlib import Path

import click

from tracker.cli.common import json_option, print_json
from tracker.errors import Usage
from tracker.model.snapshot import SCHEMA
from tracker.render.plain import safe_lines
from tracker.service.base import Repository


@click.command()
@json_option
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> None:
    """What this host has, and what is wrong with the project. Exits 1 when something of the project is."""
    from tracker.service import host

    try:
        repository: Repository | None = Repository.find(ctx.obj or Path.cwd())
    except Usage:
        repository = None
    items = host.examine(repository)
    if as_json:
        rows = [{name: getattr(item, name) for name in item.__slots__} for item in items]
        print_json({"schema": SCHEMA, "items": rows})
    else:
        for item in items:
            mark = {True: "✔", False: "✘", None: "·"}[item.ok]
            click.echo(f"{mark} {item.name}: {safe_lines(item.detail)}")
            if item.ok is False and item.hint:
                click.echo(f"    {item.hint}")
    names = {"definitions", "branch", "STATE.md"}
    ctx.exit(1 if any(item.ok is False and item.name in names for item in items) else 0)
