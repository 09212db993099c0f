"""A run on the terminal: a line a step on stderr, and on a terminal one line below that moves."""

from __future__ import annotations

import os
import shutil
import sys
import threading
from types import TracebackType
from typing import Self

import click

from tracker.model import progress as pg
from tracker.model.numbers import points
from tracker.render.plain import safe
from tracker.render.text import OUTCOME, bar


class Lines:
    """The observer of the command line. Use it as a context, so that the moving line is taken away."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._live = sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        self._total = 0
        self._ended = 0
        self._checks = 0
        self._busy: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._wipe()

    def __call__(self, progress: pg.Progress) -> None:
        """Show one step."""
        with self._lock:
            self._wipe()
            line = self._line(progress)
            if line:
                click.echo(line, err=True)
            self._draw()

    def _line(self, progress: pg.Progress) -> str:
        ref, text, data = progress.plan, safe(progress.text), progress.data
        match progress.kind:
            case pg.RUN_STARTED:
                self._total = len(data.get("plans", ()))
                return f"run {text}"
            case pg.WAVE:
                return f"wave {data['wave']} of {data['of']}: {text}"
            case pg.IMPLEMENTING:
                self._busy[ref] = "implementing"
                return f"  {ref} implementing · {text}"
            case pg.IMPLEMENTED:
                return f"  {ref} implemented · {text}"
            case pg.VERIFYING:
                self._busy[ref] = "verifying"
                return ""
            case pg.CHECK:
                self._checks += 1
                reason = f" · {text}" if text and data["outcome"] != "passed" else ""
                mark = OUTCOME[data["outcome"]]
                return f"  {ref} {mark} {data['check']} {data['outcome']} {data['seconds']:.1f} s{reason}"
            case pg.LANDED:
                self._end(ref)
                return f"  {ref} landed · {text} · {str(data.get('commit', ''))[:10]}"
            case pg.FAILED:
                self._end(ref)
                return f"  {ref} FAILED · {text}"
            case pg.SKIPPED:
                return f"  {ref} skipped · {text}"
            case pg.CLOSING:
                self._busy.clear()
                return f"closing: {text}"
            case pg.NOTICE:
                return f"  {ref + ' ' if ref else ''}{text}"
            case pg.SCORE:
                return f"score {points(data['points'])} of {points(data['of'])}"
            case _:
                return ""

    def _end(self, ref: str) -> None:
        self._busy.pop(ref, None)
        self._ended += 1

    def _wipe(self) -> None:
        if self._live:
            click.echo("\r\x1b[K", nl=False, err=True)

    def _draw(self) -> None:
        if not self._live:
            return
        busy = ", ".join(f"{ref} {what}" for ref, what in sorted(self._busy.items()))
        head = f"{bar(self._ended, self._total)} {self._ended}/{self._total} " if self._total else ""
        line = f"{head}{self._checks} checks {busy}"
        click.echo(line[: shutil.get_terminal_size().columns - 1], nl=False, err=True)
