"""``tracker audit``: what it prints, what it exits with, and a native project audited."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.audit.samples import STATE, lighthouse, summary
from tests.audit.test_places import harbour
from tests.project import SampleProject
from tracker.audit.report import COUNTS
from tracker.cli.main import main
from tracker.service.auditing import audit_repository

WRONG = STATE.replace("completed_plans: 2", "completed_plans: 4").replace("percent: 50", "percent: 100")


def test_a_consistent_project(beacon: SampleProject) -> None:
    outcome = beacon.run("audit")
    assert outcome.code == 0
    assert "consistent" in outcome.out.splitlines()[0]
    found = json.loads(beacon.run("audit", "--json").out)
    assert tuple(found["counts"]) == COUNTS
    assert found["counts"]["plans_with_summary"] == 2
    assert found["verdict"] == "consistent"


def test_a_contradiction_is_named_with_its_place(beacon: SampleProject) -> None:
    beacon.write({".planning/STATE.md": WRONG.encode()})
    outcome = beacon.run("audit")
    assert outcome.code == 1
    line = WRONG.splitlines().index("  completed_plans: 4") + 1
    assert f"  .planning/STATE.md:{line}:" in outcome.out.split("Contradicted (")[1]
    found = json.loads(beacon.run("audit", "--json").out)
    wrong = [claim for claim in found["claims"] if claim["verdict"] == "contradicted"]
    assert (wrong[0]["file"], wrong[0]["line"], wrong[0]["done"]) == (".planning/STATE.md", line, 4)
    assert wrong[0]["evidence"]
    assert (found["verdict"], found["exit_code"]) == ("contradicted", 1)


def test_the_board_gets_the_same_claims(beacon: SampleProject) -> None:
    beacon.write({".planning/STATE.md": WRONG.encode()})
    rows = beacon.service.audit()
    found = json.loads(beacon.run("audit", "--json").out)
    assert [(row.path, row.line, row.verdict) for row in rows] == [
        (claim["file"], claim["line"], claim["verdict"]) for claim in found["claims"]
    ]
    assert any(row.verdict == "contradicted" and row.why for row in rows)


def test_cited_commits_are_looked_up(beacon: SampleProject) -> None:
    head = beacon.git("rev-parse", "HEAD")
    beacon.git("checkout", "-q", "-b", "side")
    beacon.git("commit", "-q", "--allow-empty", "-m", "aside")
    aside = beacon.git("rev-parse", "HEAD")
    beacon.git("checkout", "-q", "main")
    place = ".planning/phases/01-lamp"
    beacon.write({f"{place}/01-01-SUMMARY.md": summary("01", head[:10]).encode()})
    beacon.write({f"{place}/01-02-SUMMARY.md": summary("02", aside[:10]).encode()})
    found = json.loads(beacon.run("audit", "--json").out)["findings"]
    kinds = {item["file"]: item["kind"] for item in found if item["kind"].startswith("commit-")}
    assert kinds == {f"{place}/01-02-SUMMARY.md": "commit-unreachable"}


def test_a_list_of_commits_stands_for_the_history(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, text in lighthouse().items():
        place = tmp_path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    log = tmp_path / "commits.tsv"
    log.write_text(f"{1:040x}\t2026-01-02T00:00:00Z\tfeat(01-01): wick\n{2:040x}\t2026-01-02\tdocs: more\n")
    main(["audit", str(tmp_path), "--commits", str(log), "--json"])
    counts = json.loads(capsys.readouterr().out)["counts"]
    assert (counts["commits_linked"], counts["plans_with_commits"]) == (1, 1)
    assert main(["-C", str(tmp_path), "audit", "--commits", "commits.tsv"]) == 0
    assert main(["audit", str(tmp_path), "--commits", str(tmp_path / "none.tsv")]) == 2


def test_nothing_to_audit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", str(tmp_path)]) == 2
    assert "nothing to audit" in capsys.readouterr().err
    assert main(["audit", str(tmp_path / "none")]) == 2
    assert main(["audit", "--corpus", str(tmp_path)]) == 2
    assert "truth.json" in capsys.readouterr().err


def test_control_characters_of_a_document_reach_no_terminal(beacon: SampleProject) -> None:
    beacon.write({".planning/STATE.md": STATE.replace("Ready", "\x1b[31mReady\x1b[0m\x07").encode()})
    assert "\x1b" not in beacon.run("audit").out
    assert "\x07" not in beacon.run("audit").out


def test_a_native_project_that_is_fresh(sample: SampleProject) -> None:
    sample.run("state")
    outcome = sample.run("audit")
    assert outcome.code == 0, outcome.out
    assert "it is what the files imply" in outcome.out


def test_a_native_state_edited_by_hand(sample: SampleProject) -> None:
    sample.run("state")
    text = sample.read("STATE.md").replace("0/3 plans", "3/3 plans")
    sample.write({"STATE.md": text.encode()})
    found = json.loads(sample.run("audit", "--json").out)
    assert (found["kind"], found["verdict"], found["exit_code"]) == ("native", "contradicted", 1)
    wrong = [claim for claim in found["claims"] if claim["verdict"] == "contradicted"]
    assert any("0/3" in claim["evidence"] for claim in wrong)
    prose = sample.read("STATE.md").replace("3/3 plans", "0/3 plans") + "All done, trust me.\n"
    sample.write({"STATE.md": prose.encode()})
    outcome = sample.run("audit")
    assert outcome.code == 1
    assert "All done, trust me." in outcome.out


def test_a_native_project_s_words_and_hashes(sample: SampleProject) -> None:
    sample.run("done", "1.01", "--because", "looks fine")
    sample.write({"STATE.md": (sample.read("STATE.md") + "See commit `deadbee`.\n").encode()})
    outcome = sample.run("audit")
    assert "plan 1.01 is done (word: looks fine)" in outcome.out
    assert "commit deadbee does not exist here" in outcome.out


def test_a_native_project_without_a_state(sample: SampleProject) -> None:
    (sample.root / "STATE.md").unlink(missing_ok=True)
    found = json.loads(sample.run("audit", "--json").out)
    assert (found["verdict"], found["exit_code"]) == ("no-state", 0)
    assert audit_repository(sample.service.repository) == []


def test_a_planning_directory_beside_native_plans_can_be_named(beacon: SampleProject) -> None:
    beacon.run("import")
    assert json.loads(beacon.run("audit", "--json").out)["kind"] == "native"
    assert json.loads(beacon.run("audit", ".planning", "--json").out)["kind"] == "gsd"


def test_a_document_gives_the_same_report_as_its_directory(beacon: SampleProject) -> None:
    whole = beacon.run("audit")
    assert whole.code == 0
    for name in (".planning", ".planning/STATE.md", ".planning/ROADMAP.md"):
        assert beacon.run("audit", name) == whole
    one, other = (json.loads(beacon.run("audit", name, "--json").out) for name in (".planning/STATE.md", "."))
    assert one == other
    assert one["documents"] == [
        {"file": ".planning/STATE.md", "verdict": "consistent", "reason": one["reason"]}
    ]


def test_paths_can_be_opened_from_where_one_stands(
    beacon: SampleProject, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The JSON names them from the project's root, wherever that is."""
    beacon.write({".planning/STATE.md": WRONG.encode()})
    (tmp_path / "elsewhere").mkdir()
    for here, argument in (
        (beacon.root / ".planning", "STATE.md"),
        (beacon.root / ".planning/phases", ".."),
        (beacon.root.parent, beacon.root.name),
        (tmp_path / "elsewhere", str(beacon.root)),
    ):
        monkeypatch.chdir(here)
        main(["audit", argument])
        out = capsys.readouterr().out
        places = re.findall(r"^  (\S+?\.md):\d+:", out, re.MULTILINE)
        assert len(places) > 4
        assert {Path(place).exists() for place in places} == {True}, out
        main(["audit", argument, "--json"])
        claims = json.loads(capsys.readouterr().out)["claims"]
        assert {claim["file"] for claim in claims} == {".planning/STATE.md"}


