"""import: plans made of somebody's documents."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tracker.cli.common import json_option, print_json
from tracker.model.snapshot import SCHEMA
from tracker.render.plain import safe

if TYPE_CHECKING:
    from tracker.service.importing import Import


@click.command(name="import")
@click.argument("source", required=False, type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Write nothing; list what would be written.")
@json_option
@click.pass_context
def import_command(ctx: click.Context, source: Path | None, dry_run: bool, as_json: bool) -> None:
    """Make plans of a STATE.md, a ROADMAP.md or a .planning directory.

    SOURCE is one of these; without it, the one that the repository has. What a document calls done stays
    unproven until it is verified. Importing again changes nothing.
    """
    from tracker.service import importing

    start: Path = ctx.obj or Path.cwd()
    place = start / source if source else None
    if place is not None and not place.exists():
        raise click.UsageError(f"There is no '{source}'.")
    result = importing.run(start, place, dry_run=dry_run)
    if as_json:
        print_json(_json(result, dry_run=dry_run))
        return
    for line in _lines(result, dry_run=dry_run):
        click.echo(line)


def _json(result: Import, *, dry_run: bool) -> dict[str, object]:
    return {
        "schema": SCHEMA,
        "source": result.source,
        "name": result.name,
        "dry_run": dry_run,
        "phases": result.phases,
        "plans": result.plans,
        "done": result.done,
        "renumbered": [{"phase": phase, "number": number} for phase, number in result.renumbered],
        "files": [*result.files, *(result.lines if result.changes else ())],
        "events": len(result.events),
        "unread": [
            {"file": row.file, "line": row.line, "column": row.column, "text": row.text}
            for row in result.unread
        ],
        "changed": result.changes and not dry_run,
        "backup": result.backup,
    }


def _lines(result: Import, *, dry_run: bool) -> list[str]:
    if not result.changes:
        return [f"Nothing to import: all that {safe(result.source)} says is recorded"]
    verb = "would write" if dry_run else "wrote"
    lines = [f"{verb} {safe(name)}" for name in (*result.files, *result.lines)]
    events = len(result.events)
    lines.append(f"{verb} plans/journal.jsonl ({events} event{'s' if events != 1 else ''})")
    if dry_run or result.state:
        lines.append(f"{verb} STATE.md")
    if result.unread:
        lines.append(f"Not understood ({len(result.unread)}):")
        lines += [f"  {safe(row.file)}:{row.line}:{row.column}: {safe(row.text)}" for row in result.unread]
    lines += [f"phase {safe(phase)} is {number} here" for phase, number in result.renumbered]
    if result.backup:
        lines.append(f"STATE.md as it was is kept in {result.backup}")
    lines.append(
        f"{safe(result.name)}: {result.phases} phases, {result.plans} plans, {result.done} of them done, unproven"
    )
    return lines
