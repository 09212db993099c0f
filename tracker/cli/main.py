"""The entry point: a lazy group of commands, and one place where errors become words and exit codes."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from pathlib import Path
from typing import Any

import click

from tracker import __version__
from tracker.cli.registry import COMMANDS
from tracker.errors import TrackerError

UNHEARD = 128 + 13
"""The exit code where the reader of the output has gone: what a shell reports of SIGPIPE."""


class _Unheard(Exception):
    """A pipe has closed. Click itself would exit with 1 then, which says no here."""


class LazyGroup(click.Group):
    """A group that imports a command when it is called, and shows help from the registry."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Click's; it may print help."""
        try:
            return super().make_context(info_name, args, parent, **extra)
        except BrokenPipeError:
            raise _Unheard from None

    def invoke(self, ctx: click.Context) -> Any:
        """Click's."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise _Unheard from None

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Names of the commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command, imported now."""
        if cmd_name not in COMMANDS:
            return None
        module, _, function = COMMANDS[cmd_name][2].partition(":")
        command = getattr(importlib.import_module(f"tracker.cli.commands.{module}"), function)
        assert isinstance(command, click.Command)  # noqa: S101 - the registry is ours; a test imports all of it
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is meant; an unknown one is answered with the nearest."""
        name = args[0] if args else ""
        if name not in COMMANDS and not name.startswith("-"):
            import difflib

            near = difflib.get_close_matches(name, COMMANDS, n=1)
            hint = f" Did you mean '{near[0]}'?" if near else " `tracker --help` lists them."
            ctx.fail(f"There is no command '{name}'.{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The commands in their groups."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for name, (group, text, _) in COMMANDS.items():
            groups.setdefault(group, []).append((name, text))
        for group, rows in groups.items():
            with formatter.section(group):
                formatter.write_dl(rows)


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "-C",
    "directory",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=None,
    help="Work in this directory.",
)
@click.version_option(__version__, prog_name="tracker")
@click.pass_context
def cli(ctx: click.Context, directory: Path | None) -> None:
    """Project state that cannot lie.

    Without a command: the TUI on a terminal, else `status`.
    """
    ctx.obj = directory or Path.cwd()
    if ctx.invoked_subcommand is None:
        if sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb":
            from tracker.tui.app import run as run_tui

            if _opens(ctx.obj):
                ctx.exit(run_tui(ctx.obj))
        command = ctx.command
        assert isinstance(command, LazyGroup)  # noqa: S101 - it is this group
        status = command.get_command(ctx, "status")
        if status is not None:
            ctx.invoke(status)


def _opens(directory: Path) -> bool:
    """Whether there is something to open: a repository, or planning files outside of one."""
    from tracker.git.plumbing import find_root

    if find_root(directory) is not None:
        return True
    from tracker.service import foreign

    return foreign.root_of(directory, None) is not None


def run() -> None:
    """Run the command line; never shows a traceback."""
    sys.exit(main(sys.argv[1:]))


def main(arguments: list[str]) -> int:
    """Run with these arguments; the exit code: 0 ok, 1 the project says no, 2 usage, 3 internal, 130 interrupted.

    Where a pipe closes before all is written it is 141, as of a program that SIGPIPE has ended: nobody has heard
    the answer, so it is neither yes nor no, and ``set -o pipefail`` knows it from a failure.
    """
    _open_streams()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        code = _outcome(arguments)
    except BrokenPipeError:
        code = UNHEARD
    _discard()
    return code


def _outcome(arguments: list[str]) -> int:
    try:
        result = cli.main(arguments, prog_name="tracker", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except (click.exceptions.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return 130
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except TrackerError as error:
        return _told(error)
    except (BrokenPipeError, _Unheard):
        return UNHEARD
    except OSError as error:
        return _told(TrackerError(_system(error)))
    except Exception as error:  # noqa: BLE001 - the last resort: a log instead of a traceback
        return _internal(error)
    return result if isinstance(result, int) else 0


def _open_streams() -> None:
    """Give a stream that the caller has closed a place to go: nowhere.

    Each takes the number that is free, its own, so that no file of the project comes to be a child's output.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            stream = open(os.devnull, mode, encoding="utf-8")  # noqa: SIM115, PTH123 - open until the end
            os.set_inheritable(stream.fileno(), True)  # noqa: FBT003 - it takes no name
            setattr(sys, name, stream)


def _discard() -> None:
    """Let go of what could not be written, so that Python does not try again, and complain, as it ends."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            with contextlib.suppress(OSError, ValueError):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, stream.fileno())
                os.close(nowhere)


def _told(error: TrackerError) -> int:
    from tracker.render.plain import safe_lines

    click.echo(f"{click.style('error:', fg='red')} {safe_lines(error.message)}", err=True)
    if error.hint:
        click.echo(f"  {safe_lines(error.hint)}", err=True)
    return error.exit_code


def _system(error: OSError) -> str:
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}"


def _internal(error: BaseException) -> int:
    import tempfile
    import traceback

    lines = [f"tracker {__version__}, Python {sys.version.split()[0]}, {sys.platform}"]
    lines.append(f"command: tracker {' '.join(sys.argv[1:])}")
    lines += traceback.format_exception(error)
    descriptor, name = tempfile.mkstemp(prefix="tracker-error-", suffix=".log")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    click.echo(f"internal error: {type(error).__name__}: {error}", err=True)
    click.echo(f"  Nothing of yours was changed by this message. The log for a report is {name}", err=True)
    return 3