def test_the_headline_agrees_with_the_exit_code(beacon: SampleProject) -> None:
    beacon.write(
        {".planning/STATE.md": f"{STATE}\n## Performance Metrics\n\n- Total plans completed: 0\n".encode()}
    )
    outcome = beacon.run("audit")
    first, second = outcome.out.splitlines()[:2]
    assert outcome.code == 1
    assert first.endswith(": consistent in its position and figures; 1 other claim is contradicted")
    assert second.startswith(
        f"  .planning/STATE.md:{len(STATE.splitlines()) + 4}: - Total plans completed: 0"
    )
    found = json.loads(beacon.run("audit", "--json").out)
    assert (found["verdict"], found["exit_code"]) == ("consistent", 1)
    assert "nothing" not in found["reason"]


def test_every_workstream_s_document_is_named_with_its_verdict(project: SampleProject) -> None:
    project.write({name: text.encode() for name, text in harbour(percent=90).items()})
    outcome = project.run("audit")
    lines = outcome.out.splitlines()
    assert outcome.code == 1
    assert [line for line in lines if line.startswith("  .planning")][:2] == [
        "  .planning/workstreams/crane/STATE.md: consistent",
        "  .planning/workstreams/quay/STATE.md: contradicted",
    ]
    found = json.loads(project.run("audit", "--json").out)
    assert found["document"] == ".planning/workstreams/quay/STATE.md"
    assert [row["verdict"] for row in found["documents"]] == ["consistent", "contradicted"]
    named = project.run("audit", ".planning/workstreams/quay/STATE.md", "--json").out
    assert named == project.run("audit", ".planning/workstreams/quay", "--json").out


def test_a_shallow_clone_lacks_commits_and_nobody_is_blamed(beacon: SampleProject, tmp_path: Path) -> None:
    beacon.git("commit", "-q", "--allow-empty", "-m", "chore: the newest")
    kinds = {finding["kind"] for finding in json.loads(beacon.run("audit", "--json").out)["findings"]}
    assert "commit-missing" in kinds
    shallow = tmp_path / "shallow"
    beacon.git("clone", "-q", "--depth", "1", beacon.root.as_uri(), str(shallow))
    found = json.loads(beacon.run("-C", str(shallow), "audit", "--json").out)
    assert {finding["kind"] for finding in found["findings"]} & {
        "commit-missing",
        "plan-without-commits",
    } == set()
    assert found["verdict"] == "consistent"
