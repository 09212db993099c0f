"""init and new."""

from __future__ import annotations

from pathlib import Path

import click

from tracker.cli.common import complete_plan, service


@click.command()
@click.argument("name", required=False)
@click.option("--codebase", default=".", show_default=True, help="The directory that plans change.")
@click.option("--goal", default="", help="What the project is for, in a sentence.")
@click.option("--bare", is_flag=True, help="Without the example plan.")
@click.pass_context
def init(ctx: click.Context, name: str | None, codebase: str, goal: str, bare: bool) -> None:
    """Make a repository a tracked project, with a plan that runs as an example."""
    from tracker.service import setup

    written = setup.init(ctx.obj or Path.cwd(), name or "", codebase, goal=goal, example=not bare)
    for path in written:
        click.echo(f"wrote {path}")
    top = " ".join(dict.fromkeys(path.parts[0] for path in written))
    click.echo("What is proved is the code that is committed, so commit these first:")
    click.echo(f'    git add {top} && git commit -m "Plans"')
    example = any(path.name == "PLAN.md" for path in written)
    click.echo("Then `tracker run 1.01`." if example else "Then `tracker new plan TITLE`.")


@click.group()
def new() -> None:
    """A new phase or plan, ready to be filled in."""


@new.command(name="phase")
@click.argument("title")
@click.option("--goal", default="", help="What the phase is for, in a sentence.")
@click.pass_context
def phase(ctx: click.Context, title: str, goal: str) -> None:
    """A phase after the others."""
    for path in service(ctx).new_phase(title, goal=goal):
        click.echo(f"wrote {path}")


@new.command(name="plan")
@click.argument("title")
@click.option("--phase", "phase_name", default="", help="Number or slug of the phase (default: the last).")
@click.option("--run", "command", default="", help="A command line carries it out, not a Python module.")
@click.option("--manual", is_flag=True, help="A person carries it out.")
@click.option("--after", multiple=True, shell_complete=complete_plan, help="A plan that it depends on.")
@click.pass_context
def plan(
    ctx: click.Context, title: str, phase_name: str, command: str, manual: bool, after: tuple[str, ...]
) -> None:
    """A plan at the end of a phase: text, implementation and verification to fill in."""
    if manual and command:
        raise click.UsageError("--run and --manual exclude each other.")
    kind = "manual" if manual else "command" if command else "module"
    for path in service(ctx).new_plan(title, phase=phase_name, kind=kind, command=command, depends_on=after):
        click.echo(f"wrote {path}")
