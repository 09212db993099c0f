"""start, defer, reopen, note, undo: what people say, recorded."""

from __future__ import annotations

import click

from tracker.cli.common import plan_argument, regenerated, service


@click.command()
@plan_argument()
@click.pass_context
def start(ctx: click.Context, ref: str) -> None:
    """Say that a plan is being worked on."""
    opened = service(ctx)
    opened.start(ref)
    regenerated(f"{opened.repository.resolve(ref)} is active")


@click.command()
@plan_argument()
@click.option("--reason", "--because", "-r", "reason", required=True, help="Why it is put off.")
@click.option(
    "--check", "-c", help="Put off this check of the plan only: its part is left out, and it stays red."
)
@click.pass_context
def defer(ctx: click.Context, ref: str, reason: str, check: str | None) -> None:
    """Put off a plan, or one of its checks, with a reason."""
    opened = service(ctx)
    opened.defer(ref, reason, check)
    regenerated(f"{check or opened.repository.resolve(ref)} is deferred")


@click.command()
@plan_argument()
@click.option("--check", "-c", help="Take this deferred check up again.")
@click.pass_context
def reopen(ctx: click.Context, ref: str, check: str | None) -> None:
    """Make a plan pending again, or take up a deferred check."""
    opened = service(ctx)
    opened.reopen(ref, check)
    regenerated(f"{check or opened.repository.resolve(ref)} is open again")


@click.command()
@click.argument("words", nargs=-1, required=True)
@click.option("--plan", "-p", "ref", help="The plan that it is about.")
@click.pass_context
def note(ctx: click.Context, words: tuple[str, ...], ref: str | None) -> None:
    """Write a note, to a plan or to the project."""
    service(ctx).note(" ".join(words), ref)
    regenerated("noted")


@click.command()
@plan_argument(required=False)
@click.pass_context
def undo(ctx: click.Context, ref: str | None) -> None:
    """Take back what was said last: done, deferral, start, note, link or reopening."""
    regenerated(f"taken back: {service(ctx).undo(ref)}")
