"""Planning directories become native plans: every plan survives, nothing is overwritten, twice is once."""

from __future__ import annotations

import json
import re

import pytest

from tests.audit.samples import plan, summary
from tests.project import SampleProject


def imported(project: SampleProject, *arguments: str) -> SampleProject:
    outcome = project.run("import", *arguments)
    assert outcome.code == 0, outcome.err
    return project


def test_counts_are_the_same_before_and_after(beacon: SampleProject) -> None:
    before = beacon.snapshot
    after = imported(beacon).snapshot
    assert after.faults == ()
    assert (after.origin, after.done, after.total) == ("native", before.done, before.total)
    assert [phase.status for phase in after.phases[:2]] == [phase.status for phase in before.phases[:2]]
    assert beacon.run("state", "--check").code == 0


def test_a_plan_brings_its_text_its_order_and_its_source(beacon: SampleProject) -> None:
    imported(beacon)
    text = beacon.service.body("1.02")
    assert "Do part 02." in text
    assert "Imported from `.planning/phases/01-lamp/01-02-PLAN.md`" in text
    state = beacon.state("1.02")
    assert state.depends_on == ("1.01",)
    assert (state.proof, state.source) == ("unproven", "document")
    assert state.reason == ".planning/phases/01-lamp/01-02-SUMMARY.md reports it"
    assert state.finished == "2026-01-02"


def test_an_inserted_phase_keeps_its_number_and_its_place(beacon: SampleProject) -> None:
    beacon.write({".planning/phases/02.1-polish/02.1-01-PLAN.md": plan("01").replace("01-lamp", "02.1")})
    commit = beacon.commit("feat(02.1-01): rub")
    imported(beacon)
    beacon.write({"plans/03-horn/PHASE.md": "---\ntitle: Horn\n---\n"})
    assert [phase.number for phase in beacon.snapshot.phases] == ["1", "2", "2.1", "3"]
    assert beacon.snapshot.phase("2.1").title == "Polish"
    for spelling in ("2.1.01", "02.1-01", "2.1/1"):
        assert [info.hash for info in beacon.service.commits(spelling)] == [commit]
    assert "| Phase 2.1: Polish |" in beacon.read("STATE.md")


def test_a_lettered_phase_becomes_a_decimal_and_keeps_its_letter_in_its_title(beacon: SampleProject) -> None:
    beacon.write({".planning/phases/07A-polish/07A-01-PLAN.md": plan("01").replace("01-lamp", "07A")})
    commit = beacon.commit("feat(07A-01): rub")
    outcome = beacon.run("import")
    assert "phase 7A is 7.1 here" in outcome.out.split("\n")
    assert beacon.snapshot.phase("7.1").title == "Polish (7A)"
    assert beacon.state("7.1.01").links == (commit,)
    assert "is 7.1 here" not in beacon.run("import").out


def test_a_lettered_phase_never_takes_the_number_of_another(beacon: SampleProject) -> None:
    names = ("11-a", "12-b", "12.1-c", "12A-d", "12A.1-e", "12B-f", "13-g")
    beacon.write(
        {
            f".planning/phases/{name}/{name.partition('-')[0]}-01-PLAN.md": plan("01").replace(
                "01-lamp", name
            )
            for name in names
        }
    )
    renumbered = json.loads(beacon.run("import", "--json").out)["renumbered"]
    assert [(row["phase"], row["number"]) for row in renumbered] == [
        ("12A", "12.2"),
        ("12A.1", "12.2.1"),
        ("12B", "12.3"),
    ]
    numbers = [phase.number for phase in beacon.snapshot.phases]
    assert numbers[-7:] == ["11", "12", "12.1", "12.2", "12.2.1", "12.3", "13"]


def test_a_milestone_that_numbers_anew_has_its_own_hundred(beacon: SampleProject) -> None:
    old = ".planning/milestones/v0.9-phases/01-draft"
    beacon.write({f"{old}/01-01-PLAN.md": plan("01"), f"{old}/01-01-SUMMARY.md": summary("01")})
    before = beacon.snapshot
    outcome = beacon.run("import")
    assert "phase v0.9/1 is 101 here" in outcome.out.split("\n")
    after = beacon.snapshot
    assert (after.done, after.total) == (before.done, before.total)
    assert [plan.title for plan in after.phase("1").plans] == [plan.title for plan in before.phase("1").plans]
    assert after.phase("101").title == "Draft (v0.9/1)"


def test_whole_numbers_stay_so_that_commits_still_name_them(beacon: SampleProject) -> None:
    imported(beacon)
    assert [info.source for info in beacon.service.commits("1.01")] == ["scope"]


def test_two_files_of_one_number_both_survive(beacon: SampleProject) -> None:
    beacon.write({".planning/phases/01-lamp/01-01-wick-PLAN.md": plan("01").replace("Do part", "Trim part")})
    beacon.write({".planning/phases/01-lamp/01-02B-PLAN.md": plan("02B")})
    before = beacon.snapshot
    assert len({item.ref for item in before.plans}) == len(before.plans)
    imported(beacon)
    assert beacon.snapshot.total == before.total
    bodies = [beacon.service.body(item.ref) for item in beacon.snapshot.phase("1").plans]
    assert sum("Trim part" in body for body in bodies) == 1
    assert any("(2B)" in item.title for item in beacon.snapshot.phase("1").plans)


