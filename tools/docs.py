"""Generated documents: ``python -m tools.docs`` writes them, ``--check`` says which are stale."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path

import click

from tracker.cli.main import cli
from tracker.cli.registry import COMMANDS

HERE = Path(__file__).resolve().parent.parent


def commands() -> str:
    """docs/commands.md, from the commands themselves."""
    lines = [
        "# Commands",
        "",
        "Generated from `--help` by `python -m tools.docs`; a stale page fails `make check`.",
        "",
    ]
    lines += ["```", _help(cli, "tracker"), "```", ""]
    for name, (_, summary, place) in COMMANDS.items():
        module, _, function = place.partition(":")
        command = getattr(importlib.import_module(f"tracker.cli.commands.{module}"), function)
        lines += [f"## tracker {name}", "", summary, "", "```", _help(command, f"tracker {name}"), "```", ""]
    lines += [
        "## Exit codes",
        "",
        "| Code | Meaning |",
        "|-----:|---------|",
        "| 0 | it worked, and the answer is yes |",
        "| 1 | the project says no: failed checks, stale state, contradictions, a plan that did not land |",
        "| 2 | wrong arguments, broken definitions, a repository that is not one |",
        "| 3 | an internal error; a log was written and is named |",
        "| 130 | interrupted |",
        "| 141 | whoever read the output has gone: nobody heard a yes or a no |",
    ]
    return "\n".join(lines) + "\n"


def _help(command: click.Command, path: str) -> str:
    context = click.Context(command, info_name=path, max_content_width=100, terminal_width=100)
    return "\n".join(line.rstrip() for line in command.get_help(context).splitlines())


def pages() -> dict[str, Callable[[], str]]:
    """Path → how it is made."""
    from tracker.definitions.reference import reference
    from tracker.tui.keys import page

    return {"docs/commands.md": commands, "docs/plan-format.md": reference, "docs/keys.md": page}


def main() -> int:
    """Write the pages, or check them."""
    stale = []
    for name, make in pages().items():
        text, place = make(), HERE / name
        if "--check" in sys.argv:
            if not place.exists() or place.read_text(encoding="utf-8") != text:
                stale.append(name)
        else:
            place.parent.mkdir(exist_ok=True)
            place.write_text(text, encoding="utf-8")
    for name in stale:
        print(f"{name} is stale: `python -m tools.docs` makes it again")
    return 1 if stale else 0


if __name__ == "__main__":
    raise SystemExit(main())
