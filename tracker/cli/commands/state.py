"""state: STATE.md, regenerated or checked."""

from __future__ import annotations

import click

from tracker.cli.common import json_option, print_json, service
from tracker.model.snapshot import SCHEMA


@click.command()
@click.option(
    "--check", is_flag=True, help="Change nothing; exit 1 when the file is not what the files imply."
)
@click.option("--print", "to_stdout", is_flag=True, help="Print the text instead of writing the file.")
@json_option
@click.pass_context
def state(ctx: click.Context, check: bool, to_stdout: bool, as_json: bool) -> None:
    """Regenerate STATE.md, or check that it is fresh."""
    if check and to_stdout:
        raise click.UsageError("--check and --print exclude each other; --check shows how the file differs.")
    if as_json and not check:
        raise click.UsageError("--json goes with --check; the state as JSON is `tracker status --json`.")
    opened = service(ctx)
    if to_stdout:
        click.echo(opened.state_text(), nl=False)
        return
    if check:
        if not opened.native:
            from tracker.service import foreign

            raise foreign.not_generated(opened.root)
        diff = opened.state_diff()
        if as_json:
            print_json({"schema": SCHEMA, "fresh": not diff, "diff": diff})
        elif diff:
            click.echo(diff, nl=False)
            click.echo("STATE.md is stale: `tracker state` regenerates it", err=True)
        else:
            click.echo("STATE.md is fresh")
        ctx.exit(1 if diff else 0)
    changed = opened.write_state()
    click.echo("STATE.md regenerated" if changed else "STATE.md was fresh")