def test_a_circle_of_dependencies_is_cut_and_not_a_fault(beacon: SampleProject) -> None:
    beacon.write({".planning/phases/01-lamp/01-01-PLAN.md": plan("01", depends='"01-02", "77-01"').encode()})
    imported(beacon)
    assert beacon.snapshot.faults == ()
    edges = {item.ref: item.depends_on for item in beacon.snapshot.plans}
    assert sorted(edges["1.01"] + edges["1.02"]) in (["1.01"], ["1.02"])


def test_again_changes_nothing_and_later_news_is_added(beacon: SampleProject) -> None:
    imported(beacon)
    journal = beacon.read("plans/journal.jsonl")
    again = beacon.run("import")
    assert (again.code, beacon.read("plans/journal.jsonl")) == (0, journal)
    assert "Nothing to import" in again.out
    beacon.write({".planning/phases/02-lens/02-01-SUMMARY.md": summary("01").replace("01-lamp", "02-lens")})
    imported(beacon)
    assert beacon.state("2.01").status == "done"
    added = beacon.read("plans/journal.jsonl").removeprefix(journal).splitlines()
    assert [json.loads(line)["kind"] for line in added] == ["done"]


def test_what_people_have_said_since_is_not_taken_back(beacon: SampleProject) -> None:
    imported(beacon)
    beacon.run("done", "2.02", "--because", "mounted")
    beacon.run("reopen", "1.02")
    before = beacon.read("plans/journal.jsonl")
    assert "Nothing to import" in beacon.run("import").out
    assert beacon.read("plans/journal.jsonl") == before


def test_files_that_differ_are_named_and_left(beacon: SampleProject) -> None:
    imported(beacon)
    place = "plans/02-lens/01-grind/PLAN.md"
    edited = beacon.read(place).replace("grind", "grind finely")
    beacon.write({place: edited.encode()})
    outcome = beacon.run("import")
    assert outcome.code == 2
    assert place in outcome.err
    assert "Nothing was changed" in outcome.err
    assert beacon.read(place) == edited


def test_a_project_of_one_s_own_is_not_overwritten(sample: SampleProject) -> None:
    for name, text in {".planning/ROADMAP.md": "### Phase 1: Other\nPlans:\n- [ ] 01-01: other\n"}.items():
        sample.write({name: text.encode()})
    before = sample.git("status", "--porcelain")
    outcome = sample.run("import", ".planning")
    assert outcome.code == 2
    assert "plans/project.yaml" in outcome.err
    assert "01-first (has the number of 01-other)" in outcome.err
    assert sample.git("status", "--porcelain") == before


def test_an_import_that_was_cut_short_is_finished_by_the_next(
    beacon: SampleProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tracker.store import files

    real, written = files.write_atomic, []

    def tire(path: object, data: bytes, **options: object) -> None:
        written.append(path)
        if len(written) == 4:
            raise KeyboardInterrupt
        real(path, data, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(files, "write_atomic", tire)
    assert beacon.run("import").code == 130
    assert beacon.snapshot.origin == "planning"
    monkeypatch.setattr(files, "write_atomic", real)
    imported(beacon)
    assert (beacon.snapshot.faults, beacon.snapshot.total) == ((), 4)


def test_odd_texts_make_no_broken_files(project: SampleProject) -> None:
    nasty = 'Quote " colon: # hash \u2028 [list] {map} \u202e rtl \x07 bell \\ back'
    project.write(
        {
            ".planning/ROADMAP.md": f"# Roadmap: {nasty}\n\n### Phase 1: {nasty}\n**Goal**: {nasty}\n\n"
            f"Plans:\n- [x] 01-01: {nasty}\n- [ ] 01-02: ...\n- [ ] 01-03: 日本語の計画\n".encode(),
            ".planning/phases/01-x/01-01-PLAN.md": b"---\nphase: 1\nplan: [1\n\tx\n---\n---\nbody \0 \xff\n---\n",
        }
    )
    project.commit()
    imported(project)
    assert project.snapshot.faults == ()
    assert project.snapshot.total == 3
    assert project.run("state", "--check").code == 0


def test_json_says_what_was_written(beacon: SampleProject) -> None:
    dry = json.loads(beacon.run("import", "--dry-run", "--json").out)
    assert (dry["changed"], dry["dry_run"], dry["plans"], dry["done"]) == (False, True, 4, 2)
    real = json.loads(beacon.run("import", "--json").out)
    assert real["changed"]
    assert real["files"] == dry["files"]
    for name in real["files"]:
        assert (beacon.root / name).is_file()
    assert re.search(r"PHASE\.md", " ".join(real["files"]))


def test_nothing_to_import_is_said(project: SampleProject) -> None:
    project.write({"README.md": "hello\n"})
    assert "nothing to import" in project.run("import").err
    assert "There is no 'x.md'" in project.run("import", "x.md").err
    project.write({"STATE.md": "# State\n\nAll is well.\n"})
    assert "names no phase and no plan" in project.run("import", "STATE.md").err
