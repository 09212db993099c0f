"""What commands share: the service, options, completion of references."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from tracker.service import Service

F = TypeVar("F", bound=Callable[..., Any])


def service(ctx: click.Context) -> Service:
    """The service of the directory that the command works in."""
    return Service.open(ctx.obj or Path.cwd())


def complete_plan(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """References of plans that start with what was typed."""
    directory = ctx.find_root().params.get("directory") or Path.cwd()
    try:
        plans = Service.open(directory).snapshot().plans
    except Exception:  # noqa: BLE001 - completion stays silent
        return []
    return [
        CompletionItem(name, help=plan.title)
        for plan in plans
        for name in (plan.ref, plan.slug)
        if (name.startswith(incomplete) if incomplete else name == plan.ref)
    ]


def json_option(function: F) -> F:
    """``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON (see docs/json.md).")(function)


def plan_argument(name: str = "ref", *, required: bool = True, many: bool = False) -> Callable[[F], F]:
    """A plan reference, or several; in brackets where it may be left out."""
    metavar = "PLAN…" if many else "PLAN"
    return click.argument(
        name,
        required=required,
        nargs=-1 if many else 1,
        shell_complete=complete_plan,
        metavar=metavar if required else f"[{metavar}]",
    )


def print_json(data: Any) -> None:
    """The data on stdout, and nothing else; indented for a person's eyes only, which is the slow way."""
    click.echo(json.dumps(data, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None))


def regenerated(text: str) -> None:
    """Say what was recorded."""
    click.echo(f"{text}; STATE.md is up to date")
