"""docs/json.md names the fields that the commands print: each of them, and no other."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

from tests.audit.samples import STATE
from tests.project import SampleProject
from tracker.audit.model import DocumentVerdict, Mark, Verdict
from tracker.audit.report import COUNTS
from tracker.model import snapshot as sn

PAGE = (Path(__file__).parents[2] / "docs" / "json.md").read_text(encoding="utf-8")


def documented(heading: str, table: int = 0) -> set[str]:
    """The fields that a table of a section names: all of its first cells, and paths into lists anywhere."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"(?:^\|.*\n)+", section, re.MULTILINE)[table].splitlines()[2:]
    cells = [row.strip("|").split(" | ", 1) for row in rows]
    names = {name for first, _ in cells for name in re.findall(r"`([^`]+)`", first)}
    return names | {name for _, text in cells for name in re.findall(r"`(\w+\[\]\.\w+)`", text)}


def printed(value: Any, path: str = "") -> Iterator[str]:
    """The paths of a JSON value, as the page writes them; a list and its objects are both fields."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from printed(inner, f"{path}.{name}" if path else name)
        return
    yield f"{path}[]" if isinstance(value, list) and any(isinstance(item, dict) for item in value) else path
    for item in value if isinstance(value, list) else ():
        if isinstance(item, dict):
            yield from printed(item, f"{path}[]")


def shown(project: SampleProject, *arguments: str) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(project.run(*arguments, "--json").out)
    return result


def words(value: str) -> set[str]:
    """The values that the page lists for a field."""
    row = re.search(rf"^\| `{re.escape(value)}` \| (.*) \|$", PAGE, re.MULTILINE)
    assert row is not None, value
    return set(re.findall(r"[\w-]+(?: \w+)*", re.sub(r"`[^`]*`|\([^)]*\)", "", row[1])))


@pytest.fixture
def unclear(beacon: SampleProject) -> SampleProject:
    """A planning directory with a claim, a finding and a line of every sort that is not understood."""
    beacon.write(
        {
            ".planning/STATE.md": STATE.replace("status: executing", "current_phase: soon").encode(),
            ".planning/phases/02-lens/02-02-SUMMARY.md": b"",
        }
    )
    return beacon


def test_audit(unclear: SampleProject) -> None:
    found = shown(unclear, "audit")
    assert found["claims"] and found["findings"] and found["unread"]
    assert set(printed(found)) == documented("tracker audit --json")
    assert set(found["counts"]) == set(COUNTS)


def test_audit_of_a_project_of_one_s_own(sample: SampleProject) -> None:
    sample.run("done", "1.01", "--because", "seen")
    found = shown(sample, "audit")
    assert found["kind"] == "native"
    assert set(printed(found)) <= documented("tracker audit --json") | {"findings", "unread"}


def test_words_of_the_audit(unclear: SampleProject) -> None:
    assert {*get_args(DocumentVerdict)} <= words("verdict")
    assert {*get_args(Verdict)} == words("claims[].verdict")
    assert {*get_args(Mark)} <= words("claims[].mark")
    found = shown(unclear, "audit")
    assert {claim["kind"] for claim in found["claims"]} <= words("claims[].kind")
    assert {claim["section"] for claim in found["claims"]} <= words("claims[].section")
    assert {finding["kind"] for finding in found["findings"]} <= words("findings[].kind")


def test_kinds_are_those_in_the_code() -> None:
    """Each is a literal where a claim or finding is made, so that one that is added here is documented."""
    here = Path(__file__).parents[2] / "tracker"
    claims: set[str] = set()
    findings: set[str] = set()
    for path in [*here.joinpath("audit").glob("*.py"), here / "service" / "selfaudit.py"]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Name("Finding"), args=[kind, *_]):
                    findings |= literals(kind)
                case ast.Call(func=ast.Attribute(attr="claim"), args=[_, _, kind, *_]):
                    claims |= literals(kind)
                case ast.Call(func=ast.Name("Claim"), keywords=[*keywords]):
                    claims |= {word for key in keywords if key.arg == "kind" for word in literals(key.value)}
    assert findings == words("findings[].kind")
    by_name = {"plans", "phases", "project", "goal"}  # the name of the unit or field is the kind
    assert claims | by_name == words("claims[].kind")


def literals(node: ast.expr) -> set[str]:
    return {
        part.value
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    }


def test_corpus(unclear: SampleProject, tmp_path: Path) -> None:
    one = tmp_path / "corpus" / "one"
    one.mkdir(parents=True)
    (one.parent / "truth.json").write_text('{"one": {"phases_total": 3}}', encoding="utf-8")
    (unclear.root / ".planning").rename(one / ".planning")
    found = shown(unclear, "audit", "--corpus", str(one.parent))
    paths = {re.sub(r"\.counts\.\w+\.", ".counts.*.", path) for path in printed(found)}
    assert paths - {"entries[]"} == documented("tracker audit --json", 1)


def test_import(unclear: SampleProject) -> None:
    unclear.write({".planning/phases/07A-polish/07A-01-PLAN.md": b"---\nphase: 7A\nplan: 01\n---\n"})
    for arguments in (("--dry-run",), ()):
        found = shown(unclear, "import", *arguments)
        assert found["unread"]
        assert set(printed(found)) == documented("tracker import --json")


def test_every_field_of_the_snapshot() -> None:
    """Names in ticks: a field of a plan in the plans' row, and so on, not just anywhere on the page."""
    table = PAGE.partition("## tracker status --json\n")[2].partition("\n## ")[0]
    row = {line.split("`")[1]: line for line in table.splitlines() if line.startswith("| `")}
    for kind, name in (
        (sn.PhaseState, "phases[]"),
        (sn.MustHaveState, "phases[]"),
        (sn.PlanState, "phases[].plans[]"),
        (sn.Change, "phases[].plans[]"),
        (sn.CheckState, "…checks[]"),
        (sn.Score, "score"),
        (sn.Evidence, "evidence"),
        (sn.Activity, "activity[]"),
    ):
        for field in kind._fields:
            assert re.search(rf"`{field}(?:\[\])?`", row[name]), f"{kind.__name__}.{field}"
    ticked = set(re.findall(r"`(\w+)(?:\[\])?`", " ".join(line.split("|")[1] for line in row.values())))
    assert set(sn.Snapshot._fields) <= ticked


def test_what_an_import_keeps_of_a_document(project: SampleProject) -> None:
    damaged = Path(__file__).parents[1] / "foreign" / "seed" / "STATE.md"
    project.write({"STATE.md": damaged.read_bytes()})
    project.commit()
    project.run("import", "STATE.md")
    row = next(line for line in PAGE.splitlines() if line.startswith("| `document` | what an import"))
    kept = shown(project, "status")["document"]
    names = {part.removesuffix("[]").rpartition(".")[2] for path in printed(kept) for part in path.split(".")}
    assert {"source", "score_target", "activity", "label", "items"} <= names
    assert not names - {name.removesuffix("[]") for name in re.findall(r"`([^`]+)`", row)}
