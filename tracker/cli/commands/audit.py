"""audit: what documents claim, held against the files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tracker.cli.common import json_option, print_json
from tracker.model.snapshot import SCHEMA
from tracker.render.plain import safe

if TYPE_CHECKING:
    from tracker.audit.model import Judged
    from tracker.service.auditing import Audit

_TITLES = {
    "contradicted": "Contradicted",
    "self-contradictory": "Contradicts itself",
    "unsupported": "Unsupported: nothing here proves or disproves it",
    "supported": "Supported",
}


@click.command()
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option(
    "--commits",
    type=click.Path(path_type=Path),
    help="A file of hash, date and subject, tab-separated, instead of git's history.",
)
@click.option(
    "--corpus",
    type=click.Path(path_type=Path),
    help="Audit every project below this directory and compare with its truth.json.",
)
@json_option
@click.pass_context
def audit(
    ctx: click.Context, path: Path | None, commits: Path | None, corpus: Path | None, as_json: bool
) -> None:
    """Compare what documents claim with what the files show.

    PATH is a repository, a planning directory or a document. Exits 1 when a claim is contradicted.
    """
    from tracker.service import auditing

    start: Path = ctx.obj or Path.cwd()
    if corpus is not None:
        if path or commits:
            raise click.UsageError("--corpus stands alone: it audits every project there.")
        rows, agrees = auditing.corpus_table(start / corpus)
        if as_json:
            print_json({"schema": SCHEMA, "entries": rows, "agrees": agrees})
        else:
            _table(rows)
        ctx.exit(0 if agrees else 1)
    place = start / path if path else start
    if not place.exists():
        raise click.UsageError(f"There is no '{path}'.")
    found = auditing.audit(place, start / commits if commits else None)
    if as_json:
        print_json(found.as_json())
    else:
        click.echo("\n".join(_lines(found, start)))
    ctx.exit(found.exit_code)


def _lines(found: Audit, start: Path) -> list[str]:
    from tracker.service.auditing import by_verdict, in_words

    report, shown = found.report, found.shown_from(start)
    lines = [f"{safe(report.project.name) or 'This project'}: {found.headline}"]
    if not report.documents:
        lines.append(f"  {safe(report.reason)}")
    for judged in report.documents:
        if len(report.documents) > 1:
            lines.append(f"  {safe(shown(judged.file))}: {in_words(judged.verdict, judged.contradicted)}")
        lines.append(f"  {'  ' * (len(report.documents) > 1)}{safe(_because(judged, shown))}")
    for verdict, claims in by_verdict(found.claims()).items():
        if not claims:
            continue
        lines += ["", f"{_TITLES[verdict]} ({len(claims)})"]
        for claim in claims:
            why = f"\n      {safe(claim.why)}" if claim.why else ""
            lines.append(f"  {safe(shown(claim.path))}:{claim.line}:{claim.column}: {safe(claim.text)}{why}")
    if report.findings:
        lines += ["", f"Also found ({len(report.findings)})"]
        for item in report.findings:
            place = f"{safe(shown(item.file))}:{item.line}:{item.column}: " if item.line else ""
            where = place or (f"{safe(item.file)}: " if item.file else "")
            hint = f"; {safe(item.hint)}" if item.hint else ""
            lines.append(f"  {where}{safe(item.message)}{hint}")
    if report.unread:
        lines += ["", f"Not understood ({len(report.unread)})"]
        lines += [
            f"  {safe(shown(row.file))}:{row.line}:{row.column}: {safe(row.text)}" for row in report.unread
        ]
    lines += ["", "Counts"]
    lines += [f"  {name:22} {count:>6}" for name, count in report.counts.items()]
    return lines


def _because(judged: Judged, shown: Callable[[str], str]) -> str:
    """What the verdict on a document rests on, with the place as it is named from here."""
    claim = judged.claim
    if claim is not None:
        return f"{shown(claim.file)}:{claim.line}: {claim.text}: {claim.evidence}"
    own = judged.reason.startswith(f"{judged.file}:")
    return f"{shown(judged.file)}{judged.reason.removeprefix(judged.file)}" if own else judged.reason


def _table(rows: Sequence[dict[str, object]]) -> None:
    """One line a project: its counts, ``found≠true`` where they differ, and the verdict."""
    from tracker.audit.report import COUNTS

    heads = ["project", *COUNTS, "verdict", "true class", ""]
    table = [heads]
    for row in rows:
        counts = row["counts"]
        assert isinstance(counts, dict)  # noqa: S101 - the service's shape
        cells = [safe(str(row["name"]))]
        for name in COUNTS:
            found, true = counts[name]["found"], counts[name]["true"]
            cells.append(str(found) if found == true else f"{found}≠{true}")
        agrees = row["counts_agree"] and row["verdict_agrees"]
        table.append([*cells, str(row["verdict"]), str(row["expected"]) or "-", "✔" if agrees else "✘"])
    widths = [max(len(line[column]) for line in table) for column in range(len(heads))]
    for line in table:
        shown = (
            cell.rjust(width) if 0 < column <= len(COUNTS) else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        click.echo("  ".join(shown).rstrip())
    wrong = sum(line[-1] == "✘" for line in table[1:])
    click.echo(f"{len(rows)} projects, {'all agree' if not wrong else f'{wrong} differ'}")
